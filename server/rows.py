"""Rows of an export, as CSV or JSON lines; never all of them in memory. What is in them, who exports says."""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TextIO

from dialbridge.v1.user_data_pb2 import UserData, Value

Row = Mapping[str, object]

FORMATS = ("csv", "jsonl")


def write(rows: Iterable[Row], columns: Sequence[str], file: TextIO, *, as_csv: bool) -> None:
    """Write rows as CSV with a header (RFC 4180), or as JSON, one object a line."""
    if not as_csv:
        file.writelines(_json(row) + "\n" for row in rows)
        return
    writer = csv.DictWriter(file, columns, restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)


def plain(data: UserData) -> dict[str, object]:
    """User data as JSON has it; of repeated keys the last value counts."""
    return {pair.key: _value(pair.value) for pair in data.pairs}


def moment(seconds: float) -> str:
    """A time since 1970 as ISO 8601 has it, in UTC with milliseconds."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def _cell(value: object) -> object:
    """What is no text or number is written as JSON."""
    return _json(value) if isinstance(value, dict | list | bool) else value


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _value(value: Value) -> object:
    match value.WhichOneof("kind"):
        case None:
            return None
        case "pairs_value":
            return plain(value.pairs_value)
        case "list_value":
            return [_value(each) for each in value.list_value.values]
        case kind:
            return getattr(value, kind)
