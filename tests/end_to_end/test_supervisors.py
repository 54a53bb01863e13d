"""Supervisors who follow all calls over CometD."""

import aiohttp

from tests.fakes.node_cometd import node_cometd

SUPERVISOR = "91c5f3a4-0b0e-4b5c-8f1d-3a7d2c5e6f09"


async def subscribed(node, channel):
    await node.do("subscribe", channel=channel)
    return (await node.until(lambda fact: "subscribed" in fact))["successful"]


async def test_a_supervisor_is_told_of_every_call_and_an_agent_may_not_even_ask(service):
    url = f"{service.url}/api/v2/notifications"
    async with (
        service.legacy() as ada,
        service.client("agent2") as ben,
        node_cometd(url, "long-polling", aiohttp.encode_basic_auth("supervisor1", "demo")) as boss,
        node_cometd(url, "long-polling", aiohttp.encode_basic_auth("agent1", "demo")) as agent,
    ):
        for node in (boss, agent):
            await node.do("handshake")
            await node.until(lambda fact: fact.get("handshake"))
        assert await subscribed(boss, "/v2/calls")
        assert not await subscribed(agent, "/v2/calls")
        assert (await ada.dial("5001"))[0] == 200
        first = await boss.until(lambda fact: "event" in fact)
        assert (first["event"], first["data"]["phoneNumber"]) == ("/v2/calls", "5005")
        (device,) = (await ben.current_user()).devices
        await ben.dial(device.id, "5001")
        other = await boss.until(lambda fact: "event" in fact)
        assert (other["event"], other["data"]["phoneNumber"]) == ("/v2/calls", "5006")
        assert not agent.events


async def test_a_supervisors_own_calls_come_on_both_channels_once_each(service):
    url = f"{service.url}/api/v2/notifications"
    async with (
        service.client("supervisor1") as client,
        node_cometd(url, "long-polling", aiohttp.encode_basic_auth("supervisor1", "demo")) as boss,
    ):
        await boss.do("handshake")
        await boss.until(lambda fact: fact.get("handshake"))
        assert await subscribed(boss, "/v2/calls")
        assert await subscribed(boss, "/v2/me/calls")
        await client.dial(SUPERVISOR, "5001")
        told = [await boss.until(lambda fact: "event" in fact) for _ in range(2)]
        assert {fact["event"] for fact in told} == {"/v2/calls", "/v2/me/calls"}
        assert told[0]["data"] == told[1]["data"]
