"""Bayeux over websocket: one socket, one session; frames are encoded before they get here and leave many at a time.

As CometD does it: the connect is held as a heartbeat, and events are pushed in between. Frames go straight to the
transport, because a coroutine per socket and event costs more than the write itself. What the kernel has not taken is
bounded: beyond it events wait in the session's queue, and nothing more is read of a peer that does not read.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import structlog
from aiohttp import WSCloseCode, WSMsgType, web

from bridge.bayeux.exchange import Exchange, Origin, Outcome
from bridge.bayeux.frames import close_frame, text_frame
from bridge.bayeux.messages import MalformedBatch, encode, read
from bridge.bayeux.session import Hold, HoldEnd, Session
from bridge.bayeux.sessions import Sessions
from bridge.legacy.replays import Replays

CLOSE_WITHIN = 2.0
"""Seconds that a peer has to answer a close."""

log = structlog.get_logger()


class Websockets:
    """The transport named ``websocket``."""

    def __init__(self, exchange: Exchange, sessions: Sessions, replays: Replays, clock: Callable[[], float]) -> None:
        self._exchange = exchange
        self._replays = replays
        self._sessions = sessions
        self._clock = clock
        self._sockets: set[Socket] = set()
        self._empty = asyncio.Event()

    def __len__(self) -> int:
        return len(self._sockets)

    async def serve(self, request: web.Request, origin: Origin) -> web.StreamResponse:
        """Talk on one socket until it is closed."""
        response = web.WebSocketResponse(
            compress=False, max_msg_size=self._sessions.limits.body, timeout=CLOSE_WITHIN, autoping=True
        )
        await response.prepare(request)
        if request.transport is None:
            return response
        socket = Socket(response, request.transport, self._exchange, self._sessions, self._replays, self._clock)
        self._sockets.add(socket)
        self._empty.clear()
        try:
            await socket.talk(replace(origin, stream=socket))
        finally:
            socket.leave()
            self._sockets.discard(socket)
            if not self._sockets:
                self._empty.set()
        return response

    def look_after(self, now: float) -> None:
        """Give sockets that were full what waits for them, and abort those that take nothing. Called every second."""
        for socket in list(self._sockets):
            socket.look_after(now)

    async def close(self, code: int, reason: str, within: float) -> None:
        """Close every socket; whoever does not agree in ``within`` seconds is cut off."""
        for socket in list(self._sockets):
            socket.ended(code, reason)
        if not self._sockets:
            return
        try:
            async with asyncio.timeout(within):
                await self._empty.wait()
        except TimeoutError:
            for socket in list(self._sockets):
                socket.abort("does not close")


class Socket:
    """One socket. Satisfies `bridge.bayeux.session.Stream`."""

    def __init__(
        self,
        response: web.WebSocketResponse,
        transport: asyncio.Transport,
        exchange: Exchange,
        sessions: Sessions,
        replays: Replays,
        clock: Callable[[], float],
    ) -> None:
        self._replays = replays
        self._response = response
        self._transport = transport
        self._exchange = exchange
        self._sessions = sessions
        self._limits = sessions.limits
        self._clock = clock
        self._session: Session | None = None
        self._hold: Hold | None = None
        self._hold_timer: asyncio.TimerHandle | None = None
        self._opened = clock()
        self._written = 0
        self._taken = 0
        """Of what was written, how much the kernel had taken at the last look."""
        self._took_at = self._opened
        """When the peer last took something, or had nothing to take."""
        self._has_room: asyncio.Event | None = None
        self._close_by: float | None = None
        """When the peer must have closed; None while nobody asked it to."""

    async def talk(self, origin: Origin) -> None:
        """Take messages until the socket is closed."""
        async for message in self._response:
            if self._close_by is not None:
                continue  # too late: only the peer's close is waited for
            if message.type is not WSMsgType.TEXT:
                self.ended(WSCloseCode.UNSUPPORTED_DATA, "messages must be text")
                continue
            try:
                requests = read(message.data.encode(), self._limits)
            except MalformedBatch as malformed:
                self.ended(WSCloseCode.INVALID_TEXT, str(malformed))
                continue
            bound = replace(origin, session=self._session)
            pasts = await self._replays.look_up(requests, bound)
            outcome = self._exchange.receive(requests, bound, self._clock(), pasts)
            session = outcome.session
            self._session = session if session is not None and session.end is None else None
            self._answer(outcome)
            self._replays.begin(outcome, pasts)
            if outcome.closes:
                self.ended(WSCloseCode.OK, "disconnected")
            elif self._is_full():
                self._has_room = asyncio.Event()
                await self._has_room.wait()

    def flush(self) -> None:
        """Write what the session has queued, as far as the peer keeps up; the rest waits in the session's queue."""
        session = self._session
        if session is None or not session.queue or not session.pushes:
            return
        room = self._limits.write_buffer - self._transport.get_write_buffer_size()
        if room > 0 and not self._transport.is_closing():
            self._write(b"".join([event.frame for event in session.take(room)]))

    def ended(self, code: int, reason: str) -> None:
        """Ask the peer to close; a session that lives on may come back on another socket."""
        if self._close_by is not None:
            return
        self._close_by = self._clock() + CLOSE_WITHIN
        self.leave()
        if self._is_full():
            self.abort("takes nothing")  # it would not take the close either
        else:
            self._write(close_frame(code, reason))

    def abort(self, why: str) -> None:
        """Cut the connection, with whatever is still to be written."""
        if not self._transport.is_closing():
            log.warning("cometd socket aborted", why=why, buffered=self._transport.get_write_buffer_size())
        self._transport.abort()

    def look_after(self, now: float) -> None:
        """See `Websockets.look_after`."""
        buffered = self._transport.get_write_buffer_size()
        taken = self._written - buffered
        if buffered == 0 or taken > self._taken:
            self._taken, self._took_at = taken, now
        if self._close_by is not None and now > self._close_by:
            self.abort("does not close")
        elif now - self._took_at > self._limits.stalled:
            self.abort("takes nothing")
        elif self._session is None and now - self._opened > self._limits.first_connect:
            self.ended(WSCloseCode.POLICY_VIOLATION, "no session")
        else:
            self.flush()
        if self._has_room is not None and not self._is_full():
            self._has_room.set()

    def leave(self) -> None:
        """Part from the session, which may come back on another socket."""
        session, self._session = self._session, None
        if self._hold_timer is not None:
            self._hold_timer.cancel()
        if self._hold is not None:
            self._hold.wake = None
        if session is not None:
            self._sessions.unbind(session, self, self._clock())

    def _answer(self, outcome: Outcome) -> None:
        self.flush()  # events before the replies that release the client
        if outcome.replies:
            self._write(text_frame(encode(outcome.events, outcome.replies)))
        if outcome.hold is not None:
            self._keep(outcome.hold)

    def _keep(self, hold: Hold) -> None:
        if self._hold_timer is not None:
            self._hold_timer.cancel()
        self._hold = hold
        hold.wake = self._release
        self._hold_timer = asyncio.get_running_loop().call_later(
            max(0.0, hold.until - self._clock()), hold.over, HoldEnd.TIMEOUT
        )

    def _release(self, hold: Hold) -> None:
        if self._hold_timer is not None:
            self._hold_timer.cancel()
        self._hold = None
        outcome = self._exchange.release(hold, self._clock())
        if outcome is not None:
            self._answer(outcome)

    def _is_full(self) -> bool:
        return self._transport.get_write_buffer_size() > self._limits.write_buffer

    def _write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._written += len(data)
            self._transport.write(data)
