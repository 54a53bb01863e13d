"""The devices as the directory and the journal have them: what snapshots and reads show, who may see which, who has a
contact centre session; decides nothing about devices."""

from collections.abc import Iterable, Iterator

from google.protobuf.message import Message

from dialbridge.v1.call_pb2 import CALL_STATE_UNSPECIFIED
from dialbridge.v1.call_service_pb2 import CallFilter
from dialbridge.v1.device_service_pb2 import DeviceChange, Devices, WatchDevicesRequest
from dialbridge.v1.user_pb2 import (
    DEVICE_CAPABILITY_BARGE_IN,
    DEVICE_CAPABILITY_CANCEL_SUPERVISOR_MONITORING,
    DEVICE_CAPABILITY_COACH,
    DEVICE_CAPABILITY_DO_NOT_DISTURB_OFF,
    DEVICE_CAPABILITY_DO_NOT_DISTURB_ON,
    DEVICE_CAPABILITY_FORWARD_CALLS_OFF,
    DEVICE_CAPABILITY_FORWARD_CALLS_ON,
    DEVICE_CAPABILITY_LISTEN_IN,
    DEVICE_STATE_ACTIVE,
    DEVICE_STATE_INACTIVE,
    ROLE_SUPERVISOR,
    USER_STATE_LOGGED_OUT,
    USER_STATE_UNSPECIFIED,
    Device,
    DeviceCapability,
)
from server.directory import Directory
from server.features import SUPERVISOR_MONITORING
from server.journal import Record, Topic
from server.principal import Principal
from server.recorder import Change
from server.visibility import Sight, sees, signs
from server.watchers import Watch

_NO_SESSION = frozenset({USER_STATE_UNSPECIFIED, USER_STATE_LOGGED_OUT})
_PORTION = 256
"""Devices in one message of a snapshot."""


class PublishedDevices:
    """Satisfies ``server.projection.Projection``."""

    topic = Topic.DEVICE

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._devices = {
            device_id: self.completed(directory.contract_device(device_id)) for device_id in directory.devices
        }

    def decode(self, payload: bytes) -> DeviceChange:
        """A journalled change."""
        return DeviceChange.FromString(payload)

    def sight(self, change: Message) -> Sight:
        """What decides who sees the change."""
        assert isinstance(change, DeviceChange)  # noqa: S101  of this topic there is no other
        return Sight("", change.device.id, change.device.user_name, CALL_STATE_UNSPECIFIED)

    def apply(self, change: Message) -> None:
        """Take the change into the devices; one of a device that the directory no longer has means nothing."""
        assert isinstance(change, DeviceChange)  # noqa: S101  of this topic there is no other
        if change.device.id in self._devices:
            self._devices[change.device.id] = change.device

    def restore(self, payloads: Iterable[bytes]) -> list[Device]:
        """Take up what was journalled last; the devices that it is about. What they are, the directory says now."""
        restored = []
        for payload in payloads:
            last = self.decode(payload).device
            if last.id in self._devices:
                device = self._directory.contract_device(last.id)
                device.user_state = last.user_state
                device.do_not_disturb = last.do_not_disturb
                device.forward_to = last.forward_to
                self._devices[last.id] = self.completed(device)
                restored.append(self._devices[last.id])
        return restored

    def device(self, device_id: str) -> Device:
        """The device as it is. Never to be modified."""
        return self._devices[device_id]

    def visible(self, principal: Principal) -> Iterator[Device]:
        """The devices that the caller may see, in the directory's order; costs an agent their own, not all."""
        if principal.sees_all:
            yield from map(self.device, self._directory.devices)
        else:
            yield from (self.device(each.id) for each in self._directory.devices_of(principal.user_name))

    def has_session(self, device_id: str) -> bool:
        """Whether the agent has a contact centre session at the device."""
        return self._devices[device_id].user_state not in _NO_SESSION

    def is_registered(self, device_id: str) -> bool:
        """Whether the device can dial: always, unless the contact centre demands a session."""
        return not self._directory.contact_center.require_session or self.has_session(device_id)

    def completed(self, device: Device) -> Device:
        """``device`` with what follows from the rest of it: its state and what it offers."""
        demanded = self._directory.contact_center.require_session
        is_active = not demanded or device.user_state not in _NO_SESSION
        device.state = DEVICE_STATE_ACTIVE if is_active else DEVICE_STATE_INACTIVE
        del device.capabilities[:]
        device.capabilities.extend(self._offered(device))
        return device

    def watch(self, principal: Principal, _: WatchDevicesRequest) -> Watch:
        """What WatchDevices follows."""

        def snapshot() -> list[bytes]:
            devices = list(self.visible(principal))
            portions = (devices[start : start + _PORTION] for start in range(0, len(devices), _PORTION))
            return [Devices(devices=some).SerializeToString() for some in portions]

        return Watch(self.topic, sees(principal, CallFilter()), signs(principal, CallFilter()), snapshot)

    def _offered(self, device: Device) -> Iterator[DeviceCapability.ValueType]:
        yield DEVICE_CAPABILITY_DO_NOT_DISTURB_OFF if device.do_not_disturb else DEVICE_CAPABILITY_DO_NOT_DISTURB_ON
        yield DEVICE_CAPABILITY_FORWARD_CALLS_OFF if device.forward_to else DEVICE_CAPABILITY_FORWARD_CALLS_ON
        user = self._directory.user(device.user_name)
        if user is not None and ROLE_SUPERVISOR in user.roles and SUPERVISOR_MONITORING in user.features:
            yield DEVICE_CAPABILITY_LISTEN_IN
            yield DEVICE_CAPABILITY_COACH
            yield DEVICE_CAPABILITY_BARGE_IN
            if device.HasField("supervisor_monitoring"):
                yield DEVICE_CAPABILITY_CANCEL_SUPERVISOR_MONITORING


def journalled(change: DeviceChange) -> Change:
    """A change as the recorder takes it. A device about which nothing is set is what the directory says of it."""
    device = change.device
    is_default = device.user_state in _NO_SESSION and not device.do_not_disturb and not device.forward_to
    record = Record(change.SerializeToString(), f"device/{device.id}", ends=is_default, topic=Topic.DEVICE)
    return Change(record, change)
