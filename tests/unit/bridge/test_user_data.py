import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.strict_json import JsonObject, dumps, loads_pairs
from bridge.user_data import MAX_DEPTH, TooDeep, from_json, to_json
from dialbridge.v1.user_data_pb2 import UserData, UserDataPair, Value

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


def parsed(body: bytes) -> JsonObject:
    value = loads_pairs(body)
    assert isinstance(value, JsonObject)
    return value


@given(st.dictionaries(st.text(), VALUES, max_size=5))
def test_data_comes_back_as_the_same_bytes(data: dict[str, object]) -> None:
    body = dumps(data)
    there = UserData.FromString(from_json(parsed(body)).SerializeToString())
    assert dumps(to_json(there)) == body


@pytest.mark.parametrize(
    "body",
    [
        b'{"z":1,"a":2,"m":3}',
        b'{"n":9007199254740993,"min":-9223372036854775808,"max":9223372036854775807}',
        b'{"n":9223372036854775808,"m":123456789012345678901234567890}',
        b'{"n":1e400,"m":0.12345678901234567890}',
        b'{"n":null,"l":[],"o":{},"t":true,"f":false,"d":1.5,"s":""}',
        b'{"l":[1,"a",[null,{"b":[2]}]]}',
        b'{"1":1.0,"":"","\xc3\xa9":"\xf0\x9f\x98\x80"}',
    ],
)
def test_order_digits_and_kinds_are_kept(body: bytes) -> None:
    assert dumps(to_json(from_json(parsed(body)))) == body


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (b"1", "int_value"),
        (b"-9223372036854775808", "int_value"),
        (b"9223372036854775808", "number_literal"),
        (b"1.0", "double_value"),
        (b"1e400", "number_literal"),
        (b"true", "bool_value"),
        (b'"1"', "string_value"),
        (b"[]", "list_value"),
        (b"{}", "pairs_value"),
        (b"null", None),
    ],
)
def test_each_kind_of_json_value_has_its_arm(text: bytes, kind: str | None) -> None:
    (pair,) = from_json(parsed(b'{"k":' + text + b"}")).pairs
    assert pair.HasField("value")
    assert pair.value.WhichOneof("kind") == kind


def test_repeated_keys_are_kept_inbound_and_the_last_one_told_at_the_first_place_outbound() -> None:
    data = from_json(parsed(b'{"a":1,"b":2,"a":{"x":1,"x":2}}'))
    assert [pair.key for pair in data.pairs] == ["a", "b", "a"]
    assert [pair.key for pair in data.pairs[2].value.pairs_value.pairs] == ["x", "x"]
    assert dumps(to_json(data)) == b'{"a":{"x":2},"b":2}'


def test_data_at_the_depth_limit_is_taken_and_deeper_data_refused() -> None:
    objects = b'{"a":' * MAX_DEPTH + b"1" + b"}" * MAX_DEPTH
    assert dumps(to_json(from_json(parsed(objects)))) == objects
    lists = b'{"a":' + b"[" * (MAX_DEPTH - 1) + b"]" * (MAX_DEPTH - 1) + b"}"
    assert dumps(to_json(from_json(parsed(lists)))) == lists
    for deeper in (b'{"a":' + objects + b"}", b'{"a":[' + lists + b"]}"):
        with pytest.raises(TooDeep, match="nested deeper than 16 levels"):
            from_json(parsed(deeper))


@pytest.mark.parametrize("literal", ["", "1,2", '"', "NaN", "01", "1.", "+1", "1 ", "1\n", "null}"])
def test_a_number_literal_that_is_no_number_cannot_break_out_of_its_place(literal: str) -> None:
    data = UserData(pairs=[UserDataPair(key="n", value=Value(number_literal=literal))])
    assert parsed(dumps(to_json(data))) == {"n": literal}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_double_that_json_does_not_have_is_told_as_null(value: float) -> None:
    assert to_json(UserData(pairs=[UserDataPair(key="n", value=Value(double_value=value))])) == {"n": None}


def test_a_pair_without_a_value_is_null() -> None:
    assert to_json(UserData(pairs=[UserDataPair(key="n")])) == {"n": None}
