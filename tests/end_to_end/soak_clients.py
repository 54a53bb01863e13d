"""Clients of every wire that come back whatever happens, and remember each change that they were told, in order."""

import asyncio
import json

import aiohttp

from dialbridge_client import Basic, Changed, Client

AGAIN_AFTER = 0.1


class Told:
    """What one client was told: positions as they came, and the first telling of each."""

    def __init__(self, name):
        self.name = name
        self.positions = []
        self.first = {}

    def take(self, position, call_id, state):
        self.positions.append(position)
        self.first.setdefault(position, (call_id, state))


class GrpcFollower(Told):
    """The Python client as a supervisor."""

    async def run(self, address):
        async with Client.connect(address, credentials=Basic("boss", "demo")) as client:
            async for event in client.watch():
                if isinstance(event, Changed):
                    change = event.change
                    self.take(change.position, change.call.id, change.call.state)


class CometdFollower(Told):
    """Long-polling by hand, with ack and replay."""

    def __init__(self, name):
        super().__init__(name)
        self.last = -2

    async def run(self, url):
        while True:
            try:
                async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
                    await self._follow(http, url)
            except (aiohttp.ClientError, TimeoutError, ConnectionError, Refused):
                await asyncio.sleep(AGAIN_AFTER)

    async def _follow(self, http, url):
        self.client_id, self.acknowledged = None, 0
        (reply,) = await self._send(
            http,
            url,
            {
                "channel": "/meta/handshake",
                "version": "1.0",
                "supportedConnectionTypes": ["long-polling"],
                "ext": {"ack": True, "replay": True},
            },
        )
        self.client_id = reply["clientId"]
        channel = "/v2/me/calls"
        await self._send(
            http, url, {"channel": "/meta/subscribe", "subscription": channel, "ext": {"replay": {channel: self.last}}}
        )
        while True:
            await self._send(
                http,
                url,
                {
                    "channel": "/meta/connect",
                    "connectionType": "long-polling",
                    "advice": {"timeout": 2000},
                    "ext": {"ack": self.acknowledged},
                },
            )

    async def _send(self, http, url, message):
        authorization = aiohttp.encode_basic_auth(self.name, "demo")
        body = [{**message, "clientId": self.client_id} if self.client_id else message]
        async with http.post(
            f"{url}/api/v2/notifications",
            json=body,
            headers={"Authorization": authorization},
            timeout=aiohttp.ClientTimeout(total=10),
        ) as response:
            if response.status != 200:
                raise Refused
            messages = await response.json()
        replies = []
        for each in messages:
            if each["channel"].startswith("/meta/"):
                if not each["successful"]:
                    raise Refused
                number = each.get("ext", {}).get("ack")
                if each["channel"] == "/meta/connect" and number is not None:
                    self.acknowledged = number
                replies.append(each)
            else:
                position = each["data"]["event"]["replayId"]
                self.last = max(self.last, position)
                self.take(position, each["data"]["call"]["id"], each["data"]["call"]["state"])
        return replies


class EventsFollower(Told):
    """Server-sent events with ``Last-Event-ID``; positions are learned from the journal by call and place."""

    def __init__(self, name):
        super().__init__(name)
        self.token = ""
        self.changes = []

    async def run(self, url):
        authorization = aiohttp.encode_basic_auth(self.name, "demo")
        while True:
            headers = {"Authorization": authorization} | ({"Last-Event-ID": self.token} if self.token else {})
            try:
                async with (
                    aiohttp.ClientSession() as http,
                    http.get(
                        f"{url}/api/v2/me/events",
                        headers=headers,
                        timeout=aiohttp.ClientTimeout(total=None, sock_read=40),
                    ) as response,
                ):
                    if response.status == 200:
                        await self._read(response)
            except (aiohttp.ClientError, TimeoutError, ConnectionError):
                pass
            await asyncio.sleep(AGAIN_AFTER)

    async def _read(self, response):
        token, name, data = "", "", ""
        async for line in response.content:
            text = line.decode().rstrip("\n")
            if not text:
                if data and not name:
                    call = json.loads(data)["data"]["call"]
                    self.changes.append((token, call["id"], call["state"]))
                # Only what came whole counts; an event that broke off comes again.
                self.token = token or self.token
                token, name, data = "", "", ""
            elif text.startswith("id: "):
                token = text[4:]
            elif text.startswith("event: "):
                name = text[7:]
            elif text.startswith("data: "):
                data = text[6:]


class Refused(Exception):
    """The server said no; begin again."""
