import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.campaigns import calling_lists, importing
from server.campaigns.importing import Mistake, header_mistakes, import_rows, numbered, record_of
from server.campaigns.schema import NewRecord

FULL = {
    "phone": "+1 410 555 0100",
    "phone_type": "Mobile",
    "time_zone": "EST",
    "from": "09:00",
    "until": "61200",
    "chain_id": "7",
    "chain_n": "2",
    "caller_id": "410004343",
    "customer": " Ada ",
}


def test_a_row_becomes_a_record_and_unknown_columns_its_fields():
    record = record_of(2, FULL)
    assert isinstance(record, NewRecord)
    assert (record.phone, record.number, record.phone_type) == ("+1 410 555 0100", "14105550100", "Mobile")
    assert record.window == ("EST", 32_400, 61_200)
    assert (record.chain, record.chain_n, record.caller_id) == (7, 2, "410004343")
    assert [(pair.key, pair.value.string_value) for pair in record.other_fields.pairs] == [("customer", "Ada")]


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("phone", "", "is required"),
        ("phone", "abc", "must be an optional"),
        ("phone_type", "Drum", "must be one of NoContactType"),
        ("time_zone", "Mars", "no such time zone: 'Mars'"),
        ("from", "25:00", "HH:MM"),
        ("until", "86401", "within a day"),
        ("until", "-1", "seconds after midnight"),
        ("chain_id", "x", "whole number"),
        ("chain_id", "9" * 30, "whole number"),
        ("chain_n", "1.5", "whole number"),
        ("caller_id", "me", "must be an optional"),
        ("customer", "x" * 5_000, "longer than 4096"),
        ("customer", "\udce4", "not UTF-8"),
    ],
)
def test_what_is_wrong_with_a_row_is_told_with_line_column_and_reason(column, value, reason):
    mistake = record_of(17, FULL | {column: value})
    assert isinstance(mistake, Mistake)
    assert (mistake.line, mistake.column) == (17, column)
    assert reason in mistake.reason


@pytest.mark.parametrize(
    ("columns", "wrong"),
    [
        (["phone", "customer"], []),
        (["customer"], ["phone among them; it has customer"]),
        ([], ["it has nothing"]),
        (["phone", "a", "a"], ["a stands twice"]),
        (["phone", ""], ["no name"]),
    ],
)
def test_the_first_line_must_name_the_columns_and_a_phone(columns, wrong):
    found = header_mistakes(columns)
    assert len(found) == len(wrong)
    assert all(part in text for part, text in zip(wrong, found, strict=True))


def import_text(lists, text, separator=","):
    rejected = []
    columns, rows = numbered(io.StringIO(text, newline=""), separator)
    assert not header_mistakes(columns)
    return import_rows(lists, "C", rows, rejected.append), rejected


def test_good_rows_are_taken_and_bad_ones_reported_with_the_line_where_they_stand(lists, pull):
    text = 'phone,note\n5001,"two\nlines"\nbad,\n5002\n5003,a,b\n5004,"un"closed"\n5005,x\n'
    counts, rejected = import_text(lists, text)
    assert counts == (2, 4)
    assert [(mistake.line, mistake.column) for mistake in rejected] == [(4, "phone"), (5, ""), (6, ""), (7, "")]
    assert [calling_lists.read(lists, pull()).phone for _ in range(2)] == ["5001", "5005"]


def test_another_separator_may_stand_between_values(lists):
    assert import_text(lists, "phone;note\n5001;a,b\n", ";")[0] == (1, 0)


def test_progress_is_told_of_lines_that_are_durable(lists, monkeypatch):
    monkeypatch.setattr(importing, "PORTION", 2)
    told = []
    rows = [(number, {"phone": "5001"}) for number in range(2, 7)]
    assert import_rows(lists, "C", rows, print, told.append) == (5, 0)
    assert told == [3, 5, 6]


@given(st.dictionaries(st.sampled_from([*FULL, "x"]), st.text(max_size=20), max_size=9))
def test_every_row_is_a_record_or_a_mistake_with_a_reason(row):
    found = record_of(1, {"phone": "5001"} | row)
    assert isinstance(found, NewRecord) or found.reason
