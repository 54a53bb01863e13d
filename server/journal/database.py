"""One SQLite file with one writer thread that commits in groups; knows nothing of what is stored in it.

While one group is being committed the next one gathers, so the disk is asked once per group and not once per piece of
work. What was acknowledged survives ``kill -9`` and a power cut: write-ahead log with ``synchronous=FULL``.
"""

import asyncio
import contextlib
import fcntl
import os
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from server.journal import JournalUnavailable

GROUP = 1024
"""How many pieces of work one transaction takes at most."""
WAITING = 100_000
"""How many pieces of work wait at most; beyond, work is refused."""
TIDY_EVERY = 0.05
"""Seconds between two runs of the tidying work, while there is work at all."""
PROBE_AFTER = 0.5
"""Seconds between attempts to write while the disk refuses."""
_PROBE_BYTES = 256 * 1024

Result = TypeVar("Result")
Work = Callable[[sqlite3.Connection], Result]


class DatabaseDamaged(Exception):
    """The file cannot be used as it is; the text says what to do."""


class DatabaseInUse(Exception):
    """Another process has the data directory."""


@dataclass(slots=True, eq=False)
class _Submitted:
    """A piece of work and who waits for it."""

    work: Work[Any]
    answer: asyncio.Future[Any]
    outcome: Any = field(default=None)
    error: Exception | None = field(default=None)


