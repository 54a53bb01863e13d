"""The life cycle table, state by state and against random events."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialbridge.v1 import call_pb2 as pb
from dialbridge.v1.status_change_pb2 import (
    NOTIFICATION_TYPE_ATTACHED_DATA_CHANGED,
    NOTIFICATION_TYPE_CALL_RECORDING_STATE_CHANGE,
    NOTIFICATION_TYPE_DTMF_SENT,
    NOTIFICATION_TYPE_MONITORED_USER_MUTED_STATE_CHANGE,
    NOTIFICATION_TYPE_PARTICIPANTS_UPDATED,
    NOTIFICATION_TYPE_STATUS_CHANGE,
)
from dialbridge.v1.user_data_pb2 import UserData
from server.call_events import (
    CallAppeared,
    CallEstablished,
    CallEvent,
    CallHeld,
    CallMuted,
    CallPaired,
    CallReleased,
    CallRetrieved,
    DtmfSent,
    MonitoredUserMuted,
    ParticipantsChanged,
    RecordingChanged,
    UserDataChanged,
)
from server.capabilities import Situation, capabilities
from server.life_cycle import TRANSITIONS, CallOrigin, Impossible, Step, first_change, next_change, step_of

EVERYTHING = frozenset(pb.Capability.values())
ORIGIN = CallOrigin("agent1", "5005", "request-1", 431, "Campaign1")
FIRST = [pb.CALL_STATE_DIALING, pb.CALL_STATE_RINGING, pb.CALL_STATE_ESTABLISHED]
TWO = (pb.Party(phone_number="5001"), pb.Party(phone_number="5002"))
IDS = {"call_id": "013V08JRL498H1OI04000VTAES00000G", "device_id": "efe1ab32"}


def appeared(state=pb.CALL_STATE_DIALING, at: float = 1000.0) -> CallAppeared:
    return CallAppeared(
        **IDS,
        at=at,
        conn_id="0071023821aec010",
        state=state,
        call_type=pb.CALL_TYPE_INTERNAL,
        participants=(pb.Party(phone_number="5001"),),
        dnis="5001",
    )


def pairs(**values: int) -> UserData:
    data = UserData()
    for key, value in values.items():
        data.pairs.add(key=key).value.int_value = value
    return data


def event_of(step: Step, at: float = 1010.0) -> CallEvent:
    return {
        Step.DIALING: appeared(at=at),
        Step.RINGING: appeared(pb.CALL_STATE_RINGING, at=at),
        Step.JOINED: appeared(pb.CALL_STATE_ESTABLISHED, at=at),
        Step.ESTABLISHED: CallEstablished(**IDS, at=at),
        Step.HELD: CallHeld(**IDS, at=at, paired_call_id="consult"),
        Step.RETRIEVED: CallRetrieved(**IDS, at=at),
        Step.CONFERENCED: ParticipantsChanged(**IDS, at=at, participants=TWO, conference_owner=True, retrieved=True),
        Step.PARTICIPANTS: ParticipantsChanged(**IDS, at=at, participants=TWO),
        Step.PAIRED: CallPaired(**IDS, at=at, paired_call_id=""),
        Step.RECORDING: RecordingChanged(**IDS, at=at, state=pb.RECORDING_STATE_PAUSED, user_data=pairs(tier=8)),
        Step.MUTED: CallMuted(**IDS, at=at, muted=True),
        Step.MONITORED: MonitoredUserMuted(**IDS, at=at, muted=True),
        Step.RELEASED: CallReleased(**IDS, at=at, cause=pb.RELEASE_CAUSE_BUSY, upstream_cause="486 Busy Here"),
        Step.USER_DATA: UserDataChanged(**IDS, at=at, user_data=pairs(tier=7)),
        Step.DTMF: DtmfSent(**IDS, at=at, digits="5#"),
    }[step]


def in_state(state: pb.CallState.ValueType):
    change = first_change(appeared(), ORIGIN, EVERYTHING)
    change.call.state = state
    return change


def test_every_state_of_the_contract_has_a_row():
    assert set(TRANSITIONS) == set(pb.CallState.values())


@pytest.mark.parametrize("step", Step)
def test_every_event_has_its_step(step):
    assert step_of(event_of(step)) is step


@pytest.mark.parametrize(("state", "step"), list(product(list(TRANSITIONS)[1:], Step)))
def test_a_step_that_the_table_has_leads_where_it_says_and_any_other_changes_nothing(state, step):
    before = in_state(state)
    frozen = before.SerializeToString()
    if step in TRANSITIONS[state]:
        after = next_change(before, event_of(step), EVERYTHING)
        assert after.call.state == TRANSITIONS[state][step]
        assert after.previous_state == state
        assert after.call.sequence == before.call.sequence + 1
        assert tuple(after.call.capabilities) == capabilities(Situation.of(after.call))
    else:
        with pytest.raises(Impossible):
            next_change(before, event_of(step), EVERYTHING)
    assert before.SerializeToString() == frozen


def test_a_released_call_never_moves_again():
    assert TRANSITIONS[pb.CALL_STATE_RELEASED] == {}


def test_the_first_change_carries_what_the_server_and_what_the_switch_know():
    change = first_change(appeared(), ORIGIN, EVERYTHING)
    call = change.call
    assert (call.user_name, call.device_number, call.record_handle, call.campaign_name) == (
        "agent1",
        "5005",
        431,
        "Campaign1",
    )
    assert (call.dnis, call.conn_id, call.participants[0].phone_number) == ("5001", "0071023821aec010", "5001")
    assert (change.request_id, call.sequence, change.previous_state) == ("request-1", 1, pb.CALL_STATE_UNSPECIFIED)
    assert call.HasField("duration")
    assert call.duration.ToMicroseconds() == 0


def test_a_call_that_was_not_dialled_from_a_record_has_no_record_handle():
    change = first_change(appeared(pb.CALL_STATE_RINGING), CallOrigin("agent2", "5006"), EVERYTHING)
    assert not change.call.HasField("record_handle")


def test_the_request_id_stays_with_every_change_of_the_call():
    change = next_change(first_change(appeared(), ORIGIN, EVERYTHING), event_of(Step.ESTABLISHED), EVERYTHING)
    assert change.request_id == "request-1"


def test_the_duration_counts_from_the_first_state_and_is_not_restarted_at_answer():
    change = first_change(appeared(at=1000.0), ORIGIN, EVERYTHING)
    change = next_change(change, event_of(Step.ESTABLISHED, at=1022.5), EVERYTHING)
    assert change.call.duration.ToMilliseconds() == 22_500
    change = next_change(change, event_of(Step.RELEASED, at=1030.0), EVERYTHING)
    assert change.call.duration.ToSeconds() == 30
    assert change.call.release_time.ToSeconds() == 1030
    assert change.call.establish_time.ToMilliseconds() == 1_022_500


def test_a_clock_that_was_set_back_gives_no_negative_duration():
    change = next_change(
        first_change(appeared(at=1000.0), ORIGIN, EVERYTHING), event_of(Step.ESTABLISHED, at=990.0), EVERYTHING
    )
    assert change.call.duration.ToMicroseconds() == 0


def test_a_release_says_why():
    change = next_change(first_change(appeared(), ORIGIN, EVERYTHING), event_of(Step.RELEASED), EVERYTHING)
    assert change.call.release_cause == pb.RELEASE_CAUSE_BUSY
    assert change.call.upstream_cause == "486 Busy Here"
    assert list(change.call.capabilities) == []


def test_deleting_all_user_data_leaves_none():
    change = next_change(first_change(appeared(), ORIGIN, EVERYTHING), event_of(Step.USER_DATA), EVERYTHING)
    assert change.notification_type == NOTIFICATION_TYPE_ATTACHED_DATA_CHANGED
    assert change.call.user_data == pairs(tier=7)
    change = next_change(change, UserDataChanged(**IDS, at=1011.0, user_data=UserData()), EVERYTHING)
    assert not change.call.HasField("user_data")


def test_a_digit_is_told_with_its_own_notification_type():
    change = next_change(first_change(appeared(), ORIGIN, EVERYTHING), event_of(Step.DTMF), EVERYTHING)
    assert (change.notification_type, change.dtmf_digits) == (NOTIFICATION_TYPE_DTMF_SENT, "5#")


def test_only_what_the_switch_can_do_is_offered():
    only = frozenset({pb.CAPABILITY_HANGUP})
    change = first_change(appeared(), ORIGIN, only)
    assert list(change.call.capabilities) == [pb.CAPABILITY_HANGUP]


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        (Step.PARTICIPANTS, NOTIFICATION_TYPE_PARTICIPANTS_UPDATED),
        (Step.CONFERENCED, NOTIFICATION_TYPE_PARTICIPANTS_UPDATED),
        (Step.RECORDING, NOTIFICATION_TYPE_CALL_RECORDING_STATE_CHANGE),
        (Step.MONITORED, NOTIFICATION_TYPE_MONITORED_USER_MUTED_STATE_CHANGE),
        (Step.MUTED, NOTIFICATION_TYPE_STATUS_CHANGE),
        (Step.HELD, NOTIFICATION_TYPE_STATUS_CHANGE),
    ],
)
def test_a_change_is_told_as_the_reference_names_it(step, kind):
    change = next_change(in_state(pb.CALL_STATE_ESTABLISHED), event_of(step), EVERYTHING)
    assert change.notification_type == kind


def test_what_an_event_says_is_on_the_call_afterwards():
    change = in_state(pb.CALL_STATE_ESTABLISHED)
    for step in (Step.MUTED, Step.RECORDING, Step.MONITORED, Step.HELD, Step.CONFERENCED):
        change = next_change(change, event_of(step), EVERYTHING)
    call = change.call
    assert (call.muted, call.recording_state, call.monitored_user_muted) == (True, pb.RECORDING_STATE_PAUSED, True)
    assert (call.paired_call_id, call.conference_owner, list(call.participants)) == ("consult", True, list(TWO))
    assert call.user_data == pairs(tier=8)
    assert next_change(change, event_of(Step.PAIRED), EVERYTHING).call.paired_call_id == ""


@given(
    st.sampled_from([pb.CALL_STATE_DIALING, pb.CALL_STATE_RINGING, pb.CALL_STATE_ESTABLISHED]),
    st.lists(st.sampled_from(list(Step)), max_size=12),
)
def test_whatever_a_switch_tells_the_call_follows_the_table(first, steps):
    change = first_change(appeared(first), ORIGIN, EVERYTHING)
    for step in steps:
        state, sequence = change.call.state, change.call.sequence
        try:
            change = next_change(change, event_of(step), EVERYTHING)
        except Impossible:
            assert step not in TRANSITIONS[state]
            assert change.call.state == state
        else:
            assert change.call.state == TRANSITIONS[state][step]
            assert change.call.sequence == sequence + 1
            if step in (Step.ESTABLISHED, Step.RELEASED):
                assert change.notification_type == NOTIFICATION_TYPE_STATUS_CHANGE
