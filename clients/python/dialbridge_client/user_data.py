"""User data as Python values and back, losing nothing: integers stay integers, order stays, keys may repeat; pure."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from dialbridge.v1.user_data_pb2 import UserData, UserDataPair, Value, ValueList

Plain = str | int | float | bool | None | Sequence["Plain"] | Mapping[str, "Plain"]
Pairs = Mapping[str, Plain] | Iterable[tuple[str, Plain]]

_INT64 = range(-(2**63), 2**63)


def to_contract(pairs: Pairs) -> UserData:
    """A mapping, or pairs where keys repeat, as the contract has them. Raises TypeError for what cannot be said."""
    items = pairs.items() if isinstance(pairs, Mapping) else pairs
    return UserData(pairs=[UserDataPair(key=key, value=_value(value)) for key, value in items])


def to_pairs(data: UserData) -> list[tuple[str, Plain]]:
    """The pairs in order, repeated keys included."""
    return [(pair.key, _plain(pair.value)) for pair in data.pairs]


def to_dict(data: UserData) -> dict[str, Plain]:
    """The pairs as a dictionary; of a repeated key the last value."""
    return dict(to_pairs(data))


def _value(value: Plain) -> Value:
    match value:
        case None:
            return Value()
        case bool():  # before int, of which it is one
            return Value(bool_value=value)
        case int():
            return Value(int_value=value) if value in _INT64 else Value(number_literal=str(value))
        case float():
            return Value(double_value=value)
        case str():
            return Value(string_value=value)
        case Mapping():
            return Value(pairs_value=to_contract(value))
        case Sequence() if not isinstance(value, bytes):
            return Value(list_value=ValueList(values=[_value(each) for each in value]))
        case _:
            raise TypeError(
                f"user data cannot hold {type(value).__name__}; it holds text, numbers, truth, lists, mappings"
            )


def _plain(value: Value) -> Plain:
    match value.WhichOneof("kind"):
        case "list_value":
            return [_plain(each) for each in value.list_value.values]
        case "pairs_value":
            return to_dict(value.pairs_value)
        case "number_literal":
            number = Decimal(value.number_literal)
            return int(number) if number == number.to_integral_value() else float(number)
        case None:
            return None
        case kind:
            plain: str | int | float | bool = getattr(value, kind)
            return plain
