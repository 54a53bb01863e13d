"""Bayeux over long-polling: reads a request, holds the connect, writes one array; which messages, the sessions say.

Bayeux 1.0, 6.2. A client needs two connections: one holds the connect, the other sends.
"""

import asyncio
from collections.abc import Callable

from aiohttp import web

from bridge.bayeux.limits import Limits
from bridge.bayeux.messages import Event, MalformedBatch, Reply, encode, read
from bridge.bayeux.session import Hold, HoldEnd, Session
from bridge.bayeux.sessions import Origin, Sessions

BROWSER_COOKIE = "BAYEUX_BROWSER"
READ_WITHIN = 30.0
"""Seconds that a client has to send its request."""

_HEADERS = {"Content-Type": "application/json;charset=UTF-8", "Cache-Control": "no-store"}


class LongPolling:
    """The transport named ``long-polling``."""

    def __init__(self, sessions: Sessions, limits: Limits, clock: Callable[[], float]) -> None:
        self._sessions = sessions
        self._limits = limits
        self._clock = clock

    async def serve(self, request: web.Request, origin: Origin, *, interval_when_drained: float) -> web.StreamResponse:
        """Answer one request; a held connect is answered when there is something to say."""
        # Anything but JSON would let a page of another host send without being asked (CORS preflight).
        if request.content_type not in ("application/json", "text/json", "application/octet-stream"):
            return web.Response(status=400, text="the body must be application/json")
        if (request.content_length or 0) > self._limits.body:
            return web.Response(status=413, text=f"the body must not be larger than {self._limits.body} bytes")
        try:
            async with asyncio.timeout(READ_WITHIN):
                requests = read(await request.read(), self._limits)
        except MalformedBatch as malformed:
            return web.Response(status=400, text=str(malformed))
        except TimeoutError:
            return web.Response(status=408, text="the body did not come in time")
        outcome = self._sessions.receive(requests, origin, self._clock())
        if outcome.hold is None:
            return await self._write(request, outcome.session, outcome.events, outcome.replies, outcome.browser)
        return await self._hold(request, outcome.hold, interval_when_drained)

    async def _hold(self, request: web.Request, hold: Hold, interval_when_drained: float) -> web.StreamResponse:
        loop = asyncio.get_running_loop()
        over: asyncio.Future[None] = loop.create_future()
        hold.wake = lambda _: None if over.done() else over.set_result(None)
        if hold.end is not None:
            over.set_result(None)
        timer = loop.call_later(max(0.0, hold.until - self._clock()), hold.over, HoldEnd.TIMEOUT)
        try:
            await over
        except asyncio.CancelledError:
            # The connection broke: what is queued stays for the next connect.
            self._sessions.abandon(hold, self._clock())
            raise
        finally:
            timer.cancel()
        if hold.end is HoldEnd.DRAINED:
            reply = self._sessions.drained(hold, interval_when_drained)
            return await self._write(request, hold.session, [], [reply], "")
        outcome = self._sessions.release(hold, self._clock())
        if outcome is None:
            return web.Response(status=408)
        return await self._write(request, hold.session, outcome.events, outcome.replies, "")

    async def _write(
        self, request: web.Request, session: Session | None, events: list[Event], replies: list[Reply], browser: str
    ) -> web.StreamResponse:
        response = web.Response(body=encode(events, replies), headers=_HEADERS)
        if browser:
            response.set_cookie(BROWSER_COOKIE, browser, path="/", httponly=True, secure=request.secure)
        if events and session is not None:
            if request.transport is None or request.transport.is_closing():
                session.give_back(events)
                return response
            try:
                await response.prepare(request)
                await response.write_eof()
            except (ConnectionError, asyncio.CancelledError):
                session.give_back(events)
                raise
        return response
