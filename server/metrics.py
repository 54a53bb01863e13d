"""What an operator measures of the server, for Prometheus; what is good or bad, the alert rules say.

Counters and histograms are told as things happen; what can be looked up is looked up when somebody asks.
"""

from collections import Counter as Tally
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from dialbridge.v1.call_pb2 import (
    CALL_STATE_ESTABLISHED,
    CALL_STATE_RELEASED,
    CALL_STATE_UNSPECIFIED,
    CallState,
    CallType,
    ReleaseCause,
)
from dialbridge.v1.status_change_pb2 import NOTIFICATION_TYPE_STATUS_CHANGE, StatusChange
from server.journal import Journal
from server.live_calls import LiveCall

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
RINGING_SECONDS = (1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 120.0)
OK = "OK"


class ServerMetrics:
    """Counts what happens."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._rpc = Histogram(
            "dialbridge_rpc_seconds",
            "Unary RPCs, over whichever transport, by how they ended: OK or an ErrorReason",
            ("method", "reason"),
            buckets=SECONDS,
            registry=registry,
        )
        self._rpcs: dict[tuple[str, str], Histogram] = {}
        self._append = Histogram(
            "dialbridge_journal_append_seconds",
            "Until a group of changes was durable",
            buckets=SECONDS,
            registry=registry,
        )
        self._changes = Counter("dialbridge_changes", "Status changes that were journalled", registry=registry)
        appeared = Counter(
            "dialbridge_calls_appeared", "Calls that appeared at a device", ("call_type",), registry=registry
        )
        # Looked up once: that costs more than to count.
        self._appeared = {kind: appeared.labels(_word(name, "CALL_TYPE_")) for name, kind in CallType.items()}
        self._answered = Histogram(
            "dialbridge_call_answer_seconds",
            "From the appearance of a call until it was answered",
            buckets=RINGING_SECONDS,
            registry=registry,
        )
        released = Counter(
            "dialbridge_calls_released", "Calls that ended, by their release cause", ("cause",), registry=registry
        )
        self._released = {cause: released.labels(_word(name, "RELEASE_CAUSE_")) for name, cause in ReleaseCause.items()}

    def rpc_ended(self, method: str, reason: str, seconds: float) -> None:
        """A unary RPC was answered."""
        child = self._rpcs.get((method, reason))
        if child is None:
            child = self._rpcs[method, reason] = self._rpc.labels(method, reason)
        child.observe(seconds)

    def appended(self, changes: int, seconds: float) -> None:
        """Changes became durable together."""
        self._append.observe(seconds)
        self._changes.inc(changes)

    def changed(self, change: StatusChange) -> None:
        """A change of a call was journalled."""
        call = change.call
        if change.previous_state == CALL_STATE_UNSPECIFIED and call.sequence == 1:
            self._appeared[call.call_type].inc()
        if change.notification_type != NOTIFICATION_TYPE_STATUS_CHANGE or call.state == change.previous_state:
            return
        if call.state == CALL_STATE_ESTABLISHED and call.establish_time == change.event_time:
            self._answered.observe((call.establish_time.ToMicroseconds() - call.create_time.ToMicroseconds()) / 1e6)
        elif call.state == CALL_STATE_RELEASED:
            self._released[call.release_cause].inc()


class Followed(Protocol):
    """The watchers, as far as they are measured."""

    cut_off: int

    def __len__(self) -> int: ...


class ServerState(Collector):
    """Looks up what there is."""

    def __init__(
        self, watchers: Followed, live: Iterable[LiveCall], journal: Journal, links: Callable[[], Mapping[str, bool]]
    ) -> None:
        self._watchers = watchers
        self._live = live
        self._journal = journal
        self._links = links

    def describe(self) -> Iterator[Metric]:
        """The same without looking: nothing has to be there yet."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """What there is now."""
        yield GaugeMetricFamily("dialbridge_watchers", "Watches that follow live", len(self._watchers))
        yield CounterMetricFamily(
            "dialbridge_watchers_cut_off", "Watchers that read too slowly and were ended", value=self._watchers.cut_off
        )
        states = Tally(live.call.state for live in self._live)
        calls = GaugeMetricFamily("dialbridge_live_calls", "Calls as devices see them, by state", labels=("state",))
        for state in CallState.values():
            if state != CALL_STATE_RELEASED:
                calls.add_metric((_word(CallState.Name(state), "CALL_STATE_"),), states[state])
        yield calls
        yield GaugeMetricFamily(
            "dialbridge_journal_accepts", "Whether the journal takes entries: 1 or 0", int(self._journal.accepts)
        )
        yield GaugeMetricFamily("dialbridge_journal_position", "The newest position", self._journal.newest)
        yield GaugeMetricFamily(
            "dialbridge_journal_oldest_position", "The oldest position that is retained", self._journal.oldest
        )
        links = GaugeMetricFamily(
            "dialbridge_switch_link_up", "What the switch depends on elsewhere: 1 up, 0 down", labels=("link",)
        )
        for name, is_up in self._links().items():
            links.add_metric((name,), int(is_up))
        yield links


def _word(name: str, prefix: str) -> str:
    return name.removeprefix(prefix).lower()
