"""The same working day over the legacy wires and over gRPC is the same day in the journal."""

import asyncio
import json
import re
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
from google.protobuf.json_format import MessageToDict

from bridge.vocabulary import CALL_STATES
from dialbridge.v1 import user_pb2
from dialbridge.v1.call_service_pb2 import WatchCallsRequest
from dialbridge.v1.device_service_pb2 import WatchDevicesRequest
from dialbridge.v1.outbound_record_pb2 import OutboundRecord
from dialbridge_client import Changed, Replaced
from tests.fakes.node_cometd import node_cometd

DEVICES = {
    "agent1": "efe1ab32-53f9-43ce-b65e-5768c61f7d4a",
    "agent2": "2b00393c-9ad3-418f-8b3d-a06cbe8af395",
    "supervisor1": "91c5f3a4-0b0e-4b5c-8f1d-3a7d2c5e6f09",
}
WITHIN = 10.0

# Who does what, on which of the calls of the day, and what all of them then see: states by user and call.
A, B, S = "agent1", "agent2", "supervisor1"
DAY = [
    # The agents are there, and one of them cannot be reached for a while.
    (A, "StartContactCenterSession", None, {}, {}),
    (B, "StartContactCenterSession", None, {}, {}),
    (A, "Ready", None, {}, {}),
    (B, "AuxWork", None, {}, {}),
    (B, "DoNotDisturbOn", None, {}, {}),
    (B, "DoNotDisturbOff", None, {}, {}),
    (B, "ForwardCallsOn", None, {"forwardTo": "5007"}, {}),
    (B, "ForwardCallsOff", None, {}, {}),
    (B, "Ready", None, {}, {}),
    # A preview record, and everything that is done on one call.
    (A, "Dial", 0, {"phoneNumber": "5001"}, {A: {0: "Dialing"}}),
    (None, "advance", 1, {}, {A: {0: "Established"}}),
    (A, "UpdateUserData", 0, {"userData": {"tier": "gold"}}, {}),
    (A, "SendDtmf", 0, {"digits": "1#"}, {}),
    (A, "Hold", 0, {}, {A: {0: "Held"}}),
    (A, "Retrieve", 0, {}, {A: {0: "Established"}}),
    (A, "MuteCall", 0, {}, {}),
    (A, "UnmuteCall", 0, {}, {}),
    (A, "StartCallRecording", 0, {}, {}),
    (A, "PauseCallRecording", 0, {}, {}),
    (A, "ResumeCallRecording", 0, {}, {}),
    (A, "StopCallRecording", 0, {}, {}),
    # Two steps to a colleague.
    (A, "InitiateTransfer", 0, {"destination": "5006"}, {A: {0: "Held", 1: "Dialing"}, B: {1: "Ringing"}}),
    (B, "Answer", 1, {}, {A: {0: "Held", 1: "Established"}, B: {1: "Established"}}),
    (A, "SwapCalls", 1, {"other": 0}, {A: {0: "Established", 1: "Held"}}),
    (A, "SwapCalls", 0, {"other": 1}, {A: {0: "Held", 1: "Established"}}),
    (A, "CompleteTransfer", 1, {}, {A: {0: "Released", 1: "Released"}, B: {0: "Established", 1: "Released"}}),
    (B, "Hangup", 0, {}, {B: {0: "Released"}}),
    # A conference, in one step and in two.
    (A, "Dial", 2, {"phoneNumber": "5001"}, {A: {2: "Dialing"}}),
    (None, "advance", 1, {}, {A: {2: "Established"}}),
    (A, "SingleStepConference", 2, {"destination": "5006"}, {B: {2: "Ringing"}}),
    (B, "Answer", 2, {}, {B: {2: "Established"}}),
    (A, "RemoveParticipantFromConference", 2, {"participant": "5006"}, {A: {2: "Established"}, B: {2: "Released"}}),
    (A, "InitiateConference", 2, {"destination": "5006"}, {A: {2: "Held", 3: "Dialing"}, B: {3: "Ringing"}}),
    (B, "Answer", 3, {}, {A: {3: "Established"}, B: {3: "Established"}}),
    (A, "CompleteConference", 3, {}, {A: {2: "Established", 3: "Released"}, B: {2: "Established", 3: "Released"}}),
    (A, "ClearCall", 2, {}, {A: {2: "Released"}, B: {2: "Released"}}),
    # A supervisor is there.
    (S, "ListenIn", None, {"target": A}, {}),
    (A, "Dial", 4, {"phoneNumber": "5001"}, {A: {4: "Dialing"}}),
    (None, "advance", 1, {}, {A: {4: "Established"}, S: {4: "Established"}}),
    (S, "SwitchToCoach", 4, {}, {}),
    (S, "MuteMonitoredUser", 4, {}, {}),
    (S, "UnmuteMonitoredUser", 4, {}, {}),
    (S, "SwitchToBargeIn", 4, {}, {}),
    (S, "CancelSupervisorMonitoring", None, {}, {S: {4: "Released"}}),
    (A, "SingleStepTransfer", 4, {"destination": "5006"}, {A: {4: "Released"}, B: {4: "Ringing"}}),
    (B, "Answer", 4, {}, {B: {4: "Established"}}),
    (B, "Hangup", 4, {}, {B: {4: "Released"}}),
    (A, "AfterCallWork", None, {}, {}),
    (A, "NotReady", None, {}, {}),
    (A, "EndContactCenterSession", None, {}, {}),
    (B, "EndContactCenterSession", None, {}, {}),
]
STATES = {
    "Ready": user_pb2.USER_STATE_READY,
    "NotReady": user_pb2.USER_STATE_NOT_READY,
    "AfterCallWork": user_pb2.USER_STATE_AFTER_CALL_WORK,
    "AuxWork": user_pb2.USER_STATE_AUX_WORK,
}
OF_THE_AGENT = {
    **dict.fromkeys(("StartContactCenterSession", "EndContactCenterSession"), "/me"),
    **dict.fromkeys(STATES, "/me/channels/voice"),
    **dict.fromkeys(("DoNotDisturbOn", "DoNotDisturbOff", "ForwardCallsOn", "ForwardCallsOff"), "/me/devices/{device}"),
}
"""Where what is no operation on a call is posted."""


