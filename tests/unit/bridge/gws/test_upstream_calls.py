import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.gws.orders import Order, Orders
from bridge.gws.upstream_calls import RELEASED_REMEMBERED, UpstreamCalls
from dialbridge.v1 import call_pb2
from dialbridge.v1.call_pb2 import CALL_STATE_DIALING, CALL_STATE_ESTABLISHED, CALL_STATE_RELEASED, Call, Party
from dialbridge.v1.status_change_pb2 import (
    NOTIFICATION_TYPE_DTMF_SENT,
    NOTIFICATION_TYPE_STATUS_CHANGE,
    StatusChange,
)


def call(state, call_id="c", **more):
    return Call(id=call_id, device_id="d", state=state, participants=[Party(digits="5001")], **more)


def change(state, call_id="c", kind=NOTIFICATION_TYPE_STATUS_CHANGE, **more):
    return StatusChange(call=call(state, call_id, **more), notification_type=kind)


@pytest.fixture
def orders():
    return Orders()


@pytest.fixture
def calls(orders):
    return UpstreamCalls(orders)


def states(news):
    return [each.change.call.state for each in news]


def test_the_first_news_of_an_ordered_call_names_its_order_and_no_other_does(calls, orders):
    orders.place(Order("o", "d", "5001", 10), 0)
    assert calls.told(change(CALL_STATE_DIALING), 1).order_id == "o"
    assert calls.told(change(CALL_STATE_ESTABLISHED), 1).order_id == ""


def test_what_is_told_twice_is_news_once(calls):
    assert calls.told(change(CALL_STATE_DIALING), 0)
    assert calls.told(change(CALL_STATE_DIALING), 0) is None


def test_digits_that_were_sent_twice_are_news_twice(calls):
    calls.told(change(CALL_STATE_ESTABLISHED), 0)
    for _ in range(2):
        assert calls.told(change(CALL_STATE_ESTABLISHED, kind=NOTIFICATION_TYPE_DTMF_SENT), 0)


def test_what_comes_after_the_end_or_back_to_the_beginning_is_no_news(calls):
    calls.told(change(CALL_STATE_ESTABLISHED), 0)
    assert calls.told(change(CALL_STATE_DIALING), 0) is None
    calls.told(change(CALL_STATE_RELEASED), 0)
    assert calls.told(change(CALL_STATE_ESTABLISHED), 0) is None


def test_the_end_of_a_call_that_nobody_knew_is_no_news_but_that_of_an_ordered_one_is(calls, orders):
    assert calls.told(change(CALL_STATE_RELEASED), 0) is None
    orders.place(Order("o", "d", "5001", 10), 0)
    assert calls.told(change(CALL_STATE_RELEASED, "other"), 1).order_id == "o"


def test_a_release_after_an_accepted_hang_up_is_ours(calls):
    calls.told(change(CALL_STATE_ESTABLISHED), 0)
    calls.hung_up("c", "d")
    news = calls.told(change(CALL_STATE_RELEASED), 0)
    assert news.change.call.release_cause == call_pb2.RELEASE_CAUSE_LOCAL_HANGUP


def test_a_reading_tells_the_difference_to_what_was_known(calls):
    calls.told(change(CALL_STATE_DIALING, "same"), 0)
    calls.told(change(CALL_STATE_DIALING, "answered"), 0)
    calls.told(change(CALL_STATE_ESTABLISHED, "gone"), 0)
    calls.assume("restored", "d")
    calls.assume("of another", "e")
    listed = [
        call(CALL_STATE_DIALING, "same"),
        call(CALL_STATE_ESTABLISHED, "answered"),
        call(CALL_STATE_ESTABLISHED, "new"),
    ]
    news = calls.read(listed, {"d"}, 0)
    assert [(each.change.call.id, each.change.call.state) for each in news] == [
        ("answered", CALL_STATE_ESTABLISHED),
        ("new", CALL_STATE_ESTABLISHED),
        ("gone", CALL_STATE_RELEASED),
        ("restored", CALL_STATE_RELEASED),
    ]
    assert {each.change.call.release_cause for each in news[2:]} == {call_pb2.RELEASE_CAUSE_LOST}
    assert calls.read(listed, {"d"}, 0) == []


def test_a_message_that_waited_during_a_reading_does_not_bring_a_call_back(calls):
    calls.told(change(CALL_STATE_DIALING), 0)
    assert states(calls.read([], {"d"}, 0)) == [CALL_STATE_RELEASED]
    assert calls.told(change(CALL_STATE_ESTABLISHED), 0) is None


def test_what_is_remembered_of_ended_calls_is_bounded(calls):
    for number in range(RELEASED_REMEMBERED + 5):
        calls.told(change(CALL_STATE_RELEASED, str(number)), 0)
    assert len(calls._released) == RELEASED_REMEMBERED


LIFE = [CALL_STATE_DIALING, CALL_STATE_ESTABLISHED, CALL_STATE_RELEASED]


@given(st.lists(st.sampled_from(LIFE), max_size=12), st.sets(st.integers(0, 11)))
def test_whatever_comes_again_or_late_a_life_is_told_forwards_and_ends_once(sequence, readings):
    calls = UpstreamCalls(Orders())
    told = []
    for number, state in enumerate(sequence):
        if (news := calls.told(change(state), 0)) is not None:
            told.append(news.change.call.state)
        if number in readings:
            told += states(calls.read([], {"d"}, 0))
    assert told == sorted(told)
    assert len(told) == len(set(told))
