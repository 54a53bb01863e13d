"""Calls and their changes as the GWS reference writes them, byte for byte; pure."""

from bridge.settings import Profile
from bridge.strict_json import dumps
from bridge.user_data import to_json
from bridge.vocabulary import CALL_STATES, CALL_TYPES, CAPABILITIES, NOTIFICATION_TYPES, RECORDING_STATES
from dialbridge.v1.call_pb2 import CALL_STATE_UNSPECIFIED, CALL_TYPE_UNSPECIFIED, Call
from dialbridge.v1.status_change_pb2 import StatusChange

CALLS_CHANNEL = "/v2/me/calls"
"""The channel of CallStateChangeMessage. GWS reference, CometD message types."""

ALL_CALLS_CHANNEL = "/v2/calls"
"""The same for every call of the contact centre, for supervisors. The reference has no such channel."""

_WRAP_UP_TIME = "WrapUpTime"


def call_json(call: Call, external_url: str, profile: Profile) -> dict[str, object]:
    """The call resource, its members in the order of the samples. GWS reference, Call resource."""
    legacy: dict[str, object] = {
        "id": call.id,
        "state": call.upstream_state or CALL_STATES.get(call.state, CALL_STATES[CALL_STATE_UNSPECIFIED]),
        "callUuid": call.id,
        "connId": call.conn_id,
        "deviceUri": f"{external_url}/devices/{call.device_id}",
        "participants": [
            {
                "e164Number": party.e164_number,
                "formattedPhoneNumber": party.formatted_phone_number,
                "phoneNumber": party.phone_number,
                "digits": party.digits,
            }
            for party in call.participants
        ],
    }
    if call.ani:
        legacy["ani"] = call.ani
    legacy["dnis"] = call.dnis
    legacy["callType"] = CALL_TYPES.get(call.call_type, CALL_TYPES[CALL_TYPE_UNSPECIFIED])
    # A capability of a newer contract has no legacy word yet: it is not offered.
    legacy["capabilities"] = [
        *(CAPABILITIES[capability] for capability in call.capabilities if capability in CAPABILITIES),
        *call.upstream_capabilities,
    ]
    if call.user_data.pairs:
        legacy["userData"] = to_json(call.user_data)
    if call.parent_call_id:
        legacy["parentCallUri"] = call_uri(call.parent_call_id, external_url)
    legacy["duration"] = str(call.duration.seconds)
    legacy["mute"] = "On" if call.muted else "Off"
    if call.recording_state in RECORDING_STATES:
        legacy["recordingState"] = RECORDING_STATES[call.recording_state]
    legacy["supervisorListeningIn"] = call.supervisor_listening_in
    legacy["monitoredUserMuted"] = call.monitored_user_muted
    if profile is Profile.G2:
        legacy["monitoring"] = call.monitored
    legacy["uri"] = call_uri(call.id, external_url)
    legacy["path"] = f"/calls/{call.id}"
    if call.parent_call_id:
        legacy["parentCallPath"] = f"/calls/{call.parent_call_id}"
    return legacy


def call_uri(call_id: str, external_url: str) -> str:
    """Where the call is read. GWS reference, Call resource."""
    return f"{external_url}/me/calls/{call_id}"


def call_event(change: StatusChange, external_url: str, profile: Profile, channel: str = CALLS_CHANNEL) -> bytes:
    """The whole CometD event of a change, encoded: a CallStateChangeMessage on its channel.

    GWS reference, CometD message types; the order of the members is that of Dial Preview Record.
    """
    call = change.call
    data: dict[str, object] = {
        "notificationType": NOTIFICATION_TYPES.get(change.notification_type)
        or change.upstream_notification_type
        or "StatusChange",
        "call": call_json(call, external_url, profile),
        "phoneNumber": call.device_number,
    }
    if change.HasField("extensions"):
        extensions = to_json(change.extensions)
        if profile is Profile.G2:
            extensions.pop(_WRAP_UP_TIME, None)
        data["extensions"] = extensions
    data["messageType"] = "CallStateChangeMessage"
    return dumps({"data": data, "channel": channel})


def all_calls_event(change: StatusChange, external_url: str, profile: Profile) -> bytes:
    """The same for supervisors."""
    return call_event(change, external_url, profile, ALL_CALLS_CHANNEL)
