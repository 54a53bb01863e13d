"""CometD of the fake, over long-polling and websocket."""

import asyncio
import json

import aiohttp
import pytest

from tests.fakes.gws import FakeGws
from tests.fakes.gws_agent import Agent

UNKNOWN = "402::Unknown client"


@pytest.fixture
async def gws():
    async with FakeGws(manual=True, timeout=0.2, event_lag=0) as gws:
        yield gws


@pytest.fixture
async def agent(gws):
    async with Agent(gws) as agent:
        yield agent


async def test_a_handshake_needs_credentials(gws, agent):
    body = [{"channel": "/meta/handshake", "supportedConnectionTypes": ["long-polling"]}]
    assert await agent.request("POST", "/notifications", body, auth=False) == (
        403,
        '{"statusCode":20,"statusMessage":"Access denied"}',
    )


async def test_a_handshake_without_a_common_transport_is_refused(agent):
    _, (reply,) = await agent.bayeux({"channel": "/meta/handshake", "supportedConnectionTypes": ["callback-polling"]})
    assert reply["successful"] is False and reply["advice"] == {"reconnect": "none"} and "clientId" not in reply


async def test_an_unknown_client_is_told_to_shake_hands_by_connect_only(agent):
    agent.client_id = "nobody"
    _, (reply,) = await agent.connect()
    assert reply["error"] == UNKNOWN and reply["advice"]["reconnect"] == "handshake"
    _, (reply,) = await agent.subscribe("/v2/me/calls")
    assert reply["error"] == UNKNOWN and "advice" not in reply


async def test_a_session_is_bound_to_its_user_and_its_browser(gws, agent):
    await agent.handshake()
    async with Agent(gws, "agent2") as other:
        other.client_id = agent.client_id
        assert (await other.connect())[1][0]["error"] == UNKNOWN
    async with Agent(gws) as without_cookie:
        without_cookie.client_id = agent.client_id
        assert (await without_cookie.connect())[1][0]["error"] == UNKNOWN


async def test_the_first_connect_is_answered_at_once_and_the_next_is_held(agent):
    await agent.handshake()
    loop = asyncio.get_running_loop()
    began = loop.time()
    await agent.connect()
    first = loop.time()
    await agent.connect()
    assert first - began < 0.15 <= loop.time() - first


async def test_a_wildcard_covers_the_channels_of_me(gws, agent):
    await agent.start()
    await agent.listen("/v2/me/*")
    await agent.post("/me/channels/voice", operationName="Ready")
    await agent.dial()
    await gws.until(lambda: len(agent.events) == 2)
    assert agent.events[0]["devices"][0]["userState"]["state"] == "Ready"
    assert agent.states == ["Dialing"]


async def test_a_session_start_is_told_in_two_steps(gws, agent):
    await agent.listen("/v2/me/devices")
    await agent.start()
    await gws.until(lambda: len(agent.events) == 2)
    assert [one["devices"][0]["userState"]["state"] for one in agent.events] == ["LoggedIn", "NotReady"]


async def test_nothing_is_sent_without_a_subscription_or_after_it_ended(gws, agent):
    await agent.start()
    await agent.handshake()
    await agent.subscribe("/v2/me/calls", "/v2/me/devices")
    await agent.bayeux({"channel": "/meta/unsubscribe", "subscription": "/v2/me/calls"})
    await agent.dial()
    await agent.connect()
    await agent.connect()
    assert agent.events == []


async def test_events_between_polls_come_in_one_answer_in_order(gws, agent):
    await agent.start()
    await agent.handshake()
    await agent.subscribe("/v2/me/calls")
    await agent.connect()
    await agent.dial()
    gws.answer(gws.calls[0])
    gws.release(gws.calls[0])
    await gws.until(lambda: any(len(one.queue) == 3 for one in gws.bayeux.sessions.values()))
    _, answer = await agent.connect()
    assert agent.states == ["Dialing", "Established", "Released"] and len(answer) == 4


async def test_a_second_connect_ends_the_first_with_500():
    async with FakeGws() as gws, Agent(gws) as agent:
        await agent.handshake()
        await agent.connect()
        first = asyncio.create_task(agent.connect())
        await gws.until(lambda: len(gws.operations("connect")) == 2)
        second = asyncio.create_task(agent.connect())
        assert (await first)[0] == 500
        await agent.bayeux({"channel": "/meta/disconnect"})
        assert (await second)[1][-1]["advice"]["reconnect"] == "none"
        assert (await agent.connect())[1][0]["error"] == UNKNOWN


async def test_a_session_without_connects_expires():
    async with FakeGws(max_interval=0.05) as gws, Agent(gws) as agent:
        await agent.handshake()
        await asyncio.sleep(0.1)  # the session's life is what is tested
        assert (await agent.connect())[1][0]["error"] == UNKNOWN


@pytest.mark.parametrize("body", ["", "no json", "[]", '["x"]', "7"])
async def test_what_is_no_message_is_answered_400(agent, body):
    assert (await agent.request("POST", "/notifications/", body))[0] == 400


async def test_without_websocket_the_upgrade_is_refused(gws, agent):
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await agent.http.ws_connect(gws.notifications_url, headers={"Authorization": agent.auth})
    assert refused.value.status == 400


async def test_a_websocket_gets_events_while_its_connect_is_held():
    async with FakeGws(websocket=True, manual=True) as gws, Agent(gws) as agent:
        await agent.start()
        async with agent.http.ws_connect(gws.notifications_url) as socket:

            async def send(**message):
                await socket.send_str(json.dumps([message]))

            async def receive():
                return json.loads(await socket.receive_str(timeout=5))[0]

            await send(channel="/meta/handshake", id="1", supportedConnectionTypes=["websocket"])
            client = (await receive())["clientId"]
            await send(channel="/meta/subscribe", id="2", clientId=client, subscription="/v2/me/calls")
            assert (await receive())["subscription"] == "/v2/me/calls"
            await send(channel="/meta/connect", id="3", clientId=client, connectionType="websocket")
            assert (await receive())["id"] == "3"
            await send(channel="/meta/connect", id="4", clientId=client, connectionType="websocket")
            await gws.until(lambda: len(gws.bayeux.sessions) == 1 and gws.bayeux.sessions[client].held)
            await agent.dial()
            assert (await receive())["data"]["call"]["state"] == "Dialing"
            gws.answer(gws.calls[0])
            assert (await receive())["data"]["call"]["state"] == "Established"
            await send(channel="/meta/disconnect", id="5", clientId=client)
            assert [(await receive())["id"], (await receive())["id"]] == ["4", "5"]
        assert [one.method for one in gws.operations("connect")] == ["WEBSOCKET", "WEBSOCKET"]


async def test_a_session_from_long_polling_goes_on_over_a_websocket():
    async with FakeGws(websocket=True, manual=True) as gws, Agent(gws) as agent:
        await agent.start()
        await agent.handshake()
        await agent.subscribe("/v2/me/calls")
        await agent.dial()
        await gws.until(lambda: any(one.queue for one in gws.bayeux.sessions.values()))
        async with agent.http.ws_connect(gws.notifications_url) as socket:
            connect = {"channel": "/meta/connect", "clientId": agent.client_id, "connectionType": "websocket"}
            await socket.send_str(json.dumps([connect]))
            event = json.loads(await socket.receive_str(timeout=5))[0]
            assert event["data"]["call"]["state"] == "Dialing"
            assert json.loads(await socket.receive_str(timeout=5))[0]["successful"] is True
