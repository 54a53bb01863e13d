"""A CometD endpoint over real sockets: the smallest application around it, and the means to publish and to restart."""

import asyncio
import base64
import itertools
import json
import random
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from bridge.bayeux.limits import Limits
from bridge.legacy.cometd import Caller, CometdEndpoint

PATH = "/api/v2/notifications"


class Host:
    """The application around the endpoint."""

    def __init__(self, limits):
        self.limits = limits
        self.port = 0
        self.numbers = itertools.count(1)
        self.staying = 0

    async def start(self):
        self.endpoint = CometdEndpoint(
            authenticate=self.authenticate,
            may_subscribe=lambda principal, channel: not channel.startswith("/forbidden"),
            limits=self.limits,
            random=random.Random(0),
        )
        application = web.Application()
        self.endpoint.add_routes(application, PATH)
        self.runner = web.AppRunner(application, handler_cancellation=True, shutdown_timeout=1.0)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self.runner.addresses[0][1]
        self.running = asyncio.create_task(self.endpoint.run())

    async def stop(self):
        self.running.cancel()
        await asyncio.gather(self.running, return_exceptions=True)
        await self.endpoint.drain(1.0)
        await self.runner.cleanup()

    async def authenticate(self, request):
        try:
            name = base64.b64decode(request.headers["Authorization"].split()[1]).decode().split(":")[0]
        except (KeyError, IndexError, ValueError):
            raise web.HTTPForbidden(
                text='{"statusCode":20,"statusMessage":"Access denied"}', content_type="application/json"
            ) from None
        return Caller(name, f"http-session-of-{name}", self.stay)

    def stay(self):
        self.staying += 1

        def leave():
            self.staying -= 1

        return leave

    def publish(self, user="ann", channel="/v2/me/calls", number=None, padding=0):
        number = next(self.numbers) if number is None else number
        data = {"number": number} | ({"padding": "x" * padding} if padding else {})
        payload = json.dumps({"data": data, "channel": channel}).encode()
        self.endpoint.publish(user, channel, payload, number)
        return number

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}{PATH}"

    @property
    def sessions(self):
        return list(self.endpoint._sessions)

    async def until(self, condition):
        async with asyncio.timeout(10):
            while not condition():
                await asyncio.sleep(0.005)


@asynccontextmanager
async def host_of(**limits):
    host = Host(Limits(**limits))
    await host.start()
    try:
        yield host
    finally:
        await host.stop()


@pytest.fixture
def host_with():
    return host_of


@pytest.fixture
async def host():
    async with host_of() as host:
        yield host


class Client:
    """Speaks Bayeux by hand."""

    def __init__(self, http, host, user="ann"):
        self.http, self.host = http, host
        self.authorization = "Basic " + base64.b64encode(f"{user}:x".encode()).decode()
        self.client_id = None
        self.ids = itertools.count(1)

    async def post(self, body, suffix="", **more):
        data = body if isinstance(body, bytes | str) else json.dumps(body)
        headers = {"Content-Type": "application/json", "Authorization": self.authorization} | more.pop("headers", {})
        return await self.http.post(self.host.url + suffix, data=data, headers=headers, **more)

    async def send(self, *messages, suffix=""):
        """The messages of the answer."""
        for message in messages:
            message.setdefault("id", str(next(self.ids)))
            if self.client_id and message["channel"] != "/meta/handshake":
                message.setdefault("clientId", self.client_id)
        response = await self.post(list(messages), suffix)
        assert response.status == 200, await response.text()
        assert response.headers["Content-Type"] == "application/json;charset=UTF-8"
        return await response.json()

    async def handshake(self, **members):
        (reply,) = await self.send(
            {
                "channel": "/meta/handshake",
                "version": "1.0",
                "supportedConnectionTypes": ["websocket", "long-polling"],
                **members,
            },
            suffix="/handshake",
        )
        if reply["successful"]:
            self.client_id = reply["clientId"]
        return reply

    async def subscribe(self, subscription="/v2/me/calls"):
        (reply,) = await self.send({"channel": "/meta/subscribe", "subscription": subscription}, suffix="/")
        return reply

    async def connect(self, **members):
        return await self.send(
            {"channel": "/meta/connect", "connectionType": "long-polling", **members}, suffix="/connect"
        )

    async def ready(self, subscription="/v2/me/calls"):
        await self.handshake()
        await self.subscribe(subscription)
        await self.connect()
        return self


@pytest.fixture
async def http():
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield session


@pytest.fixture
def client(http, host):
    return Client(http, host)


@pytest.fixture
def client_of():
    return Client
