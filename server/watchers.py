"""Tells watchers what was journalled: snapshot, replay, live, heartbeat, cut-off and drain; decides nothing about
what changes.

Each watcher reads one shared log with a cursor of its own; there is no queue per watcher. What is published and what
a snapshot shows change in one step of the event loop, so between a snapshot and the first change there is neither a
gap nor an overlap. All topics share the log, and so positions, resume tokens and the way they end.
"""

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass

from google.protobuf.message import Message

from dialbridge.v1.call_service_pb2 import Started, WatchCallsRequest
from dialbridge.v1.device_service_pb2 import WatchDevicesRequest
from dialbridge.v1.error_reason_pb2 import (
    ERROR_REASON_RESUME_TOKEN_EXPIRED,
    ERROR_REASON_SERVER_DRAINING,
    ERROR_REASON_SLOW_CONSUMER,
)
from dialbridge.v1.outbound_service_pb2 import WatchOutboundRequest
from server import resume_tokens, wire
from server.audience import Audience
from server.change_log import Change, ChangeLog
from server.journal import Journal, PositionExpired, Record, Topic
from server.projection import Projection
from server.refusals import Refusal
from server.resume_tokens import MalformedToken, ResumeTokens
from server.subscription import MAX_CHANGES, FellBehind, Subscription
from server.time_source import TimeSource
from server.validation import invalid
from server.visibility import Sees

DEFAULT_HEARTBEAT = 15.0
MIN_HEARTBEAT, MAX_HEARTBEAT = 1.0, 60.0

WatchRequest = WatchCallsRequest | WatchOutboundRequest | WatchDevicesRequest
"""The requests of all watches: where they begin and how often they want to hear of the server is asked alike."""


@dataclass(frozen=True, slots=True)
class Journalled:
    """A change that the journal has."""

    position: int
    record: Record
    change: Message
    """What the record's payload encodes."""


@dataclass(frozen=True, slots=True)
class Watch:
    """What somebody follows."""

    topic: Topic
    sees: Sees | None
    """Which changes are told; None: all of the topic."""
    signs: frozenset[str] | None
    """How changes that may be told are recognised; see `server.visibility.signs`."""
    snapshot: Callable[[], list[bytes]]
    """The state as it is now, as serialised messages for the response's ``snapshot``."""


