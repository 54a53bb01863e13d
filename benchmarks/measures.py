"""What is measured: each measure by name, with its contestants; how the figures are shown is not known here.

A contestant's figure is the server's CPU time for one unit of work, in microseconds. On a machine that others use too
it moves far less than a rate, and its inverse is what one core delivers.
"""

import json
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import peers
from benchmarks.journal_files import journal_of
from benchmarks.processes import ROOT, Cores, Server, load, start_load
from dialbridge.v1.call_service_pb2 import DialRequest

DIALBRIDGE = "dialbridge"
FILLER = 215
"""Bytes of user data that make an event of dialbridge about 900 bytes long."""
CREDENTIALS = "bench:demo"
BYSTANDER = "bystander:demo"
"""An agent who sees nothing of what the other one does."""
EVENT = '"messageType":"CallStateChangeMessage"'
"""What every event of dialbridge contains once."""
DIALLED = '"dnis":"6'
REST_BODY = '{"operationName":"Dial","destination":{"phoneNumber":"6%d"}}'
GO_DEVICE = "27edd22a-8413-5188-a764-f456cc68ad98"

Sample = Mapping[str, Any]
Facts = dict[str, object]


@dataclass(frozen=True, slots=True)
class Bench:
    """The conditions of a run."""

    cores: Cores
    seconds: float
    python: str
    """The interpreter that runs dialbridge."""
    data: Path
    """Where journals are put."""

    @contextmanager
    def dialbridge(self, *options: str, data: Path | None = None) -> Iterator[Server]:
        """The whole of dialbridge, with an empty journal unless ``data`` has one."""
        with tempfile.TemporaryDirectory(dir=self.data) as fresh:
            words = [
                *self.python_words("benchmarks.dialbridge_server"),
                "--data-dir",
                str(data or fresh),
                "--filler",
                str(FILLER),
                *options,
            ]
            with Server([words], self.cores.server, self.environment()) as server:
                yield server

    @contextmanager
    def peer(self, name: str) -> Iterator[Server]:
        """One of the peers, or the bare libraries."""
        words = [self.python_words("benchmarks.limits")] if name == "bare" else peers.commands(FILLER)[name]
        with Server(words, self.cores.server, self.environment()) as server:
            yield server

    def python_words(self, module: str) -> list[str]:
        """How a module is run."""
        return [self.python, "-m", module]

    def environment(self) -> dict[str, str]:
        """Lets another interpreter of the same version find what is installed."""
        places = [ROOT, ROOT / "protos" / "gen", ROOT / "clients" / "python", sysconfig.get_path("purelib")]
        return {"PYTHONPATH": ":".join(map(str, places))}

    def load(self, measure: str, server: Server, flags: Facts) -> Sample:
        """Drive ``server`` from the other core."""
        timed = {} if measure == "resume" else {"seconds": self.seconds}
        return load(self.cores.load, measure, server, {**timed, **flags})


@dataclass(frozen=True, slots=True)
class Measure:
    """Contestants that do the same work."""

    name: str
    unit: str
    contestants: Mapping[str, Callable[[Bench], Sample]]
    """The first is the one that the others are held against."""
    group: str = ""
    """Measures of one group make a curve over ``n``."""
    n: int = 0
    quick: bool = False
    figure: str = "cpu"
    """What is compared: ``cpu``, the server's microseconds for a unit, or a name among a sample's figures."""
    target: str = ""


def rest(bench: Bench, name: str) -> Sample:
    """Dial over REST."""
    if name.startswith(DIALBRIDGE):
        options = ("--journal", "memory") if "memory" in name else ()
        with bench.dialbridge(*options) as server:
            return bench.load("rest", server, rest_facts(server))
    with bench.peer(name) as server:
        facts: Facts = {"address": server.facts["http"], "path": "/dialbridge.v1.CallService/Dial"}
        return bench.load(
            "rest", server, {**facts, "body": '{"device_id":"%s","destination":"6%d"}', "devices": GO_DEVICE}
        )


