import json

import pytest

from bridge.call_json import call_event, call_json
from bridge.settings import DEFAULT_EXTERNAL_URL, Profile
from dialbridge.v1 import call_pb2 as pb
from dialbridge.v1.status_change_pb2 import (
    NOTIFICATION_TYPE_ATTACHED_DATA_CHANGED,
    NOTIFICATION_TYPE_DTMF_SENT,
    NOTIFICATION_TYPE_UNSPECIFIED,
    StatusChange,
)
from dialbridge.v1.user_data_pb2 import UserData, UserDataPair, Value


def member(change: StatusChange, *path: str, profile: Profile = Profile.S1) -> object:
    value = json.loads(call_event(change, DEFAULT_EXTERNAL_URL, profile))
    for name in path:
        value = value.get(name, "absent")
    return value


def test_the_later_profile_has_monitoring_and_no_wrap_up_time(dialing: StatusChange) -> None:
    assert member(dialing, "data", "call", "monitoring") == "absent"
    assert member(dialing, "data", "extensions") == {"WrapUpTime": 0, "BusinessCall": 0}
    assert member(dialing, "data", "call", "monitoring", profile=Profile.G2) is False
    assert member(dialing, "data", "extensions", profile=Profile.G2) == {"BusinessCall": 0}


def test_a_call_with_everything_has_its_members_in_the_order_of_the_reference(dialing: StatusChange) -> None:
    call = dialing.call
    call.ani = "+14155550100"
    call.user_data.pairs.add(key="AccountNumber", value=Value(string_value="12345678"))
    call.parent_call_id = "PARENT"
    call.recording_state = pb.RECORDING_STATE_PAUSED
    call.muted = call.monitored = call.supervisor_listening_in = call.monitored_user_muted = True
    call.duration.FromMilliseconds(1174_999)
    legacy = call_json(call, "https://gws.example.com/api/v2", Profile.G2)
    assert list(legacy) == [
        "id", "state", "callUuid", "connId", "deviceUri", "participants", "ani", "dnis", "callType", "capabilities",
        "userData", "parentCallUri", "duration", "mute", "recordingState", "supervisorListeningIn",
        "monitoredUserMuted", "monitoring", "uri", "path", "parentCallPath",
    ]  # fmt: skip
    assert legacy["userData"] == {"AccountNumber": "12345678"}
    assert legacy["duration"] == "1174"
    assert legacy["mute"] == "On"
    assert legacy["recordingState"] == "Paused"
    assert legacy["monitoring"] is legacy["supervisorListeningIn"] is legacy["monitoredUserMuted"] is True
    assert legacy["parentCallUri"] == "https://gws.example.com/api/v2/me/calls/PARENT"
    assert legacy["parentCallPath"] == "/calls/PARENT"


@pytest.mark.parametrize(
    ("state", "upstream", "word"),
    [
        (pb.CALL_STATE_ESTABLISHED, "", "Established"),
        (pb.CALL_STATE_RELEASED, "Released", "Released"),
        (pb.CALL_STATE_UNSPECIFIED, "Parked", "Parked"),
        (pb.CALL_STATE_UNSPECIFIED, "", "Unknown"),
        (99, "", "Unknown"),
    ],
)
def test_the_state_is_the_switchs_own_word_where_it_gave_one(
    dialing: StatusChange, state: pb.CallState.ValueType, upstream: str, word: str
) -> None:
    dialing.call.state = state
    dialing.call.upstream_state = upstream
    assert member(dialing, "data", "call", "state") == word


def test_capabilities_of_the_switch_come_after_ours_and_unknown_ones_are_not_offered(dialing: StatusChange) -> None:
    del dialing.call.capabilities[2:]
    dialing.call.capabilities.extend([0, 99])  # type: ignore[list-item]
    dialing.call.upstream_capabilities.extend(["MuteCall", "ClearCall"])
    assert member(dialing, "data", "call", "capabilities") == [
        "DeleteUserDataPair", "AttachUserData", "MuteCall", "ClearCall",
    ]  # fmt: skip


def test_a_released_call_has_an_empty_list_of_capabilities(dialing: StatusChange) -> None:
    dialing.call.ClearField("capabilities")
    assert member(dialing, "data", "call", "capabilities") == []


@pytest.mark.parametrize(
    ("kind", "upstream", "word"),
    [
        (NOTIFICATION_TYPE_ATTACHED_DATA_CHANGED, "", "AttachedDataChanged"),
        (NOTIFICATION_TYPE_DTMF_SENT, "", "DtmfSent"),
        (NOTIFICATION_TYPE_UNSPECIFIED, "ParticipantsUpdated", "ParticipantsUpdated"),
        (NOTIFICATION_TYPE_UNSPECIFIED, "", "StatusChange"),
    ],
)
def test_every_kind_of_change_has_its_notification_type(
    dialing: StatusChange, kind: int, upstream: str, word: str
) -> None:
    dialing.notification_type = kind  # type: ignore[assignment]
    dialing.upstream_notification_type = upstream
    assert member(dialing, "data", "notificationType") == word


def test_a_change_without_extensions_has_none_and_one_with_empty_ones_has_them(dialing: StatusChange) -> None:
    dialing.ClearField("extensions")
    assert member(dialing, "data", "extensions") == "absent"
    dialing.extensions.SetInParent()
    assert member(dialing, "data", "extensions") == {}


def test_user_data_keeps_its_order_and_its_integers(dialing: StatusChange) -> None:
    dialing.call.user_data.CopyFrom(
        UserData(
            pairs=[
                UserDataPair(key="zip", value=Value(int_value=9007199254740993)),
                UserDataPair(key="a", value=Value(string_value="x")),
                UserDataPair(key="zip", value=Value(int_value=9007199254740995)),
            ]
        )
    )
    assert b'"userData":{"zip":9007199254740995,"a":"x"},"duration"' in call_event(
        dialing, DEFAULT_EXTERNAL_URL, Profile.S1
    )
