"""The official JavaScript client meets the endpoint, over both transports."""

import base64

import pytest

from tests.fakes.node_cometd import node_cometd

AUTHORIZATION = "Basic " + base64.b64encode(b"ann:x").decode()
both = pytest.mark.parametrize("transport", ["long-polling", "websocket"])


@pytest.fixture
def client(host, transport):
    return node_cometd(host.url, transport, AUTHORIZATION)


@both
async def test_the_client_gets_everything_in_order(host, client):
    async with client as client:
        await client.do("handshake")
        await client.until(lambda fact: fact.get("connect"))
        await client.do("subscribe", channel="/v2/me/*")
        assert (await client.until(lambda fact: "subscribed" in fact))["successful"]
        numbers = []
        for _ in range(5):
            numbers += [host.publish() for _ in range(20)]
            last = {"number": numbers[-1]}
            await client.until(lambda fact, last=last: fact.get("data") == last)
        assert [event["number"] for event in client.events] == numbers


@both
async def test_several_subscriptions_in_one_batch_deliver_each_event_once(host, client):
    async with client as client:
        await client.do("handshake")
        await client.until(lambda fact: fact.get("connect"))
        await client.do("batch", channels=["/v2/me/calls", "/v2/me/*", "/v2/me/**"])
        await client.until(lambda fact: fact.get("subscribed") == "/v2/me/**")
        number = host.publish()
        last = host.publish(channel="/v2/me/devices")
        await client.until(lambda fact: fact.get("data") == {"number": last})
        # The client itself hands one message to each of its listeners that fit.
        assert {event["number"] for event in client.events} == {number, last}
        assert host.endpoint.statistics().queued == 0


@both
async def test_a_subscription_that_is_refused_is_told(host, client):
    async with client as client:
        await client.do("handshake")
        await client.until(lambda fact: fact.get("connect"))
        await client.do("subscribe", channel="/forbidden/channel")
        fact = await client.until(lambda fact: "subscribed" in fact)
        assert (fact["successful"], fact["error"][:3]) == (False, "403")


@both
async def test_disconnecting_ends_the_session(host, client):
    async with client as client:
        await client.do("handshake")
        await client.until(lambda fact: fact.get("connect"))
        assert len(host.sessions) == 1
        await client.do("disconnect")
        await client.until(lambda fact: fact.get("over"))
        await host.until(lambda: not host.sessions)


@both
async def test_after_a_restart_of_the_server_the_client_comes_back_and_listens_again(host, client):
    async with client as client:
        await client.do("handshake")
        await client.until(lambda fact: fact.get("connect"))
        await client.do("subscribe", channel="/v2/me/*")
        await client.until(lambda fact: "subscribed" in fact)
        first = host.publish()
        await client.until(lambda fact: fact.get("data") == {"number": first})
        await host.stop()
        await host.start()
        await client.until(lambda fact: fact.get("handshake"), within=30)
        await client.until(lambda fact: fact.get("subscribed") == "/v2/me/*")
        second = host.publish()
        await client.until(lambda fact: fact.get("data") == {"number": second})
        assert [event["number"] for event in client.events] == [first, second]
