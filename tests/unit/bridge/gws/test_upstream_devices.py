import pytest

from bridge.gws.upstream_devices import read_device
from bridge.user_json import device_json
from bridge.vocabulary import USER_STATES
from dialbridge.v1 import user_pb2
from dialbridge.v1.user_pb2 import Device


@pytest.mark.parametrize("state", USER_STATES)
def test_what_the_bridge_writes_of_a_device_is_read_again(state):
    device = Device(id="d", phone_number="5005", user_state=state, do_not_disturb=True, forward_to="5006")
    assert read_device(device_json(device, "http://host/api/v2")) == device


@pytest.mark.parametrize(
    ("shown", "state"),
    [
        ({"state": "NotReady", "workMode": "Lunch"}, user_pb2.USER_STATE_NOT_READY),
        ({"state": "Ready", "workMode": "Unknown"}, user_pb2.USER_STATE_READY),
        ({"state": "Logout"}, user_pb2.USER_STATE_LOGGED_OUT),
        ({"state": "Dancing"}, user_pb2.USER_STATE_UNSPECIFIED),
        ({"state": 7}, user_pb2.USER_STATE_UNSPECIFIED),
        ("Ready", user_pb2.USER_STATE_UNSPECIFIED),
        (None, user_pb2.USER_STATE_UNSPECIFIED),
    ],
)
def test_states_that_the_contract_does_not_know_become_the_nearest(shown, state):
    assert read_device({"id": "d", "userState": shown}).user_state == state


@pytest.mark.parametrize("resource", [{}, {"id": 7, "phoneNumber": None, "doNotDisturb": "Maybe", "forwardTo": []}])
def test_what_is_no_device_is_an_empty_one(resource):
    assert read_device(resource) == Device()
