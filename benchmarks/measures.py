"""What is measured: each measure by name, with its contestants and its targets; not how it is run or shown.

A contestant's figure is the server's CPU time for one unit of work, in microseconds, unless the measure names another
one. On a machine that others use too it moves far less than a rate, and its inverse is what one core delivers.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks import trials
from benchmarks.bench import Bench, Sample
from benchmarks.targets import AtLeast, Flat, Rate, Target, Under, UnderTimes
from benchmarks.trials import DIALBRIDGE, MEMORY

Contestants = Mapping[str, Callable[[Bench], Sample]]

FLAT = Flat(1.5)
"""More than the noise of a machine that others use."""


@dataclass(frozen=True, slots=True)
class Measure:
    """Contestants that do the same work."""

    name: str
    unit: str
    contestants: Contestants
    """The first is the one that the others are held against."""
    figure: str = "cpu"
    """What is compared: ``cpu``, the server's microseconds for a unit, or a name among a sample's figures."""
    group: str = ""
    """Measures of one group make a curve over ``n``."""
    n: int = 0
    along: str = "subscribers"
    """What ``n`` counts."""
    targets: tuple[Target, ...] = ()
    quick: bool = False

    @property
    def rounds(self) -> int:
        """What is judged has to have a median."""
        return 3 if self.targets else 2


def of(names: Sequence[str], trial: Callable[..., Sample], *arguments: object) -> Contestants:
    """Contestants that differ by name."""
    return {name: lambda bench, name=name: trial(bench, name, *arguments) for name in names}  # type: ignore[misc]


def alone(trial: Callable[..., Sample], *arguments: object) -> Contestants:
    """Dialbridge without anybody beside it."""
    return {DIALBRIDGE: lambda bench: trial(bench, *arguments)}


def all_measures() -> list[Measure]:
    """Everything, in the order in which it is shown."""
    return [
        *dials(),
        *websockets(),
        *long_polling(),
        *event_streams(),
        *watchers(),
        *latencies(),
        *memory(),
        *resuming(),
        *growth(),
    ]


def dials() -> list[Measure]:
    """Dials flat out."""
    gateways = ("grpc-gateway", "Envoy")
    rest = of([DIALBRIDGE, *gateways, "bare aiohttp", MEMORY], trials.rest)
    grpc = of([DIALBRIDGE, "Go", "C++", "bare grpc.aio"], trials.grpc)
    return [
        Measure("REST Dial", "Dial", rest, targets=(AtLeast(1.3, gateways),), quick=True),
        Measure("gRPC Dial", "Dial", grpc, quick=True),
    ]


def websockets() -> list[Measure]:
    """CometD over websockets."""
    found = []
    for window in (1, 8):
        for n in (1, 50, 200, 1000, 5000):
            limits = ("bare socket.send", "raw asyncio")
            names = [DIALBRIDGE, "faye", *(("CometD Java",) if n in (200, 1000) else ()), *limits]
            judged: tuple[Target, ...] = ()
            if n in (200, 1000):
                judged = (
                    AtLeast(0.9, ("bare socket.send",)),
                    AtLeast(3, ("faye",)),
                    AtLeast(1.5, ("CometD Java",)),
                )
            found.append(
                Measure(
                    f"websocket, N = {n}, {piled(window)}",
                    "delivery",
                    of(names, trials.cometd, "websocket", n, window),
                    group=f"websocket, {piled(window)}",
                    n=n,
                    targets=(*judged, FLAT) if n >= 1000 else judged,
                    quick=n == 200,
                )
            )
    return found


def long_polling() -> list[Measure]:
    """CometD over long-polling; one change at a time is one message per response."""
    found = []
    for window, sizes in ((1, (50, 500)), (8, (1, 50, 200, 500, 1000, 5000))):
        for n in sizes:
            # At 5,000 the others let go of some sessions before all are there.
            peers = ("faye", "CometD Node") if n < 5000 else ("CometD Node",)
            judged: tuple[Target, ...] = ()
            if n in (50, 500):
                peers = (*peers, "CometD Java")
                judged = (AtLeast(1, ("CometD Node",)), AtLeast(2, ("CometD Java",)))
            found.append(
                Measure(
                    f"long-polling, N = {n}, {piled(window)}",
                    "delivery",
                    of([DIALBRIDGE, *peers], trials.cometd, "long-polling", n, window),
                    group="long-polling" if window > 1 else "long-polling, one at a time",
                    n=n,
                    targets=(*judged, FLAT) if n >= 1000 else judged,
                    quick=n == 50,
                )
            )
    return found


def event_streams() -> list[Measure]:
    """Server-sent events."""
    return [
        Measure(
            f"server-sent events, N = {n}",
            "delivery",
            of([DIALBRIDGE, "bare socket.send"], trials.server_sent_events, n, 8),
            group="server-sent events",
            n=n,
            targets=(FLAT,) if n >= 1000 else (),
            quick=n == 200,
        )
        for n in (1, 50, 200, 1000, 5000)
    ]


def watchers() -> list[Measure]:
    """WatchCalls over gRPC."""
    return [
        Measure(
            f"WatchCalls, N = {n}, {piled(window)}",
            "delivery",
            of([DIALBRIDGE, "Go", "C++"], trials.watch, n, window),
            group=f"WatchCalls, {piled(window)}",
            n=n,
            targets=(Rate(100_000), AtLeast(1.5, ("C++",)), *((FLAT,) if n == 1000 else ())) if n > 1 else (),
            quick=(n, window) == (100, 16),
        )
        for window in (16, 64)
        for n in (1, 100, 1000)
    ]


def latencies() -> list[Measure]:
    """From a Dial to the first change of its call, beside the same wires without a journal and without dialbridge."""
    return [
        Measure(
            f"Dial to first change, {rate}/s",
            "p99 ms",
            of([DIALBRIDGE, MEMORY, "bare aiohttp"], trials.latency, rate),
            figure="p99",
            group="Dial to first change",
            n=rate,
            along="Dials per second",
            targets=(UnderTimes(5, MEMORY), UnderTimes(5, "bare aiohttp")) if rate == 200 else (),
            quick=rate == 200,
        )
        for rate in (50, 200, 500)
    ]


def memory() -> list[Measure]:
    """Resident memory while nothing happens."""
    judged: Mapping[str, tuple[Target, ...]] = {
        "websocket": (Under(10, "KiB"),),
        "long-polling": (Under(10, "KiB"),),
        "watcher": (Under(40, "KiB"),),
    }
    return [
        Measure(
            f"memory of an idle {kind}, one of {n:,}",
            "KiB",
            of(names, trials.memory, kind, n),
            figure="kib",
            targets=judged[kind] if n == 10_000 else (),
        )
        for kind, names, n in (
            ("websocket", [DIALBRIDGE, "faye", "CometD Java"], 1000),
            ("long-polling", [DIALBRIDGE, "faye", "CometD Node", "CometD Java"], 1000),
            ("watcher", [DIALBRIDGE, "Go", "C++"], 1000),
            # The other CometD servers let go of some before so many are there, so they would be measured for fewer.
            ("websocket", [DIALBRIDGE], 10_000),
            ("long-polling", [DIALBRIDGE], 10_000),
            ("watcher", [DIALBRIDGE, "Go", "C++"], 10_000),
        )
    ]


def resuming() -> list[Measure]:
    """All watchers at once after a crash, until each is live again."""
    return [
        Measure(
            f"resume of 1,000 watchers, journal of {entries:,}",
            "s",
            alone(trials.resume, 1000, entries),
            figure="all_live",
            group="resume",
            n=entries,
            along="journal length",
            targets=(FLAT,),
        )
        for entries in (1_000, 1_000_000)
    ]


def growth() -> list[Measure]:
    """What must not cost more as something grows."""
    found = [
        Measure(
            f"change with {live:,} live calls",
            "change",
            alone(trials.live_calls, live),
            group="live calls",
            n=live,
            along="live calls",
            targets=(FLAT,),
        )
        for live in (10, 100, 1_000, 10_000, 100_000)
    ]
    found += [
        Measure(
            f"change beside {n:,} watchers of others",
            "change",
            alone(trials.bystanders, n),
            group="watchers of others",
            n=n,
            along="watchers of others",
            targets=(FLAT,),
        )
        for n in (0, 100, 1000, 5000)
    ]
    for entries in (1_000, 10_000, 100_000, 1_000_000, 10_000_000):
        found += [
            Measure(
                f"REST Dial, journal of {entries:,}",
                "Dial",
                alone(trials.journal_length, entries),
                group="journal length",
                n=entries,
                along="journal length",
                targets=(FLAT,),
            ),
            Measure(
                f"start, journal of {entries:,}",
                "s",
                alone(trials.start, entries),
                figure="started",
                group="start",
                n=entries,
                along="journal length",
                targets=(FLAT,),
            ),
        ]
    return found


def piled(window: int) -> str:
    """How a window is told of."""
    return "one at a time" if window == 1 else f"{window} at a time"
