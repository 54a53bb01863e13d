"""Bayeux over websocket: one socket, one session; frames are encoded before they get here and leave many at a time.

Bayeux over websocket as CometD does it: the connect is held as a heartbeat, and events are pushed in between. Frames
go straight to the transport, because a coroutine per socket and event costs more than the write itself; what the
kernel has not taken is bounded.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from aiohttp import WSCloseCode, WSMsgType, web

from bridge.bayeux.limits import Limits
from bridge.bayeux.messages import MalformedBatch, encode, read, text_frame
from bridge.bayeux.session import Hold, HoldEnd, Session
from bridge.bayeux.sessions import Origin, Outcome, Sessions

CLOSE_WITHIN = 2.0
"""Seconds that a peer has to answer a close."""


class Websockets:
    """The transport named ``websocket``."""

    def __init__(self, sessions: Sessions, limits: Limits, clock: Callable[[], float]) -> None:
        self._sessions = sessions
        self._limits = limits
        self._clock = clock
        self._sockets: set[Socket] = set()

    def __len__(self) -> int:
        return len(self._sockets)

    async def serve(self, request: web.Request, origin: Origin) -> web.StreamResponse:
        """Talk on one socket until it is closed."""
        response = web.WebSocketResponse(
            compress=False, max_msg_size=self._limits.body, timeout=CLOSE_WITHIN, autoping=True
        )
        await response.prepare(request)
        if request.transport is None:
            return response
        socket = Socket(response, request.transport, self._sessions, self._limits, self._clock)
        self._sockets.add(socket)
        try:
            await socket.talk(replace(origin, stream=socket))
        finally:
            self._sockets.discard(socket)
            socket.gone()
        return response

    def look_after(self, now: float) -> None:
        """Give sockets that were full what waits for them, and abort those that take nothing."""
        for socket in list(self._sockets):
            socket.look_after(now)

    async def close(self, code: int, reason: str) -> None:
        """Close every socket."""
        await asyncio.gather(*(socket.close(code, reason) for socket in list(self._sockets)))


class Socket:
    """One socket. Satisfies ``bridge.bayeux.session.Stream``."""

    def __init__(
        self,
        response: web.WebSocketResponse,
        transport: asyncio.Transport,
        sessions: Sessions,
        limits: Limits,
        clock: Callable[[], float],
    ) -> None:
        self._response = response
        self._transport = transport
        self._sessions = sessions
        self._limits = limits
        self._clock = clock
        self._session: Session | None = None
        self._hold: Hold | None = None
        self._hold_timer: asyncio.TimerHandle | None = None
        self._opened = clock()
        self._buffered = 0
        self._full_since: float | None = None
        self._closing: asyncio.Task[None] | None = None

    async def talk(self, origin: Origin) -> None:
        """Take messages until the socket is closed."""
        async for message in self._response:
            if message.type is not WSMsgType.TEXT:
                await self.close(WSCloseCode.UNSUPPORTED_DATA, "messages must be text")
                break
            try:
                requests = read(message.data.encode("utf-8", "surrogatepass"), self._limits)
            except MalformedBatch as malformed:
                await self.close(WSCloseCode.INVALID_TEXT, str(malformed)[:100])
                break
            outcome = self._sessions.receive(requests, replace(origin, session=self._session), self._clock())
            self._session = outcome.session if outcome.session is None or not outcome.session.ended else None
            self._answer(outcome)
            if outcome.closes:
                await self.close(WSCloseCode.OK, "disconnected")
                break

    def flush(self, session: Session) -> None:
        """Write what is queued, unless the peer is too far behind; then it waits in the session's queue."""
        if self._is_full():
            return
        events = session.take()
        if events:
            self._write(b"".join([event.frame for event in events]))

    def look_after(self, now: float) -> None:
        """See `Websockets.look_after`."""
        if self._session is None and now - self._opened > self._limits.first_connect:
            self.ended(WSCloseCode.POLICY_VIOLATION, "no session")
        elif self._full_since is not None:
            buffered = self._transport.get_write_buffer_size()
            if buffered < self._buffered:
                self._full_since = now
            self._buffered = buffered
            if self._session is not None and not self._is_full():
                self.flush(self._session)
            elif now - self._full_since > self._limits.stalled:
                self._transport.abort()

    def ended(self, code: int, reason: str) -> None:
        """The session has no more use for the socket."""
        self._session = None
        if self._is_full():
            self._transport.abort()  # it would not take the close either
        elif self._closing is None:
            self._closing = asyncio.get_running_loop().create_task(self.close(code, reason))

    async def close(self, code: int, reason: str) -> None:
        """Close, and wait shortly for the peer to agree."""
        await self._response.close(code=code, message=reason.encode())

    def gone(self) -> None:
        """The socket is closed; its session may come back on another one."""
        if self._hold_timer is not None:
            self._hold_timer.cancel()
        if self._hold is not None:
            self._hold.wake = None
        if self._session is not None:
            self._sessions.unbind(self._session, self, self._clock())

    def _answer(self, outcome: Outcome) -> None:
        parts = [event.frame for event in outcome.events]
        if outcome.replies:
            parts.append(text_frame(encode([], outcome.replies)))
        if parts:
            self._write(b"".join(parts))
        if outcome.hold is not None:
            self._take(outcome.hold)

    def _take(self, hold: Hold) -> None:
        if self._hold_timer is not None:
            self._hold_timer.cancel()
        self._hold = hold
        hold.wake = lambda _: self._release(hold)
        self._hold_timer = asyncio.get_running_loop().call_later(
            max(0.0, hold.until - self._clock()), hold.over, HoldEnd.TIMEOUT
        )

    def _release(self, hold: Hold) -> None:
        if self._hold_timer is not None:
            self._hold_timer.cancel()
        self._hold = None
        outcome = self._sessions.release(hold, self._clock())
        if outcome is not None:
            self._answer(outcome)

    def _is_full(self) -> bool:
        if self._transport.get_write_buffer_size() > self._limits.write_buffer:
            if self._full_since is None:
                self._full_since = self._clock()
                self._buffered = self._transport.get_write_buffer_size()
            return True
        self._full_since = None
        return False

    def _write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)
