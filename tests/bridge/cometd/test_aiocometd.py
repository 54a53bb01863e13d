"""aiocometd, as legacy Python programs use it, meets the endpoint over both transports."""

import asyncio
import time
from contextlib import asynccontextmanager

import aiocometd
import pytest
from aiocometd import ConnectionType
from aiocometd.exceptions import ServerError
from aiocometd.extensions import Extension
from aiohttp import web

import bridge.gws.aiocometd_compat  # noqa: F401
from bridge.bayeux.session import End

both = pytest.mark.parametrize("transport", [ConnectionType.LONG_POLLING, ConnectionType.WEBSOCKET])


class Credentials(Extension):
    """Signs every request, and keeps what came back on ``/meta/*``."""

    def __init__(self, authorization):
        self.authorization = authorization
        self.sent, self.replies = [], []

    async def outgoing(self, payload, headers):
        headers["Authorization"] = self.authorization
        self.sent += payload

    async def incoming(self, payload, headers=None):
        self.replies += [message for message in payload if message["channel"].startswith("/meta/")]

    def count(self, channel):
        return sum(message["channel"] == channel and message["successful"] for message in self.replies)


@pytest.fixture
async def loop_errors():
    """What would be lost in the event loop's log."""
    errors = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: errors.append(context))
    yield errors
    assert errors == []


@pytest.fixture
def opened(client, loop_errors):
    @asynccontextmanager
    async def opened(host, transport, **options):
        credentials = Credentials(client.authorization)
        async with asyncio.timeout(30):
            async with aiocometd.Client(host.url, transport, extensions=[credentials], **options) as listener:
                assert listener.connection_type is transport
                yield listener, credentials

    return opened


async def received(listener, count):
    return [(await listener.receive())["data"]["number"] for _ in range(count)]


@both
async def test_the_client_opens_at_once_subscribes_and_receives_everything_in_order(host, opened, transport):
    began = time.monotonic()
    async with opened(host, transport) as (listener, _):
        assert time.monotonic() - began < 5
        await listener.subscribe("/v2/me/*")
        assert listener.subscriptions == {"/v2/me/*"}
        for _ in range(5):
            numbers = [host.publish() for _ in range(20)]
            assert await received(listener, 20) == numbers


@both
async def test_closing_the_client_ends_the_session(host, opened, transport):
    async with opened(host, transport) as (listener, _):
        await listener.subscribe("/v2/me/calls")
        await host.until(lambda: host.endpoint.statistics().held == 1)
    assert listener.closed
    await host.until(lambda: not host.sessions)


@both
async def test_after_an_unsubscription_nothing_comes(host, opened, transport):
    async with opened(host, transport) as (listener, _):
        await listener.subscribe("/v2/me/calls")
        await listener.subscribe("/v2/me/devices")
        await listener.unsubscribe("/v2/me/calls")
        host.publish()
        number = host.publish(channel="/v2/me/devices")
        assert await received(listener, 1) == [number]


@both
async def test_a_subscription_that_is_refused_is_an_error(host, opened, transport):
    async with opened(host, transport) as (listener, _):
        with pytest.raises(ServerError, match="Subscribe request failed") as refused:
            await listener.subscribe("/forbidden/x")
        assert refused.value.error_code == 403


@both
@pytest.mark.parametrize("why", [End.EXPIRED, End.SLOW])
async def test_a_client_that_the_server_forgot_handshakes_and_subscribes_again(host, opened, transport, why):
    async with opened(host, transport) as (listener, credentials):
        await listener.subscribe("/v2/me/*")
        await host.until(lambda: host.endpoint.statistics().held == 1)
        first = host.publish()
        assert await received(listener, 1) == [first]
        await host.until(lambda: host.endpoint.statistics().held == 1)
        forgotten = host.sessions[0]
        host.endpoint._sessions.end(forgotten, why)
        await host.until(lambda: host.sessions and host.sessions[0].subscriptions == {"/v2/me/*"})
        second = host.publish()
        assert await received(listener, 1) == [second]
        assert host.sessions[0] is not forgotten
        assert credentials.count("/meta/handshake") == 2


