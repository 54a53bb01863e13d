"""What became of calling lists, as rows for CSV and JSON lines; never a whole list in memory. Blocks."""

import csv
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TextIO

from dialbridge.v1.user_data_pb2 import UserData, Value
from server.campaigns.schema import State

Row = Mapping[str, object]

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
            due = _moment(row[12]) if state in (State.CALLBACK, State.PERSONAL) else ""
            agent = row[13] if state is State.PERSONAL else ""
            known = dict(
                zip((*_RECORD, *_BECAME), (*row[:9], state.name.lower(), *row[10:12], due, agent), strict=True)
            )
            yield {**_plain(UserData.FromString(row[14])), **known}

    return rows(), (*_RECORD, *(name for name in fields if name not in (*_RECORD, *_BECAME)), *_BECAME)


def attempts(connection: sqlite3.Connection, list_name: str) -> tuple[Iterator[Row], Sequence[str]]:
    """The attempts at the records of a list, by time, and the columns that they have."""

    def rows() -> Iterator[Row]:
        for row in connection.execute(
            "SELECT attempts.handle, attempts.at, attempts.campaign, attempts.user_name, attempts.phone,"
            " attempts.call_result FROM attempts JOIN records USING (handle) WHERE list = ? ORDER BY attempts.id",
            (list_name,),
        ):
            yield dict(zip(_ATTEMPT, (row[0], _moment(row[1]), *row[2:]), strict=True))

    return rows(), _ATTEMPT


def written(rows: Iterable[Row], columns: Sequence[str], file: TextIO, *, as_csv: bool) -> None:
    """Write rows as CSV with a header (RFC 4180), or as JSON, one object a line."""
    if not as_csv:
        file.writelines(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows)
        return
    writer = csv.DictWriter(file, columns, restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)


def _fields(connection: sqlite3.Connection, list_name: str) -> Sequence[str]:
    names: dict[str, None] = {}
    for (fields,) in connection.execute("SELECT DISTINCT other_fields FROM records WHERE list = ?", (list_name,)):
        names.update(dict.fromkeys(pair.key for pair in UserData.FromString(fields).pairs))
    return list(names)


def _plain(data: UserData) -> dict[str, object]:
    return {pair.key: _value(pair.value) for pair in data.pairs}


def _value(value: Value) -> object:
    match value.WhichOneof("kind"):
        case None:
            return None
        case "pairs_value":
            return _plain(value.pairs_value)
        case "list_value":
            return [_value(each) for each in value.list_value.values]
        case kind:
            return getattr(value, kind)


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
