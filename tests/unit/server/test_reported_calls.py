import itertools

import pytest

from dialbridge.v1 import call_pb2
from dialbridge.v1.call_pb2 import (
    CALL_STATE_DIALING,
    CALL_STATE_ESTABLISHED,
    CALL_STATE_HELD,
    CALL_STATE_RELEASED,
    CALL_STATE_RINGING,
    CALL_STATE_UNSPECIFIED,
    Call,
)
from dialbridge.v1.status_change_pb2 import NOTIFICATION_TYPE_DTMF_SENT, NOTIFICATION_TYPE_STATUS_CHANGE
from server.call_events import CallReported
from server.life_cycle import CallOrigin, Impossible
from server.reported_calls import reported_change

ORIGIN = CallOrigin("agent1", "5005", request_id="r", record_handle=431, campaign_name="C")


def report(state, at=1000.0, kind=NOTIFICATION_TYPE_STATUS_CHANGE, **more):
    return CallReported(
        call_id="c", device_id="d", at=at, call=Call(state=state, conn_id="k", **more), notification_type=kind
    )


def first(state=CALL_STATE_DIALING, **more):
    return reported_change(None, report(state, **more), ORIGIN)


def test_the_first_report_gets_what_the_order_knows():
    change = first()
    call = change.call
    assert (change.request_id, call.user_name, call.device_number, call.record_handle, call.campaign_name) == (
        "r",
        "agent1",
        "5005",
        431,
        "C",
    )
    assert (call.id, call.device_id, call.conn_id, call.sequence) == ("c", "d", "k", 1)


def test_later_reports_keep_it_and_count_on():
    change = reported_change(first(), report(CALL_STATE_ESTABLISHED, at=1003.0), None)
    assert (change.request_id, change.call.user_name, change.call.record_handle) == ("r", "agent1", 431)
    assert (change.call.sequence, change.previous_state) == (2, CALL_STATE_DIALING)
    assert change.call.create_time.seconds == 1000
    assert change.call.establish_time.seconds == 1003
    assert change.call.duration.seconds == 3


def test_a_call_that_was_under_way_already_began_as_long_ago_as_the_switch_says():
    seen = report(CALL_STATE_ESTABLISHED)
    seen.call.duration.FromSeconds(60)
    change = reported_change(None, seen, ORIGIN)
    assert (change.call.create_time.seconds, change.call.duration.seconds) == (940, 60)


def test_a_report_that_says_nothing_new_is_no_change():
    before = first()
    assert reported_change(before, report(CALL_STATE_DIALING, at=1001.0), None) is None
    assert reported_change(before, report(CALL_STATE_DIALING, dnis="5001"), None) is not None


def test_digits_are_told_each_time():
    before = first(CALL_STATE_ESTABLISHED)
    assert reported_change(before, report(CALL_STATE_ESTABLISHED, kind=NOTIFICATION_TYPE_DTMF_SENT), None) is not None


STATES = [
    CALL_STATE_UNSPECIFIED,
    CALL_STATE_DIALING,
    CALL_STATE_RINGING,
    CALL_STATE_ESTABLISHED,
    CALL_STATE_HELD,
    CALL_STATE_RELEASED,
]


@pytest.mark.parametrize(("before", "after"), list(itertools.product(STATES, STATES)))
def test_a_released_call_never_moves_and_an_answered_one_does_not_ring_again(before, after):
    known = first(before)
    impossible = before == CALL_STATE_RELEASED or (
        before in (CALL_STATE_ESTABLISHED, CALL_STATE_HELD) and after in (CALL_STATE_DIALING, CALL_STATE_RINGING)
    )
    if impossible:
        with pytest.raises(Impossible):
            reported_change(known, report(after), None)
    else:
        change = reported_change(known, report(after), None)
        assert (change is None) == (before == after)


def test_the_end_has_a_time_and_a_cause_and_nothing_before_it_has():
    live = first(release_cause=call_pb2.RELEASE_CAUSE_BUSY)
    assert live.call.release_cause == call_pb2.RELEASE_CAUSE_UNSPECIFIED
    change = reported_change(
        live, report(CALL_STATE_RELEASED, at=1009.0, release_cause=call_pb2.RELEASE_CAUSE_LOST), None
    )
    assert (change.call.release_cause, change.call.release_time.seconds) == (call_pb2.RELEASE_CAUSE_LOST, 1009)
    assert not live.call.HasField("release_time")
