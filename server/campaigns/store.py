"""The campaigns of a data directory, for the event loop: every change is durable before it is answered; what the
changes are, the calling lists say."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from server.campaigns import calling_lists
from server.campaigns.change_mark import ChangeMark
from server.campaigns.schema import MIGRATIONS, number_of
from server.journal.database import Database, migrate
from server.refusals import Refusal

FILE = "campaigns.db"

Result = TypeVar("Result")


class CampaignStore:
    """The file ``campaigns.db``; another process may import lists into it meanwhile."""

    def __init__(self, directory: Path) -> None:
        """Blocks. Raises `server.journal.database.DatabaseDamaged` or ``OSError``."""
        self._database = Database(directory, MIGRATIONS, FILE, is_shared=True)
        self._look_up = connect(self._database.path)
        calling_lists.is_forbidden(self._look_up, "")  # which opens the file's WAL index
        self._mark = _mark_of(self._database.path)
        self._empty_at: bytes | None = None  # the mark of the file when nobody was forbidden
        self._database.start(lambda _: None)

    async def change(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """Do a piece of work, all of it or nothing. Raises what it refuses with, or `JournalUnavailable`."""

        def all_or_nothing(connection: sqlite3.Connection) -> Result | Refusal:
            connection.execute("SAVEPOINT piece")
            try:
                return work(connection)
            except Refusal as refusal:  # the others in the same transaction are not concerned
                connection.execute("ROLLBACK TO piece")
                return refusal
            finally:
                connection.execute("RELEASE piece")

        outcome = await self._database.submit(all_or_nothing)
        if isinstance(outcome, Refusal):
            raise outcome
        return outcome

    async def read(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """Look something up. Raises `server.journal.JournalUnavailable`."""
        return await self._database.read(work)

    def forbids(self, digits: str) -> bool:
        """Whether the number is on the do-not-call list now; blocks for some microseconds, a look-up by key.

        Where the list was empty and nothing has been written since, by no process, there is nothing to look up.
        """
        mark = self._mark.read() if self._mark is not None else None
        if mark is not None and mark == self._empty_at:
            return False
        is_forbidden = calling_lists.is_forbidden(self._look_up, number_of(digits))
        self._empty_at = mark if is_forbidden is None else None
        return bool(is_forbidden)

    async def close(self) -> None:
        """Finish what was begun."""
        if self._mark is not None:
            self._mark.close()
        self._look_up.close()
        await self._database.close()


def _mark_of(path: Path) -> ChangeMark | None:
    """None where the file has no WAL index, as on a file system that has no shared memory."""
    try:
        return ChangeMark(path)
    except (OSError, ValueError):
        return None


def prepared(directory: Path) -> sqlite3.Connection:
    """The same file for a command, made if need be. Raises `DatabaseDamaged`, ``OSError`` or ``sqlite3.Error``."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    connection = connect(directory / FILE)
    migrate(connection, directory / FILE, MIGRATIONS)
    return connection


def connect(path: Path) -> sqlite3.Connection:
    """A connection beside others, which waits for them."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30.0)
    connection.execute("PRAGMA journal_mode = WAL")
    return connection
