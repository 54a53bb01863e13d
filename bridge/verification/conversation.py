"""The documented conversations, held with a server, and what was found of each fact on the way."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Any

from bridge.verification import documented
from bridge.verification.findings import AnyOf, Fact, Finding, Source, Verdict, differences
from bridge.verification.visitor import Answer, NoAnswer, Visitor

MESSAGE_WITHIN = 10.0
"""Seconds in which a message must come."""
ANSWERED_WITHIN = 60.0
"""Seconds in which the dialled number must answer."""
BEYOND_A_DOUBLE = 9007199254740993

_D, _O, _C = Source.DOCUMENTED, Source.OBSERVED, Source.CHOICE


class Conversation:
    """Everything that is asked of one server, as one agent who dials one number that answers."""

    def __init__(self, base_url: str, user_name: str, password: str, number: str) -> None:
        """``base_url`` ends in ``/api/v2``; ``number`` is really dialled, and hung up at the end."""
        self._base_url = base_url
        self._user_name = user_name
        self._password = password
        self._number = number
        self._device: dict[str, Any] = {}
        self._call_id = ""

    async def findings(self) -> AsyncIterator[Finding]:
        """Each as soon as it is found. What depends on something that failed is not offered."""
        async with Visitor(self._base_url) as stranger, Visitor(self._base_url, self._user_name, "-") as wrong:
            async for finding in self._at_the_door(stranger, wrong):
                yield finding
        async with Visitor(self._base_url, self._user_name, self._password) as agent:
            for part in (self._reading, self._listening, self._refusals, self._calling):
                try:
                    async for finding in part(agent):
                        yield finding
                except NoAnswer as error:
                    yield Finding(Fact("the server answers", _D, "all"), Verdict.DIFFERS, (str(error),))
            if self._call_id:
                await _hang_up(agent, self._call_id)

    async def _at_the_door(self, stranger: Visitor, wrong: Visitor) -> AsyncIterator[Finding]:
        version = await _asked(stranger, "GET", "/diagnostics/version")
        yield _found(
            Fact("the version is told without credentials", _D, "Interpreting a Response"),
            version,
            200,
            {"statusCode": 0, "version": AnyOf(str)},
        )
        for visitor, who in ((stranger, "no credentials"), (wrong, "a wrong password")):
            yield _found(
                Fact(f"{who}: HTTP 403, code 20", _O, "Interpreting a Response"),
                await _asked(visitor, "GET", "/me"),
                403,
                documented.ACCESS_DENIED,
            )

    async def _reading(self, agent: Visitor) -> AsyncIterator[Finding]:
        me = await agent.ask("GET", "/me")
        yield _found(
            Fact("/me is the user", _D, "Interpreting a Response"), me, 200, {"statusCode": 0, "user": documented.USER}
        )
        fact = Fact("the session is a cookie JSESSIONID, which is enough from then on", _D, "CSRF Protection")
        agent.forget_password()
        again = await agent.ask("GET", "/me")
        yield _judged(
            fact,
            [
                *(
                    []
                    if "JSESSIONID" in agent.cookies
                    else [f"the cookies are {', '.join(sorted(agent.cookies)) or 'none'}"]
                ),
                *([] if again.status == 200 else [f"without the password: HTTP {again.status}"]),
            ],
        )
        uris = await agent.ask("GET", "/me/devices")
        yield _found(
            Fact("/me/devices is a list of URIs", _D, "Devices API"), uris, 200, {"statusCode": 0, "uris": AnyOf(list)}
        )
        devices = await agent.ask("GET", "/me/devices?fields=*")
        fact = Fact("/me/devices?fields=* is a list of devices", _D, "Devices API")
        listed = devices.json.get("devices") if isinstance(devices.json, dict) else None
        if isinstance(listed, list) and listed and isinstance(listed[0], dict):
            self._device = listed[0]
            yield _judged(fact, differences(documented.DEVICE, listed[0], "devices[0]"))
        else:
            yield Finding(fact, Verdict.NOT_OFFERED, ("the user has no device, so nothing can be dialled",))
        calls = await agent.ask("GET", "/me/calls?fields=*")
        yield _found(
            Fact("/me/calls?fields=* is a list, empty without calls", _D, "Calls API"),
            calls,
            200,
            {"statusCode": 0, "calls": []},
        )
        features = await agent.ask("GET", "/me?subresources=features")
        user = features.json.get("user") if isinstance(features.json, dict) else None
        names = [each.get("id") for each in (user or {}).get("features") or [] if isinstance(each, dict)]
        fact = Fact("the features api-voice and api-voice-outbound are on", _D, "Features")
        missing = [f"{name} is off" for name in ("api-voice", "api-voice-outbound") if name not in names]
        yield Finding(fact, Verdict.NOT_OFFERED, tuple(missing)) if missing else _judged(fact, [])
        start = await agent.ask("POST", "/me", {"operationName": "StartContactCenterSession", "channels": ["voice"]})
        yield _found(
            Fact("StartContactCenterSession is accepted", _D, "StartContactCenterSession"),
            start,
            200,
            documented.SUCCESS,
        )

    async def _listening(self, agent: Visitor) -> AsyncIterator[Finding]:
        shake = await agent.bayeux(
            "/meta/handshake",
            version="1.0",
            minimumVersion="1.0",
            supportedConnectionTypes=["long-polling"],
            advice={"timeout": 60000, "interval": 0},
        )
        agent.client_id = shake.get("clientId")
        yield _judged(
            Fact("CometD offers long-polling at /notifications", _D, "CometD"),
            []
            if shake.get("successful") is True and "long-polling" in (shake.get("supportedConnectionTypes") or [])
            else [f"the handshake is answered {shake!r}"],
        )
        for channel in ("/v2/me/calls", "/v2/me/devices"):
            reply = await agent.bayeux("/meta/subscribe", subscription=channel)
            yield _judged(
                Fact(f"{channel} can be subscribed to", _D, "CometD"),
                [] if reply.get("successful") is True else [f"it is answered {reply!r}"],
            )
        reply = await agent.bayeux("/meta/connect", connectionType="long-polling", advice={"timeout": 0})
        yield _judged(
            Fact("a connect with advice.timeout 0 is answered at once", _D, "Bayeux 1.0"),
            [] if reply.get("successful") is True else [f"it is answered {reply!r}"],
        )
        reply = await agent.bayeux("/meta/connect", connectionType="long-polling", clientId="nobody")
        advice = reply.get("advice") or {}
        yield _judged(
            Fact("an unknown client is told 402 and to handshake", _D, "Bayeux 1.0"),
            []
            if str(reply.get("error")).startswith("402:") and advice.get("reconnect") == "handshake"
            else [f"it is answered {reply!r}"],
        )

    async def _refusals(self, agent: Visitor) -> AsyncIterator[Finding]:
        calls = f"/me/devices/{self._device.get('id', 'none')}/calls"
        nobody = {"destination": {"phoneNumber": self._number}, "operationName": "Dial"}
        for title, path, body, status, code, source in (
            ("a request without operationName", calls, {}, 400, 1, _C),
            ("a body that is not JSON", calls, "{", 400, 1, _C),
            ("Dial without a destination", calls, {"operationName": "Dial"}, 400, 1, _C),
            ("Dial on an unknown device", "/me/devices/none/calls", nobody, 404, 6, _C),
            ("an operation on an unknown call", "/me/calls/none", {"operationName": "Hangup"}, 404, 6, _C),
        ):
            answer = await agent.ask("POST", path, body)
            yield _found(
                Fact(f"{title}: HTTP {status}, code {code}", source, "Return Values"),
                answer,
                status,
                documented.ERROR | {"statusCode": code},
            )

    async def _calling(self, agent: Visitor) -> AsyncIterator[Finding]:
        if not self._device:
            return
        fields = {"GSW_CALLING_LIST": "List", "big": BEYOND_A_DOUBLE, "alpha": 0}
        dial = {
            "operationName": "Dial",
            "devicePath": f"/devices/{self._device['id']}",
            "outboundRecord": {"recordHandle": 431, "phoneNumber": self._number, "otherFields": fields},
            "userData": fields,
        }
        answer = await agent.ask("POST", f"/me/devices/{self._device['id']}/calls", dial)
        yield _found(
            Fact("Dial Preview Record is accepted", _D, "Dial Preview Record"), answer, 200, documented.SUCCESS
        )
        event = await agent.event(lambda data: _state(data) == "Dialing", MESSAGE_WITHIN)
        fact = Fact("its message is that of the page", _D, "Dial Preview Record")
        if event is None:
            yield Finding(fact, Verdict.NOT_OFFERED, ("no message with the state Dialing came",))
            return
        call = event["data"]["call"]
        self._call_id = str(call.get("id"))
        yield _judged(fact, differences(documented.message("StatusChange", "Dialing", self._number), event))
        offered = set(call.get("capabilities") or ())
        yield _judged(
            Fact("a dialling call offers the six operations of the page", _D, "Dial Preview Record"),
            [f"not offered: {', '.join(sorted(documented.DIALING_CAPABILITIES - offered))}"]
            if documented.DIALING_CAPABILITIES - offered
            else [],
        )
        data = call.get("userData") or {}
        yield _judged(
            Fact("the record's fields are on the call, integers exact", _C, "Dial Preview Record"),
            differences(fields, data, "userData"),
        )
        event = await agent.event(lambda data: _state(data) == "Established", ANSWERED_WITHIN)
        fact = Fact("an answered call is Established", _D, "Answer")
        if event is None:
            yield Finding(fact, Verdict.NOT_OFFERED, (f"{self._number} did not answer in {ANSWERED_WITHIN:.0f} s",))
        else:
            yield _judged(fact, differences(documented.message("StatusChange", "Established", self._number), event))
        read = await agent.ask("GET", f"/me/calls/{self._call_id}")
        state = "Established" if event is not None else "Dialing"
        yield _found(
            Fact("the call can be read", _D, "Calls API"),
            read,
            200,
            {"statusCode": 0, "call": documented.call(state, self._number)},
        )
        async for finding in self._operations(agent, state):
            yield finding

    async def _operations(self, agent: Visitor, state: str) -> AsyncIterator[Finding]:
        changed, sent = "AttachedDataChanged", "DtmfSent"
        for name, members, kind, data in (
            ("AttachUserData", {"userData": {"one": 1}}, changed, {"one": 1}),
            ("UpdateUserData", {"userData": {"one": 2}}, changed, {"one": 2}),
            ("DeleteUserDataPair", {"key": "one"}, changed, {"one": None}),
            ("DeleteUserData", {}, changed, None),
            ("SendDtmf", {"digits": "1"}, sent, None),
        ):
            agent.events.clear()
            body = {"operationName": name, **members}
            answer = await agent.ask("POST", f"/me/calls/{self._call_id}", body)
            yield _found(Fact(f"{name} is accepted", _D, name), answer, 200, documented.SUCCESS)
            event = await agent.event(partial(_is, kind), MESSAGE_WITHIN)
            fact = Fact(f"{name} is followed by {kind} with the whole call", _D, name)
            if event is None:
                yield Finding(fact, Verdict.NOT_OFFERED, ("the message did not come",))
                continue
            lines = differences(documented.message(kind, state, self._number), event)
            on_call = event["data"]["call"].get("userData")
            if data is None:
                lines += (
                    ["userData: must be absent when there is none"] if on_call is not None and kind == changed else []
                )
            else:
                for key, value in data.items():
                    if (on_call or {}).get(key) != value:
                        lines.append(f"userData.{key}: expected {value!r}, is {(on_call or {}).get(key)!r}")
            yield _judged(fact, lines)
        agent.events.clear()
        answer = await agent.ask("POST", f"/me/calls/{self._call_id}", {"operationName": "Hangup"})
        yield _found(Fact("Hangup is accepted", _D, "Hangup"), answer, 200, documented.SUCCESS)
        event = await agent.event(lambda data: _state(data) == "Released", MESSAGE_WITHIN)
        fact = Fact("a released call has no capabilities", _D, "Hangup")
        if event is None:
            yield Finding(fact, Verdict.NOT_OFFERED, ("no message with the state Released came",))
            return
        released, self._call_id = self._call_id, ""
        lines = differences(documented.message("StatusChange", "Released", self._number), event)
        lines += differences([], event["data"]["call"].get("capabilities"), "call.capabilities")
        yield _judged(fact, lines)
        gone = await agent.ask("GET", f"/me/calls/{released}")
        yield _found(
            Fact("a released call is gone: HTTP 404, code 6", _C, "Calls API"),
            gone,
            404,
            documented.ERROR | {"statusCode": 6},
        )
        end = await agent.ask("POST", "/me", {"operationName": "EndContactCenterSession"})
        after = await agent.ask("GET", "/me")
        yield _judged(
            Fact("EndContactCenterSession ends the HTTP session", _D, "EndContactCenterSession"),
            differences(documented.SUCCESS, end.json)
            + ([] if after.status == 403 else [f"the next request is answered HTTP {after.status}"]),
        )


def _is(notification: str, data: dict[str, Any]) -> bool:
    return data.get("notificationType") == notification


def _state(data: dict[str, Any]) -> object:
    call = data.get("call")
    return call.get("state") if isinstance(call, dict) else None


async def _asked(visitor: Visitor, method: str, path: str) -> Answer:
    try:
        return await visitor.ask(method, path)
    except NoAnswer as error:
        return Answer(0, {}, str(error))


async def _hang_up(agent: Visitor, call_id: str) -> None:
    """Leave no call behind where the conversation broke off."""
    await _asked(agent, "GET", "/me")
    try:
        await agent.ask("POST", f"/me/calls/{call_id}", {"operationName": "Hangup"})
    except NoAnswer:
        return


def _found(fact: Fact, answer: Answer, status: int, expected: object) -> Finding:
    lines = [] if answer.status == status else [f"HTTP {answer.status}, expected {status}"]
    lines += differences(expected, answer.json) if answer.json is not None else [f"not JSON: {answer.text[:200]!r}"]
    return _judged(fact, lines)


def _judged(fact: Fact, lines: list[str]) -> Finding:
    return Finding(fact, Verdict.DIFFERS if lines else Verdict.HOLDS, tuple(lines))
