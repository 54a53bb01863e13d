import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.strict_json import MAX_DEPTH, JsonObject, MalformedJson, NumberLiteral, dumps, loads, loads_pairs

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_what_is_written_is_read_back(value: object) -> None:
    assert loads(dumps(value)) == value
    assert loads_pairs(dumps(value)) == value


@given(VALUES)
def test_what_is_written_is_json_for_others_too(value: object) -> None:
    assert json.loads(dumps(value)) == value


@pytest.mark.parametrize("load", [loads, loads_pairs])
@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "The text is not JSON: Expecting value at line 1, column 1."),
        (b"{}{}", "The text is not JSON: Extra data at line 1, column 3."),
        (b"{'a':1}", "The text is not JSON"),
        (b'{"a":1,}', "The text is not JSON"),
        (b"\xff", "The text is not UTF-8 at byte 0."),
        (b"\xef\xbb\xbf{}", "The text is not JSON"),
        (b'"\xed\xa0\x80"', "The text is not UTF-8 at byte 1."),
        (b"NaN", "NaN is not a JSON number."),
        (b"[Infinity]", "Infinity is not a JSON number."),
        (b"[-Infinity]", "-Infinity is not a JSON number."),
        (b'"\\ud800"', "A string has half of a surrogate pair."),
        (b'{"\\uDFFF":1}', "A string has half of a surrogate pair."),
        (b'{"a":"\\ud800","a":1}', "A string has half of a surrogate pair."),
        (b"1" * 100_000, "A number has too many digits."),
        (b"[" * 33 + b"]" * 33, "The text is nested deeper than 32 levels."),
        (b'{"a":' * 33 + b"1" + b"}" * 33, "The text is nested deeper than 32 levels."),
        (b"[" * 100_000, "The text is n"),  # the interpreter's own limit may see first that it is not closed
        (b'"a\tb"', "The text is not JSON"),
    ],
)
def test_what_is_not_json_is_refused_with_a_sentence(load: object, body: bytes, sentence: str) -> None:
    assert callable(load)
    if load is loads and body == b'{"a":"\\ud800","a":1}':
        assert load(body) == {"a": 1}  # the first "a" is gone, and what was wrong with it
        return
    with pytest.raises(MalformedJson) as refused:
        load(body)
    assert str(refused.value).startswith(sentence)
    assert str(refused.value).endswith(".")


@pytest.mark.parametrize("load", [loads, loads_pairs])
def test_the_deepest_nesting_that_is_allowed_is_read(load: object) -> None:
    assert callable(load)
    assert dumps(load(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)) == b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    assert load(b"[" + b",".join([b"[]"] * 100) + b"]") == [[]] * 100


@given(st.binary(max_size=64))
def test_bytes_of_any_kind_are_read_or_refused(body: bytes) -> None:
    for load in (loads, loads_pairs):
        try:
            value = load(body)
        except MalformedJson:
            continue
        dumps(value)


def test_integers_of_any_size_stay_the_same() -> None:
    for text in (b"9007199254740993", b"9223372036854775808", b"123456789012345678901234567890", b"-0", b"0"):
        assert loads(text) == int(text)
        assert dumps(loads(text)) == (b"0" if text == b"-0" else text)


def test_surrogate_pairs_are_characters() -> None:
    assert loads(b'"\\ud83d\\ude00"') == "😀"
    assert dumps("😀") == b'"\xf0\x9f\x98\x80"'


def test_the_last_of_repeated_members_counts_and_the_pairs_have_all() -> None:
    body = b'{"b":1,"a":2,"b":3}'
    assert loads(body) == {"b": 3, "a": 2}
    value = loads_pairs(body)
    assert isinstance(value, JsonObject)
    assert value == {"b": 3, "a": 2}
    assert value.pairs == (("b", 1), ("a", 2), ("b", 3))


@pytest.mark.parametrize(
    "text", ["1e400", "-1e400", "0.12345678901234567890", "1.0000000000000000001", "1e9999999999", "1e-400"]
)
def test_a_number_that_a_double_would_change_keeps_its_digits(text: str) -> None:
    assert loads_pairs(text.encode()) == NumberLiteral(text)
    body = f'{{"a":[{text},"x"],"b":null}}'.encode()
    assert dumps(loads_pairs(body)) == body


@pytest.mark.parametrize("text", ["0.1", "1.50", "1e3", "-2.5E-3", "123456789012.345", "1.7976931348623157e308"])
def test_a_number_that_a_double_holds_is_one(text: str) -> None:
    assert loads_pairs(text.encode()) == float(text)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_double_is_read_as_itself(value: float) -> None:
    assert loads_pairs(repr(value).encode()) == value


def test_a_fraction_beyond_a_double_is_refused_where_digits_are_not_kept() -> None:
    with pytest.raises(MalformedJson, match=r"^A number is too large\.$"):
        loads(b"1e400")


@pytest.mark.parametrize("value", [math.nan, math.inf, [-math.inf], {"a": "\ud800"}])
def test_what_json_does_not_have_is_not_written(value: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        dumps(value)


def test_what_is_no_json_value_is_not_written() -> None:
    with pytest.raises(TypeError):
        dumps({"a": object()})