def rest_facts(server: Server) -> Facts:
    """Where and how dialbridge takes a Dial over REST."""
    return {
        "address": server.facts["http"],
        "credentials": CREDENTIALS,
        "path": "/api/v2/me/devices/%s/calls",
        "body": REST_BODY,
        "devices": ",".join(server.facts["devices"]),
    }


def grpc(bench: Bench, name: str) -> Sample:
    """Dial over gRPC."""
    with bench.dialbridge() if name == DIALBRIDGE else bench.peer(name) as server:
        devices = server.facts.get("devices", [GO_DEVICE])
        requests = [DialRequest(device_id=each, destination="6000000001").SerializeToString().hex() for each in devices]
        facts: Facts = {"address": server.facts["grpc"], "credentials": CREDENTIALS, "requests": ",".join(requests)}
        return bench.load("grpc", server, facts)


def cometd(bench: Bench, name: str, transport: str, n: int, window: int, idle: float = 0.0) -> Sample:
    """Events to CometD subscribers."""
    facts: Facts = {"transport": transport, "n": n, "window": window, "idle": idle}
    if name == DIALBRIDGE:
        with bench.dialbridge() as server:
            here: Facts = {"address": server.facts["http"], "path": "/api/v2/notifications", "marker": EVENT}
            here |= {"channel": "/v2/me/calls", "credentials": CREDENTIALS, "control": server.facts["control"]}
            return bench.load("cometd", server, {**facts, **here})
    with bench.peer(name) as server:
        address = server.facts["socket" if name == "bare" else "http"]
        warm_up = 4.0 if "Java" in name else 0.7  # its compiler needs longer
        there: Facts = {"address": address, "path": "/cometd", "warm-up": warm_up, "control": server.facts["control"]}
        return bench.load("cometd", server, {**facts, **there})


def server_sent_events(bench: Bench, name: str, n: int, window: int) -> Sample:
    """Events to clients of server-sent events."""
    if name == "bare":
        return cometd(bench, name, "websocket", n, window)
    with bench.dialbridge() as server:
        facts: Facts = {"address": server.facts["http"], "path": "/api/v2/me/events", "marker": EVENT, "n": n}
        facts |= {"credentials": CREDENTIALS, "control": server.facts["control"], "window": window}
        return bench.load("sse", server, facts)


def watch(bench: Bench, name: str, n: int, window: int, idle: float = 0.0) -> Sample:
    """Changes to watchers over gRPC, each with a connection of its own."""
    with bench.dialbridge() if name == DIALBRIDGE else bench.peer(name) as server:
        facts: Facts = {"address": server.facts["grpc"], "control": server.facts["control"], "n": n, "window": window}
        return bench.load("watch", server, {**facts, "credentials": CREDENTIALS, "idle": idle})


def bystanders(bench: Bench, n: int) -> Sample:
    """Changes to one watcher while so many others follow what does not change."""
    with bench.dialbridge() as server:
        facts: Facts = {"address": server.facts["grpc"], "control": server.facts["control"], "window": 1}
        return bench.load(
            "watch", server, {**facts, "credentials": CREDENTIALS, "bystanders": n, "bystander": BYSTANDER}
        )


def latency(bench: Bench, name: str, rate: int) -> Sample:
    """From a Dial over REST to the first event of its call at a websocket."""
    options = ("--journal", "memory") if "memory" in name else ()
    with bench.dialbridge(*options) as server:
        facts: Facts = {"rate": rate, "cometd": "/api/v2/notifications", "marker": DIALLED}
        return bench.load("latency", server, {**rest_facts(server), **facts})


def resume(bench: Bench, watchers: int) -> Sample:
    """All watchers come back after ``kill -9`` and a new start on the same journal."""
    with tempfile.TemporaryDirectory(dir=bench.data) as data, bench.dialbridge(data=Path(data)) as server:
        address = server.facts["grpc"]
        flags: Facts = {"address": address, "n": watchers, "credentials": CREDENTIALS}
        loading = start_load(bench.cores.load, "resume", flags)
        assert loading.stdout is not None
        if loading.stdout.readline() != "ready\n":
            raise RuntimeError(f"the watchers did not begin: {loading.communicate()[1][-2000:]}")
        crashed = server.processes.pop()
        crashed.kill()
        crashed.wait()
        began = time.monotonic()
        server.start([*crashed.args[3:], "--grpc-port", address.rpartition(":")[2]])  # type: ignore[index,misc]
        started = time.monotonic() - began
        out, err = loading.communicate(timeout=120)
        if loading.returncode != 0:
            raise RuntimeError(err[-2000:])
        result: dict[str, Any] = json.loads(out)
        return {**result, "started": started, "all_back": result["extra"]["first_to_last"]}


