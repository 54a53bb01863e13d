"""JSON as RFC 8259 has it and nothing that Python's json adds; what a document means is decided elsewhere."""

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

MAX_DEPTH = 32
"""How deep arrays and objects may stand in one another."""

_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")


class MalformedJson(ValueError):
    """The text is not JSON that can be used; the exception's text is a sentence for the one who sent it."""


@dataclass(frozen=True, slots=True)
class NumberLiteral:
    """A number with a fraction or an exponent that a double would change, digit by digit as it was given."""

    text: str


class JsonObject(dict[str, object]):
    """An object as a dict, in which the last of repeated members counts, and all members as they were given."""

    __slots__ = ("pairs",)

    def __init__(self, pairs: Iterable[tuple[str, object]]) -> None:
        self.pairs: tuple[tuple[str, object], ...] = tuple(pairs)
        super().__init__(self.pairs)


def loads(body: bytes) -> object:
    """The document in ``body``: objects as dicts (the last of repeated members counts), integers exact.

    Raises `MalformedJson` for anything that is not UTF-8, not JSON, or not fit for use: NaN and Infinity, text after
    the document, lone surrogates, more than ``MAX_DEPTH`` levels, fractions beyond a double, integers of thousands of
    digits.
    """
    return _parse(body, _PLAIN)


def loads_pairs(body: bytes) -> object:
    """Like `loads`, but nothing is lost: objects are `JsonObject`, what a double would change is a `NumberLiteral`."""
    return _parse(body, _LOSSLESS)


def dumps(value: object) -> bytes:
    """``value`` as compact UTF-8 JSON; dicts keep their order, integers and `NumberLiteral` their digits.

    Raises ValueError for NaN, infinities and lone surrogates, TypeError for what JSON does not have.
    """
    try:
        return _ENCODER.encode(value).encode()
    except _HasLiteral:
        return _written(value).encode()


def _refuse_constant(name: str) -> object:
    raise MalformedJson(f"{name} is not a JSON number.")


def _double(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise MalformedJson("A number is too large.")
    return value


def _exact(text: str) -> float | NumberLiteral:
    value = float(text)
    if len(text) <= 16 and "e" not in text and "E" not in text:
        return value  # 15 digits and the point always survive a double
    if math.isfinite(value) and Decimal(repr(value)) == Decimal(text):
        return value
    return NumberLiteral(text)


_PLAIN = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_double)
_LOSSLESS = json.JSONDecoder(
    parse_constant=_refuse_constant,
    parse_float=_exact,
    object_pairs_hook=JsonObject,
)


def _parse(body: bytes, decoder: json.JSONDecoder) -> object:
    try:
        text = body.decode()
    except UnicodeDecodeError as e:
        raise MalformedJson(f"The text is not UTF-8 at byte {e.start}.") from None
    try:
        value: object = decoder.decode(text)
    except json.JSONDecodeError as e:
        raise MalformedJson(f"The text is not JSON: {e.msg} at line {e.lineno}, column {e.colno}.") from None
    except MalformedJson:
        raise
    except RecursionError:
        raise MalformedJson(f"The text is nested deeper than {MAX_DEPTH} levels.") from None
    except ValueError:  # the interpreter's own limit on the digits of an integer
        raise MalformedJson("A number has too many digits.") from None
    # Both checks walk the document, so each is made only when the text has what it looks for.
    if text.count("[") + text.count("{") > MAX_DEPTH and _deeper(value, MAX_DEPTH):
        raise MalformedJson(f"The text is nested deeper than {MAX_DEPTH} levels.")
    if _SURROGATE_ESCAPE.search(text) and _has_lone_surrogate(value):
        raise MalformedJson("A string has half of a surrogate pair.")
    return value


def _inner(value: object) -> Iterable[object]:
    """What stands directly in an array or object, keys included and repeated members too."""
    match value:
        case JsonObject():
            return [part for pair in value.pairs for part in pair]
        case dict():
            return [part for pair in value.items() for part in pair]
        case list():
            return value
        case _:
            return ()


def _deeper(value: object, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    return levels == 0 or any(_deeper(part, levels - 1) for part in _inner(value))


def _has_lone_surrogate(value: object) -> bool:
    if isinstance(value, str):
        return any("\ud800" <= character <= "\udfff" for character in value)
    return any(_has_lone_surrogate(part) for part in _inner(value))


class _HasLiteral(Exception):
    """The value has a `NumberLiteral`, which the standard encoder cannot write."""


class _Encoder(json.JSONEncoder):
    def default(self, o: object) -> object:
        if isinstance(o, NumberLiteral):
            raise _HasLiteral
        return super().default(o)


_ENCODER = _Encoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _written(value: object) -> str:
    match value:
        case NumberLiteral(text):
            return text
        case Mapping():
            return "{" + ",".join(f"{_ENCODER.encode(key)}:{_written(item)}" for key, item in value.items()) + "}"
        case list() | tuple():
            return "[" + ",".join(map(_written, value)) + "]"
        case _:
            return _ENCODER.encode(value)