class Database:
    """A file in a data directory, ``journal.db`` unless it is said otherwise."""

    def __init__(
        self, directory: Path, migrations: tuple[str, ...], name: str = "journal.db", *, is_shared: bool = False
    ) -> None:
        """Open, create or migrate; blocks. Raises `DatabaseInUse`, `DatabaseDamaged` or ``OSError``.

        A file that ``is_shared`` may be written by other processes meanwhile, one that is not may not, nor may any
        other in the directory.
        """
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path = directory / name
        self._lock = None if is_shared else _lock(directory / "lock")
        try:
            self._writer = _connect(self.path)
            migrate(self._writer, self.path, migrations)
            self._reader = _connect(self.path)
        except sqlite3.DatabaseError as error:
            self._unlock()
            raise DatabaseDamaged(
                f"{self.path} cannot be opened: {error}. Move it away to begin with an empty one, or restore a copy"
            ) from error
        except BaseException:
            self._unlock()
            raise
        self._loop = asyncio.get_running_loop()
        self._queue: queue.SimpleQueue[_Submitted | None] = queue.SimpleQueue()
        self._readers = ThreadPoolExecutor(1, thread_name_prefix="journal-reader")
        self.accepts = True
        """False from a failed commit until the next that succeeds."""
        self.failure = ""
        """Why the last commit failed; empty when it did not."""
        self.undone = 0
        """How many groups were rolled back: what their work remembered of the file is not so. For work itself."""
        self._tidy: Work[object] = lambda _: None
        self._thread = threading.Thread(target=self._write, name="journal-writer", daemon=True)

    def blocking(self, work: Work[Result]) -> Result:
        """Run ``work`` at once, before `start`. Raises `DatabaseDamaged`."""
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            result = work(self._writer)
            self._writer.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            raise DatabaseDamaged(f"{self.path} cannot be read: {error}; restore a copy") from error
        return result

    def start(self, tidy: Work[object]) -> None:
        """Begin to write. ``tidy`` runs now and then between two groups, in a transaction of its own."""
        self._tidy = tidy
        self._thread.start()

    def submit(self, work: Work[Result]) -> "asyncio.Future[Result]":
        """Run ``work`` in the next transaction; done once it is durable. Fails with `JournalUnavailable`."""
        answer: asyncio.Future[Result] = self._loop.create_future()
        if self._queue.qsize() < WAITING:  # only this thread puts
            self._queue.put(_Submitted(work, answer))
        else:
            answer.set_exception(JournalUnavailable(f"{WAITING} writes are waiting already"))
        return answer

    async def read(self, work: Work[Result]) -> Result:
        """Run a query beside the writer. Raises `JournalUnavailable`."""
        try:
            return await self._loop.run_in_executor(self._readers, work, self._reader)
        except sqlite3.Error as error:
            raise JournalUnavailable(f"{self.path}: {error}") from error

    async def close(self) -> None:
        """Write what waits, then let go of the file."""
        if self._thread.is_alive():
            self._queue.put(None)
            await asyncio.to_thread(self._thread.join)
        await asyncio.to_thread(self._readers.shutdown)
        self._reader.close()
        self._writer.close()
        self._unlock()

    def _unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)

    # ------------------------------------------------------------ the writer thread

    def _write(self) -> None:
        open_ = True
        tidy_at = 0.0
        while open_:
            group: list[_Submitted] = []
            try:
                item = self._queue.get(timeout=None if self.accepts else PROBE_AFTER)
                while item is not None and len(group) < GROUP:
                    group.append(item)
                    item = self._queue.get_nowait()
                if item is None:
                    open_ = False
            except queue.Empty:
                pass
            if group:
                self._commit(group)
            elif open_:
                self._probe()
            if self.accepts and open_ and time.monotonic() >= tidy_at:
                self._in_transaction(self._tidy)
                tidy_at = time.monotonic() + TIDY_EVERY

    def _commit(self, group: list[_Submitted]) -> None:
        def all_of_it(connection: sqlite3.Connection) -> None:
            for item in group:
                item.outcome = item.work(connection)

        error = self._in_transaction(all_of_it)
        if error is not None:
            for item in group:
                item.error = JournalUnavailable(f"{self.path}: {error}")
        with contextlib.suppress(RuntimeError):  # the loop was closed: nobody waits any more
            self._loop.call_soon_threadsafe(_answer, group)

    def _probe(self) -> None:
        """Find out whether the disk takes as much as a group needs, so that nobody has to lose a change to find out."""

        def write_and_delete(connection: sqlite3.Connection) -> None:
            connection.execute("CREATE TABLE IF NOT EXISTS probe (bytes BLOB)")
            connection.execute("INSERT INTO probe VALUES (zeroblob(?))", (_PROBE_BYTES,))

        if self._in_transaction(write_and_delete) is None:
            self._in_transaction(lambda connection: connection.execute("DROP TABLE probe"))

    def _in_transaction(self, work: Work[object]) -> Exception | None:
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            work(self._writer)
            self._writer.execute("COMMIT")
        except (sqlite3.Error, OSError) as error:
            with contextlib.suppress(sqlite3.Error):  # SQLite has rolled back by itself
                self._writer.execute("ROLLBACK")
            self.undone += 1
            self.accepts = False
            self.failure = str(error)
            return error
        self.accepts = True
        self.failure = ""
        return None


def _answer(group: list[_Submitted]) -> None:
    for item in group:
        if item.answer.done():  # cancelled
            continue
        if item.error is not None:
            item.answer.set_exception(item.error)
        else:
            item.answer.set_result(item.outcome)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5.0)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA cache_size = -16384")  # KiB
    return connection


def migrate(connection: sqlite3.Connection, path: Path, migrations: tuple[str, ...]) -> None:
    """Bring a file up to date. Raises `DatabaseDamaged` for one of a newer version."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(migrations):
        raise DatabaseDamaged(
            f"{path} was written by a newer dialbridge (schema {version}, this one knows {len(migrations)});"
            " run that version, or use another data directory"
        )
    for number, script in enumerate(migrations[version:], start=version + 1):
        connection.executescript(f"BEGIN IMMEDIATE; {script}; PRAGMA user_version = {number}; COMMIT")


def _lock(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise DatabaseInUse(
            f"{path.parent} is in use by another dialbridge; stop it, or give this one another --data-dir"
        ) from None
    return descriptor
