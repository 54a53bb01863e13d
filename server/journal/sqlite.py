"""The durable journal: all changes in a SQLite file, with retention by age and size."""

import asyncio
import secrets
import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from server.journal import Entry, PositionExpired, Record, Topic, first_position, sqlite_requests
from server.journal.database import Database
from server.journal.sqlite_requests import SqliteRequests

MIGRATIONS = (
    f"""
    CREATE TABLE facts (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
    CREATE TABLE entries (position INTEGER PRIMARY KEY, at REAL NOT NULL, payload BLOB NOT NULL);
    CREATE TABLE live (view TEXT PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID;
    {sqlite_requests.SCHEMA}
    """,
    "ALTER TABLE entries ADD COLUMN topic INTEGER NOT NULL DEFAULT 0",
)
ROWS = 256
"""How many rows a statement inserts at most."""
_APPENDED = (
    "CREATE TEMP VIEW appended AS SELECT position, at, payload, topic, '' AS view, 0 AS ends FROM entries",
    """
    CREATE TEMP TRIGGER append INSTEAD OF INSERT ON appended BEGIN
        INSERT INTO entries (position, at, payload, topic) VALUES (NEW.position, NEW.at, NEW.payload, NEW.topic);
        INSERT OR REPLACE INTO live SELECT NEW.view, NEW.position WHERE NOT NEW.ends;
        DELETE FROM live WHERE NEW.ends AND view = NEW.view;
    END
    """,
)
"""What one row means for both tables, so that one statement does for a whole append: each statement hands the
interpreter over to the event loop and waits to get it back."""
PORTION = 2048
"""How many entries are trimmed between two groups: some milliseconds, and more per second than can be appended."""


@dataclass(frozen=True, slots=True)
class Retention:
    """How much history is kept; what is reached first decides."""

    seconds: float = 7 * 24 * 3600.0
    bytes: int = 4 << 30
    """Of the file's pages that are in use."""


class SqliteJournal:
    """Satisfies ``server.journal.Journal``."""

    def __init__(self, database: Database, retention: Retention, now: Callable[[], float] = time.time) -> None:
        """Blocks for as long as a few indexed look-ups take, however long the journal is."""
        self._database = database
        self._retention = retention
        self._now = now
        self.requests = SqliteRequests(database, now)
        self._epoch, self._oldest, self._newest = database.blocking(_begin)
        self._written = (database.undone, self._newest)  # for the writer thread
        database.start(self._trim)

    @property
    def epoch(self) -> str:
        """Names this history; made with the file."""
        return self._epoch

    @property
    def newest(self) -> int:
        """The position of the newest entry."""
        return self._newest

    @property
    def oldest(self) -> int:
        """The position of the oldest retained entry."""
        return self._oldest

    @property
    def accepts(self) -> bool:
        """False from a failed write until one succeeds."""
        return self._database.accepts

    def append(self, records: Sequence[Record]) -> asyncio.Future[int]:
        """Append all or none; the position of the last, once they are durable. Fails with `JournalUnavailable`."""
        at = self._now()

        def write(connection: sqlite3.Connection) -> int:
            before = self._end(connection)
            for start in range(0, len(records), ROWS):
                some = records[start : start + ROWS]
                values: list[object] = []
                for position, record in enumerate(some, start=before + start + 1):
                    values += (position, at, record.payload, record.topic.value, record.view, record.ends)
                places = ",".join(["(?,?,?,?,?,?)"] * len(some))
                connection.execute(f"INSERT INTO appended VALUES {places}", values)
            for position, record in enumerate(records, start=before + 1):
                if record.settles is not None:
                    sqlite_requests.settle(connection, record.settles, position, record.payload)
            last = before + len(records)
            self._written = (self._database.undone, last)
            return last

        appended = self._database.submit(write)
        appended.add_done_callback(self._appended)
        return appended

    async def live(self) -> Sequence[Entry]:
        """The last entry of every view that has not ended."""
        return await self._database.read(
            lambda connection: [
                Entry(position, payload, Topic(topic))
                for position, payload, topic in connection.execute(
                    "SELECT position, payload, topic FROM live JOIN entries USING (position) ORDER BY 1"
                )
            ]
        )

    async def read(self, after: int, limit: int) -> Sequence[Entry]:
        """At most ``limit`` entries that follow ``after``. Raises `PositionExpired` or `JournalUnavailable`."""
        if not self._oldest - 1 <= after <= self._newest:
            raise PositionExpired(self._oldest)
        newest = self._newest
        entries = await self._database.read(
            lambda connection: [
                Entry(position, payload, Topic(topic))
                for position, payload, topic in connection.execute(
                    "SELECT position, payload, topic FROM entries"
                    " WHERE position > ? AND position <= ? ORDER BY 1 LIMIT ?",
                    (after, newest, limit),
                )
            ]
        )
        if after < self._oldest - 1:  # trimmed while it was being read
            raise PositionExpired(self._oldest)
        return entries

    async def close(self) -> None:
        """Write what waits, then let go of the file."""
        await self._database.close()

    def _end(self, connection: sqlite3.Connection) -> int:
        """The position of the newest entry, in the writer thread."""
        undone, last = self._written
        return last if undone == self._database.undone else _newest(connection)

    def _trim(self, connection: sqlite3.Connection) -> None:
        """Delete a portion of what is older or more than what is kept; in the writer thread, between two groups."""
        oldest = self._oldest
        last = oldest + PORTION - 1
        row = connection.execute("SELECT at FROM entries WHERE position = ?", (last,)).fetchone()
        if row is None or not (row[0] < self._now() - self._retention.seconds or self._is_too_large(connection)):
            return
        # The last entry of a call that still lives stays, to find it again; nobody can read it by position any more.
        connection.execute(
            "DELETE FROM entries WHERE position <= ?"
            " AND position NOT IN (SELECT position FROM live WHERE position <= ?)",
            (last, last),
        )
        connection.execute("UPDATE facts SET value = ? WHERE name = 'oldest'", (last + 1,))
        self._oldest = last + 1

    def _appended(self, appended: asyncio.Future[int]) -> None:
        if not appended.cancelled() and appended.exception() is None:
            self._newest = max(self._newest, appended.result())

    def _is_too_large(self, connection: sqlite3.Connection) -> bool:
        ((pages,), (free,), (size,)) = (
            connection.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "freelist_count", "page_size")
        )
        return bool((pages - free) * size > self._retention.bytes)


def _begin(connection: sqlite3.Connection) -> tuple[str, int, int]:
    for statement in _APPENDED:
        connection.execute(statement)
    connection.execute("INSERT OR IGNORE INTO facts VALUES ('epoch', ?)", (secrets.token_hex(8),))
    connection.execute("INSERT OR IGNORE INTO facts VALUES ('oldest', ?)", (first_position(secrets.randbits),))
    facts = dict(connection.execute("SELECT name, value FROM facts"))
    oldest = int(facts["oldest"])
    return str(facts["epoch"]), oldest, max(_newest(connection), oldest - 1)


def _newest(connection: sqlite3.Connection) -> int:
    newest = connection.execute("SELECT MAX(position) FROM entries").fetchone()[0]
    if newest is not None:
        return int(newest)
    return int(connection.execute("SELECT value FROM facts WHERE name = 'oldest'").fetchone()[0]) - 1
