"""Device resources of a GWS as devices of the contract, as far as they change; pure and lenient as
`bridge.gws.resources`. GWS reference, Devices API."""

from collections.abc import Mapping
from typing import Any

from bridge.vocabulary import USER_STATES
from dialbridge.v1.user_pb2 import (
    USER_STATE_LOGGED_OUT,
    USER_STATE_NOT_READY,
    USER_STATE_UNSPECIFIED,
    Device,
    UserState,
)

DEVICE_STATE_CHANGE = "DeviceStateChangeMessage"

_STATES: Mapping[tuple[str, str], UserState.ValueType] = {
    (each.shown["state"], each.shown.get("workMode", "")): state for state, each in USER_STATES.items()
} | {("Logout", ""): USER_STATE_LOGGED_OUT}


def read_device(resource: Mapping[str, Any]) -> Device:
    """What changes about a device, with the id that it has there. A state that is not known is no session."""
    device = Device(id=_text(resource, "id"), phone_number=_text(resource, "phoneNumber"))
    shown = resource.get("userState")
    if isinstance(shown, dict):
        device.user_state = _state(_text(shown, "state"), _text(shown, "workMode"))
    device.do_not_disturb = resource.get("doNotDisturb") in ("On", True)
    device.forward_to = _text(resource, "forwardTo")
    return device


def _state(word: str, work_mode: str) -> UserState.ValueType:
    if (known := _STATES.get((word, work_mode))) is not None:
        return known
    if word == "NotReady":  # for a reason that only this contact centre knows
        return USER_STATE_NOT_READY
    return _STATES.get((word, ""), USER_STATE_UNSPECIFIED)


def _text(resource: Mapping[str, Any], name: str) -> str:
    value = resource.get(name)
    return value if isinstance(value, str) else ""
