"""What the messages of a watch mean to an application, across interruptions; pure, whoever reads the messages."""

from collections.abc import Iterator
from dataclasses import dataclass

import grpc

from dialbridge.v1 import call_service_pb2 as calls
from dialbridge.v1.call_pb2 import Call
from dialbridge.v1.status_change_pb2 import StatusChange
from dialbridge_client import resumption
from dialbridge_client.errors import DialbridgeError
from dialbridge_client.resumption import Next

FIRST_MESSAGE_WITHIN = 10.0
"""Seconds for the first message of a watch, before the server has said how often it will be heard of."""
SILENT_INTERVALS = 2.5
"""Heartbeat intervals of silence after which the connection is dead. ``Started`` in the contract."""
_REMEMBERED = 100_000


@dataclass(frozen=True, slots=True)
class Replaced:
    """The calls as they are now. What the application knew before and does not find here is over."""

    calls: tuple[Call, ...]
    token: str


@dataclass(frozen=True, slots=True)
class Changed:
    """One change of one call."""

    change: StatusChange
    token: str
    """Goes on after this change."""


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The watch was interrupted and is being taken up again; nothing has to be done."""

    error: DialbridgeError
    pause: float
    """Seconds until it is tried again."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """The watch goes on where it was interrupted; nothing was lost."""


WatchEvent = Replaced | Changed | Interrupted | Resumed


class Following:
    """One watch, from its beginning through every interruption."""

    def __init__(self, only: calls.CallFilter | None, token: str, heartbeat: float) -> None:
        """``token`` is where it begins, empty: with a snapshot; ``heartbeat`` is in seconds, and a wish."""
        self._only = only
        self._token = token
        self._heartbeat = heartbeat
        self._told: dict[tuple[str, str], int] = {}  # the last sequence of each live call's view
        self._snapshot: list[Call] = []
        self._failures = 0
        self._interrupted = False
        self.silence = FIRST_MESSAGE_WITHIN
        """Seconds in which the next message must come."""

    def request(self) -> calls.WatchCallsRequest:
        """What the next stream is asked for."""
        self._snapshot = []
        self.silence = FIRST_MESSAGE_WITHIN
        request = calls.WatchCallsRequest(filter=self._only, resume_token=self._token)
        request.heartbeat_interval.FromMicroseconds(round(self._heartbeat * 1_000_000))
        return request

    def take(self, message: calls.WatchCallsResponse) -> Iterator[WatchEvent]:
        """What a message tells; a change that was told before is not told again."""
        self._failures = 0
        match message.WhichOneof("message"):
            case "started":
                self.silence = message.started.heartbeat_interval.ToMicroseconds() / 1_000_000 * SILENT_INTERVALS
                if message.started.resumed and self._interrupted:
                    self._interrupted = False
                    yield Resumed()
            case "snapshot":
                self._snapshot += message.snapshot.calls
            case "snapshot_end":
                self._interrupted = False
                self._told = {(call.id, call.device_id): call.sequence for call in self._snapshot}
                yield Replaced(tuple(self._snapshot), message.resume_token)
            case "changes":
                for change in message.changes.status_changes:
                    if self._is_news(change):
                        yield Changed(change, change.resume_token)
        self._token = message.resume_token

    def broke(self, error: DialbridgeError, spread: float) -> Interrupted:
        """The stream ended with ``error``; how it goes on. Raises ``error`` where trying again does not mend it."""
        self._failures += 1
        step = resumption.after_watch(error, self._failures, spread)
        if step.next is Next.GIVE_UP:
            raise error
        if step.next is Next.BEGIN_ANEW:
            self._token = ""
        self._interrupted = True
        return Interrupted(error, step.pause)

    def _is_news(self, change: StatusChange) -> bool:
        call = change.call
        key = (call.id, call.device_id)
        if call.sequence <= self._told.get(key, 0):
            return False
        self._told[key] = call.sequence
        if len(self._told) > _REMEMBERED:
            del self._told[next(iter(self._told))]
        return True


def ended() -> DialbridgeError:
    """The error of a stream that ended without one."""
    return DialbridgeError(grpc.StatusCode.UNAVAILABLE, "", "the stream ended")


def silent(seconds: float) -> DialbridgeError:
    """The error of a stream of which nothing was heard for too long."""
    return DialbridgeError(grpc.StatusCode.UNAVAILABLE, "", f"nothing was heard of the server for {seconds:g} seconds")
