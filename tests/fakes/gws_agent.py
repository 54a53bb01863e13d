"""An agent's client of the fake GWS, REST and CometD spoken by hand; checks nothing itself."""

import asyncio
import contextlib
import json

import aiohttp

DEVICE = "efe1ab32-53f9-43ce-b65e-5768c61f7d4a"
PREVIEW = {
    "operationName": "Dial",
    "devicePath": "/devices/1234567890",
    "outboundRecord": {
        "recordHandle": 431,
        "phoneNumber": "5001",
        "outboundCallerId": "410004343",
        "otherFields": {},
    },
}


class Agent:
    """One client with its cookies. ``events`` has every event that came, ``raw`` the bodies that brought them."""

    def __init__(self, gws, user="agent1", password="demo", device=DEVICE):
        self.gws = gws
        self.device = device
        self.auth = aiohttp.encode_basic_auth(user, password)
        self.http = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        self.headers = {}
        self.client_id = None
        self.events, self.raw, self.replies = [], [], []
        self._polling = None

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        if self._polling:
            self._polling.cancel()
            with contextlib.suppress(asyncio.CancelledError, aiohttp.ClientError):
                await self._polling
        await self.http.close()

    async def request(self, method, path, body=None, auth=True):
        """Status and text of the answer."""
        headers = {"Content-Type": "application/json"} | self.headers
        if auth:
            headers["Authorization"] = self.auth
        data = body if body is None or isinstance(body, str) else json.dumps(body)
        async with self.http.request(method, self.gws.api_url + path, data=data, headers=headers) as response:
            self.headers |= {"X-CSRF-TOKEN": token} if (token := response.headers.get("X-CSRF-TOKEN")) else {}
            return response.status, await response.text()

    async def get(self, path):
        """The answer to a GET."""
        status, text = await self.request("GET", path)
        return status, json.loads(text)

    async def post(self, path, **body):
        """The answer to an operation."""
        status, text = await self.request("POST", path, body)
        return status, json.loads(text)

    async def start(self):
        """Start a contact-centre session with voice."""
        return await self.post("/me", operationName="StartContactCenterSession", channels=["voice"])

    async def dial(self, number="5001", **more):
        """Dial a number."""
        destination = {"phoneNumber": number}
        return await self.post(
            f"/me/devices/{self.device}/calls", operationName="Dial", destination=destination, **more
        )

    async def on_call(self, operation, call_id=None, **more):
        """An operation on a call, by default on that of the newest event."""
        return await self.post(f"/me/calls/{call_id or self.call['id']}", operationName=operation, **more)

    async def bayeux(self, *messages, suffix=""):
        """Status and messages of the answer to Bayeux messages; the session's id is filled in."""
        filled = [({"clientId": self.client_id} if self.client_id else {}) | message for message in messages]
        status, text = await self.request("POST", "/notifications" + suffix, filled)
        answer = json.loads(text) if status == 200 else text
        if status == 200:
            self.raw.append(text)
            self.events += [one["data"] for one in answer if "successful" not in one]
        return status, answer

    async def handshake(self):
        """The reply to a handshake."""
        shake = {
            "id": "1",
            "version": "1.0",
            "minimumVersion": "1.0",
            "channel": "/meta/handshake",
            "supportedConnectionTypes": ["long-polling"],
        }
        self.client_id = None
        _, (reply,) = await self.bayeux(shake, suffix="/handshake")
        self.client_id = reply.get("clientId")
        return reply

    async def connect(self, **more):
        """Status and messages of the answer to a connect."""
        message = {"id": "3", "channel": "/meta/connect", "connectionType": "long-polling"} | more
        return await self.bayeux(message, suffix="/connect")

    async def subscribe(self, *channels):
        """Status and messages of the answer to a subscribe."""
        return await self.bayeux({"id": "2", "channel": "/meta/subscribe", "subscription": list(channels)}, suffix="/")

    async def listen(self, *channels):
        """Sign in, subscribe and poll from now on."""
        await self.handshake()
        await self.subscribe(*(channels or ("/v2/me/calls",)))
        await self.connect(advice={"timeout": 0})
        self._polling = asyncio.create_task(self._poll())

    async def _poll(self):
        while True:
            status, answer = await self.connect()
            if status != 200:
                return
            self.replies.append(answer[-1])
            if not answer[-1]["successful"]:
                return

    @property
    def call(self):
        """The call of the newest event that has one."""
        return next(event["call"] for event in reversed(self.events) if "call" in event)

    @property
    def states(self):
        """The states of the calls in all events, in order."""
        return [event["call"]["state"] for event in self.events if "call" in event]

    async def until(self, *states, within=5.0):
        """Wait until the events' call states are these."""
        try:
            await self.gws.until(lambda: self.states == list(states), within)
        except TimeoutError:
            raise AssertionError(f"{list(states)} did not come, but {self.states}") from None
