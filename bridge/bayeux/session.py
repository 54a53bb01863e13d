"""One session of one client: its subscriptions, its bounded queue, and the connect that is held for it; pure."""

import enum
from collections import deque
from dataclasses import dataclass, field
from typing import Protocol

from bridge.bayeux.channels import fitting
from bridge.bayeux.limits import Limits
from bridge.bayeux.messages import Event, Request


class HoldEnd(enum.Enum):
    """Why a held connect is over."""

    EVENTS = "events"
    """There is something to deliver."""
    TIMEOUT = "timeout"
    REPLACED = "replaced"
    """The client sent another connect, so it has lost this one; nothing may be written into it."""
    SESSION_ENDED = "session-ended"
    DRAINED = "drained"
    """The server is being stopped."""


class Wake(Protocol):
    """How a held connect is told that it is over. Called once, and must not do more than to note it."""

    def __call__(self, end: HoldEnd, /) -> None: ...


class Stream(Protocol):
    """A socket that takes events at any time."""

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
    with_advice: bool
    wake: Wake | None = None
    end: HoldEnd | None = None

    def over(self, end: HoldEnd) -> None:
        """End the hold; the first reason counts."""
        if self.end is None:
            self.end = end
            if self.wake is not None:
                self.wake(end)


@dataclass(slots=True, eq=False)
class Session:
    """What the server knows of one client id."""

    client_id: str
    principal: str
    http_session: str
    """The HTTP session that it ends with."""
    browser: str
    expires_at: float | None
    """When it ends if nothing is heard; None while a connect is held."""
    interval: float
    subscriptions: set[str] = field(default_factory=set)
    queue: deque[Event] = field(default_factory=deque)
    queued_bytes: int = 0
    connected: bool = False
    """Whether it ever sent a connect."""
    hold: Hold | None = None
    stream: Stream | None = None
    ended: str = ""
    """Why it ended; empty while it lives."""

    def wants(self, channel: str) -> bool:
        """Whether an event on ``channel`` is delivered, once however many subscriptions fit."""
        return not self.subscriptions.isdisjoint(fitting(channel))

    def offer(self, event: Event, limits: Limits) -> bool:
        """Queue an event; False when the queue is full, and the session has to end."""
        if len(self.queue) >= limits.queue_messages or self.queued_bytes + len(event.payload) > limits.queue_bytes:
            return False
        self.queue.append(event)
        self.queued_bytes += len(event.payload)
        return True

    def take(self) -> list[Event]:
        """Everything that is queued, in order."""
        events = list(self.queue)
        self.queue.clear()
        self.queued_bytes = 0
        return events

    def give_back(self, events: list[Event]) -> None:
        """Put in front what could not be written."""
        if not self.ended:
            self.queue.extendleft(reversed(events))
            self.queued_bytes += sum(len(event.payload) for event in events)
