"""Users, devices and features as the GWS reference writes them; pure."""

from collections.abc import Mapping

from bridge.strict_json import dumps
from bridge.vocabulary import DEVICE_CAPABILITIES, DEVICE_STATES, ROLES, SUPERVISOR_ROLES, USER_STATES
from dialbridge.v1.user_pb2 import (
    DEVICE_STATE_UNSPECIFIED,
    USER_STATE_LOGGED_OUT,
    USER_STATE_UNSPECIFIED,
    Device,
    Feature,
    User,
)

VOICE_CHANNEL = "voice"
DEVICES_CHANNEL = "/v2/me/devices"
"""The channel of DeviceStateChangeMessage. GWS reference, CometD message types."""

_NO_SESSION = frozenset({USER_STATE_UNSPECIFIED, USER_STATE_LOGGED_OUT})


def user_json(user: User, subresources: Mapping[str, object], external_url: str) -> dict[str, object]:
    """The user resource with the subresources that were asked for, each in its place.

    GWS reference, Interpreting a response; the order of the members is that of live answers.
    """
    legacy: dict[str, object] = {
        "id": user.id,
        "userName": user.user_name,
        "firstName": user.first_name,
        "lastName": user.last_name,
        "emailAddress": user.email_address,
        "roles": [ROLES[role] for role in user.roles if role in ROLES],
        "enabled": user.enabled,
    }
    for name in ("devices", "channels", "calls"):
        if name in subresources:
            legacy[name] = subresources[name]
    legacy["changePasswordOnFirstLogin"] = user.change_password_on_first_login
    if "features" in subresources:
        legacy["features"] = subresources["features"]
    legacy["contactCenterId"] = user.contact_center_id
    legacy["uri"] = f"{external_url}/users/{user.id}"
    legacy["path"] = f"/users/{user.id}"
    return legacy


def device_json(device: Device, external_url: str) -> dict[str, object]:
    """The device resource. GWS reference, Devices API; the order of the members is that of live answers."""
    legacy: dict[str, object] = {
        "id": device.id,
        "deviceState": DEVICE_STATES.get(device.state, DEVICE_STATES[DEVICE_STATE_UNSPECIFIED]),
    }
    if device.user_state in USER_STATES:
        legacy["userState"] = USER_STATES[device.user_state].shown
    legacy["phoneNumber"] = device.phone_number
    legacy["description"] = device.description
    legacy["e164Number"] = device.e164_number
    legacy["telephonyNetwork"] = device.telephony_network
    legacy["doNotDisturb"] = "On" if device.do_not_disturb else "Off"
    if device.forward_to:
        legacy["forwardTo"] = device.forward_to
    if device.voice_environment_id:
        legacy["voiceEnvironmentUri"] = f"{external_url}/voice-environments/{device.voice_environment_id}"
    legacy["capabilities"] = [
        DEVICE_CAPABILITIES[capability] for capability in device.capabilities if capability in DEVICE_CAPABILITIES
    ]
    if device.HasField("supervisor_monitoring"):
        monitoring = device.supervisor_monitoring
        legacy["supervisorMonitoringState"] = {
            "state": SUPERVISOR_ROLES[monitoring.role],
            "mode": "NextCall" if monitoring.next_call_only else "AllCalls",
            "scope": "Call",
            "targetDeviceUri": f"{external_url}/devices/{monitoring.target_device_id}",
        }
    legacy["channels"] = [VOICE_CHANNEL]
    legacy["dynamicPhoneNumber"] = ""
    return legacy


def device_uri(device: Device, external_url: str) -> str:
    """Where the device is read."""
    return f"{external_url}/devices/{device.id}"


def feature_json(feature: Feature, external_url: str) -> dict[str, object]:
    """The feature resource. GWS reference, Features."""
    return {
        "id": feature.id,
        "displayName": feature.display_name,
        "description": feature.description,
        "autoAssignOnContactCenterCreate": True,
        "uri": feature_uri(feature, external_url),
        "path": f"/features/{feature.id}",
    }


def feature_uri(feature: Feature, external_url: str) -> str:
    """Where the feature is read."""
    return f"{external_url}/features/{feature.id}"


def open_channels(devices: list[Device]) -> list[str]:
    """The channels on which the user has a session."""
    return [VOICE_CHANNEL] if any(device.user_state not in _NO_SESSION for device in devices) else []


def device_event(device: Device, external_url: str) -> bytes:
    """The whole CometD event of a change: a DeviceStateChangeMessage. GWS reference, CometD message types."""
    data = {"devices": [device_json(device, external_url)], "messageType": "DeviceStateChangeMessage"}
    return dumps({"data": data, "channel": DEVICES_CHANNEL})