@dataclass
class Seen:
    """What one user was told, by call in the order in which the calls came up in the day."""

    states: dict[str, str] = field(default_factory=dict)
    told: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, call_id: str, state: str) -> None:
        self.states[call_id] = state
        self.told += 1
        self.changed.set()

    async def until(self, condition):
        async with asyncio.timeout(WITHIN):
            while not condition():
                self.changed.clear()
                await self.changed.wait()


class Day:
    """Plays the day through one kind of client."""

    def __init__(self, service):
        self.service = service
        self.seen = {user: Seen() for user in DEVICES}
        self.calls = []

    async def play(self):
        for user, operation, call, given, then in DAY:
            told = {each: seen.told for each, seen in self.seen.items()}
            try:
                if operation == "advance":
                    await self.service.advance(call)
                elif operation == "Dial":
                    await self.dial(user, given["phoneNumber"])
                elif operation in OF_THE_AGENT:
                    await self.be(user, operation, given)
                    continue
                else:
                    await self.operate(user, operation, None if call is None else self.calls[call], given)
                for who, states in then.items():
                    await self.seen[who].until(lambda who=who, states=states: self.is_seen(who, states))
                if user and not then and operation != "ListenIn":
                    await self.seen[user].until(lambda user=user, told=told: self.seen[user].told > told[user])
            except TimeoutError:
                raise AssertionError(f"after {user} {operation} {call}: {self.seen}") from None

    def is_seen(self, who, states):
        for seen in self.seen.values():
            self.calls += [call_id for call_id in seen.states if call_id not in self.calls]
        wanted = {self.calls[call]: state for call, state in states.items() if call < len(self.calls)}
        return len(wanted) == len(states) and wanted.items() <= self.seen[who].states.items()


class LegacyDay(Day):
    """REST, and the official CometD client."""

    @asynccontextmanager
    async def signed_in(self):
        async with AsyncExitStack() as stack:
            self.rest = {user: await stack.enter_async_context(self.service.legacy(user)) for user in DEVICES}
            async with asyncio.TaskGroup() as listening:
                tasks = []
                for user in DEVICES:
                    url = f"{self.service.url}/api/v2/notifications"
                    node = await stack.enter_async_context(
                        node_cometd(url, "long-polling", aiohttp.encode_basic_auth(user, "demo"))
                    )
                    await node.do("handshake")
                    await node.until(lambda fact: fact.get("handshake"))
                    await node.do("subscribe", channel="/v2/me/calls")
                    await node.until(lambda fact: fact.get("subscribed"))
                    tasks.append(listening.create_task(self.listen(user, node)))
                yield
                for task in tasks:
                    task.cancel()

    async def listen(self, user, node):
        while True:
            fact = await node.until(lambda fact: "event" in fact, within=60.0)
            call = fact["data"]["call"]
            self.seen[user].take(call["id"], call["state"])

    async def dial(self, user, number):
        status, text = await self.rest[user].dial(number, DEVICES[user])
        assert (status, text) == (200, '{"statusCode":0}')

    async def be(self, user, operation, given):
        path = OF_THE_AGENT[operation].format(device=DEVICES[user])
        more = {"channels": ["voice"]} if operation.startswith("Start") else given
        answer = await self.rest[user].request("POST", path, {"operationName": operation, **more})
        assert answer == (200, '{"statusCode":0}'), (operation, answer)

    async def operate(self, user, operation, call_id, given):
        body = dict(given)
        if "destination" in given:
            body["destination"] = {"phoneNumber": given["destination"]}
        if "other" in given:
            body = {"otherCallUri": f"http://127.0.0.1:8080/api/v2/me/calls/{self.calls[given['other']]}"}
        if "target" in given:
            body = {"targetDeviceUri": f"http://127.0.0.1:8080/api/v2/devices/{DEVICES[given['target']]}"}
        if call_id is None:
            path = f"/me/devices/{DEVICES[user]}"
            answer = await self.rest[user].request("POST", path, {"operationName": operation, **body})
        else:
            answer = await self.rest[user].operate(call_id, operation, **body)
        assert answer == (200, '{"statusCode":0}'), (operation, answer)


