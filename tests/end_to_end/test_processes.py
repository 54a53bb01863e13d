"""dialbridge as processes: started by its command line, ended by signals, the bridge apart from the server."""

import asyncio
import base64
import time
from contextlib import AsyncExitStack

import aiohttp
import grpc
import pytest
from aiocometd import Client as Cometd
from aiocometd import ConnectionType
from aiocometd.extensions import AuthExtension
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

import bridge.gws.aiocometd_compat  # noqa: F401
from dialbridge.v1 import call_service_pb2 as calls
from dialbridge.v1.call_pb2 import CALL_STATE_RELEASED, RELEASE_CAUSE_LOST
from dialbridge.v1.call_service_pb2_grpc import CallServiceStub
from dialbridge_client import Basic, Changed, Client, Interrupted, Replaced, Resumed
from tests.fakes.legacy_client import DEVICE, legacy_client
from tests.fakes.node_cometd import node_cometd
from tests.fakes.process import KILL, TERMINATE, dialbridge, serve

GRACE = 5
AUTHORIZATION = "Basic " + base64.b64encode(b"agent1:demo").decode()
METADATA = (("authorization", AUTHORIZATION),)


class Login(AuthExtension):
    """Signs aiocometd's requests."""

    async def outgoing(self, payload, headers):
        headers["Authorization"] = AUTHORIZATION

    async def incoming(self, payload, headers=None):
        pass

    async def authenticate(self):
        pass


@pytest.fixture
async def http():
    async with aiohttp.ClientSession(headers={"Authorization": AUTHORIZATION}) as session:
        yield session


async def test_the_server_stops_within_its_grace_period_with_two_hundred_watchers_attached(tmp_path, http):
    async with serve(tmp_path, 0, 0, "--grace", GRACE) as server, AsyncExitStack() as stack:
        streams = []
        for _ in range(10):
            channel = await stack.enter_async_context(
                grpc.aio.insecure_channel(server.grpc, options=(("grpc.use_local_subchannel_pool", 1),))
            )
            stub = CallServiceStub(channel)
            streams += [stub.WatchCalls(calls.WatchCallsRequest(), metadata=METADATA) for _ in range(20)]
        for stream in streams:
            assert (await anext(aiter(stream))).WhichOneof("message") == "started"
        events = await http.get(f"{server.url}/api/v2/me/events")
        legacy = await stack.enter_async_context(legacy_client(server.url))
        await legacy.listen()
        poll = asyncio.create_task(legacy.poll(timeout=30_000))
        await asyncio.sleep(0)  # it is written
        await legacy.calls()  # and held, as what was written later is answered

        begun = time.monotonic()
        server.send(TERMINATE)

        async def end_of(stream):
            with pytest.raises(grpc.aio.AioRpcError) as ended:
                async for _ in stream:
                    pass
            return ended.value.code()

        assert set(await asyncio.gather(*map(end_of, streams))) == {grpc.StatusCode.UNAVAILABLE}
        await poll  # answered, not broken off
        assert b"event: end" in await events.read()
        assert await server.ended() == 0
        assert time.monotonic() - begun < GRACE


async def test_a_server_without_clients_stops_at_once(tmp_path):
    async with serve(tmp_path) as server:
        server.send(TERMINATE)
        assert await server.ended(within=3) == 0


async def test_health_and_reflection_are_offered(tmp_path):
    async with serve(tmp_path) as server, grpc.aio.insecure_channel(server.grpc) as channel:
        answer = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
        stream = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(
            iter([reflection_pb2.ServerReflectionRequest(list_services="")])
        )
        services = {service.name async for each in stream for service in each.list_services_response.service}
        assert {"dialbridge.v1.CallService", "dialbridge.v1.UserService", "grpc.health.v1.Health"} <= services


async def test_after_a_kill_the_client_goes_on_and_is_told_that_the_call_is_lost(tmp_path):
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(serve(tmp_path))
        client = await stack.enter_async_context(Client.connect(server.grpc, credentials=Basic("agent1", "demo")))
        watch = client.watch()
        assert isinstance(await anext(watch), Replaced)
        call_id = (await client.dial(DEVICE, "5001")).call.id
        assert isinstance(await anext(watch), Changed)
        server.send(KILL)
        await server.ended()
        await stack.enter_async_context(serve(tmp_path, server.grpc_port, server.http_port))
        seen = []
        async with asyncio.timeout(30):
            async for event in watch:
                seen.append(event)
                if isinstance(event, Changed) and event.change.call.state == CALL_STATE_RELEASED:
                    break
        await watch.aclose()
        assert isinstance(seen[0], Interrupted)
        assert any(isinstance(event, Resumed) for event in seen)
        assert not any(isinstance(event, Replaced) for event in seen)
        assert (seen[-1].change.call.id, seen[-1].change.call.release_cause) == (call_id, RELEASE_CAUSE_LOST)