def live_calls(bench: Bench, live: int) -> Sample:
    """Changes to one watcher while so many calls are live."""
    with bench.dialbridge("--live", str(live)) as server:
        facts: Facts = {"address": server.facts["http"], "path": "/api/v2/notifications", "marker": EVENT, "n": 1}
        facts |= {"channel": "/v2/me/calls", "credentials": CREDENTIALS, "control": server.facts["control"]}
        return bench.load("cometd", server, {**facts, "window": 1})


def journal_length(bench: Bench, entries: int) -> Sample:
    """Start on a journal of so many entries, then Dial over REST."""
    with journal_of(entries, bench.data) as data:
        began = time.monotonic()
        with bench.dialbridge(data=data) as server:
            started = time.monotonic() - began
            return {**bench.load("rest", server, rest_facts(server)), "started": started}


def memory(bench: Bench, name: str, kind: str, n: int) -> Sample:
    """Resident memory for each idle session or watcher."""
    result = (
        watch(bench, name, n, 1, idle=1.0) if kind == "watcher" else cometd(bench, name, kind, n, window=1, idle=1.0)
    )
    return {**result, "kib": (result["rss_after"] - result["rss_before"]) / 1024 / n}


def of(names: Sequence[str], run: Callable[[Bench, str], Sample]) -> dict[str, Callable[[Bench], Sample]]:
    """Contestants that differ by name."""
    return {name: lambda bench, name=name: run(bench, name) for name in names}  # type: ignore[misc]


