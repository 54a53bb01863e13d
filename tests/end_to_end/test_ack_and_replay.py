"""The ack and replay extensions of CometD on the running service: nothing is lost, and nothing comes twice."""

import asyncio
import json

import pytest
from aiocometd import Client as Cometd
from aiocometd import ConnectionType

import bridge.gws.aiocometd_compat  # noqa: F401
from clients.legacy.aiocometd_replay import Replay
from tests.end_to_end.test_processes import AUTHORIZATION, Login
from tests.fakes.legacy_client import DEVICE
from tests.fakes.node_cometd import node_cometd

SHAKE = {"channel": "/meta/handshake", "version": "1.0", "supportedConnectionTypes": ["long-polling"]}


@pytest.fixture
async def client(service):
    async with service.legacy() as client:
        yield client


async def shake(client, **ext):
    (reply,) = await client.bayeux({**SHAKE, "ext": ext})
    client._client_id = reply["clientId"]
    return reply.get("ext")


async def subscribe(client, start=None, channel="/v2/me/calls"):
    more = {} if start is None else {"ext": {"replay": {channel: start}}}
    (reply,) = await client.bayeux({"channel": "/meta/subscribe", "subscription": channel, **more})
    return reply


async def connect(client, timeout=0, **ext):
    replies = await client.bayeux(
        {
            "channel": "/meta/connect",
            "connectionType": "long-polling",
            "advice": {"timeout": timeout},
            **({"ext": ext} if ext else {}),
        }
    )
    return replies[-1]


async def call_that_ends(service, client, number="5002"):
    assert (await client.dial(number))[0] == 200
    await service.advance(5)
    while await client.calls():
        await asyncio.sleep(0)


def ids(client):
    return [change["event"]["replayId"] for change in client.changes]


# ------------------------------------------------------------ replay


async def test_who_does_not_ask_gets_the_documented_bytes(service, client):
    assert await shake(client) is None
    await subscribe(client, start=-2)
    await connect(client)
    await call_that_ends(service, client)
    await client.until(lambda client: len(client.messages) == 2)
    assert "replayId" not in "".join(client.messages)


async def test_everything_retained_comes_and_then_what_happens_without_gap_or_repetition(service, client):
    await call_that_ends(service, client)
    assert await shake(client, replay=True) == {"replay": True}
    assert (await subscribe(client, start=-2))["successful"]
    await connect(client)
    await call_that_ends(service, client)
    await client.until(lambda client: len(client.messages) >= 4)
    assert client.states == ["Dialing", "Released"] * 2
    assert ids(client) == sorted(set(ids(client)))


async def test_a_new_session_goes_on_after_the_last_event_of_the_old_one(service, client):
    await shake(client, replay=True)
    await subscribe(client, start=-1)
    await connect(client)
    await call_that_ends(service, client)
    await client.until(lambda client: len(client.messages) == 2)
    last = ids(client)[0]
    async with service.legacy() as again:
        await call_that_ends(service, again)
        await shake(again, replay=True)
        await subscribe(again, start=last, channel="/v2/me/*")
        await connect(again)
        await again.until(lambda again: len(again.messages) >= 3)
        assert again.states == ["Released", "Dialing", "Released"]
        assert ids(again)[0] == ids(client)[1]


async def test_a_resume_token_of_another_wire_is_taken_too(service, client):
    async with service.client() as grpc_client:
        token = (await grpc_client.dial(DEVICE, "5002")).resume_token
    await service.advance(5)
    await shake(client, replay=True)
    assert (await subscribe(client, start=token))["successful"]
    await connect(client)
    await client.until(lambda client: len(client.messages) >= 2)
    assert client.states == ["Dialing", "Released"]


@pytest.mark.parametrize("start", [82, 1 << 62, "not a token"])
async def test_an_id_that_is_no_longer_there_is_refused_and_the_oldest_named(service, client, start):
    await call_that_ends(service, client)
    await shake(client, replay=True)
    reply = await subscribe(client, start=start)
    assert (reply["successful"], reply["error"][:12]) == (False, "400::The rep")
    assert str(start) in reply["error"]
    oldest = reply["ext"]["replay"]["/v2/me/calls"]
    if isinstance(start, int):
        await subscribe(client, start=oldest - 1)
        await connect(client)
        await client.until(lambda client: client.messages)
        assert ids(client)[0] == oldest


async def test_more_than_a_queue_holds_is_replayed_as_the_client_takes_it(service, client):
    await call_that_ends(service, client)
    async with service.client() as grpc_client:
        call = (await grpc_client.dial(DEVICE, "5001")).call
        for number in range(1200):
            await grpc_client.send_dtmf(call.id, str(number % 10))
    await shake(client, replay=True)
    await subscribe(client, start=-2)
    await connect(client)
    await client.until(lambda client: len(client.messages) == 1203)
    assert ids(client) == sorted(set(ids(client)))


