"""The same fake with the official Node CometD server."""

import asyncio

import pytest

from tests.fakes.gws import FakeGws
from tests.fakes.gws_agent import Agent
from tests.fakes.gws_node import NodeNotifications, require_node_server


@pytest.fixture
async def gws():
    require_node_server()
    async with FakeGws(manual=True, notifications=NodeNotifications()) as gws:
        yield gws


@pytest.fixture
async def agent(gws):
    async with Agent(gws) as agent:
        await agent.start()
        await agent.listen()
        yield agent


async def test_a_call_is_told_to_its_agent_and_to_nobody_else(gws, agent):
    async with Agent(gws, "agent2") as other:
        await other.listen()
        await agent.dial()
        gws.answer(gws.calls[0])
        await agent.until("Dialing", "Established")
        gws.emit("agent2", "/v2/me/calls", {"end": True})
        await gws.until(lambda: other.events)
        assert other.events == [{"end": True}]


async def test_a_wildcard_covers_the_channels_of_me(gws):
    async with Agent(gws) as agent:
        await agent.listen("/v2/me/*")
        await agent.start()
        await gws.until(lambda: len(agent.events) == 2)


async def test_it_is_behind_the_same_sign_in(gws, agent):
    body = [{"channel": "/meta/handshake", "supportedConnectionTypes": ["long-polling"]}]
    assert (await agent.request("POST", "/notifications", body, auth=False))[0] == 200
    agent.http.cookie_jar.clear()
    assert (await agent.request("POST", "/notifications", body, auth=False))[0] == 403


async def test_its_own_refusal_of_a_handshake(gws, agent):
    gws.faults.add("handshake", "refuse")
    reply = await agent.handshake()
    assert reply["error"] == "403::handshake_denied" and reply["advice"]["reconnect"] == "none"


async def test_its_own_402_on_the_next_connect(gws):
    async with Agent(gws) as agent:
        await agent.handshake()
        gws.faults.add("connect", "unknown-client", skip=1)
        assert (await agent.connect(advice={"timeout": 0}))[1][-1]["successful"] is True
        reply = (await agent.connect())[1][-1]
        assert reply["error"] == "402::session_unknown" and reply["advice"]["reconnect"] == "handshake"


async def test_a_held_connect_learns_that_its_session_is_forgotten(gws, agent):
    await gws.until(lambda: len(gws.operations("connect")) == 2)
    gws.forget_cometd("agent1")
    await gws.until(lambda: agent.replies and not agent.replies[-1]["successful"])
    assert agent.replies[-1]["error"] == "402::session_unknown"


async def test_an_event_can_come_before_the_answer(gws, agent):
    gws.faults.add("Dial", "event-first")
    seen = []
    dialling = asyncio.create_task(agent.dial())
    dialling.add_done_callback(lambda _: seen.append(list(agent.states)))
    await dialling
    await agent.until("Dialing")
    assert seen == [["Dialing"]]


async def test_after_a_restart_it_knows_nobody(gws, agent):
    await gws.restart()
    reply = (await agent.connect())[1][-1]
    assert reply["error"] == "402::session_unknown"
    assert (await agent.handshake())["successful"] is True


async def test_a_connect_is_held_as_long_as_it_was_told():
    require_node_server()
    async with FakeGws(notifications=NodeNotifications(timeout=0.2)) as gws, Agent(gws) as agent:
        assert (await agent.handshake())["advice"]["timeout"] == 200
        loop = asyncio.get_running_loop()
        began = loop.time()
        await agent.connect()
        assert loop.time() - began >= 0.15
