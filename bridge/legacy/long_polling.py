"""Bayeux over long-polling: reads a request, holds the connect, writes one array; which messages, the exchange says.

Bayeux 1.0, 6.2. A client needs two connections: one holds the connect, the other sends.
"""

import asyncio
from collections.abc import Callable

import structlog
from aiohttp import web

from bridge.bayeux.exchange import Exchange, Origin, Outcome
from bridge.bayeux.limits import Limits
from bridge.bayeux.messages import MalformedBatch, Request, encode, read
from bridge.bayeux.session import Hold
from bridge.bayeux.sessions import Sessions
from bridge.legacy import patience
from bridge.legacy.answers import Answer, Form
from bridge.legacy.hold_clock import HoldClock
from bridge.legacy.replays import Replays

BROWSER_COOKIE = "BAYEUX_BROWSER"
READ_WITHIN = 30.0
"""Seconds that a client has to send its request."""

_HEADERS = {"Content-Type": "application/json;charset=UTF-8", "Cache-Control": "no-store"}
_MESSAGES = Form(_HEADERS)

log = structlog.get_logger()


class LongPolling:
    """The transport named ``long-polling``."""

    def __init__(self, exchange: Exchange, sessions: Sessions, replays: Replays, clock: Callable[[], float]) -> None:
        self._holds = HoldClock(clock)
        self._exchange = exchange
        self._replays = replays
        self._sessions = sessions
        self._clock = clock

    async def serve(self, request: web.Request, origin: Origin) -> web.StreamResponse:
        """Answer one request; a held connect is answered when there is something to say."""
        requests = await self._read(request)
        if isinstance(requests, web.Response):
            return requests
        pasts = await self._replays.look_up(requests, origin)
        outcome = self._exchange.receive(requests, origin, self._clock(), pasts)
        self._replays.begin(outcome, pasts)
        if outcome.hold is not None:
            released = await self._released(outcome.hold)
            if released is None:
                return web.Response(status=408, text="another connect took the place of this one")
            outcome = released
        return await self._write(request, outcome)

    async def _read(self, request: web.Request) -> list[Request] | web.Response:
        """The messages, or why there are none."""
        limits = self._sessions.limits
        # Anything but JSON would let a page of another host send without being asked (CORS preflight).
        if request.content_type not in ("application/json", "text/json") and "Content-Type" in request.headers:
            return web.Response(status=400, text="the body must be application/json")
        if (request.content_length or 0) > limits.body:
            return _too_large(limits)
        try:
            body = await patience.body_of(request, READ_WITHIN)
            return _too_large(limits) if len(body) > limits.body else read(body, limits)
        except MalformedBatch as malformed:
            return web.Response(status=400, text=str(malformed))
        except TimeoutError:
            return web.Response(status=408, text=f"the body did not come within {READ_WITHIN:.0f} seconds")

    async def _released(self, hold: Hold) -> Outcome | None:
        """Wait until the hold is over, and what is to be answered."""
        over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        hold.wake = lambda _: None if over.done() else over.set_result(None)
        self._holds.start(hold)
        try:
            await over
        except asyncio.CancelledError:
            # The connection broke: what is queued stays for the next connect.
            self._sessions.abandon(hold, self._clock())
            raise
        finally:
            self._holds.stop(hold)
        return self._exchange.release(hold, self._clock())

    async def _write(self, request: web.Request, outcome: Outcome) -> web.StreamResponse:
        body = encode(outcome.events, outcome.replies)
        response: web.StreamResponse = Answer(_MESSAGES, body)
        if outcome.browser:
            response = web.Response(body=body, headers=_HEADERS)
            response.set_cookie(BROWSER_COOKIE, outcome.browser, path="/", httponly=True, secure=request.secure)
        if not outcome.events or outcome.session is None:
            return response
        # Written here and not by aiohttp, to know whether it was: an answer that broke off told the client nothing.
        written = False
        try:
            if request.transport is None or request.transport.is_closing():
                raise ConnectionResetError("the client has gone")
            if patience.takes(request, len(body)):
                await _send(request, response)
            else:
                async with asyncio.timeout(self._sessions.limits.stalled):
                    await _send(request, response)
            written = True
        except TimeoutError:
            log.warning("cometd answer given up", why="the client does not read", session=outcome.session.client_id[:8])
            if request.transport is not None:
                request.transport.abort()
        finally:
            if written:
                self._sessions.written(outcome.session)
            else:
                self._sessions.give_back(outcome.session, outcome.events)
        return response


async def _send(request: web.Request, response: web.StreamResponse) -> None:
    await response.prepare(request)
    await response.write_eof()


def _too_large(limits: Limits) -> web.Response:
    return web.Response(status=413, text=f"the body must not be larger than {limits.body} bytes")