async def test_others_calls_are_not_in_one_s_past(service, client):
    async with service.legacy("agent2") as other:
        await other.dial("5001", device="2b00393c-9ad3-418f-8b3d-a06cbe8af395")
    await shake(client, replay=True)
    await subscribe(client, start=-2)
    await connect(client)
    await call_that_ends(service, client)
    await client.until(lambda client: len(client.messages) == 2)
    assert {change["phoneNumber"] for change in client.changes} == {"5005"}


async def test_after_a_restart_of_the_service_the_past_is_still_there(start, tmp_path):
    async with start(tmp_path / "data") as service, service.legacy() as client:
        await shake(client, replay=True)
        await subscribe(client, start=-1)
        await connect(client)
        await call_that_ends(service, client)
        await client.until(lambda client: len(client.messages) == 2)
        first = ids(client)[0]
    async with start(tmp_path / "data") as service, service.legacy() as client:
        await shake(client, replay=True)
        assert (await subscribe(client, start=first))["successful"]
        await connect(client)
        await call_that_ends(service, client, "5099")
        await client.until(lambda client: len(client.messages) == 3)
        assert client.states == ["Released", "Dialing", "Released"]


# ------------------------------------------------------------ ack


async def test_what_is_not_acknowledged_comes_again_and_what_is_does_not(service, client):
    assert await shake(client, ack=True) == {"ack": True}
    await subscribe(client)
    assert (await connect(client, ack=0))["ext"] == {"ack": 1}
    await call_that_ends(service, client)
    assert (await connect(client, timeout=5000, ack=1))["ext"] == {"ack": 2}
    first = list(client.messages)
    assert first
    await connect(client, ack=1)  # the answer was lost: it says that it has nothing after batch 1
    assert client.messages == first * 2
    number = (await connect(client, ack=3))["ext"]["ack"]
    assert (client.messages, number) == (first * 2, 4)


async def test_an_answer_that_broke_off_loses_nothing(service, client):
    await shake(client, ack=True)
    await subscribe(client)
    await connect(client, ack=0)
    held = asyncio.create_task(connect(client, timeout=30_000, ack=1))
    await asyncio.sleep(0)
    await client.calls()
    held.cancel()
    await asyncio.gather(held, return_exceptions=True)
    await call_that_ends(service, client)
    acknowledged = 1
    async with asyncio.timeout(10):
        while len(client.messages) < 2:
            acknowledged = (await connect(client, timeout=200, ack=acknowledged))["ext"]["ack"]
    assert client.states == ["Dialing", "Released"]


@pytest.mark.parametrize("transport", ["long-polling", "websocket"])
async def test_the_official_javascript_ack_extension_works(service, client, transport):
    async with node_cometd(f"{service.url}/api/v2/notifications", transport, AUTHORIZATION) as node:
        await node.do("extend", name="ack")
        await node.do("handshake")
        fact = await node.until(lambda fact: "handshake" in fact)
        assert fact["ext"] == {"ack": True}
        await node.until(lambda fact: fact.get("connect"))
        await node.do("subscribe", channel="/v2/me/*")
        await node.until(lambda fact: fact.get("subscribed"))
        for number in ("5002", "5099", "5002"):
            await call_that_ends(service, client, number)
        await node.until(lambda fact: len(node.events) == 6)
        assert [event["call"]["state"] for event in node.events] == ["Dialing", "Released"] * 3


async def test_ack_and_replay_work_together(service, client):
    await call_that_ends(service, client)
    assert await shake(client, ack=True, replay=True) == {"ack": True, "replay": True}
    await subscribe(client, start=-2)
    acknowledged = 0
    async with asyncio.timeout(10):
        while len(client.messages) < 2:
            acknowledged = (await connect(client, timeout=200, ack=acknowledged))["ext"]["ack"]
    assert len(ids(client)) == 2
    assert json.loads(client.messages[0])["data"]["event"] == {"replayId": ids(client)[0]}


@pytest.mark.parametrize("transport", ["long-polling", "websocket"])
async def test_the_extension_for_aiocometd_goes_on_after_the_last_event(service, client, transport):
    replay = Replay({"/v2/me/calls": -2})

    def cometd():
        return Cometd(
            f"{service.url}/api/v2/notifications",
            connection_types=ConnectionType(transport),
            auth=Login(),
            extensions=[replay],
        )

    await call_that_ends(service, client)
    async with asyncio.timeout(20), cometd() as first:
        await first.subscribe("/v2/me/calls")
        assert [(await first.receive())["data"]["call"]["state"] for _ in range(2)] == ["Dialing", "Released"]
    await call_that_ends(service, client, "5099")
    async with asyncio.timeout(20), cometd() as second:
        await second.subscribe("/v2/me/calls")
        assert [(await second.receive())["data"]["call"]["dnis"] for _ in range(2)] == ["5099", "5099"]
