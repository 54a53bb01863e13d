"""``dialbridge journal``: look into a durable journal, also while a server is writing it; changes nothing.

The sub-command object satisfies what the ``dialbridge`` command asks of its plug-ins.
"""

import argparse
import json
import os
import sqlite3
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import DecodeError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from dialbridge.v1.device_service_pb2 import DeviceChange
from dialbridge.v1.outbound_service_pb2 import OutboundMessage
from dialbridge.v1.status_change_pb2 import StatusChange
from server import call_history
from server.journal import Topic
from server.journal.sqlite import MIGRATIONS
from server.rows import FORMATS, write
from server.settings import DEFAULT_DATA_DIR

MESSAGES: Mapping[Topic, type[StatusChange | OutboundMessage | DeviceChange]] = {
    Topic.CALL: StatusChange,
    Topic.OUTBOUND: OutboundMessage,
    Topic.DEVICE: DeviceChange,
}
"""What the entries of each topic are."""
PAGE = 2000
"""How many entries are read at a time, so that a journal of any length takes the same memory."""
FOLLOW_EVERY = 0.2

EPILOG = """\
examples:
  dialbridge journal info                      what is in it
  dialbridge journal tail -n 5 --follow        the last changes, and those that come
  dialbridge journal export > changes.jsonl    everything that is retained, one JSON object a line
  dialbridge journal calls > calls.csv         the calls that are over, one a line, to read or to charge
  dialbridge journal verify                    read everything; exit status 1 when something is damaged
"""


