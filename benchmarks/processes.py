"""Starts servers and the load generator on cores of their own and takes what they print; knows no measure."""

import json
import os
import subprocess
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "benchmarks" / ".build"
START_WITHIN = 90.0
STOP_WITHIN = 20.0
LOAD_WITHIN = 120.0
"""As long as a measure may take, with tens of thousands of connections made before it."""


@dataclass(frozen=True, slots=True)
class Cores:
    """Where the sides run, as `taskset` takes it."""

    server: str = "0"
    load: str = "1"


@dataclass(slots=True)
class Server(AbstractContextManager["Server"]):
    """One server under measure, of one or more processes, each of which prints a line of JSON with its addresses."""

    commands: Sequence[Sequence[str]]
    core: str
    environment: Mapping[str, str] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    processes: list[subprocess.Popen[str]] = field(default_factory=list)
    logs: Any = None

    def __enter__(self) -> "Server":
        """Start, and wait until all say where they listen."""
        self.logs = tempfile.TemporaryFile("w+")
        try:
            for command in self.commands:
                self.start([str(self.facts.get(word[1:-1], word)) if word[:1] == "{" else word for word in command])
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def start(self, command: Sequence[str]) -> None:
        """Start one more process of the server."""
        process = subprocess.Popen(
            ["taskset", "-c", self.core, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.logs,
            text=True,
            cwd=ROOT,
            env={**os.environ, **self.environment},
        )
        self.processes.append(process)
        assert process.stdout is not None
        late = threading.Timer(START_WITHIN, process.kill)
        late.start()
        line = process.stdout.readline()
        late.cancel()
        if not line.startswith("{"):
            self.logs.seek(0)
            raise RuntimeError(f"{' '.join(command)[:200]} did not start:\n{self.logs.read()[-400:]}")
        self.facts.update(json.loads(line))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all of it."""
        for process in reversed(self.processes):
            if process.stdin is not None:
                process.stdin.close()
            try:
                process.wait(STOP_WITHIN)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.logs.close()

    @property
    def pids(self) -> str:
        """The processes, for the load generator to take their CPU time."""
        return ",".join(str(process.pid) for process in self.processes)


def load(core: str, measure: str, server: Server, flags: Mapping[str, object]) -> dict[str, Any]:
    """Run one measure of the load generator against ``server``; what it prints."""
    started = start_load(core, measure, {**flags, "pids": server.pids})
    try:
        out, err = started.communicate(timeout=LOAD_WITHIN)
    except subprocess.TimeoutExpired:
        started.kill()
        started.communicate()
        raise RuntimeError(f"load {measure}: nothing after {LOAD_WITHIN:.0f} s") from None
    if started.returncode != 0:
        raise RuntimeError(f"load {measure}: {err[-2000:]}")
    result: dict[str, Any] = json.loads(out)
    if result["errors"]:
        raise RuntimeError(f"load {measure}: {result['errors']} requests were answered with an error")
    return result


def start_load(core: str, measure: str, flags: Mapping[str, object]) -> subprocess.Popen[str]:
    """The load generator, running."""
    words = [word for name, value in flags.items() for word in (f"--{name}", str(value))]
    command = ["taskset", "-c", core, str(BUILD / "load"), measure, *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
