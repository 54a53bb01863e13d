"""A legacy client: signs in with a password, keeps its cookie, posts REST operations and polls CometD by hand."""

import asyncio
import json
from contextlib import asynccontextmanager

import aiohttp

DEVICE = "efe1ab32-53f9-43ce-b65e-5768c61f7d4a"
WITHIN = 20.0


def split(body: str) -> list[str]:
    """The elements of a JSON array as they were written."""
    decoder, at, elements = json.JSONDecoder(), 1, []
    while at < len(body) - 1:
        _, end = decoder.raw_decode(body, at)
        elements.append(body[at:end])
        assert body[end] in ",]"
        at = end + 1
    return elements


class LegacyClient:
    """One signed-in user; ``messages`` has every CometD message as it was written."""

    def __init__(self, http, url, user, password):
        self._http = http
        self._url = url
        self._auth = aiohttp.encode_basic_auth(user, password)
        self._client_id = None
        self.messages = []

    async def request(self, method, path, body=None, **headers):
        """Status and text of the answer."""
        data = json.dumps(body) if isinstance(body, dict | list) else body
        headers = {"Authorization": self._auth, "Content-Type": "application/json"} | headers
        async with self._http.request(method, f"{self._url}/api/v2{path}", data=data, headers=headers) as response:
            return response.status, await response.text()

    async def dial(self, phone_number, device=DEVICE, **record):
        record = {"recordHandle": 431, "phoneNumber": phone_number, **record}
        return await self.request(
            "POST", f"/me/devices/{device}/calls", {"operationName": "Dial", "outboundRecord": record}
        )

    async def operate(self, call_id, operation, **members):
        return await self.request("POST", f"/me/calls/{call_id}", {"operationName": operation, **members})

    async def calls(self):
        status, text = await self.request("GET", "/me/calls?fields=*")
        assert status == 200, text
        return json.loads(text)["calls"]

    async def until_calls(self, states):
        """Read the calls until they are in these states."""
        async with asyncio.timeout(WITHIN):
            while [call["state"] for call in await self.calls()] != states:
                await asyncio.sleep(0.01)

    async def bayeux(self, *messages):
        if self._client_id:
            messages = [{**message, "clientId": self._client_id} for message in messages]
        status, text = await self.request("POST", "/notifications", list(messages))
        assert status == 200, text
        elements = split(text)
        replies = [json.loads(each) for each in elements if json.loads(each)["channel"].startswith("/meta/")]
        self.messages += [each for each in elements if not json.loads(each)["channel"].startswith("/meta/")]
        return replies

    async def listen(self, channel="/v2/me/*"):
        (reply,) = await self.bayeux(
            {"channel": "/meta/handshake", "version": "1.0", "supportedConnectionTypes": ["long-polling"]}
        )
        self._client_id = reply["clientId"]
        (reply,) = await self.bayeux({"channel": "/meta/subscribe", "subscription": channel})
        assert reply["successful"], reply
        await self.poll(timeout=0)

    async def poll(self, timeout=5000):
        replies = await self.bayeux(
            {"channel": "/meta/connect", "connectionType": "long-polling", "advice": {"timeout": timeout}}
        )
        assert replies[-1]["successful"], replies

    @property
    def changes(self):
        """The data of the messages."""
        return [json.loads(each)["data"] for each in self.messages]

    @property
    def states(self):
        return [change["call"]["state"] for change in self.changes]

    async def until(self, condition):
        """Poll until ``condition`` of this client holds."""
        async with asyncio.timeout(WITHIN):
            while not condition(self):
                await self.poll(timeout=200)


@asynccontextmanager
async def legacy_client(url, user="agent1", password="demo"):
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
        yield LegacyClient(http, url, user, password)
