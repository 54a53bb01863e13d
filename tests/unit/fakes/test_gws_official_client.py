"""The fake meets the official JavaScript CometD client: an implementation that the fake was not written against."""

import aiohttp
import pytest

from tests.fakes.gws import FakeGws
from tests.fakes.gws_agent import Agent
from tests.fakes.gws_node import NodeNotifications, require_node_server
from tests.fakes.node_cometd import node_cometd, require_node

AUTHORIZATION = aiohttp.encode_basic_auth("agent1", "demo")


@pytest.fixture(params=["long-polling", "websocket", "node"])
async def met(request):
    """The fake and the client's transport."""
    require_node()
    if request.param == "node":
        require_node_server()
    notifications = NodeNotifications() if request.param == "node" else None
    async with FakeGws(manual=True, websocket=request.param == "websocket", notifications=notifications) as gws:
        yield gws, "long-polling" if request.param == "node" else request.param


async def test_it_gets_a_call_and_again_after_its_session_was_forgotten(met):
    gws, transport = met
    async with Agent(gws) as agent, node_cometd(gws.notifications_url, transport, AUTHORIZATION) as client:
        await agent.start()
        await client.do("handshake")
        await client.until(lambda fact: fact.get("connect"))
        await client.do("subscribe", channel="/v2/me/*")
        await client.until(lambda fact: fact.get("subscribed") and fact["successful"])
        await agent.dial()
        fact = await client.until(lambda fact: fact.get("event") == "/v2/me/calls")
        assert fact["data"]["call"]["state"] == "Dialing"
        gws.forget_cometd()
        await client.until(lambda fact: fact.get("subscribed") and fact["successful"])
        gws.answer(gws.calls[0])
        fact = await client.until(lambda fact: fact.get("event") == "/v2/me/calls")
        assert fact["data"]["call"]["state"] == "Established"
        await client.do("disconnect")
        await client.until(lambda fact: fact.get("over"))