class JournalCommand:
    """The sub-command."""

    name = "journal"
    summary = "look into the durable journal: info, tail, verify, export, calls"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Describe the options."""
        parser.epilog = EPILOG
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.add_argument(
            "--data-dir",
            type=Path,
            default=Path(os.environ.get("DIALBRIDGE_DATA_DIR", DEFAULT_DATA_DIR)),
            help="the data directory (DIALBRIDGE_DATA_DIR; default: %(default)s)",
        )
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        actions.add_parser("info", help="epoch, positions, size, live calls")
        tail = actions.add_parser("tail", help="the newest changes as JSON lines")
        tail.add_argument("-n", type=int, default=10, help="how many (default: %(default)s)")
        tail.add_argument("--follow", action="store_true", help="go on with those that come, until interrupted")
        actions.add_parser("verify", help="read everything and say what is damaged")
        export = actions.add_parser("export", help="changes as JSON lines")
        calls = actions.add_parser("calls", help="the calls that are over, one line for each device that a call was at")
        calls.add_argument("--format", choices=FORMATS, default=FORMATS[0], help="default: %(default)s")
        for part in (export, calls):
            part.add_argument("--after", type=int, default=0, metavar="POSITION", help="only those that follow")
            part.add_argument("--until", type=int, metavar="POSITION", help="only those up to and with")

    def run(self, arguments: argparse.Namespace) -> int:
        """Do it; the exit status."""
        path: Path = arguments.data_dir / "journal.db"
        if not path.exists():
            print(
                f"dialbridge journal: there is no journal at {path}; name its directory with --data-dir",
                file=sys.stderr,
            )
            return 2
        try:
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)) as connection:
                match arguments.action:
                    case _ if not _is_current(connection, path):
                        return 2
                    case "info":
                        return _info(connection, path)
                    case "tail":
                        return _tail(connection, arguments.n, follow=arguments.follow)
                    case "verify":
                        return _verify(connection, path)
                    case "calls":
                        return _calls(connection, arguments.after, arguments.until, as_csv=arguments.format == "csv")
                    case _:
                        return _export(connection, arguments.after, arguments.until)
        except sqlite3.DatabaseError as error:
            print(f"dialbridge journal: {path} is damaged: {error}; restore a copy", file=sys.stderr)
            return 1
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        except KeyboardInterrupt:
            return 130


JOURNAL = JournalCommand()


def _is_current(connection: sqlite3.Connection, path: Path) -> bool:
    """Whether the file has the schema that this version reads; says so if not."""
    version = _one(connection, "PRAGMA user_version")
    if version < len(MIGRATIONS):
        print(
            f"dialbridge journal: {path} was written by an older version; `dialbridge serve` brings it up to date",
            file=sys.stderr,
        )
    elif version > len(MIGRATIONS):
        print(f"dialbridge journal: {path} was written by a newer version; use that one", file=sys.stderr)
    return version == len(MIGRATIONS)


def _info(connection: sqlite3.Connection, path: Path) -> int:
    facts = dict(connection.execute("SELECT name, value FROM facts"))
    oldest, newest = _bounds(connection)
    rows = {
        "file": str(path),
        "size": f"{path.stat().st_size / 1e6:.1f} MB",
        "epoch": facts["epoch"],
        "oldest position": oldest,
        "newest position": newest,
        "live calls": _one(
            connection, f"SELECT COUNT(*) FROM live JOIN entries USING (position) WHERE topic = {Topic.CALL:d}"
        ),
        "request ids": _one(connection, "SELECT COUNT(*) FROM requests"),
        "oldest change": _when(connection, oldest),
        "newest change": _when(connection, newest),
    }
    for name, value in rows.items():
        print(f"{name:16} {value}")
    return 0


def _tail(connection: sqlite3.Connection, count: int, *, follow: bool) -> int:
    oldest, newest = _bounds(connection)
    position = max(newest - max(count, 0), oldest - 1)
    while True:
        for at, topic, payload in _entries(connection, position, None):
            print(_line(at, topic, payload), flush=follow)
            position = at
        if not follow:
            return 0
        time.sleep(FOLLOW_EVERY)


def _exported(connection: sqlite3.Connection, after: int, until: int | None) -> Iterator[tuple[int, Topic, bytes]]:
    """The entries, and how far it is."""
    oldest, newest = _bounds(connection)
    first, last = max(after, oldest - 1), newest if until is None else min(until, newest)
    with _progress() as progress:
        task = progress.add_task("exporting", total=max(last - first, 0))
        for number, entry in enumerate(_entries(connection, first, last), start=1):
            yield entry
            if number % PAGE == 0:
                progress.update(task, completed=number)


def _export(connection: sqlite3.Connection, after: int, until: int | None) -> int:
    for entry in _exported(connection, after, until):
        print(_line(*entry))
    return 0


def _calls(connection: sqlite3.Connection, after: int, until: int | None, *, as_csv: bool) -> int:
    entries = _exported(connection, after, until)
    changes = (StatusChange.FromString(payload) for _, topic, payload in entries if topic is Topic.CALL)
    write(call_history.rows(changes), call_history.COLUMNS, sys.stdout, as_csv=as_csv)
    return 0


def _verify(connection: sqlite3.Connection, path: Path) -> int:
    faults: list[str] = []
    oldest, newest = _bounds(connection)
    with _progress() as progress:
        task = progress.add_task("verifying", total=newest - oldest + 1)
        expected = oldest
        for position, topic, payload in _entries(connection, oldest - 1, newest):
            if position != expected:
                faults.append(f"positions {expected} to {position - 1} are missing")
            expected = position + 1
            try:
                MESSAGES[topic].FromString(payload)
            except DecodeError:
                faults.append(f"position {position} is not a {MESSAGES[topic].__name__}")
            if position % PAGE == 0:
                progress.update(task, completed=position - oldest + 1)
    faults += [row[0] for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
    faults += [
        f"live call {view} refers to position {position}, which is missing"
        for view, position in connection.execute(
            "SELECT view, position FROM live WHERE position NOT IN (SELECT position FROM entries)"
        )
    ]
    for fault in faults[:100]:
        print(fault)
    if faults:
        print(f"{path}: {len(faults)} faults; restore a copy, or move the file away to begin anew")
        return 1
    print(f"{path}: positions {oldest} to {newest} are sound")
    return 0


def _entries(connection: sqlite3.Connection, after: int, until: int | None) -> Iterator[tuple[int, Topic, bytes]]:
    last = until if until is not None else sys.maxsize
    while True:
        page = connection.execute(
            "SELECT position, topic, payload FROM entries WHERE position > ? AND position <= ? ORDER BY 1 LIMIT ?",
            (after, last, PAGE),
        ).fetchall()
        if not page:
            return
        yield from ((position, Topic(topic), payload) for position, topic, payload in page)
        after = page[-1][0]


def _line(position: int, topic: Topic, payload: bytes) -> str:
    change = MESSAGES[topic].FromString(payload)
    change.position = position
    return json.dumps(MessageToDict(change), separators=(",", ":"), ensure_ascii=False)


def _bounds(connection: sqlite3.Connection) -> tuple[int, int]:
    oldest = int(_one(connection, "SELECT value FROM facts WHERE name = 'oldest'"))
    newest = connection.execute("SELECT MAX(position) FROM entries").fetchone()[0]
    return oldest, max(int(newest or 0), oldest - 1)


def _one(connection: sqlite3.Connection, query: str) -> int:
    return int(connection.execute(query).fetchone()[0])


def _when(connection: sqlite3.Connection, position: int) -> str:
    row = connection.execute("SELECT at FROM entries WHERE position = ?", (position,)).fetchone()
    return datetime.fromtimestamp(row[0], UTC).isoformat(timespec="milliseconds") if row else "none"


def _progress() -> Progress:
    """On standard error and only where a person looks, so that standard output can be piped."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
