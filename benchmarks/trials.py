"""The trials: how one contestant is started and driven for each kind of measure; what is compared is not known here."""

import json
import time
from typing import Any

from benchmarks.bench import LIMITS, Bench, Facts, Sample
from benchmarks.journal_files import journal_of
from benchmarks.processes import Server, start_load
from dialbridge.v1.call_service_pb2 import DialRequest

DIALBRIDGE = "dialbridge"
MEMORY = "dialbridge, memory journal"
CREDENTIALS = "bench:demo"
BYSTANDER = "bystander:demo"
"""An agent who sees nothing of what the other one does."""
EVENT = '"messageType":"CallStateChangeMessage"'
"""What every event of dialbridge contains once."""
DIALLED = '"dnis":"6'
REST_BODY = '{"operationName":"Dial","destination":{"phoneNumber":"6%d"}}'
GATEWAY_BODY = '{"device_id":"%s","destination":"6%d"}'
GO_DEVICE = "27edd22a-8413-5188-a764-f456cc68ad98"
JAVA_WARM_UP = 6
"""Its compiler needs so many times as long."""


def rest(bench: Bench, name: str) -> Sample:
    """Dial over REST."""
    if name.startswith(DIALBRIDGE):
        with bench.dialbridge(*_journal(name)) as server:
            return bench.load("rest", server, _rest_facts(server))
    with bench.peer(name) as server:
        facts: Facts = {"address": server.facts["http"], "path": "/dialbridge.v1.CallService/Dial"}
        return bench.load("rest", server, {**facts, "body": GATEWAY_BODY, "devices": GO_DEVICE})


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
            return bench.load("cometd", server, {**facts, **_events_of(server)})
    with bench.peer(name) as server:
        asyncio_or_not = "control_asyncio" if name == "raw asyncio" else "control"
        facts |= {"address": server.facts["socket" if name in LIMITS else "http"], "path": "/cometd"}
        facts |= {"control": server.facts[asyncio_or_not]}
        if "Java" in name:
            facts["warm-up"] = bench.warm_up * JAVA_WARM_UP
        return bench.load("cometd", server, facts)


def server_sent_events(bench: Bench, name: str, n: int, window: int) -> Sample:
    """Events to clients of server-sent events; a bare library is written to as for a websocket."""
    if name in LIMITS:
        return cometd(bench, name, "websocket", n, window)
    with bench.dialbridge() as server:
        facts: Facts = {"address": server.facts["http"], "path": "/api/v2/me/events", "marker": EVENT, "n": n}
        facts |= {"credentials": CREDENTIALS, "control": server.facts["control"], "window": window}
        return bench.load("sse", server, facts)


def watch(bench: Bench, name: str, n: int, window: int, idle: float = 0.0) -> Sample:
    """Changes to watchers over gRPC, each with a connection of its own."""
    with bench.dialbridge() if name == DIALBRIDGE else bench.peer(name) as server:
        return bench.load("watch", server, {**_watch_facts(server), "n": n, "window": window, "idle": idle})


def bystanders(bench: Bench, n: int) -> Sample:
    """Changes to one watcher while so many others follow what does not change."""
    with bench.dialbridge() as server:
        facts: Facts = {"window": 1, "bystanders": n, "bystander": BYSTANDER}
        return bench.load("watch", server, {**_watch_facts(server), **facts})


def latency(bench: Bench, name: str, rate: int) -> Sample:
    """From a Dial over REST to the first event of its call at a websocket; a bare library sends both at once."""
    facts: Facts = {"rate": rate, "marker": DIALLED, "seconds": max(bench.seconds, bench.dials / rate)}
    if name in LIMITS:
        with bench.peer(name) as server:
            there: Facts = {"address": server.facts["http"], "cometd-address": server.facts["socket"]}
            there |= {"path": "/dial", "cometd": "/cometd", "body": REST_BODY}
            return bench.load("latency", server, {**facts, **there})
    with bench.dialbridge(*_journal(name)) as server:
        return bench.load("latency", server, {**_rest_facts(server), **facts, "cometd": "/api/v2/notifications"})


def resume(bench: Bench, watchers: int, entries: int) -> Sample:
    """All watchers come back after ``kill -9`` and a new start on the same journal, of so many entries."""
    with journal_of(entries, bench.data) as data, bench.dialbridge(data=data) as server:
        address = server.facts["grpc"]
        flags: Facts = {"address": address, "n": watchers, "credentials": CREDENTIALS}
        loading = start_load(bench.cores.load, "resume", flags)
        assert loading.stdout is not None
        if loading.stdout.readline() != "ready\n":
            raise RuntimeError(f"the watchers did not begin: {loading.communicate()[1][-2000:]}")
        crashed = server.processes.pop()
        crashed.kill()
        crashed.wait()
        began = time.time()  # of the wall clock, which the load generator has as well
        server.start([*crashed.args[3:], "--grpc-port", address.rpartition(":")[2]])  # type: ignore[index]
        started = time.time() - began
        out, err = loading.communicate(timeout=120)
        if loading.returncode != 0:
            raise RuntimeError(err[-2000:])
        result: dict[str, Any] = json.loads(out)
        return {**result, "started": started, "all_live": result["extra"]["last_live_at"] - began}


def live_calls(bench: Bench, live: int) -> Sample:
    """Changes to one watcher while so many calls are live."""
    with bench.dialbridge("--live", str(live)) as server:
        return bench.load("cometd", server, {**_events_of(server), "n": 1, "window": 1})


def journal_length(bench: Bench, entries: int) -> Sample:
    """Start on a journal of so many entries, then Dial over REST."""
    with journal_of(entries, bench.data) as data:
        began = time.monotonic()
        with bench.dialbridge(data=data) as server:
            started = time.monotonic() - began
            return {**bench.load("rest", server, _rest_facts(server)), "started": started}


def start(bench: Bench, entries: int) -> Sample:
    """Start on a journal of so many entries."""
    with journal_of(entries, bench.data) as data:
        began = time.monotonic()
        with bench.dialbridge(data=data):
            return {"started": time.monotonic() - began}


def memory(bench: Bench, name: str, kind: str, n: int) -> Sample:
    """Resident memory for each idle session or watcher."""
    result = (
        watch(bench, name, n, 1, idle=1.0) if kind == "watcher" else cometd(bench, name, kind, n, window=1, idle=1.0)
    )
    return {**result, "kib": (result["rss_after"] - result["rss_before"]) / 1024 / n}


def _journal(name: str) -> tuple[str, ...]:
    return ("--journal", "memory") if name == MEMORY else ()


def _rest_facts(server: Server) -> Facts:
    return {
        "address": server.facts["http"],
        "credentials": CREDENTIALS,
        "path": "/api/v2/me/devices/%s/calls",
        "body": REST_BODY,
        "devices": ",".join(server.facts["devices"]),
    }


def _events_of(server: Server) -> Facts:
    facts: Facts = {"address": server.facts["http"], "path": "/api/v2/notifications", "marker": EVENT}
    return {**facts, "channel": "/v2/me/calls", "credentials": CREDENTIALS, "control": server.facts["control"]}


def _watch_facts(server: Server) -> Facts:
    return {"address": server.facts["grpc"], "control": server.facts["control"], "credentials": CREDENTIALS}