async def test_the_bridge_works_as_a_process_of_its_own_and_outlives_its_server(tmp_path):
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(dialbridge("server", "--data-dir", tmp_path, "--grpc-port", 0))
        port = server.grpc_port
        bridge = await stack.enter_async_context(
            dialbridge(
                "bridge",
                "--facade",
                server.grpc,
                "--http-port",
                0,
                DIALBRIDGE_SERVICE_PASSWORD="demo",
            )
        )
        client = await stack.enter_async_context(legacy_client(bridge.url))
        await client.listen()
        assert await client.dial("5001") == (200, '{"statusCode":0}')
        await client.until(lambda client: client.states == ["Dialing", "Established"])
        server.send(KILL)
        await server.ended()
        status, _ = await client.dial("5001")
        assert status in (503, 504)
        await stack.enter_async_context(dialbridge("server", "--data-dir", tmp_path, "--grpc-port", port))
        await client.until(lambda client: client.states == ["Dialing", "Established", "Released"])


async def test_a_bridge_that_is_there_before_its_server_says_that_it_is_ready_when_it_follows_calls(tmp_path):
    async with AsyncExitStack() as stack, aiohttp.ClientSession() as http:
        server = await stack.enter_async_context(dialbridge("server", "--data-dir", tmp_path, "--grpc-port", 0))
        address, port = server.grpc, server.grpc_port
        await server.kill()
        bridge = stack.enter_async_context(
            dialbridge("bridge", "--facade", address, "--http-port", 0, DIALBRIDGE_SERVICE_PASSWORD="demo")
        )
        starting = asyncio.create_task(bridge)
        await stack.enter_async_context(dialbridge("server", "--data-dir", tmp_path, "--grpc-port", port))
        async with http.get(f"{(await starting).url}/readyz") as answer:
            assert answer.status == 200


@pytest.mark.parametrize("transport", ["long-polling", "websocket"])
async def test_the_official_javascript_client_gets_the_call_and_comes_back_after_a_restart(tmp_path, transport):
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(serve(tmp_path))
        node = await stack.enter_async_context(
            node_cometd(f"{server.url}/api/v2/notifications", transport, AUTHORIZATION)
        )
        legacy = await stack.enter_async_context(legacy_client(server.url))
        await node.do("handshake")
        await node.until(lambda fact: fact.get("connect"))
        await node.do("subscribe", channel="/v2/me/*")
        await node.until(lambda fact: fact.get("subscribed"))
        await legacy.dial("5002")
        await node.until(lambda fact: "data" in fact and fact["data"]["call"]["state"] == "Released")
        assert [event["call"]["state"] for event in node.events] == ["Dialing", "Released"]
        server.send(TERMINATE)
        assert await server.ended() == 0
        again = await stack.enter_async_context(serve(tmp_path, server.grpc_port, server.http_port))
        await node.until(lambda fact: fact.get("handshake"), within=30)
        await node.until(lambda fact: fact.get("subscribed"))
        assert again.url == server.url
        await legacy.dial("5099")
        await node.until(lambda fact: "data" in fact and fact["data"]["call"]["dnis"] == "5099")


@pytest.mark.parametrize("transport", ["long-polling", "websocket"])
async def test_aiocometd_follows_a_call(tmp_path, transport):
    async with serve(tmp_path) as server, legacy_client(server.url) as legacy:
        cometd = Cometd(
            f"{server.url}/api/v2/notifications",
            connection_types=ConnectionType(transport),
            auth=Login(),
        )
        async with cometd, asyncio.timeout(20):
            await cometd.subscribe("/v2/me/*")
            await legacy.dial("5002")
            states = [(await cometd.receive())["data"]["call"]["state"] for _ in range(2)]
        assert states == ["Dialing", "Released"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("serve", "--host", "0.0.0.0"), "demo directory"),
        (("serve", "--grpc-port", "70000"), "DIALBRIDGE_GRPC_PORT"),
        (("serve", "--config", "/nowhere/directory.toml"), "DIALBRIDGE_CONFIG"),
        (("serve", "--scenario", "/nowhere/scenario.toml"), "DIALBRIDGE_SCENARIO"),
        (("bridge", "--facade", "nonsense"), "--facade"),
    ],
)
async def test_what_cannot_be_is_said_in_one_line_with_the_remedy(tmp_path, arguments, words):
    with pytest.raises(AssertionError) as ended:
        async with dialbridge(*arguments, DIALBRIDGE_DATA_DIR=str(tmp_path), DIALBRIDGE_SERVICE_PASSWORD="x"):
            pass
    assert words in str(ended.value)
    assert "Traceback" not in str(ended.value)