@both
async def test_a_client_comes_back_after_a_restart_of_the_server(host, opened, transport):
    async with opened(host, transport) as (listener, _):
        await listener.subscribe("/v2/me/*")
        await host.stop()
        await host.start()
        receiving = asyncio.create_task(received(listener, 1))
        await host.until(lambda: host.sessions and host.sessions[0].subscriptions == {"/v2/me/*"})
        number = host.publish()
        assert await receiving == [number]


# ------------------------------------------------------------ bridge.gws.aiocometd_compat


async def test_asyncio_itself_is_not_touched():
    from aiocometd import client, utils
    from aiocometd.transports import long_polling

    for module in (client, utils, long_polling):
        assert module.asyncio is not asyncio
        assert module.asyncio.Queue is asyncio.Queue
        assert module.asyncio.CancelledError is asyncio.CancelledError
    with pytest.raises(TypeError, match="loop"):
        asyncio.Semaphore(1, loop=asyncio.get_running_loop())


async def test_the_argument_that_python_took_away_is_dropped_where_aiocometd_gives_it():
    from aiocometd import client

    loop = asyncio.get_running_loop()
    stand_in = client.asyncio
    assert isinstance(stand_in.Semaphore(2, loop=loop), asyncio.Semaphore)
    assert await stand_in.sleep(0, "slept", loop=loop) == "slept"
    assert await stand_in.wait_for(asyncio.sleep(0, "waited"), 5, loop=loop) == "waited"
    done, pending = await stand_in.wait([asyncio.ensure_future(asyncio.sleep(0))], loop=loop)
    assert (len(done), pending) == (1, set())


async def test_an_interval_is_slept_as_milliseconds(host_with, opened):
    async with host_with(interval=0.05) as host:
        async with opened(host, ConnectionType.LONG_POLLING) as (listener, credentials):
            await listener.subscribe("/v2/me/*")
            for _ in range(3):
                number = host.publish()
                assert await received(listener, 1) == [number]
            assert credentials.replies[0]["advice"]["interval"] == 0.05


async def test_the_cookie_of_a_host_without_a_name_is_kept(host, opened):
    async with opened(host, ConnectionType.LONG_POLLING) as (listener, _):
        jar = listener._transport.http_session.cookie_jar
        cookies = {cookie.key: cookie.value for cookie in jar}
        assert cookies == {"BAYEUX_BROWSER": host.sessions[0].browser}


async def test_the_first_connect_and_the_first_after_a_broken_link_ask_not_to_be_held(loop_errors):
    """Against a server that holds every connect that does not."""
    connects = []
    broken = asyncio.Event()

    async def serve(request):
        (message,) = await request.json()
        reply = {"channel": message["channel"], "id": message["id"], "successful": True, "clientId": "c"}
        if message["channel"] == "/meta/handshake":
            advice = {"reconnect": "retry", "interval": 0, "timeout": 30000}
            reply |= {"version": "1.0", "supportedConnectionTypes": ["long-polling"], "advice": advice}
        if message["channel"] == "/meta/connect":
            connects.append(message.get("advice"))
            if len(connects) == 2:
                request.transport.abort()
                broken.set()
            elif message.get("advice") != {"timeout": 0}:
                await asyncio.sleep(30)
        return web.json_response([reply])

    application = web.Application()
    application.router.add_post("/cometd", serve)
    runner = web.AppRunner(application, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/cometd"
        async with asyncio.timeout(20):
            async with aiocometd.Client(url, ConnectionType.LONG_POLLING):
                await broken.wait()
                while len(connects) < 4:
                    await asyncio.sleep(0.01)
        assert connects == [{"timeout": 0}, None, {"timeout": 0}, None]
    finally:
        await runner.cleanup()