def all_measures() -> list[Measure]:
    """Everything, in the order in which it is shown."""
    found = [
        Measure(
            "REST Dial",
            "Dial",
            of([DIALBRIDGE, "grpc-gateway", "Envoy", "bare", "dialbridge, memory journal"], rest),
            quick=True,
            target="1.3 x the better of both gateways",
        ),
        Measure("gRPC Dial", "Dial", of([DIALBRIDGE, "Go", "bare"], grpc), quick=True),
    ]
    for n in (1, 50, 200, 1000, 5000):
        for window in (1, 8) if n in (200, 1000) else (8,):
            names = [DIALBRIDGE, "faye", "CometD Java", "bare"] if n < 5000 else [DIALBRIDGE, "faye", "bare"]
            found.append(
                Measure(
                    f"websocket, N = {n}, {piled(window)}",
                    "delivery",
                    of(names, lambda bench, name, n=n, w=window: cometd(bench, name, "websocket", n, w)),  # type: ignore[misc]
                    group=f"websocket, {piled(window)}",
                    n=n,
                    quick=n == 200,
                    target="0.9 x bare, 3 x faye, 1.5 x CometD Java" if n in (200, 1000) else "",
                )
            )
    for n in (1, 50, 200, 500, 1000, 5000):
        names = [DIALBRIDGE, "faye", "CometD Node", "CometD Java"] if n < 5000 else [DIALBRIDGE, "CometD Node"]
        found.append(
            Measure(
                f"long-polling, N = {n}",
                "delivery",
                of(names, lambda bench, name, n=n: cometd(bench, name, "long-polling", n, 8)),  # type: ignore[misc]
                group="long-polling",
                n=n,
                quick=n == 50,
                target="1 x CometD Node, 2 x CometD Java" if n in (50, 500) else "",
            )
        )
    for n in (1, 50, 200, 1000, 5000):
        found.append(
            Measure(
                f"server-sent events, N = {n}",
                "delivery",
                of([DIALBRIDGE, "bare"], lambda bench, name, n=n: server_sent_events(bench, name, n, 8)),  # type: ignore[misc]
                group="server-sent events",
                n=n,
                quick=n == 200,
            )
        )
    for n, window in ((1, 16), (100, 16), (1000, 16), (100, 64), (1000, 64)):
        found.append(
            Measure(
                f"WatchCalls, N = {n}, {piled(window)}",
                "delivery",
                of([DIALBRIDGE, "Go"], lambda bench, name, n=n, w=window: watch(bench, name, n, w)),  # type: ignore[misc]
                group=f"WatchCalls, {piled(window)}",
                n=n,
                quick=(n, window) == (100, 16),
                target="100,000 per second and core" if n > 1 else "",
            )
        )
    for rate in (50, 200, 500):
        names = [DIALBRIDGE, "dialbridge, memory journal"]
        found.append(
            Measure(
                f"Dial to first change, {rate}/s",
                "p99 ms",
                of(names, lambda bench, name, rate=rate: latency(bench, name, rate)),  # type: ignore[misc]
                figure="p99",
                quick=rate == 200,
                target="5 x without journal" if rate == 200 else "",
            )
        )
    for kind, names, n in (
        ("websocket", [DIALBRIDGE, "faye", "CometD Java"], 1000),
        ("long-polling", [DIALBRIDGE, "faye", "CometD Node", "CometD Java"], 1000),
        ("watcher", [DIALBRIDGE, "Go"], 1000),
        # The peers let go of some before so many are there, so they would be measured for fewer.
        ("websocket", [DIALBRIDGE], 10_000),
        ("long-polling", [DIALBRIDGE], 10_000),
        ("watcher", [DIALBRIDGE, "Go"], 10_000),
    ):
        found.append(
            Measure(
                f"memory of an idle {kind}, one of {n:,}",
                "KiB",
                of(names, lambda bench, name, kind=kind, n=n: memory(bench, name, kind, n)),  # type: ignore[misc]
                figure="kib",
                target={"watcher": "40", "websocket": "10"}.get(kind, ""),
            )
        )
    found.append(
        Measure("resume of 1,000 watchers", "s", of([DIALBRIDGE], lambda b, _: resume(b, 1000)), figure="all_back")
    )
    for live in (10, 1_000, 10_000, 100_000):
        found.append(
            Measure(
                f"change with {live:,} live calls",
                "change",
                of([DIALBRIDGE], lambda bench, _, live=live: live_calls(bench, live)),  # type: ignore[misc]
                group="live calls",
                n=live,
                target="flat",
            )
        )
    for n in (0, 100, 1000, 5000):
        found.append(
            Measure(
                f"change beside {n:,} watchers of others",
                "change",
                of([DIALBRIDGE], lambda bench, _, n=n: bystanders(bench, n)),  # type: ignore[misc]
                group="watchers of others",
                n=n,
                target="flat",
            )
        )
    for entries in (1_000, 10_000, 100_000, 1_000_000, 10_000_000):
        found.append(
            Measure(
                f"REST Dial, journal of {entries:,}",
                "Dial",
                of([DIALBRIDGE], lambda bench, _, entries=entries: journal_length(bench, entries)),  # type: ignore[misc]
                group="journal length",
                n=entries,
                target="flat",
            )
        )
    return found


def piled(window: int) -> str:
    """How a window is told of."""
    return "one at a time" if window == 1 else f"{window} at a time"


def figure_of(measure: Measure, sample: Sample) -> float:
    """What is compared."""
    match measure.figure:
        case "cpu":
            return float(sample["server_cpu"]) / max(1, sample["count"]) * 1e6
        case "p99":
            return float(sample["latency_ms"]["p99"])
        case name:
            return float(sample[name])


def bound_by(sample: Sample) -> str:
    """Which side was busy all the time."""
    if not sample["seconds"]:
        return ""
    server, generator = sample["server_cpu"] / sample["seconds"], sample["load_cpu"] / sample["seconds"]
    if server >= 0.85:
        return "server"
    return "load" if generator >= 0.85 else f"neither ({server:.0%}, {generator:.0%})"
