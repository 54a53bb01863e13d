"""What CometD and server-sent events tell is what the AsyncAPI document says."""

import asyncio
import json

import aiohttp
import pytest
from jsonschema import Draft7Validator

WITHIN = 20.0


class Document:
    """The document as the service gives it."""

    def __init__(self, document):
        self._document = document

    def check(self, name, message):
        shapes = {"$ref": f"#/components/schemas/{name}", "components": self._document["components"]}
        Draft7Validator(shapes).validate(message)

    def check_message(self, message):
        """A message of CometD, by its channel."""
        names = {
            described["payload"]["$ref"].rpartition("/")[2]
            for channel in self._document["channels"].values()
            if channel["address"] == message["channel"]
            for name, described in channel["messages"].items()
            if name.endswith("Reply") == message["channel"].startswith("/meta/")
        }
        (name,) = names
        self.check(name, message)
        return name


@pytest.fixture
async def http():
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield session


@pytest.fixture
async def document(service, http):
    async with http.get(f"{service.url}/api/v2/asyncapi.json") as answer:
        return Document(await answer.json())


async def said(http, service, *messages):
    """What a batch of messages is answered, events included."""
    auth = aiohttp.encode_basic_auth("agent1", "demo")
    url = f"{service.url}/api/v2/notifications"
    async with http.post(url, json=list(messages), headers={"Authorization": auth}) as answer:
        assert answer.status == 200
        return await answer.json()


async def dial_until_released(service):
    async with service.legacy() as agent:
        await agent.dial("5004")
        while await agent.calls():
            await service.advance(0.5)


async def test_a_conversation_over_cometd_is_as_documented(service, http, document):
    handshake = {
        "channel": "/meta/handshake",
        "id": "1",
        "version": "1.0",
        "supportedConnectionTypes": ["long-polling"],
        "ext": {"ack": True, "replay": True},
    }
    document.check("Handshake", handshake)
    (reply,) = await said(http, service, handshake)
    document.check_message(reply)
    own = {"clientId": reply["clientId"]}
    subscribe = {"channel": "/meta/subscribe", "subscription": "/v2/me/*", **own, "ext": {"replay": {"/v2/me/*": -1}}}
    document.check("Subscribe", subscribe)
    replies = await said(http, service, subscribe, {"channel": "/meta/subscribe", "subscription": "/other", **own})
    assert [document.check_message(each) for each in replies] == ["SubscribeReply"] * 2
    assert [each["successful"] for each in replies] == [True, False]
    connect = {"channel": "/meta/connect", "connectionType": "long-polling", **own, "advice": {"timeout": 0}}
    document.check("Connect", connect)
    await dial_until_released(service)
    told, acknowledged = [], -1
    async with asyncio.timeout(WITHIN):
        while not told or told[-1]["data"]["call"]["state"] != "Released":
            answers = await said(http, service, {**connect, "ext": {"ack": acknowledged}})
            for each in answers:
                document.check_message(each)
            acknowledged = answers[-1]["ext"]["ack"]
            told += [each for each in answers if each["channel"] == "/v2/me/calls"]
    assert [each["data"]["call"]["state"] for each in told] == ["Dialing", "Established", "Released"]
    assert all(each["data"]["event"]["replayId"] > 0 for each in told)
    goodbye = [
        {"channel": "/meta/unsubscribe", "subscription": "/v2/me/*", **own},
        {"channel": "/meta/disconnect", **own},
    ]
    document.check("Unsubscribe", goodbye[0])
    document.check("Disconnect", goodbye[1])
    replies = await said(http, service, *goodbye)
    assert [document.check_message(each) for each in replies] == ["UnsubscribeReply", "DisconnectReply"]


@pytest.mark.parametrize(
    "message",
    [
        {"channel": "/meta/handshake", "supportedConnectionTypes": ["callback-polling"]},
        {"channel": "/meta/connect", "clientId": "nobody", "connectionType": "long-polling"},
        {"channel": "/meta/subscribe", "clientId": "nobody", "subscription": "/v2/me/calls"},
        {"channel": "/meta/unsubscribe", "clientId": "nobody", "subscription": "/v2/me/calls"},
        {"channel": "/meta/disconnect", "clientId": "nobody"},
    ],
    ids=lambda message: message["channel"],
)
async def test_a_refusal_over_cometd_is_as_documented(service, http, document, message):
    (reply,) = await said(http, service, message)
    document.check_message(reply)
    assert reply["successful"] is False


async def events_of(http, service, path, enough):
    """The events of a stream as (name, id, data), until ``enough`` of them."""
    found, fields = [], {}
    headers = {"Authorization": aiohttp.encode_basic_auth("agent1", "demo")}
    async with asyncio.timeout(WITHIN), http.get(f"{service.url}/api/v2{path}", headers=headers) as answer:
        assert answer.content_type == "text/event-stream"
        async for line in answer.content:
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name:
                fields[name] = value
            else:
                if "data" in fields:
                    found.append((fields.get("event"), fields.get("id"), json.loads(fields["data"])))
                    if len(found) == 1:
                        await dial_until_released(service)
                if enough(found):
                    return found
                fields = {}
    raise AssertionError("the stream ended")


@pytest.mark.parametrize(("path", "channel"), [("/me/events", "/api/v2/me/events"), ("/events", "/api/v2/events")])
async def test_an_event_stream_is_as_documented(service, http, path, channel):
    async with http.get(f"{service.url}/api/v2/asyncapi.json") as answer:
        raw = await answer.json()
    document = Document(raw)
    (messages,) = [each["messages"] for each in raw["channels"].values() if each["address"] == channel]
    shape_of = {
        message["headers"]["properties"].get("event", {}).get("const"): message["payload"]["$ref"].rpartition("/")[2]
        for message in messages.values()
    }

    def released(found):
        data = found[-1][2] if found else {}
        return data.get("data", data).get("call", {}).get("state") == "Released"

    found = await events_of(http, service, path, released)
    for name, _, data in found:
        document.check(shape_of[name], data)
    assert {name for name, _, _ in found} == set(shape_of) - {"end"}
    assert all(token for name, token, _ in found if name != "started")
