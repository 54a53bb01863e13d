"""What became of calling lists, as rows of an export; never a whole list in memory. Blocks."""

import sqlite3
from collections.abc import Iterator, Sequence

from dialbridge.v1.user_data_pb2 import UserData
from server.campaigns.schema import State
from server.rows import Row, moment, plain

_RECORD = ("handle", "phone", "phone_type", "chain_id", "chain_n", "time_zone", "from", "until", "caller_id")
_BECAME = ("state", "attempts", "call_result", "callback_time", "callback_agent")
_ATTEMPT = ("handle", "time", "campaign", "agent", "phone", "call_result")


def progress(connection: sqlite3.Connection) -> list[tuple[object, ...]]:
    """For each campaign and list: what is to be called, callbacks, with agents, done, attempts."""
    return connection.execute(
        "SELECT campaigns.name, application_id, lists.list, COALESCE(SUM(state IN (?, ?)), 0),"
        " COALESCE(SUM(state IN (?, ?)), 0), COALESCE(SUM(state = ?), 0), COALESCE(SUM(state = ?), 0),"
        " COALESCE(SUM(attempts), 0)"
        " FROM campaigns JOIN lists ON lists.campaign = campaigns.name LEFT JOIN records USING (list)"
        " GROUP BY campaigns.name, lists.list ORDER BY 1, 3",
        (State.READY, State.WAITING, State.CALLBACK, State.PERSONAL, State.HELD, State.DONE),
    ).fetchall()


def records(connection: sqlite3.Connection, list_name: str) -> tuple[Iterator[Row], Sequence[str]]:
    """The records of a list, and the columns that they have."""
    fields = _fields(connection, list_name)

    def rows() -> Iterator[Row]:
        for row in connection.execute(
            "SELECT handle, phone, phone_type, chain, chain_n, time_zone, since, until, caller_id, state,"
            " attempts, call_result, due, callback_for, other_fields"
            " FROM records JOIN windows ON windows.id = records.window WHERE list = ? ORDER BY handle",
            (list_name,),
        ):
            state = State(row[9])
            due = moment(row[12]) if state in (State.CALLBACK, State.PERSONAL) else ""
            agent = row[13] if state is State.PERSONAL else ""
            known = dict(
                zip((*_RECORD, *_BECAME), (*row[:9], state.name.lower(), *row[10:12], due, agent), strict=True)
            )
            yield {**plain(UserData.FromString(row[14])), **known}

    return rows(), (*_RECORD, *(name for name in fields if name not in (*_RECORD, *_BECAME)), *_BECAME)


def attempts(connection: sqlite3.Connection, list_name: str) -> tuple[Iterator[Row], Sequence[str]]:
    """The attempts at the records of a list, by time, and the columns that they have."""

    def rows() -> Iterator[Row]:
        for row in connection.execute(
            "SELECT attempts.handle, attempts.at, attempts.campaign, attempts.user_name, attempts.phone,"
            " attempts.call_result FROM attempts JOIN records USING (handle) WHERE list = ? ORDER BY attempts.id",
            (list_name,),
        ):
            yield dict(zip(_ATTEMPT, (row[0], moment(row[1]), *row[2:]), strict=True))

    return rows(), _ATTEMPT


def _fields(connection: sqlite3.Connection, list_name: str) -> Sequence[str]:
    names: dict[str, None] = {}
    for (fields,) in connection.execute("SELECT DISTINCT other_fields FROM records WHERE list = ?", (list_name,)):
        names.update(dict.fromkeys(pair.key for pair in UserData.FromString(fields).pairs))
    return list(names)
