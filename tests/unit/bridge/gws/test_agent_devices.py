import pytest

from bridge.gws.agent_devices import AgentDevices
from bridge.gws.errors import Refused
from dialbridge.v1.call_pb2 import Call


@pytest.fixture
def devices():
    devices = AgentDevices({"5005": "here-1", "5006": "here-2"})
    devices.listed({"devices": [{"id": "there-1", "phoneNumber": "5005"}, {"id": "here-2", "phoneNumber": "9"}]})
    return devices


def test_devices_are_the_same_when_their_ids_are_or_their_numbers(devices):
    assert (devices.of("there-1"), devices.of("here-2"), devices.of("there-3")) == ("here-1", "here-2", "")
    assert devices.upstream_id("here-1") == "there-1"
    assert devices.ours == {"here-1", "here-2"}


def test_those_that_the_upstream_does_not_list_are_told_and_refused():
    devices = AgentDevices({"5005": "here-1", "5006": "here-2"})
    assert devices.listed({"devices": [{"id": "there-1", "phoneNumber": "5005"}, {"id": 7}, None]}) == {"here-2"}
    with pytest.raises(Refused, match="does not know this device"):
        devices.upstream_id("here-2")


@pytest.mark.parametrize("resource", [{}, {"devices": None}, {"devices": []}])
def test_a_user_without_devices_has_none(resource):
    assert AgentDevices({"5005": "here"}).listed(resource) == {"here"}


def test_a_call_is_at_the_device_that_it_names_or_whose_number_it_has(devices):
    assert devices.of_call(Call(device_id="there-1", device_number="5006")) == "here-1"
    assert devices.of_call(Call(device_number="5006")) == "here-2"
    assert devices.of_call(Call()) == ""


def test_where_there_is_only_one_device_what_names_none_is_at_that():
    devices = AgentDevices({"5005": "here"})
    devices.listed({"devices": [{"id": "there", "phoneNumber": "5005"}]})
    assert devices.of_call(Call()) == "here"
