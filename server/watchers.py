"""Tells watchers what was journalled: snapshot, replay, live, heartbeat, cut-off and drain; decides nothing about
calls.

Each watcher reads one shared log with a cursor of its own; there is no queue per watcher. What is published and what
a snapshot shows change in one step of the event loop, so between a snapshot and the first change there is neither a
gap nor an overlap.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence

from dialbridge.v1.call_pb2 import Call
from dialbridge.v1.call_service_pb2 import Snapshot, SnapshotEnd, Started, WatchCallsRequest, WatchCallsResponse
from dialbridge.v1.error_reason_pb2 import (
    ERROR_REASON_RESUME_TOKEN_EXPIRED,
    ERROR_REASON_SERVER_DRAINING,
    ERROR_REASON_SLOW_CONSUMER,
)
from dialbridge.v1.status_change_pb2 import StatusChange
from server import resume_tokens
from server.change_log import Change, ChangeLog
from server.journal import Journal, PositionExpired
from server.life_cycle import age
from server.live_calls import LiveCall, LiveCalls
from server.principal import Principal
from server.refusals import Refusal
from server.resume_tokens import MalformedToken, ResumeTokens
from server.subscription import MAX_BYTES, MAX_CHANGES, FellBehind, Subscription
from server.time_source import TimeSource
from server.validation import invalid
from server.visibility import Sees, Sight, sees

DEFAULT_HEARTBEAT = 15.0
MIN_HEARTBEAT, MAX_HEARTBEAT = 1.0, 60.0


class Watchers:
    """The published state of all calls and everybody who follows it."""

    def __init__(self, journal: Journal, time: TimeSource, *, retain: int = 16_384) -> None:
        self._journal = journal
        self._time = time
        self._log = ChangeLog(journal.newest, retain)
        self._tokens = ResumeTokens(journal.epoch)
        self._waiting: set[asyncio.Future[None]] = set()
        self._reading: dict[Subscription, Callable[[], None]] = {}
        self._draining = False
        self.calls = LiveCalls()
        """The live calls as the journal has them."""
        self.cut_off = 0
        """How many watchers were ended because they fell behind."""

    def __len__(self) -> int:
        return len(self._reading)

    @property
    def live(self) -> Iterator[LiveCall]:
        """The live calls, one by one."""
        return iter(self.calls)

    def publish(self, journalled: Sequence[tuple[int, bytes, StatusChange]]) -> None:
        """Tell what the journal now has: positions without a gap, payloads, and the changes that these encode."""
        for _, _, change in journalled:
            self.calls.put(change)
        if self._log.add(
            [Change.of(position, payload, change, self._tokens) for position, payload, change in journalled]
        ):
            self._cut_off_the_slow()
        self._wake()

    def restore(self, changes: Iterable[StatusChange]) -> None:
        """Begin with the calls that the journal has from before; these changes are told to nobody."""
        for change in changes:
            self.calls.put(change)

    def token_before(self, position: int) -> str:
        """The token of a watcher that has everything before ``position``."""
        return self._tokens.at(position - 1).decode()

    def visible(self, principal: Principal, predicate: Sees | None) -> list[Call]:
        """The live calls that ``predicate`` lets through, aged to now, in the order in which they appeared."""
        source: Iterable[LiveCall] = (
            self.calls if principal.sees_all else self.calls.of_devices(sorted(principal.device_ids))
        )
        now = self._time.now()
        return [aged(live.call, now) for live in source if predicate is None or predicate(_sight(live.call))]

    def drain(self) -> None:
        """End every watch, and every new one, with ``SERVER_DRAINING``."""
        self._draining = True
        self._wake()

    async def watch(
        self, principal: Principal, request: WatchCallsRequest, *, unstick: Callable[[], None]
    ) -> AsyncGenerator[bytes]:
        """Serialised ``WatchCallsResponse`` messages, without end. Raises `Refusal`.

        ``unstick`` is called when the watcher fell behind while its reader does not ask for the next message: it
        should end the write that the reader hangs in, and answer with `slow_consumer`.
        """
        heartbeat = _heartbeat(request)
        predicate = sees(principal, request.filter)
        started = Started(resumed=False)
        started.heartbeat_interval.FromMicroseconds(round(heartbeat * 1_000_000))
        resume_at = self._resume_at(request)
        began = self._time.monotonic()
        if resume_at is None:
            position = started.position = self._log.newest
            calls = self.visible(principal, predicate)
            token = self._tokens.begin_anew().decode()
            yield WatchCallsResponse(resume_token=token, started=started).SerializeToString()
            for some in _portions(calls):
                yield WatchCallsResponse(resume_token=token, snapshot=Snapshot(calls=some)).SerializeToString()
            token = self._tokens.at(position).decode()
            yield WatchCallsResponse(resume_token=token, snapshot_end=SnapshotEnd()).SerializeToString()
        else:
            position = resume_at
            started.resumed = True
            started.position = self._journal.newest
            # Looked up before anything is said, so that an expired token is answered with an error alone.
            replay = await self._replay(position, predicate)
            token = self._tokens.at(position).decode()
            yield WatchCallsResponse(resume_token=token, started=started).SerializeToString()
            while replay is not None:
                position, message = replay
                if message is not None:
                    yield message
                replay = await self._replay(position, predicate)
        subscription = Subscription(
            self._log,
            self._tokens,
            predicate,
            position=position,
            heartbeat=heartbeat,
            now=began,
            says_when_level=started.resumed,
        )
        self._reading[subscription] = unstick
        try:
            while True:
                if self._draining:
                    raise _draining()
                message = subscription.poll(self._time.monotonic())
                if message is not None:
                    yield message
                else:
                    await self._change_or(subscription.due)
        except FellBehind:
            self.cut_off += 1
            raise slow_consumer() from None
        finally:
            self._reading.pop(subscription, None)

    async def _replay(self, position: int, predicate: Sees | None) -> tuple[int, bytes | None] | None:
        """What the journal has after ``position`` and the log no longer; None when the log has it."""
        if self._log.holds(position):
            return None
        try:
            entries = await self._journal.read(position, MAX_CHANGES)
        except PositionExpired as expired:
            raise _expired(expired.oldest) from None
        changes = [
            Change.of(entry.position, entry.payload, StatusChange.FromString(entry.payload), self._tokens)
            for entry in entries
        ]
        log = ChangeLog(position, MAX_CHANGES)
        log.add(changes)
        page = Subscription(log, self._tokens, predicate, position=position, heartbeat=MAX_HEARTBEAT, now=0.0)
        message = page.poll(0.0)
        return page.position, message

    def _resume_at(self, request: WatchCallsRequest) -> int | None:
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

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, set()
        for future in waiting:
            _resolve(future)

    async def _change_or(self, due: float) -> None:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        timer = loop.call_later(max(0.0, due - self._time.monotonic()), _resolve, future)
        self._waiting.add(future)
        try:
            await future
        finally:
            timer.cancel()
            self._waiting.discard(future)

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


def _heartbeat(request: WatchCallsRequest) -> float:
    if not request.HasField("heartbeat_interval"):
        return DEFAULT_HEARTBEAT
    asked = request.heartbeat_interval.ToMicroseconds() / 1_000_000
    return min(max(asked, MIN_HEARTBEAT), MAX_HEARTBEAT)


def aged(call: Call, now: float) -> Call:
    """A copy of ``call`` whose duration is counted to ``now``."""
    copy = Call()
    copy.CopyFrom(call)
    age(copy, now)
    return copy


def _sight(call: Call) -> Sight:
    return Sight(call.id, call.device_id, call.user_name, call.state)


def _portions(calls: Sequence[Call]) -> list[list[Call]]:
    portions: list[list[Call]] = []
    size = 0
    for call in calls:
        if not portions or size > MAX_BYTES or len(portions[-1]) == MAX_CHANGES:
            portions.append([])
            size = 0
        portions[-1].append(call)
        size += call.ByteSize()
    return portions


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
