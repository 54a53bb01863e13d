"""User data between JSON and the contract: order, repeated keys and the digits of numbers are kept; pure."""

import math
import re
from typing import cast

from bridge.strict_json import JsonObject, NumberLiteral
from dialbridge.v1.user_data_pb2 import UserData, Value

MAX_DEPTH = 16
"""How deep lists and nested pairs may stand in one another, the outermost object included."""

_JSON_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?", re.ASCII)
_MIN_INT64, _MAX_INT64 = -(1 << 63), (1 << 63) - 1


class TooDeep(ValueError):
    """User data that is nested deeper than ``MAX_DEPTH``."""


def from_json(data: JsonObject) -> UserData:
    """The pairs of an object of `bridge.strict_json.loads_pairs`, repeated keys included. Raises `TooDeep`."""
    message = UserData()
    _put_pairs(message, data, 1)
    return message


def to_json(data: UserData) -> dict[str, object]:
    """An object for `bridge.strict_json.dumps`.

    A JSON object cannot usefully repeat a member, so a repeated key stands at its first place with its last value. What
    JSON does not have (NaN, infinities) becomes null, and a number literal that is none becomes a string.
    """
    return {pair.key: _json(pair.value) for pair in data.pairs}


def _put_pairs(message: UserData, data: JsonObject, depth: int) -> None:
    _check(depth)
    for key, value in data.pairs:
        _put(message.pairs.add(key=key).value, value, depth)


def _put(message: Value, value: object, depth: int) -> None:
    match value:
        case None:
            message.SetInParent()
        case str():
            message.string_value = value
        case bool():  # before int, of which it is a kind
            message.bool_value = value
        case int() if _MIN_INT64 <= value <= _MAX_INT64:
            message.int_value = value
        case int():
            message.number_literal = str(value)
        case float():
            message.double_value = value
        case NumberLiteral(text):
            message.number_literal = text
        case JsonObject():
            message.pairs_value.SetInParent()  # an empty object is one too
            _put_pairs(message.pairs_value, value, depth + 1)
        case list():
            _check(depth + 1)
            message.list_value.SetInParent()
            for element in value:
                _put(message.list_value.values.add(), element, depth + 1)
        case _:
            raise TypeError(f"{type(value).__name__} is not a JSON value")


def _check(depth: int) -> None:
    if depth > MAX_DEPTH:
        raise TooDeep(f"nested deeper than {MAX_DEPTH} levels")


def _json(value: Value) -> object:
    match value.WhichOneof("kind"):
        case None:
            return None
        case "pairs_value":
            return to_json(value.pairs_value)
        case "list_value":
            return [_json(element) for element in value.list_value.values]
        case "double_value":
            return value.double_value if math.isfinite(value.double_value) else None
        case "number_literal":
            # It stands in JSON as it is, so nothing but a number may pass.
            text = value.number_literal
            return NumberLiteral(text) if _JSON_NUMBER.fullmatch(text) else text
        case kind:
            return cast(object, getattr(value, kind))
