"""Calling lists from CSV: read and checked row by row, never a whole file in memory; what is wrong is told with its
line, its column and why. Blocks.
"""

import csv
import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from dialbridge.v1.user_data_pb2 import UserData, UserDataPair, Value
from server.campaigns import calling_lists
from server.campaigns.call_windows import ALL_DAY, DAY, CallWindow, zone
from server.campaigns.schema import PHONE_TYPES, NewRecord, number_of
from server.refusals import Refusal
from server.validation import dialable

PORTION = 2_000
"""Rows that go into one transaction, so that a server beside it never waits for long."""
COLUMNS = ("phone", "phone_type", "time_zone", "from", "until", "chain_id", "chain_n", "caller_id")
"""The columns with a meaning of their own; every other one becomes a field of the record."""
_CLOCK = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)(?::([0-5]\d))?")
_MAX_FIELD = 4_096

Row = Mapping[str | None, str | list[str] | None]
"""As ``csv.DictReader`` has it; the key None alone stands for a row that cannot be read."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """A row that was not taken."""

    line: int
    column: str
    reason: str


def header_mistakes(columns: Iterable[str] | None) -> list[str]:
    """What is wrong with the first line of a file."""
    names = list(columns or ())
    if "phone" not in names:
        return [f"the first line must name the columns, phone among them; it has {', '.join(names) or 'nothing'}"]
    twice = sorted({name for name in names if names.count(name) > 1})
    return [f"the column {name} stands twice" for name in twice] + (["a column has no name"] if "" in names else [])


def import_rows(
    connection: sqlite3.Connection,
    list_name: str,
    rows: Iterable[tuple[int, Row]],
    rejected: Callable[[Mistake], None],
    progress: Callable[[int], None] = lambda _: None,
) -> tuple[int, int]:
    """Put rows, with their line numbers, on a list; how many were taken and how many were not.

    ``progress`` is given the last line of each portion once it is durable.
    """
    taken = refused = 0
    for portion in _portions(rows):
        connection.execute("BEGIN IMMEDIATE")
        for line, row in portion:
            match record_of(line, row):
                case Mistake() as mistake:
                    refused += 1
                    rejected(mistake)
                case NewRecord() as record:
                    calling_lists.add(connection, list_name, record)
                    taken += 1
        connection.execute("COMMIT")
        progress(portion[-1][0])
    return taken, refused


def record_of(line: int, row: Row) -> NewRecord | Mistake:
    """A row as a record."""
    if None in row and len(row) == 1:
        return Mistake(line, "", f"cannot be read: {(row[None] or [''])[0]}")
    if None in row:
        return Mistake(line, "", "has more values than the first line has columns")
    if any(value is None for value in row.values()):
        return Mistake(line, "", "has fewer values than the first line has columns")
    values = {name: value.strip() for name, value in row.items() if isinstance(name, str) and isinstance(value, str)}
    column = next((name for name, value in values.items() if not value.isprintable() and not _is_text(value)), "")
    if column:
        return Mistake(line, column, "is not UTF-8; save the file as UTF-8")
    try:
        column = "phone"
        dialable(values["phone"], "phone")
        column = "phone_type"
        phone_type = _choice(values.get("phone_type", ""), PHONE_TYPES)
        column = "time_zone"
        zone(values.get("time_zone", ""))
        column = "from"
        since = seconds_of_day(values.get("from", ""), ALL_DAY[0])
        column = "until"
        until = seconds_of_day(values.get("until", ""), ALL_DAY[1])
        column = "chain_id"
        chain = _integer(values.get("chain_id", ""))
        column = "chain_n"
        chain_n = _integer(values.get("chain_n", ""))
        column = "caller_id"
        if values.get("caller_id"):
            dialable(values["caller_id"], "caller_id")
    except Refusal as refusal:
        return Mistake(line, column, refusal.text)
    except ValueError as error:
        return Mistake(line, column, str(error))
    pairs = []
    for name, value in values.items():
        if name not in COLUMNS:
            if len(value) > _MAX_FIELD:
                return Mistake(line, name, f"is longer than {_MAX_FIELD} characters")
            pairs.append(UserDataPair(key=name, value=Value(string_value=value)))
    return NewRecord(
        phone=values["phone"],
        number=number_of(values["phone"]),
        phone_type=phone_type,
        caller_id=values.get("caller_id", ""),
        window=CallWindow(values.get("time_zone", "") or "UTC", since, until),
        chain=chain,
        chain_n=chain_n,
        other_fields=UserData(pairs=pairs),
    )


def seconds_of_day(text: str, otherwise: int) -> int:
    """Seconds after midnight, written so or as HH:MM. Raises ValueError."""
    if not text:
        return otherwise
    if (clock := _CLOCK.fullmatch(text)) is not None:
        seconds = int(clock[1]) * 3600 + int(clock[2]) * 60 + int(clock[3] or 0)
    elif text.isascii() and text.isdecimal():
        seconds = int(text)
    else:
        raise ValueError(f"must be seconds after midnight or HH:MM, not {text[:20]!r}")
    if seconds > DAY:
        raise ValueError(f"must be within a day, and {text[:20]} is not")
    return min(seconds, DAY - 1)


def numbered(file: Iterable[str], separator: str) -> tuple[list[str], Iterator[tuple[int, Row]]]:
    """The columns of a CSV file and its rows with the lines that they end on."""
    reader: csv.DictReader[str] = csv.DictReader(file, delimiter=separator, strict=True)
    try:
        columns = list(reader.fieldnames or ())
    except csv.Error:
        columns = []

    def rows() -> Iterator[tuple[int, Row]]:
        while True:
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:  # it goes on with the next line
                yield reader.reader.line_num, {None: [str(error)]}
            else:
                yield reader.line_num, row

    return columns, rows()


def mistake_line(mistake: Mistake) -> str:
    """A mistake as a JSON line for the report."""
    return json.dumps({"line": mistake.line, "column": mistake.column, "reason": mistake.reason}, ensure_ascii=False)


def _portions(rows: Iterable[tuple[int, Row]]) -> Iterator[list[tuple[int, Row]]]:
    portion = []
    for row in rows:
        portion.append(row)
        if len(portion) == PORTION:
            yield portion
            portion = []
    if portion:
        yield portion


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _choice(word: str, offered: tuple[str, ...]) -> str:
    if word and word not in offered:
        raise ValueError(f"must be one of {', '.join(offered)}, not {word[:20]!r}")
    return word


def _integer(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdecimal()) or int(text) >= 1 << 62:
        raise ValueError(f"must be a whole number, not {text[:20]!r}")
    return int(text)
