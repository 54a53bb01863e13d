"""Appends to the durable journal beside a bare SQLite insert loop, in one run on one disk.

``python benchmarks/journal.py``: each writer appends one change, waits until it is durable, and appends the next. The
bare loop commits one insert at a time, which is the most that a single writer without a group can do.
"""

import argparse
import asyncio
import sqlite3
import statistics
import tempfile
import time
from pathlib import Path

from server.journal import Record
from server.journal.database import Database
from server.journal.sqlite import MIGRATIONS, Retention, SqliteJournal

PAYLOAD = bytes(range(256)) * 2


def bare(directory: Path, count: int) -> list[float]:
    """Latencies in seconds of single inserts with the journal's settings."""
    connection = sqlite3.connect(directory / "bare.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE entries (position INTEGER PRIMARY KEY, at REAL, payload BLOB)")
    latencies = []
    for position in range(count):
        began = time.perf_counter()
        connection.execute("INSERT INTO entries VALUES (?, ?, ?)", (position, began, PAYLOAD))
        latencies.append(time.perf_counter() - began)
    connection.close()
    return latencies


async def grouped(directory: Path, writers: int, count: int) -> list[float]:
    """Latencies in seconds of appends by so many writers at a time."""
    journal = SqliteJournal(Database(directory / f"{writers}", MIGRATIONS), Retention())
    latencies: list[float] = []

    async def write(writer: int) -> None:
        for number in range(count // writers):
            began = time.perf_counter()
            await journal.append([Record(PAYLOAD, f"{writer}/{number}", ends=True)])
            latencies.append(time.perf_counter() - began)

    await asyncio.gather(*(write(writer) for writer in range(writers)))
    await journal.close()
    return latencies


def row(name: str, seconds: float, latencies: list[float], base: float) -> float:
    """Print one line; the rate."""
    rate = len(latencies) / seconds
    p50, p99 = statistics.median(latencies), statistics.quantiles(latencies, n=100)[98]
    ratio = f"{rate / base:6.2f} x" if base else "   1.00 x"
    print(f"{name:28} {rate:10,.0f}/s  p50 {p50 * 1e3:7.3f} ms  p99 {p99 * 1e3:7.3f} ms  {ratio}")
    return rate


def main() -> None:
    """Run all and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20_000, help="appends per line (default: %(default)s)")
    parser.add_argument("--directory", type=Path, help="on the disk to measure (default: a temporary one)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.directory) as name:
        directory = Path(name)
        began = time.perf_counter()
        latencies = bare(directory, arguments.count)
        base = row("bare SQLite insert loop", time.perf_counter() - began, latencies, 0.0)
        for writers in (1, 10, 100, 1000):
            began = time.perf_counter()
            latencies = asyncio.run(grouped(directory, writers, arguments.count))
            row(f"journal, {writers} writers", time.perf_counter() - began, latencies, base)


if __name__ == "__main__":
    main()
