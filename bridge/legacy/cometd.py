"""The CometD endpoint: who may come in, which transport takes a request, who is told of an event, and when sessions
end.

The protocol is `bridge.bayeux`'s. Events that come in one turn of the event loop leave together: one answer for a
held connect, one write for a socket.
"""

import asyncio
import random as random_module
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog
from aiohttp import web

from bridge.bayeux.exchange import Exchange, Origin
from bridge.bayeux.limits import Limits
from bridge.bayeux.messages import Event
from bridge.bayeux.session import End, HoldEnd, Session
from bridge.bayeux.sessions import Sessions
from bridge.legacy.cookies import cookie_of
from bridge.legacy.long_polling import BROWSER_COOKIE, LongPolling
from bridge.legacy.replays import History, Replays
from bridge.legacy.websocket import CLOSE_WITHIN, Websockets

SWEEP_EVERY = 1.0
"""Seconds between two sweeps, and between two looks at sockets that are full."""
SPREAD = 3.0
"""Seconds over which clients are spread that are sent away by a server that stops."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is behind a request, as the application around the endpoint knows it."""

    principal: str
    """The login name."""
    session: str
    """The HTTP session's id; CometD sessions end with it."""
    stay: Callable[[], Callable[[], None]] = lambda: lambda: None
    """Called when the request becomes a socket: the HTTP session is in use until what this returns is called."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """What there is, for health and metrics."""

    sessions: int
    sockets: int
    held: int
    queued: int
    cut_off: int
    """Sessions that were ended because the client was too slow, since the start."""


class CometdEndpoint:
    """Long-polling and websocket on the same URLs."""

    def __init__(
        self,
        *,
        authenticate: Callable[[web.Request], Awaitable[Caller]],
        may_subscribe: Callable[[str, str], bool],
        limits: Limits = Limits(),  # noqa: B008  frozen
        clock: Callable[[], float] = time.monotonic,
        new_id: Callable[[], str] = lambda: secrets.token_hex(20),
        allowed_origins: frozenset[str] = frozenset(),
        history: History | None = None,
        random: random_module.Random,
    ) -> None:
        """``authenticate`` raises an answer (``web.HTTPException``) for who may not come in; ``may_subscribe`` takes
        principal and channel; a browser's page must be of ``allowed_origins`` or of the host itself; ``history`` has
        what was published before, for sessions of the replay extension."""
        self._authenticate = authenticate
        self._clock = clock
        self._allowed_origins = allowed_origins
        self._random = random
        self._cut_off = 0
        self._draining = False
        self._sessions = Sessions(limits, on_end=self._ended)
        replayed = history.channel if history is not None else ""
        exchange = Exchange(self._sessions, may_subscribe=may_subscribe, new_id=new_id, replayed=replayed)
        self._ready: dict[Session, None] = {}
        self._replays = Replays(exchange, self._sessions, history, self._ready_to_tell)
        self._long_polling = LongPolling(exchange, self._sessions, self._replays, clock)
        self._websockets = Websockets(exchange, self._sessions, self._replays, clock)

    def add_routes(self, app: web.Application, path: str) -> None:
        """Serve on ``path`` and everything below it: clients add what they like, and it means nothing."""
        for route in (path, path + "/", path + "/{anything:.*}"):
            app.router.add_route("*", route, self._serve)

    def has_sessions(self, principal: str) -> bool:
        """Whether an event for ``principal`` would have anybody to go to."""
        return self._sessions.of_principal(principal)

    def publish(self, principal: str, channel: str, payload: bytes, position: int | None = None, /) -> None:
        """Give an event to every session of ``principal`` that wants it. Never waits."""
        self._ready_to_tell(self._sessions.publish(principal, Event(channel, payload, position)))

    def _ready_to_tell(self, sessions: Sequence[Session]) -> None:
        if sessions and not self._ready:
            asyncio.get_running_loop().call_soon(self._tell)
        self._ready.update(dict.fromkeys(sessions))

    def end_http_session(self, session: str) -> None:
        """The HTTP session has ended, and with it the CometD sessions that were opened under it."""
        self._sessions.end_http_session(session)

    async def run(self) -> None:
        """End what was not heard of, and sockets that take nothing. Runs until cancelled."""
        while True:
            now = self._clock()
            self._sessions.sweep(now)
            self._websockets.look_after(now)
            await asyncio.sleep(SWEEP_EVERY)

    async def drain(self, grace: float) -> None:
        """Send everybody elsewhere, spread over some seconds, and take nobody in; at most ``grace`` seconds."""
        self._draining = True
        await self._replays.close()
        for session in list(self._sessions):
            if session.hold is not None:
                session.hold.over(HoldEnd.DRAINED, pause=self._random.uniform(0, SPREAD))
        await self._websockets.close(1001, "the server is being stopped", within=min(grace, CLOSE_WITHIN))

    def statistics(self) -> Statistics:
        """What there is now."""
        sessions = list(self._sessions)
        return Statistics(
            sessions=len(sessions),
            sockets=len(self._websockets),
            held=sum(session.hold is not None for session in sessions),
            queued=sum(len(session.queue) for session in sessions),
            cut_off=self._cut_off,
        )

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        origin = request.headers.get("Origin")
        if origin is not None and origin not in self._allowed_origins and not _same_host(origin, request):
            return web.Response(status=403, text="pages of this origin may not use this endpoint")
        if request.method == "OPTIONS":
            return _preflight(origin, request)
        is_websocket = request.method == "GET" and request.headers.get("Upgrade", "").lower() == "websocket"
        if not is_websocket and request.method != "POST":
            return web.Response(status=400, text="CometD is spoken by POST or websocket")
        if self._draining:
            # Clients take it for a failure of the network, and try again where another server is.
            return web.Response(status=503, text="the server is being stopped", headers={"Connection": "close"})
        caller = await self._authenticate(request)
        origin_of = Origin(
            caller.principal, caller.session, cookie_of(request.headers.get("Cookie", ""), BROWSER_COOKIE)
        )
        if is_websocket:
            return await self._websockets.serve(request, origin_of, caller.stay)
        return await self._long_polling.serve(request, origin_of)

    def _tell(self) -> None:
        ready, self._ready = self._ready, {}
        for session in ready:
            self._sessions.tell(session)

    def _ended(self, session: Session, why: End) -> None:
        self._cut_off += why is End.SLOW
        write = log.warning if why is End.SLOW else log.info
        write(
            "cometd session ended",
            session=session.client_id[:8],
            user=session.principal,
            why=why.value[1],
            subscriptions=len(session.subscriptions),
        )


def _same_host(origin: str, request: web.Request) -> bool:
    """A page of our own host, such as a dashboard that the bridge serves."""
    return origin.split("://", 1)[-1] == request.host


def _preflight(origin: str | None, request: web.Request) -> web.Response:
    headers = {
        "Access-Control-Allow-Methods": "POST",
        "Access-Control-Allow-Headers": request.headers.get("Access-Control-Request-Headers", "content-type"),
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Max-Age": "600",
        "Vary": "Origin",
    }
    if origin is not None:
        headers["Access-Control-Allow-Origin"] = origin
    return web.Response(status=204, headers=headers)
