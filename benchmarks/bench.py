"""The conditions of a run: starts dialbridge, a peer or a bare library and drives it; knows no measure."""

import sysconfig
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import peers
from benchmarks.processes import ROOT, Cores, Server, load

FILLER = 215
"""Bytes of user data that make an event of dialbridge about 900 bytes long."""
LIMITS = ("bare socket.send", "raw asyncio", "bare aiohttp", "bare grpc.aio")
"""What the libraries below cost with nothing on them; all are served by `benchmarks.limits`."""

Sample = Mapping[str, Any]
Facts = dict[str, object]


@dataclass(frozen=True, slots=True)
class Bench:
    """How everything is measured."""

    cores: Cores
    seconds: float
    warm_up: float
    """Seconds before each measure; what a compiler warms up gets more."""
    dials: int
    """How many latencies are taken at least, where they are what is measured."""
    python: str
    """The interpreter that runs dialbridge."""
    data: Path
    """Where journals are put."""

    @contextmanager
    def dialbridge(self, *options: str, data: Path | None = None) -> Iterator[Server]:
        """The whole of dialbridge, with an empty journal unless ``data`` has one."""
        with tempfile.TemporaryDirectory(dir=self.data) as fresh:
            module = self.module("benchmarks.dialbridge_server")
            words = [*module, "--data-dir", str(data or fresh), "--filler", str(FILLER), *options]
            with Server([words], self.cores.server, self.environment()) as server:
                yield server

    @contextmanager
    def peer(self, name: str) -> Iterator[Server]:
        """One of the peers, or the bare libraries."""
        words = [self.module("benchmarks.limits")] if name in LIMITS else peers.commands(FILLER)[name]
        with Server(words, self.cores.server, self.environment()) as server:
            yield server

    def module(self, name: str) -> list[str]:
        """How a module is run."""
        return [self.python, "-m", name]

    def environment(self) -> dict[str, str]:
        """Lets another interpreter of the same version find what is installed."""
        places = [ROOT, ROOT / "protos" / "gen", ROOT / "clients" / "python", sysconfig.get_path("purelib")]
        return {"PYTHONPATH": ":".join(map(str, places))}

    def load(self, measure: str, server: Server, flags: Facts) -> Sample:
        """Drive ``server`` from the other core."""
        return load(self.cores.load, measure, server, {"seconds": self.seconds, "warm-up": self.warm_up, **flags})
