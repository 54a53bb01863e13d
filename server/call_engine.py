"""Takes what the switch tells through the life cycle into the journal and out to the watchers; the only place that
orders.

One task does it, so the order of the journal is the order in which the switch told. Events that come while the
journal writes are written together the next time.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from opentelemetry.trace import SpanContext

from dialbridge.v1.call_pb2 import CALL_STATE_RELEASED, CALL_STATE_UNSPECIFIED, RELEASE_CAUSE_LOST, ReleaseCause
from dialbridge.v1.status_change_pb2 import StatusChange
from server import tracing
from server.call_events import CallAppeared, CallEvent, CallReleased, CallReported
from server.directory import Directory
from server.journal import Entry, Record, Topic
from server.journal.requests import RequestKey
from server.life_cycle import CallOrigin, Impossible, first_change, next_change
from server.live_calls import LiveCalls
from server.metrics import ServerMetrics
from server.published_calls import PublishedCalls
from server.recorder import Change, Recorder
from server.reported_calls import reported_change
from server.switch import CallView, Switch

AT_ONCE = 512
"""How many events are taken before others in the process have a turn: some tens of milliseconds."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Appeared:
    """The first change of a call that was expected, as it was journalled."""

    change: StatusChange
    position: int


@dataclass(frozen=True, slots=True, eq=False)
class Expectation:
    """A call that was ordered from the switch: known before the switch is asked, because an event may outrun its
    answer."""

    call_id: str
    device_id: str
    origin: CallOrigin
    appeared: asyncio.Future[Appeared]
    span: SpanContext
    """Of its Dial."""


class CallEngine:
    """Runs one switch."""

    def __init__(
        self,
        switch: Switch,
        recorder: Recorder,
        published: PublishedCalls,
        directory: Directory,
        metrics: ServerMetrics,
    ) -> None:
        self._switch = switch
        self._metrics = metrics
        self._recorder = recorder
        self._published = published
        self._directory = directory
        self._applied = LiveCalls()  # ahead of the journal by what is being written
        self._expected: dict[str, Expectation] = {}
        self._appearing: dict[CallView, Expectation] = {}  # told by the switch, not in the journal yet
        self._reserved: dict[str, set[str]] = {}  # device -> calls that were ordered and have not appeared

    def expect(self, call_id: str, device_id: str, origin: CallOrigin) -> Expectation:
        """Announce a call that is about to be ordered; it takes a line of the device until it appears or is
        forgotten."""
        future = asyncio.get_running_loop().create_future()
        expectation = Expectation(call_id, device_id, origin, future, tracing.current())
        self._expected[call_id] = expectation
        self._reserved.setdefault(device_id, set()).add(call_id)
        return expectation

    def free_line(self, expectation: Expectation) -> None:
        """The call may still appear, but takes no line until then."""
        reserved = self._reserved.get(expectation.device_id)
        if reserved is not None:
            reserved.discard(expectation.call_id)
            if not reserved:
                del self._reserved[expectation.device_id]

    def forget(self, expectation: Expectation) -> None:
        """The call will not appear, or nobody wants to know."""
        self.free_line(expectation)
        self._expected.pop(expectation.call_id, None)
        expectation.appeared.cancel()

    def lines_in_use(self, device_id: str) -> int:
        """Calls of the device that are not held, those that were ordered included."""
        return self._applied.lines_in_use(device_id) + len(self._reserved.get(device_id, ()))

    async def restore(self, entries: Sequence[Entry], now: float) -> None:
        """Find again the calls that were live when the process ended; those that the switch does not know are over.

        ``entries``: what the journal has of everything that lives.
        """
        restored = [StatusChange.FromString(entry.payload) for entry in entries if entry.topic is Topic.CALL]
        for change in restored:
            self._applied.put(change)
            self._published.apply(change)
        views = [CallView(change.call.id, change.call.device_id) for change in restored]
        surviving = frozenset(await self._switch.surviving(views))
        lost = [
            CallReleased(call_id=view.call_id, device_id=view.device_id, at=now, cause=RELEASE_CAUSE_LOST)
            for view in views
            if view not in surviving
        ]
        if restored:
            log.info("calls restored", live=len(restored) - len(lost), lost=len(lost))
        await self._record([change for change in map(self._apply, lost) if change is not None])

    async def run(self) -> None:
        """Follow the switch until it is closed."""
        async for events in self._switch.events():
            for start in range(0, len(events), AT_ONCE):
                some = events[start : start + AT_ONCE]
                await self._record([change for change in map(self._apply, some) if change is not None])

    def _apply(self, event: CallEvent) -> StatusChange | None:
        """What the event changes; None when nothing, or when it cannot be."""
        known = self._applied.get(event.call_id, event.device_id)
        previous = known.change if known is not None else None
        operations = self._switch.capabilities
        try:
            match event:
                case CallReported():
                    change = reported_change(previous, event, self._origin(event) if previous is None else None)
                case CallAppeared() if previous is None:
                    change = first_change(event, self._origin(event), operations)
                case _ if previous is not None:
                    change = next_change(previous, event, operations)
                case _:
                    log.warning("event of an unknown call", call_id=event.call_id, event_type=type(event).__name__)
                    return None
        except Impossible as impossible:
            log.warning("impossible event", call_id=event.call_id, device_id=event.device_id, reason=str(impossible))
            return None
        if change is not None:
            if previous is None:  # a device that comes to a call again goes on counting
                change.call.sequence += self._applied.sequence_before(event.call_id, event.device_id)
            self._applied.put(change)
        return change

    def _origin(self, event: CallAppeared | CallReported) -> CallOrigin:
        order_id = (event.order_id or event.call_id) if isinstance(event, CallReported) else event.call_id
        expectation = self._expected.get(order_id)
        if expectation is not None and expectation.device_id == event.device_id:
            del self._expected[order_id]
            self._appearing[CallView(event.call_id, event.device_id)] = expectation
            self.free_line(expectation)  # from here on the call itself takes the line
            return expectation.origin
        device = self._directory.device(event.device_id)
        if device is None:
            return CallOrigin(user_name="", device_number="")
        return CallOrigin(user_name=device.user_name, device_number=device.phone_number)

    async def _record(self, changes: Sequence[StatusChange]) -> None:
        if not changes:
            return
        first = await self._recorder.record([Change(record_of(change), change) for change in changes], happened=True)
        for number, change in enumerate(changes):
            self._metrics.changed(change)
            call = change.call
            if change.previous_state == CALL_STATE_UNSPECIFIED:
                self._announce(Appeared(change, first + number))
            if call.state == CALL_STATE_RELEASED:
                log.info(
                    "call released",
                    call_id=call.id,
                    device=call.device_number,
                    user=call.user_name,
                    cause=ReleaseCause.Name(call.release_cause),
                    seconds=call.duration.ToMilliseconds() / 1000,
                )

    def _announce(self, appeared: Appeared) -> None:
        call = appeared.change.call
        expectation = self._appearing.pop(CallView(call.id, call.device_id), None)
        if expectation is None:
            return
        tracing.call_appeared(expectation.span, call.id, appeared.position)
        if not expectation.appeared.done():
            expectation.appeared.set_result(appeared)


def record_of(change: StatusChange) -> Record:
    """What the journal is given of a change."""
    call = change.call
    settles = RequestKey(call.user_name, change.request_id) if change.request_id and call.sequence == 1 else None
    return Record(change.SerializeToString(), f"{call.id}/{call.device_id}", call.state == CALL_STATE_RELEASED, settles)
