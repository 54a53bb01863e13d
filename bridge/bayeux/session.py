"""One session of one client: its subscriptions, its bounded queue, and the connect that is held for it; pure.

What a session may do and when it ends is for `bridge.bayeux.sessions` to say.
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bridge.bayeux.channels import fitting
from bridge.bayeux.limits import Limits
from bridge.bayeux.messages import Event, Request


class End(enum.Enum):
    """Why a session ended, with the code and words for its socket. RFC 6455, 7.4.1."""

    DISCONNECTED = (1000, "disconnected")
    EXPIRED = (1000, "expired")
    REPLACED = (1000, "a new handshake took its place")
    SLOW = (1008, "the client did not take its messages in time")
    SIGNED_OUT = (1000, "the HTTP session ended")
    REPLAY_BROKEN = (1011, "what was missed could not be read")


class HoldEnd(enum.Enum):
    """Why a held connect is over."""

    EVENTS = "events"
    """There is something to deliver."""
    TIMEOUT = "timeout"
    REPLACED = "replaced"
    """The client sent another connect, so it has lost this one; nothing may be written into it."""
    CUT_OFF = "cut-off"
    """The session ended because its queue was full; the client may have a new one."""
    SESSION_ENDED = "session-ended"
    """There is nothing to come back to."""
    DRAINED = "drained"
    """The server is being stopped."""


class Wake(Protocol):
    """How a held connect is told that it is over. Called once; may answer it, and must not wait."""

    def __call__(self, hold: "Hold", /) -> None: ...


class Stream(Protocol):
    """A socket that takes events at any time."""

    def flush(self) -> None:
        """Write what its session has queued, as far as the peer keeps up."""
        ...

    def ended(self, code: int, reason: str, /) -> None:
        """The session has no more use for the socket: close it."""
        ...


@dataclass(slots=True, eq=False)
class Hold:
    """A connect that is not answered yet."""

    session: "Session"
    request: Request
    until: float
    """When it is answered at the latest."""
    wake: Wake | None = None
    """Set by the transport as soon as it has the hold."""
    end: HoldEnd | None = None
    pause: float | None = None
    """Seconds after which the client shall come back, when that is not what it always does."""

    def over(self, end: HoldEnd, pause: float | None = None) -> None:
        """End the hold; the first reason counts."""
        if self.end is None:
            self.end, self.pause = end, pause
            if self.wake is not None:
                self.wake(self)


@dataclass(slots=True, eq=False)
class Session:
    """What the server knows of one client id."""

    client_id: str
    principal: str
    http_session: str
    """The HTTP session that it ends with: that of its last connect, so that clients without cookies keep theirs."""
    browser: str
    """Its cookie BAYEUX_BROWSER; empty when it was opened where none can be set."""
    interval: float
    expires_at: float = 0.0
    """When it ends if nothing is heard, even while a connect is held: no session depends on an answer written."""
    looked_at: float | None = None
    """When the sweep next looks at it; None when no look is planned."""
    subscriptions: frozenset[str] = frozenset()
    queue: list[Event] = field(default_factory=list)
    """A list, which takes nothing while it is empty; most of the time it is, and it is taken from as a whole."""
    queued_bytes: int = 0
    """Of the queue, and of what was sent and not acknowledged."""
    acks: bool = False
    """Whether the client acknowledges batches, so that events go with answers to connects alone and are kept."""
    batch: int = 1
    """The number of the batch that the next answer to a connect closes."""
    sent: list[tuple[int, Event]] = field(default_factory=list)
    """What was sent and not acknowledged, with the numbers of its batches."""
    replays: bool = False
    """Whether events carry their positions, and subscriptions may begin in the past."""
    live_after: float = -1
    """Events up to this position come by replay, not as they happen; infinite while the replay goes on."""
    writing: bool = False
    """Whether an answer with events is being written: should that fail they go first, so nothing is taken meanwhile."""
    connected: bool = False
    """Whether it ever sent a connect."""
    hold: Hold | None = None
    stream: Stream | None = None
    end: End | None = None
    """Why it ended; None while it lives."""

    @property
    def pushes(self) -> bool:
        """Whether events are written as they come, without waiting for a connect."""
        return self.stream is not None and not self.acks

    def wants(self, channels: frozenset[str], position: int | None) -> bool:
        """Whether an event that happens now is delivered, once however many subscriptions fit; ``channels`` are those
        that bring it."""
        if position is not None and position <= self.live_after:
            return False
        return not self.subscriptions.isdisjoint(channels)

    def wants_past(self, event: Event) -> bool:
        """Whether an event that happened before is delivered by a replay."""
        return not self.subscriptions.isdisjoint(fitting(event.channel))

    def offer(self, event: Event, limits: Limits) -> bool:
        """Queue an event; False when the queue has no room for it."""
        if self.replays:
            event = event.replayable
        queued_bytes = self.queued_bytes + len(event.payload)
        if len(self.queue) + len(self.sent) >= limits.queue_messages or queued_bytes > limits.queue_bytes:
            return False
        self.queue.append(event)
        self.queued_bytes = queued_bytes
        return True

    def take(self, room: int | None = None) -> list[Event]:
        """What is queued, in order: everything, or as much as it takes to fill ``room`` bytes."""
        if self.writing:
            return []
        if not self.acks and (room is None or room >= self.queued_bytes):  # all of it, as nearly always
            events, self.queue, self.queued_bytes = self.queue, [], 0
            return events
        events = []
        size = 0
        for event in self.queue:
            if room is not None and room <= size:
                break
            events.append(event)
            size += len(event.payload)
        del self.queue[: len(events)]
        if self.acks:
            self.sent.extend((self.batch, event) for event in events)
        else:
            self.queued_bytes -= size
        return events

    def close_batch(self) -> int:
        """The number of the batch that an answer to a connect closes; the next one has the next."""
        number, self.batch = self.batch, self.batch + 1
        return number

    def acknowledge(self, number: int) -> None:
        """Forget what the client has, up to a batch, and queue again in front what it does not have."""
        self.queued_bytes -= sum(len(event.payload) for batch, event in self.sent if batch <= number)
        self.queue[:0] = [event for batch, event in self.sent if batch > number]
        self.sent.clear()

    def take_to_write(self) -> list[Event]:
        """What is queued, for an answer that may fail: `Sessions.written` or `Sessions.give_back` follows."""
        events = self.take()
        self.writing = self.writing or bool(events)
        return events

    def give_back(self, events: Sequence[Event], limits: Limits) -> bool:
        """Put in front what could not be written; False when what came meanwhile left no room for it.

        With acknowledgements it is kept anyway, until the next connect says what arrived.
        """
        if self.acks:
            return True
        size = sum(len(event.payload) for event in events)
        if len(self.queue) + len(events) > limits.queue_messages or self.queued_bytes + size > limits.queue_bytes:
            return False
        self.queue[:0] = events
        self.queued_bytes += size
        return True
