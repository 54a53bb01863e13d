import pytest

from bridge.user_json import device_event, device_json, open_channels
from dialbridge.v1 import call_pb2, user_pb2
from dialbridge.v1.user_pb2 import Device, SupervisorMonitoring

URL = "http://host/api/v2"
DEVICE = Device(
    id="3cb9ad32-e019-4fe8-ba15-a8d9e2d66c52",
    phone_number="1003",
    state=user_pb2.DEVICE_STATE_ACTIVE,
    user_state=user_pb2.USER_STATE_READY,
    telephony_network="Private",
    voice_environment_id="v",
    capabilities=[user_pb2.DEVICE_CAPABILITY_DO_NOT_DISTURB_ON, user_pb2.DEVICE_CAPABILITY_FORWARD_CALLS_ON],
)


def device(**changed):
    copy = Device()
    copy.CopyFrom(DEVICE)
    copy.MergeFrom(Device(**changed))
    return copy


def test_a_change_of_a_device_is_told_as_live_servers_do():
    assert device_event(DEVICE, URL) == (
        b'{"data":{"devices":[{"id":"3cb9ad32-e019-4fe8-ba15-a8d9e2d66c52","deviceState":"Active",'
        b'"userState":{"id":"9430250E-0A1B-421F-B372-F29E69366DED","displayName":"Ready","state":"Ready"},'
        b'"phoneNumber":"1003","description":"","e164Number":"","telephonyNetwork":"Private","doNotDisturb":"Off",'
        b'"voiceEnvironmentUri":"http://host/api/v2/voice-environments/v",'
        b'"capabilities":["DoNotDisturbOn","ForwardCallsOn"],"channels":["voice"],"dynamicPhoneNumber":""}],'
        b'"messageType":"DeviceStateChangeMessage"},"channel":"/v2/me/devices"}'
    )


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        (user_pb2.USER_STATE_LOGGED_IN, {"state": "LoggedIn"}),
        (
            user_pb2.USER_STATE_NOT_READY,
            {"id": "900D55CC-2BB0-431F-8BF9-D3525B383BE6", "displayName": "Not Ready", "state": "NotReady"},
        ),
        (
            user_pb2.USER_STATE_AFTER_CALL_WORK,
            {
                "id": "D3663509-3D82-4DD3-A82E-2EA8EFA02AEF",
                "displayName": "AfterCallWork",
                "state": "NotReady",
                "workMode": "AfterCallWork",
            },
        ),
        (
            user_pb2.USER_STATE_AUX_WORK,
            {
                "id": "2B36138D-C564-4562-A8CB-3C32D564F296",
                "displayName": "AuxWork",
                "state": "NotReady",
                "workMode": "AuxWork",
            },
        ),
        (
            user_pb2.USER_STATE_LOGGED_OUT,
            {"id": "0F7F5003-EF26-4D13-A6Ef-D0C7EC819BEB", "displayName": "Offline", "state": "LoggedOut"},
        ),
    ],
)
def test_every_state_of_an_agent_is_shown_as_in_the_reference(state, shown):
    assert device_json(device(user_state=state), URL)["userState"] == shown


def test_where_there_never_was_a_session_there_is_no_state_and_no_channel():
    idle = Device(id="x")
    assert "userState" not in device_json(idle, URL)
    assert open_channels([idle]) == []
    assert open_channels([idle, DEVICE]) == ["voice"]
    assert open_channels([device(user_state=user_pb2.USER_STATE_LOGGED_OUT)]) == []


def test_do_not_disturb_forwarding_and_monitoring_are_shown_while_they_last():
    monitoring = SupervisorMonitoring(role=call_pb2.SUPERVISOR_ROLE_COACH, target_device_id="t", next_call_only=True)
    shown = device_json(device(do_not_disturb=True, forward_to="5006", supervisor_monitoring=monitoring), URL)
    assert (shown["doNotDisturb"], shown["forwardTo"]) == ("On", "5006")
    assert shown["supervisorMonitoringState"] == {
        "state": "Coach",
        "mode": "NextCall",
        "scope": "Call",
        "targetDeviceUri": "http://host/api/v2/devices/t",
    }
    assert not {"forwardTo", "supervisorMonitoringState"} & set(device_json(DEVICE, URL))
