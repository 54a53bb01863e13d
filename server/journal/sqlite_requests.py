"""The durable keys of requests, in the file of the durable journal."""

import sqlite3
from collections.abc import Callable

from server.journal.database import Database
from server.journal.requests import KEEP, Remembered, RequestKey

SCHEMA = """
    CREATE TABLE requests (
        user_name TEXT NOT NULL, request_id TEXT NOT NULL, begun REAL NOT NULL, fingerprint BLOB NOT NULL,
        position INTEGER NOT NULL DEFAULT 0, payload BLOB NOT NULL DEFAULT x'', refusal BLOB NOT NULL DEFAULT x'',
        PRIMARY KEY (user_name, request_id)
    ) WITHOUT ROWID;
    CREATE INDEX requests_begun ON requests (begun)
"""
_SWEEP = 16
"""How many keys that have ended are deleted for each that is begun, so that they go faster than they come."""


class SqliteRequests:
    """Satisfies ``server.journal.requests.Requests``."""

    def __init__(self, database: Database, now: Callable[[], float]) -> None:
        self._database = database
        self._now = now

    async def begin(self, key: RequestKey, print_: bytes) -> Remembered | None:
        """See `Requests.begin`; durable when it returns."""
        now = self._now()

        def find_or_begin(connection: sqlite3.Connection) -> Remembered | None:
            connection.execute(
                "DELETE FROM requests WHERE (user_name, request_id) IN"
                " (SELECT user_name, request_id FROM requests WHERE begun <= ? ORDER BY begun LIMIT ?)",
                (now - KEEP, _SWEEP),
            )
            row = connection.execute(
                "SELECT fingerprint, position, payload, refusal FROM requests"
                " WHERE user_name = ? AND request_id = ? AND begun > ?",
                (*key, now - KEEP),
            ).fetchone()
            if row is not None:
                return Remembered(*row)
            connection.execute(
                "INSERT OR REPLACE INTO requests (user_name, request_id, begun, fingerprint) VALUES (?, ?, ?, ?)",
                (*key, now, print_),
            )
            return None

        return await self._database.submit(find_or_begin)

    async def refuse(self, key: RequestKey, refusal: bytes) -> None:
        """See `Requests.refuse`."""
        await self._database.submit(
            lambda connection: connection.execute(
                "UPDATE requests SET refusal = ? WHERE user_name = ? AND request_id = ?", (refusal, *key)
            )
        )

    async def forget(self, key: RequestKey) -> None:
        """See `Requests.forget`."""
        await self._database.submit(
            lambda connection: connection.execute("DELETE FROM requests WHERE user_name = ? AND request_id = ?", key)
        )


def settle(connection: sqlite3.Connection, key: RequestKey, position: int, payload: bytes) -> None:
    """The first change of the call is being recorded, in the same transaction."""
    connection.execute(
        "UPDATE requests SET position = ?, payload = ? WHERE user_name = ? AND request_id = ?",
        (position, payload, *key),
    )
