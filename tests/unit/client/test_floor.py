import pytest

from dialbridge.v1.call_pb2 import (
    CALL_STATE_DIALING,
    CALL_STATE_ESTABLISHED,
    CALL_STATE_RELEASED,
    RELEASE_CAUSE_BUSY,
    RELEASE_CAUSE_REMOTE_HANGUP,
    Call,
    Party,
)
from dialbridge.v1.status_change_pb2 import StatusChange
from dialbridge_client.floor import WINDOW, Floor, Order


def call(number, state=CALL_STATE_DIALING, agent="ann", sequence=1, **more):
    return Call(
        id=f"c{number}",
        device_id="d",
        state=state,
        user_name=agent,
        sequence=sequence,
        participants=[Party(formatted_phone_number=f"555{number}")],
        **more,
    )


def change(number, state=CALL_STATE_DIALING, before=0, sequence=1, **more):
    made = StatusChange(call=call(number, state, sequence=sequence, **more), previous_state=before)
    made.event_time.FromSeconds(100)
    if state == CALL_STATE_ESTABLISHED:
        made.call.establish_time.FromSeconds(100)
    return made


@pytest.fixture
def floor():
    floor = Floor()
    floor.change(change(1), 0.0)
    floor.change(change(2, agent="ben"), 1.0)
    floor.change(change(2, CALL_STATE_ESTABLISHED, CALL_STATE_DIALING, 2, agent="ben"), 2.0)
    floor.change(change(3, agent="cleo", campaign_name="Spring"), 3.0)
    floor.change(change(3, CALL_STATE_RELEASED, CALL_STATE_DIALING, 2, release_cause=RELEASE_CAUSE_BUSY), 4.0)
    return floor


def calls(floor, order=Order.NEWEST, words="", limit=100, now=10.0):
    rows, found = floor.rows(order, words, limit, now)
    return [row.key[0] for row in rows], found


def test_a_call_that_is_over_leaves(floor):
    assert calls(floor) == (["c2", "c1"], 2)


def test_the_time_of_a_call_goes_on_while_nothing_is_told(floor):
    rows, _ = floor.rows(Order.NEWEST, "", 10, 10.0)
    assert [(row.key[0], row.seconds) for row in rows] == [("c2", 8), ("c1", 10)]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (Order.NEWEST, ["c2", "c1"]),
        (Order.LONGEST, ["c1", "c2"]),
        (Order.STATE, ["c1", "c2"]),
        (Order.AGENT, ["c1", "c2"]),
    ],
)
def test_calls_are_sorted(floor, order, expected):
    assert calls(floor, order)[0] == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [("", 2), ("BEN", 1), ("5551", 1), ("dialing ann", 1), ("dialing ben", 0), ("c1", 1), ("nothing", 0)],
)
def test_words_narrow_what_is_shown(floor, words, expected):
    assert calls(floor, words=words)[1] == expected


def test_more_than_is_shown_is_counted(floor):
    assert calls(floor, limit=1) == (["c2"], 2)


def test_the_last_minute_is_counted_and_then_forgotten(floor):
    figures = floor.figures(5.0)
    assert (figures.live, figures.appeared, figures.answered, figures.released) == (2, 3, 1, 1)
    assert figures.by_state == [("Dialing", 1), ("Established", 1)]
    assert figures.causes == [("busy", 1)]
    assert figures.answer_rate == 0.5
    later = floor.figures(5.0 + WINDOW)
    assert (later.live, later.appeared, later.answered, later.released, later.answer_rate) == (2, 0, 0, 0, None)


def test_an_answered_call_that_ends_is_no_unanswered_one(floor):
    floor.change(
        change(2, CALL_STATE_RELEASED, CALL_STATE_ESTABLISHED, 3, release_cause=RELEASE_CAUSE_REMOTE_HANGUP), 5.0
    )
    assert floor.figures(5.0).answer_rate == 0.5


def test_a_snapshot_replaces_everything(floor):
    floor.replace([call(9)], 6.0)
    assert calls(floor)[0] == ["c9"]
