"""Bayeux over websocket: one socket, one session; frames are encoded before they get here and leave many at a time.

As CometD does it: the connect is held as a heartbeat, and events are pushed in between. aiohttp makes the opening
handshake and then gives the connection away: a request that stays open for hours costs three times what a socket needs.
Frames go straight to the transport, because a coroutine per socket and event costs more than the write itself. What
the kernel has not taken is bounded: beyond it events wait in the session's queue, and nothing more is read of a peer
that does not read.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import replace

import structlog
from aiohttp import WSCloseCode, web

from bridge.bayeux.exchange import Exchange, Origin, Outcome
from bridge.bayeux.frames import Broken, FrameReader, Message, Opcode, close_code, close_frame, pong_frame, text_frame
from bridge.bayeux.messages import MalformedBatch, encode, read
from bridge.bayeux.session import Hold, Session
from bridge.bayeux.sessions import Sessions
from bridge.legacy.hold_clock import HoldClock
from bridge.legacy.replays import Replays

CLOSE_WITHIN = 2.0
"""Seconds that a peer has to answer a close."""
UNREAD = 16
"""Messages of a peer that wait to be dealt with; beyond, nothing more is read of it."""

log = structlog.get_logger()


class Websockets:
    """The transport named ``websocket``."""

    def __init__(self, exchange: Exchange, sessions: Sessions, replays: Replays, clock: Callable[[], float]) -> None:
        self.exchange = exchange
        self.replays = replays
        self.sessions = sessions
        self.clock = clock
        self.holds = HoldClock(clock)
        self.write_buffer = sessions.limits.write_buffer
        self._sockets: set[Socket] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._empty = asyncio.Event()

    def __len__(self) -> int:
        return len(self._sockets)

    async def serve(self, request: web.Request, origin: Origin, stay: Callable[[], Callable[[], None]]) -> web.Response:
        """Make a socket of a request. ``stay`` is called when there is one, and what it returns when it is closed."""
        await web.WebSocketResponse(compress=False).prepare(request)
        transport = request.transport
        if transport is not None:
            socket = Socket(self, transport, origin, stay())
            self._sockets.add(socket)
            self._empty.clear()
            # For aiohttp the connection is lost: nothing is left of the request but this answer, which goes nowhere.
            request.protocol.transport = None
            request.protocol.connection_lost(None)
            transport.set_protocol(socket)
            transport.resume_reading()
        return web.Response(status=101)

    def look_after(self, now: float) -> None:
        """Give sockets that were full what waits for them, and abort those that take nothing. Called every second."""
        for socket in list(self._sockets):
            socket.look_after(now)

    async def close(self, code: int, reason: str, within: float) -> None:
        """Close every socket; whoever does not agree in ``within`` seconds is cut off."""
        for socket in list(self._sockets):
            socket.ended(code, reason)
        try:
            async with asyncio.timeout(within):
                if self._sockets:
                    await self._empty.wait()
        except TimeoutError:
            for socket in list(self._sockets):
                socket.abort("does not close")
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def run(self, socket: "Socket") -> asyncio.Task[None]:
        """Let a socket deal with what has come."""
        task = asyncio.create_task(socket.deal(), name="cometd socket")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def gone(self, socket: "Socket") -> None:
        """A socket is closed."""
        self._sockets.discard(socket)
        if not self._sockets:
            self._empty.set()


class Socket(asyncio.Protocol):
    """One socket. Satisfies `bridge.bayeux.session.Stream`."""

    __slots__ = (
        "_close_by",
        "_dealing",
        "_hold",
        "_left",
        "_opened",
        "_origin",
        "_reader",
        "_room",
        "_session",
        "_sockets",
        "_taken",
        "_took_at",
        "_transport",
        "_unread",
        "_written",
    )

    def __init__(
        self, sockets: Websockets, transport: asyncio.Transport, origin: Origin, left: Callable[[], None]
    ) -> None:
        self._sockets = sockets
        self._transport = transport
        self._origin = replace(origin, stream=self)
        self._left = left
        self._reader = FrameReader(sockets.sessions.limits.body)
        self._session: Session | None = None
        self._hold: Hold | None = None
        self._unread: deque[bytes] | None = None
        """Messages that wait while others are dealt with; None while there is nothing to deal with."""
        self._dealing: asyncio.Task[None] | None = None
        self._room: asyncio.Future[None] | None = None
        """What is waited for while the peer does not read."""
        self._opened = sockets.clock()
        self._written = 0
        self._taken = 0
        """Of what was written, how much the kernel had taken at the last look."""
        self._took_at = self._opened
        """When the peer last took something, or had nothing to take."""
        self._close_by: float | None = None
        """When the peer must have closed; None while nobody asked it to."""

    # ------------------------------------------------------------ what the transport tells

    def data_received(self, data: bytes) -> None:
        """Take what came."""
        for found in self._reader.feed(data):
            match found:
                case Message(Opcode.CLOSE, payload):
                    self._closed(payload)
                case _ if self._close_by is not None:
                    pass  # too late: only the peer's close is waited for
                case Message(Opcode.TEXT, payload):
                    self._wait_for(payload)
                case Message(Opcode.PING, payload):
                    self._write(pong_frame(payload))
                case Message(Opcode.BINARY):
                    self.ended(WSCloseCode.UNSUPPORTED_DATA, "messages must be text")
                case Broken(code, why):
                    self.ended(code, why)
                case _:
                    pass  # a pong

    def resume_writing(self) -> None:
        """The kernel has taken most of what was written."""
        self.look_after(self._sockets.clock())

    def connection_lost(self, _: Exception | None) -> None:
        """The connection is over."""
        self.leave()
        if self._dealing is not None:
            self._dealing.cancel()
        self._sockets.gone(self)
        self._left()

    # ------------------------------------------------------------ what the session tells

    def flush(self) -> None:
        """Write what the session has queued, as far as the peer keeps up; the rest waits in the session's queue."""
        # Once for each event and socket, so nothing is looked up twice and nothing is put together that is one already.
        session, transport = self._session, self._transport
        if session is None or not session.queue or not session.pushes or transport.is_closing():
            return
        room = self._sockets.write_buffer - transport.get_write_buffer_size()
        if room <= 0:
            return
        events = session.take(room)
        data = events[0].frame if len(events) == 1 else b"".join([event.frame for event in events])
        self._written += len(data)
        transport.write(data)

    def ended(self, code: int, reason: str) -> None:
        """Ask the peer to close; a session that lives on may come back on another socket."""
        if self._close_by is not None:
            return
        self._close_by = self._sockets.clock() + CLOSE_WITHIN
        self.leave()
        if self._is_full():
            self.abort("takes nothing")  # it would not take the close either
        else:
            self._write(close_frame(code, reason))

    # ------------------------------------------------------------ what the endpoint tells

    def abort(self, why: str) -> None:
        """Cut the connection, with whatever is still to be written."""
        if not self._transport.is_closing():
            log.warning("cometd socket aborted", why=why, buffered=self._transport.get_write_buffer_size())
        self._transport.abort()

    def look_after(self, now: float) -> None:
        """See `Websockets.look_after`."""
        limits = self._sockets.sessions.limits
        buffered = self._transport.get_write_buffer_size()
        taken = self._written - buffered
        if buffered == 0 or taken > self._taken:
            self._taken, self._took_at = taken, now
        if self._close_by is not None and now > self._close_by:
            self.abort("does not close")
        elif now - self._took_at > limits.stalled:
            self.abort("takes nothing")
        elif self._session is None and now - self._opened > limits.first_connect:
            self.ended(WSCloseCode.POLICY_VIOLATION, "no session")
        else:
            self.flush()
        if self._room is not None and not self._room.done() and not self._is_full():
            self._room.set_result(None)

    async def deal(self) -> None:
        """Deal with the messages that wait, one after the other."""
        try:
            while self._unread and self._close_by is None:
                await self._deal_with(self._unread.popleft())
        except Exception:  # the last resort: this socket ends, all others go on
            log.exception("cometd socket failed")
            self.ended(WSCloseCode.INTERNAL_ERROR, "a defect of the server")
        finally:
            self._unread = self._dealing = None
            if not self._transport.is_closing():
                self._transport.resume_reading()

    # ------------------------------------------------------------

    def _wait_for(self, payload: bytes) -> None:
        if self._unread is None:
            self._unread = deque()
            self._dealing = self._sockets.run(self)
        self._unread.append(payload)
        if len(self._unread) > UNREAD:
            self._transport.pause_reading()

    async def _deal_with(self, payload: bytes) -> None:
        sockets = self._sockets
        try:
            requests = read(payload, sockets.sessions.limits)
        except MalformedBatch as malformed:
            self.ended(WSCloseCode.INVALID_TEXT, str(malformed))
            return
        bound = replace(self._origin, session=self._session)
        pasts = await sockets.replays.look_up(requests, bound)
        outcome = sockets.exchange.receive(requests, bound, sockets.clock(), pasts)
        session = outcome.session
        self._session = session if session is not None and session.end is None else None
        self._answer(outcome)
        sockets.replays.begin(outcome, pasts)
        if outcome.closes:
            self.ended(WSCloseCode.OK, "disconnected")
        elif self._is_full():
            self._room = asyncio.get_running_loop().create_future()
            await self._room
            self._room = None

    def _closed(self, payload: bytes) -> None:
        """The peer closes, of itself or because it was asked to. RFC 6455, 5.5.1."""
        if self._close_by is None:
            self.ended(close_code(payload), "")
        self._transport.close()

    def leave(self) -> None:
        """Part from the session, which may come back on another socket."""
        session, self._session = self._session, None
        if self._hold is not None:
            self._sockets.holds.stop(self._hold)
            self._hold.wake = None
        if session is not None:
            self._sockets.sessions.unbind(session, self, self._sockets.clock())

    def _answer(self, outcome: Outcome) -> None:
        self.flush()  # events before the replies that release the client
        if outcome.replies:
            self._write(text_frame(encode(outcome.events, outcome.replies)))
        if outcome.hold is not None:
            self._keep(outcome.hold)

    def _keep(self, hold: Hold) -> None:
        self._hold = hold
        hold.wake = self._release
        self._sockets.holds.start(hold)

    def _release(self, hold: Hold) -> None:
        self._sockets.holds.stop(hold)
        self._hold = None
        outcome = self._sockets.exchange.release(hold, self._sockets.clock())
        if outcome is not None:
            self._answer(outcome)

    def _is_full(self) -> bool:
        return self._transport.get_write_buffer_size() > self._sockets.write_buffer

    def _write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._written += len(data)
            self._transport.write(data)
