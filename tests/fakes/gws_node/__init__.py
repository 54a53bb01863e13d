"""The CometD part of the fake by the official Node server: runs it, passes requests on, feeds it; has no own Bayeux.

    async with FakeGws(notifications=NodeNotifications()) as gws:
        ...

Long-polling only. Differs from the fake's own part as that server does: the first connect is held unless it has
``advice.timeout`` 0, an unknown session is ``402::session_unknown``, a second session of the same BAYEUX_BROWSER cookie
that polls is answered at once with ``multiple-clients``. Needs Node.js, and ``npm ci`` in this directory.
"""

import asyncio
import contextlib
import itertools
import json
import os
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from tests.fakes.gws.bayeux import Caller
from tests.fakes.gws.faults import Fault, Gone, Kind
from tests.fakes.gws.notifications import BROWSER, Read, Write
from tests.fakes.gws.sign_in import HttpSession

Json = dict[str, Any]
DIRECTORY = Path(__file__).parent
STARTS_WITHIN = 20.0
PASSED_BACK = ("Content-Type", "Set-Cookie")


def require_node_server() -> None:
    """Skip with one line where the server is not installed; where everything must be, fail."""
    missing = None
    if shutil.which("node") is None:
        missing = "needs Node.js: install it, then run make test"
    elif not (DIRECTORY / "node_modules/cometd-nodejs-server").exists():
        missing = "needs the Node CometD server: install npm, then run make test"
    if missing:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)


class NodeNotifications:
    """The endpoint, with the methods of ``gws.notifications.Notifications``; times in seconds."""

    def __init__(self, *, timeout: float = 30.0, max_interval: float = 10.0, **options: object):
        self._options = {"timeout": round(timeout * 1000), "maxInterval": round(max_interval * 1000), **options}
        self._process: asyncio.subprocess.Process | None = None
        self._http: aiohttp.ClientSession | None = None
        self._reader: asyncio.Task[None] | None = None
        self._port = 0
        self._orders = itertools.count(1)
        self._counts: dict[int, asyncio.Future[dict[str, int]]] = {}
        self._passed: Counter[str] = Counter()  # events that were passed back, per session
        self._news = asyncio.Event()
        self._callers: dict[str, Caller] = {}
        self._forgotten: dict[str, asyncio.Event] = {}

    async def start(self) -> None:
        """Run the server and wait until it listens."""
        self._process = await asyncio.create_subprocess_exec(
            "node",
            str(DIRECTORY / "server.mjs"),
            json.dumps(self._options),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert self._process.stdout
        async with asyncio.timeout(STARTS_WITHIN):
            line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the Node CometD server did not start: run npm ci in {DIRECTORY.name}")
        self._port = json.loads(line)["port"]
        self._http = aiohttp.ClientSession(
            cookie_jar=aiohttp.DummyCookieJar(),
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=None),
        )
        self._reader = asyncio.create_task(self._read(self._process.stdout))

    async def stop(self) -> None:
        """End the server: it forgets everybody."""
        if self._process is None or self._http is None or self._reader is None:
            return
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
        await self._process.wait()
        await asyncio.gather(self._reader, return_exceptions=True)
        self._process.stdin.close()
        await self._http.close()
        self._process = None
        self._callers.clear()
        self._forgotten.clear()
        self._passed.clear()

    def deliver(self, user: str, channel: str, data: Json) -> None:
        """Send an event to the sessions of a user."""
        self._order({"deliver": {"user": user, "channel": channel, "data": data}})

    async def delivered(self, user: str, within: float = 2.0) -> None:
        """Wait until every session of the user was sent all that it was given, or for so many seconds."""
        number = next(self._orders)
        counts = self._counts[number] = asyncio.get_running_loop().create_future()
        self._order({"queued": user, "id": number})
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                given = await counts
                while any(self._passed[client_id] < events for client_id, events in given.items()):
                    self._news.clear()
                    await self._news.wait()
        del self._counts[number]

    def forget(self, which: Callable[[Caller], bool]) -> None:
        """Let the server answer 402 to these sessions from now on, to a held connect at once."""
        for client_id, caller in self._callers.items():
            if which(caller):
                self._forgotten[client_id].set()

    async def post(
        self, request: web.Request, body: str, who: HttpSession, hits: dict[Kind, Fault], write: Write
    ) -> web.StreamResponse:
        """Pass a request on, and its answer back through ``write``."""
        browser = request.cookies.get(BROWSER)
        headers = {"Content-Type": request.headers.get("Content-Type", "application/json"), "X-Gws-User": who.user.name}
        if browser:
            headers["Cookie"] = f"{BROWSER}={browser}"
        if Kind.REFUSE in hits:
            headers["X-Gws-Refuse"] = "1"
        client_ids = {str(message.get("clientId")) for message in messages(body)}
        known = [self._forgotten[one] for one in client_ids if one in self._forgotten]
        if Kind.UNKNOWN_CLIENT in hits:
            for event in known:
                event.set()
        answer = await self._pass(body, headers, known, client_ids)
        came = messages(answer.text or "")
        for message in came:
            if message.get("channel") == "/meta/handshake" and message.get("successful"):
                self._callers[message["clientId"]] = Caller(who.user.name, who.id, browser)
                self._forgotten[message["clientId"]] = asyncio.Event()
        try:
            return await write(answer)
        finally:
            for client_id in client_ids:
                self._passed[client_id] += sum("successful" not in message for message in came)
            self._news.set()

    async def _pass(
        self, body: str, headers: dict[str, str], known: list[asyncio.Event], client_ids: set[str]
    ) -> web.Response:
        """The server's answer; where the session is forgotten meanwhile, its answer to a session it does not know."""
        asking = asyncio.ensure_future(self._ask(body, headers))
        forgotten = [asyncio.ensure_future(event.wait()) for event in known]
        try:
            await asyncio.wait({asking, *forgotten}, return_when=asyncio.FIRST_COMPLETED)
            if not any(event.is_set() for event in known):
                return await asking
        finally:
            for task in (asking, *forgotten):
                task.cancel()
            await asyncio.gather(asking, *forgotten, return_exceptions=True)
        for client_id in client_ids:
            body = body.replace(client_id, client_id[::-1])  # a name that nobody has, so that its 402 is genuine
        return await self._ask(body, headers)

    async def _ask(self, body: str, headers: dict[str, str]) -> web.Response:
        assert self._http
        url = f"http://127.0.0.1:{self._port}/"
        try:
            async with self._http.post(url, data=body.encode(), headers=headers) as response:
                passed = {name: value for name, value in response.headers.items() if name in PASSED_BACK}
                passed.setdefault("Content-Type", "text/plain")
                return web.Response(status=response.status, body=await response.read(), headers=passed)
        except aiohttp.ClientConnectionError:
            raise Gone from None  # the server was stopped

    async def socket(self, request: web.Request, who: HttpSession, read: Read) -> web.StreamResponse:
        """That server has no websocket."""
        return web.Response(status=400, text="no websocket here")

    def _order(self, order: Json) -> None:
        if self._process and self._process.stdin and self._process.returncode is None:
            self._process.stdin.write(json.dumps(order).encode() + b"\n")

    async def _read(self, out: asyncio.StreamReader) -> None:
        while line := await out.readline():
            answer = json.loads(line)
            counts = self._counts.get(answer["id"])
            if counts and not counts.done():
                counts.set_result(answer["queued"])


def messages(body: str) -> list[Json]:
    """The messages of a body; none where it is no JSON."""
    try:
        found = json.loads(body)
    except ValueError:
        return []
    return [one for one in (found if isinstance(found, list) else [found]) if isinstance(one, dict)]