class Watchers:
    """Everybody who follows what is published."""

    def __init__(
        self, journal: Journal, time: TimeSource, projections: Sequence[Projection], *, retain: int = 16_384
    ) -> None:
        """``projections``: one for each topic that is published."""
        self._journal = journal
        self._time = time
        self._log = ChangeLog(journal.newest, retain)
        self._tokens = ResumeTokens(journal.epoch)
        self._projections = {projection.topic: projection for projection in projections}
        self._audiences = {topic: Audience(lambda: self._log.newest, time.monotonic) for topic in self._projections}
        self._reading: dict[Subscription, Callable[[], None]] = {}
        self._draining = False
        self.cut_off = 0
        """How many watchers were ended because they fell behind."""

    def __len__(self) -> int:
        return len(self._reading)

    def publish(self, journalled: Sequence[Journalled]) -> None:
        """Tell what the journal now has, positions without a gap."""
        changes = []
        for each in journalled:
            projection = self._projections[each.record.topic]
            projection.apply(each.change)
            changes.append(
                Change.of(
                    each.position, projection.topic, each.record.payload, projection.sight(each.change), self._tokens
                )
            )
        if self._log.add(changes):
            self._cut_off_the_slow()
        for change in changes:
            self._audiences[change.topic].tell(change.sight, change.position)

    def token_before(self, position: int) -> str:
        """The token of a watcher that has everything before ``position``."""
        return self._tokens.at(position - 1).decode()

    def drain(self) -> None:
        """End every watch, and every new one, with ``SERVER_DRAINING``."""
        self._draining = True
        for audience in self._audiences.values():
            audience.wake_all()

    async def watch(self, watch: Watch, request: WatchRequest, *, unstick: Callable[[], None]) -> AsyncGenerator[bytes]:
        """Serialised messages, without end: ``WatchCallsResponse``, or what the topic has. Raises `Refusal`.

        ``unstick`` is called when the watcher fell behind while its reader does not ask for the next message: it
        should end the write that the reader hangs in, and answer with `slow_consumer`.
        """
        heartbeat = _heartbeat(request)
        started = Started(resumed=False)
        started.heartbeat_interval.FromMicroseconds(round(heartbeat * 1_000_000))
        resume_at = self._resume_at(request)
        began = self._time.monotonic()
        if resume_at is None:
            position = started.position = self._log.newest
            snapshot = watch.snapshot()
            token = self._tokens.begin_anew()
            yield wire.started(token, started)
            while snapshot:
                yield wire.snapshot(token, snapshot.pop(0))
            yield wire.snapshot_end(self._tokens.at(position))
        else:
            position = resume_at
            started.resumed = True
            started.position = self._journal.newest
            # Looked up before anything is said, so that an expired token is answered with an error alone.
            replay = await self._replay(position, watch)
            yield wire.started(self._tokens.at(position), started)
            while replay is not None:
                position, message = replay
                if message is not None:
                    yield message
                replay = await self._replay(position, watch)
        subscription = Subscription(
            self._log,
            self._tokens,
            watch.topic,
            watch.sees,
            position=position,
            heartbeat=heartbeat,
            now=began,
            says_when_level=started.resumed,
        )
        self._reading[subscription] = unstick
        listener = self._audiences[watch.topic].join(watch.signs)
        del watch, request, started  # else they would be kept for as long as the watcher follows
        try:
            while True:
                if self._draining:
                    raise _draining()
                message = subscription.poll(self._time.monotonic())
                if message is not None:
                    yield message
                else:
                    subscription.rests = True
                    subscription.go_on(await listener.next(subscription.due))
        except FellBehind:
            self.cut_off += 1
            raise slow_consumer() from None
        finally:
            listener.close()
            self._reading.pop(subscription, None)

    async def _replay(self, position: int, watch: Watch) -> tuple[int, bytes | None] | None:
        """What the journal has after ``position`` and the log no longer; None when the log has it."""
        if self._log.holds(position):
            return None
        try:
            entries = await self._journal.read(position, MAX_CHANGES)
        except PositionExpired as expired:
            raise _expired(expired.oldest) from None
        changes = []
        for entry in entries:
            projection = self._projections[entry.topic]
            sight = projection.sight(projection.decode(entry.payload))
            changes.append(Change.of(entry.position, entry.topic, entry.payload, sight, self._tokens))
        log = ChangeLog(position, MAX_CHANGES)
        log.add(changes)
        page = Subscription(
            log, self._tokens, watch.topic, watch.sees, position=position, heartbeat=MAX_HEARTBEAT, now=0.0
        )
        message = page.poll(0.0)
        return page.position, message

    def _resume_at(self, request: WatchRequest) -> int | None:
        """The position that the watch goes on after; None: begin with a snapshot. Raises `Refusal`."""
        if self._draining:
            raise _draining()
        match request.WhichOneof("start"):
            case "resume_token" if request.resume_token:
                try:
                    point = resume_tokens.read(request.resume_token)
                except MalformedToken:
                    raise invalid("resume_token", "was not given out by this service; call again without it") from None
                if point.begin_anew:
                    return None
                if point.epoch != self._journal.epoch:
                    raise _expired(self._journal.oldest)
                position = point.position
            case "after_position":
                position = request.after_position
            case "earliest" if request.earliest:
                return self._journal.oldest - 1
            case _:
                return None
        if not self._journal.oldest - 1 <= position <= self._journal.newest:
            raise _expired(self._journal.oldest)
        return position

    def _cut_off_the_slow(self) -> None:
        for subscription in [each for each in self._reading if each.fell_behind]:
            self.cut_off += 1
            self._reading.pop(subscription)()


def slow_consumer() -> Refusal:
    """The end of a watcher that fell behind: with the token of its last message it loses nothing."""
    return Refusal(
        ERROR_REASON_SLOW_CONSUMER,
        "the watcher read more slowly than calls changed; resume with the last resume_token",
        retry_after=0.0,
    )


def _draining() -> Refusal:
    return Refusal(
        ERROR_REASON_SERVER_DRAINING, "the server is being stopped; resume elsewhere or after a moment", retry_after=1.0
    )


def _expired(oldest: int) -> Refusal:
    return Refusal(
        ERROR_REASON_RESUME_TOKEN_EXPIRED,
        f"changes after this resume_token are no longer retained (the oldest position is {oldest}); call again without"
        " a resume_token to begin with a snapshot",
        metadata={"oldest_position": str(oldest)},
    )


def _heartbeat(request: WatchRequest) -> float:
    if not request.HasField("heartbeat_interval"):
        return DEFAULT_HEARTBEAT
    asked = request.heartbeat_interval.ToMicroseconds() / 1_000_000
    return min(max(asked, MIN_HEARTBEAT), MAX_HEARTBEAT)
