"""What goes wrong for everybody at once, and what happens behind the client's back."""

import asyncio

import aiohttp
import pytest

from tests.fakes.gws import FakeGws
from tests.fakes.gws_agent import Agent

GONE = (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, ConnectionResetError)


@pytest.fixture
async def gws():
    async with FakeGws(manual=True, event_lag=0) as gws:
        yield gws


@pytest.fixture
async def agent(gws):
    async with Agent(gws) as agent:
        await agent.start()
        await agent.listen()
        yield agent


async def test_half_open_is_silence_until_it_thaws(gws, agent):
    gws.freeze()
    waiting = asyncio.create_task(agent.dial())
    await gws.until(lambda: gws.operations("Dial"))
    done, _ = await asyncio.wait({waiting}, timeout=0.1)
    assert not done and agent.events == []
    gws.thaw()
    assert (await waiting)[0] == 200
    await agent.until("Dialing")


async def test_a_cut_resets_connections_and_forgets_nothing(gws, agent):
    await agent.dial()
    await agent.until("Dialing")
    held = asyncio.create_task(agent.connect())
    await gws.until(lambda: len(gws.operations("connect")) >= 4)
    gws.cut()
    with pytest.raises(GONE):
        await held
    gws.answer(gws.calls[0])
    _, answer = await agent.connect()
    assert answer[-1]["successful"] is True and agent.states == ["Dialing", "Established"]


async def test_a_restart_forgets_sessions_and_keeps_calls(gws, agent):
    await agent.dial()
    await agent.until("Dialing")
    port = gws.port
    await gws.restart()
    assert gws.port == port
    assert (await agent.request("GET", "/me", auth=False))[0] == 403
    assert (await agent.connect())[1][0]["error"] == "402::Unknown client"
    assert (await agent.get("/me/calls?fields=*"))[1]["calls"][0]["state"] == "Dialing"
    assert (await agent.get("/me/devices?fields=*"))[1]["devices"][0]["deviceState"] == "Inactive"
    await agent.start()
    assert (await agent.on_call("Hangup"))[0] == 200


async def test_while_it_is_stopped_nobody_listens(gws, agent):
    await gws.stop()
    with pytest.raises(aiohttp.ClientConnectorError):
        async with aiohttp.ClientSession() as fresh:
            await fresh.get(gws.api_url + "/diagnostics/version")
    await gws.start()
    assert (await agent.get("/diagnostics/version"))[0] == 200


async def test_a_changed_password_ends_sessions_and_refuses_the_old_one(gws, agent):
    gws.change_password("agent1", "new")
    assert (await agent.request("GET", "/me"))[0] == 403
    assert (await agent.request("GET", "/me", auth=False))[0] == 403
    agent.auth = aiohttp.encode_basic_auth("agent1", "new")
    assert (await agent.request("GET", "/me"))[0] == 200


async def test_forgotten_cometd_sessions_leave_the_sign_in(gws, agent):
    gws.forget_cometd("agent1")
    await gws.until(lambda: agent.replies and not agent.replies[-1]["successful"])
    assert (await agent.request("GET", "/me", auth=False))[0] == 200


async def test_a_logged_out_device_cannot_dial(gws, agent):
    gws.log_out("agent1")
    assert (await agent.dial())[0] == 500
    gws.sign_in("agent1")
    assert (await agent.dial())[0] == 200


async def test_anything_can_be_sent_to_a_user(gws, agent):
    gws.emit("agent1", "/v2/me/calls", {"what": "ever"})
    await gws.until(lambda: {"what": "ever"} in agent.events)


async def test_data_changed_elsewhere_is_told(gws, agent):
    await agent.dial()
    await agent.until("Dialing")
    gws.set_user_data(gws.calls[0], {"from": "elsewhere"})
    await agent.until("Dialing", "Dialing")
    assert agent.call["userData"] == {"from": "elsewhere"}
    assert agent.events[-1]["notificationType"] == "AttachedDataChanged"
