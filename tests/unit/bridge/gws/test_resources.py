import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.call_json import call_event
from bridge.gws.operations import OPERATIONS
from bridge.gws.resources import NotACall, read_call, read_change
from bridge.settings import Profile
from bridge.strict_json import loads_pairs
from dialbridge.v1 import call_pb2
from dialbridge.v1.status_change_pb2 import NOTIFICATION_TYPE_STATUS_CHANGE
from tests.end_to_end.test_seed_conversation import DIALING

ALL = frozenset(OPERATIONS)


def data_of(text):
    return loads_pairs(text.encode())["data"]


def test_the_documented_message_is_read_and_written_to_the_byte():
    text = DIALING.replace("CALL", "013V08JRL498H1OI04000VTAES00000G").replace("CONNECTION", "0071023821aec010")
    change = read_change(data_of(text), ALL)
    assert change.notification_type == NOTIFICATION_TYPE_STATUS_CHANGE
    assert call_event(change, "http://127.0.0.1:8080/api/v2", Profile.S1).decode() == text


@pytest.mark.parametrize(
    ("members", "digits", "e164"),
    [
        ({"participants": ["5001"]}, "5001", ""),
        (
            {"participants": ["5001"], "participantsInfo": [{"digits": "05001", "e164Number": "+495001"}]},
            "05001",
            "+495001",
        ),
        ({"participants": ["5001"], "participantsInfo": [{"E164digits": "495001"}]}, "5001", "495001"),
        ({"participants": [{"digits": "5001", "e164Number": "+1"}]}, "5001", "+1"),
    ],
)
def test_parties_are_read_in_the_shapes_of_every_generation(members, digits, e164):
    call = read_call({"id": "c", "state": "Dialing", **members}, ALL)
    assert [(party.digits, party.e164_number) for party in call.participants] == [(digits, e164)]


@pytest.mark.parametrize("value", [None, 7, "x", {}, [None], [7], [[]]])
@pytest.mark.parametrize(
    "member",
    ["participants", "participantsInfo", "capabilities", "userData", "duration", "mute", "recordingState", "deviceUri"],
)
def test_a_member_of_an_unexpected_type_is_left_out(member, value):
    call = read_call({"id": "c", "state": "Held", member: value}, ALL)
    assert (call.id, call.state) == ("c", call_pb2.CALL_STATE_HELD)


@pytest.mark.parametrize(
    "resource", [{}, {"id": "c"}, {"state": "Held"}, {"id": 7, "state": "Held"}, {"id": "", "state": "x"}]
)
def test_what_has_no_id_or_no_state_is_no_call(resource):
    with pytest.raises(NotACall):
        read_call(resource, ALL)


def test_words_that_the_contract_does_not_know_are_kept():
    call = read_call({"id": "c", "state": "Parked", "capabilities": ["Hangup", "Teleport"]}, ALL)
    assert (call.state, call.upstream_state) == (call_pb2.CALL_STATE_UNSPECIFIED, "Parked")
    assert list(call.capabilities) == [call_pb2.CAPABILITY_HANGUP]
    assert list(call.upstream_capabilities) == ["Teleport"]
    change = read_change({"call": {"id": "c", "state": "Held"}, "notificationType": "Beamed"}, ALL)
    assert (change.notification_type, change.upstream_notification_type) == (0, "Beamed")


def test_a_message_without_a_notification_type_is_a_status_change():
    change = read_change({"call": {"id": "c", "state": "Held"}}, ALL)
    assert change.notification_type == NOTIFICATION_TYPE_STATUS_CHANGE


@pytest.mark.parametrize(("duration", "seconds"), [("0", 0), ("1174", 1174), (7, 7), ("-1", 0), ("x", 0), (True, 0)])
def test_duration_is_seconds_in_a_string(duration, seconds):
    call = read_call({"id": "c", "state": "Held", "duration": duration}, ALL)
    assert call.duration.seconds == seconds


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
members = st.dictionaries(
    st.sampled_from(
        ["id", "state", "participants", "userData", "capabilities", "duration", "deviceUri", "dnis", "connId"]
    ),
    json_values,
)


@given(members)
def test_nothing_that_is_json_breaks_the_reader(resource):
    decoded = loads_pairs(json.dumps(resource).encode("utf-8", "surrogatepass").decode(errors="replace").encode())
    try:
        call = read_call(decoded, ALL)
    except NotACall:
        return
    assert call.SerializeToString()
