import pytest

from bridge.verification.findings import AnyOf, Optional, differences

EXPECTED = {"id": AnyOf(str), "state": "Held", "data": Optional(AnyOf(dict)), "parties": [{"digits": "5001"}]}


@pytest.mark.parametrize(
    ("actual", "lines"),
    [
        ({"id": "c", "state": "Held", "parties": [{"digits": "5001"}]}, []),
        ({"id": "c", "state": "Held", "data": {"a": 1}, "parties": [{"digits": "5001"}]}, []),
        ({"id": 7, "state": "Held", "parties": [{"digits": "5001"}]}, ["id: expected any str, is 7"]),
        ({"id": "c", "parties": [{"digits": "5001"}]}, ["state: missing"]),
        (
            {"id": "c", "state": "Held", "data": [], "parties": [{"digits": "5002"}], "more": 1},
            [
                "data: expected any dict, is []",
                "parties[0].digits: expected '5001', is '5002'",
                "more: not documented, is 1",
            ],
        ),
        ({"id": "c", "state": "Held", "parties": []}, ["parties: expected 1 elements, is []"]),
        (
            {"state": "Held", "id": "c", "parties": [{"digits": "5001"}]},
            ["it: the members stand in the order state, id, parties"],
        ),
        ([], ["it: expected an object, is []"]),
    ],
)
def test_every_difference_is_a_line_with_its_place(actual, lines):
    assert differences(EXPECTED, actual) == lines


@pytest.mark.parametrize(
    ("expected", "actual", "same"),
    [
        (0, 0, True),
        (0, False, False),
        (0, "0", False),
        (1, 1.0, False),
        (AnyOf(int), True, False),
        (AnyOf(bool), True, True),
        (AnyOf(values=("On", "Off")), "On", True),
        (AnyOf(values=("On", "Off")), True, False),
    ],
)
def test_types_count(expected, actual, same):
    assert (differences(expected, actual) == []) is same