class GrpcDay(Day):
    """The Python client."""

    @asynccontextmanager
    async def signed_in(self):
        async with AsyncExitStack() as stack:
            self.clients = {user: await stack.enter_async_context(self.service.client(user)) for user in DEVICES}
            async with asyncio.TaskGroup() as watching:
                began = {user: asyncio.Event() for user in DEVICES}
                tasks = [watching.create_task(self.watch(user, began[user])) for user in DEVICES]
                for each in began.values():
                    await each.wait()
                yield
                for task in tasks:
                    task.cancel()

    async def watch(self, user, began):
        async for event in self.clients[user].watch():
            match event:
                case Replaced():
                    began.set()
                case Changed(change) if change.call.user_name == user:  # a supervisor sees those of others as well
                    self.seen[user].take(change.call.id, CALL_STATES[change.call.state])

    async def dial(self, user, number):
        await self.clients[user].dial(DEVICES[user], OutboundRecord(record_handle=431, phone_number=number))

    async def be(self, user, operation, given):
        client, device = self.clients[user], DEVICES[user]
        match operation:
            case "StartContactCenterSession":
                await client.start_contact_center_session()
            case "EndContactCenterSession":
                await client.end_contact_center_session()
            case "DoNotDisturbOn" | "DoNotDisturbOff":
                await client.set_do_not_disturb(device, operation == "DoNotDisturbOn")
            case "ForwardCallsOn" | "ForwardCallsOff":
                await client.set_forwarding(device, given.get("forwardTo", ""))
            case _:
                await client.set_agent_state(STATES[operation])

    async def operate(self, user, operation, call_id, given):
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower().removesuffix("_from_conference")
        values = [
            self.calls[value] if key == "other" else DEVICES[value] if key == "target" else value
            for key, value in given.items()
        ]
        await getattr(self.clients[user], name)(call_id or DEVICES[user], *values)


async def devices(service):
    """How the devices were, one after the other."""
    found = []
    async with service.client("bridge") as client:
        stream = client._devices.WatchDevices(WatchDevicesRequest(earliest=True), metadata=client._metadata)
        while (message := await stream.read()).WhichOneof("message") != "heartbeat":
            found += [MessageToDict(change.device) for change in message.changes.device_changes]
        stream.cancel()
    return found


async def journal(service):
    """Every change of a call, without what is drawn at random or counted from the beginning of the file."""
    names = {}
    entries = []
    async with service.client("bridge") as client:
        stream = client._calls.WatchCalls(WatchCallsRequest(earliest=True), metadata=client._metadata)
        while True:
            message = await stream.read()
            if message.WhichOneof("message") == "heartbeat":
                break
            for change in message.changes.status_changes:
                for random in ("resume_token", "position", "event_time", "request_id"):
                    change.ClearField(random)
                for random in ("conn_id", "create_time", "establish_time", "release_time"):
                    change.call.ClearField(random)
                names.setdefault(change.call.id, f"call {len(names)}")
                entries.append(json.dumps(MessageToDict(change)))
        stream.cancel()
    text = "\n".join(entries)
    for call_id, name in names.items():
        text = text.replace(call_id, name)
    return [json.loads(line) for line in text.splitlines()]


async def test_the_same_day_on_every_wire_is_the_same_journal(start, tmp_path):
    journals, states = [], []
    for kind in (LegacyDay, GrpcDay):
        async with start(tmp_path / kind.__name__) as service:
            day = kind(service)
            async with day.signed_in():
                await day.play()
            journals.append(await journal(service))
            states.append(await devices(service))
    legacy, grpc = journals
    for one, other in zip(legacy, grpc, strict=True):
        assert one == other
    assert len(legacy) > 60
    assert legacy[-1]["call"]["state"] == "CALL_STATE_RELEASED"
    legacy, grpc = states
    assert legacy == grpc
    assert len(legacy) > 13
