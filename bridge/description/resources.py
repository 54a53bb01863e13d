"""The shapes of what dialbridge tells: calls, devices, users, features and their changes; requests are not here."""

from collections.abc import Mapping

from bridge.call_json import ALL_CALLS_CHANNEL, CALLS_CHANNEL
from bridge.description.schema import Schema, const, flag, many, record, ref, text, whole, words, words_or_others
from bridge.user_json import DEVICES_CHANNEL, VOICE_CHANNEL
from bridge.vocabulary import (
    CALL_STATES,
    CALL_TYPES,
    CAPABILITIES,
    DEVICE_CAPABILITIES,
    DEVICE_STATES,
    NOTIFICATION_TYPES,
    RECORDING_STATES,
    RELEASE_CAUSES,
    ROLES,
    SUPERVISOR_ROLES,
    USER_STATES,
)

_CALL = "013V08JRL498H1OI04000VTAES00000G"
_DEVICE = "efe1ab32-53f9-43ce-b65e-5768c61f7d4a"
_URL = "http://127.0.0.1:8080/api/v2"

CALL_ID = text("The call's id: 32 characters of 0-9 and A-V.", pattern="^[0-9A-V]{32}$", examples=[_CALL])
DEVICE_ID = text("The device's id, a UUID.", pattern="^[0-9a-fA-F-]{36}$", examples=[_DEVICE])
CONN_ID = text(
    "The connection id: 16 lower-case hexadecimal digits.", pattern="^[0-9a-f]{16}$", examples=["0071023821aec010"]
)
USER_ID = text("32 hexadecimal digits.", pattern="^[0-9a-f]{32}$")
MOMENT = text("RFC 3339, in UTC.", format="date-time")


def uri(description: str, *examples: str) -> Schema:
    """An absolute address below the external URL."""
    return text(description, format="uri", examples=[_URL + example for example in examples])


def path(description: str, example: str) -> Schema:
    """An address relative to the external URL."""
    return text(description, pattern="^/", examples=[example])


_PARTICIPANT = record(
    "Another party of the call.",
    {
        "e164Number": text("The number in E.164 form; empty where it is not known."),
        "formattedPhoneNumber": text("The number as it is shown to a person.", examples=["5001"]),
        "phoneNumber": text("The number as it was dialled, or as the switch showed it.", examples=["5001"]),
        "digits": text("The digits of the number.", examples=["5001"]),
    },
)

_CALL_REQUIRED: Mapping[str, Schema] = {
    "id": CALL_ID,
    "state": words_or_others("CallState", "Where the call is in its life."),
    "callUuid": text("The same as `id`.", pattern="^[0-9A-V]{32}$", examples=[_CALL]),
    "connId": CONN_ID,
    "deviceUri": uri("The agent's own device.", f"/devices/{_DEVICE}"),
    "participants": many(ref("Participant"), "The other parties, never the device itself."),
    "dnis": text("The number that was dialled.", examples=["5001"]),
    "callType": ref("CallType"),
    "capabilities": many(
        words_or_others("Capability", "An operationName."),
        "The operations that are allowed now; empty once released. Their order means nothing.",
    ),
    "duration": text(
        "Whole seconds since the call appeared at the device, as a string.", pattern="^[0-9]+$", examples=["0"]
    ),
    "mute": words(["Off", "On"], "Whether the agent's microphone is muted."),
    "supervisorListeningIn": flag("Whether a supervisor listens in."),
    "monitoredUserMuted": flag("Whether a supervisor muted the agent."),
    "uri": uri("Where the call is read.", f"/me/calls/{_CALL}"),
    "path": path("The call's path, without `/me`.", f"/calls/{_CALL}"),
}
_CALL_OPTIONAL: Mapping[str, Schema] = {
    "ani": text("The number of the caller; absent on calls that the device dialled.", examples=["5551212"]),
    "userData": ref("UserData"),
    "parentCallUri": uri("The call that this consultation call belongs to; absent for others.", f"/me/calls/{_CALL}"),
    "recordingState": ref("RecordingState"),
    "monitoring": flag("Whether the call is being monitored; with `--legacy-profile g2` alone."),
    "parentCallPath": path("The path of that call.", f"/calls/{_CALL}"),
}

_BOARD_REQUIRED: Mapping[str, Schema] = {
    **_CALL_REQUIRED,
    "deviceId": DEVICE_ID,
    "deviceNumber": text("The number of the device.", examples=["5005"]),
    "userName": text("The login name of the agent whom the device belongs to.", examples=["agent1"]),
    "sequence": whole("How many changes this view of the call has had; the first has 1.", minimum=0),
}
_BOARD_OPTIONAL: Mapping[str, Schema] = {
    **_CALL_OPTIONAL,
    "recordHandle": whole("The handle of the outbound record that the call was dialled from.", examples=[431]),
    "campaignName": text("The campaign of that record."),
    "createTime": MOMENT,
    "establishTime": MOMENT,
    "releaseTime": MOMENT,
    "releaseCause": ref("ReleaseCause"),
    "upstreamCause": text("The reason of the release as the switch gave it.", examples=["486 Busy Here"]),
}

RESOURCES: Mapping[str, Schema] = {
    "UserData": record(
        "Data attached to a call: any JSON under any key. Integers keep all their digits.", {}, closed=False
    ),
    "CallState": words(CALL_STATES.values(), "Where a call is in its life."),
    "CallType": words(CALL_TYPES.values(), "What kind of call it is."),
    "Capability": words(CAPABILITIES.values(), "An operation on a call."),
    "RecordingState": words(RECORDING_STATES.values(), "Whether the call is recorded; absent where it cannot be."),
    "ReleaseCause": words(RELEASE_CAUSES.values(), "Why a call was released."),
    "NotificationType": words(NOTIFICATION_TYPES.values(), "What kind of change it is."),
    "Role": words(ROLES.values(), "What a user is, and so what the user may do."),
    "DeviceState": words(DEVICE_STATES.values(), "Whether the device is registered at the switch."),
    "Participant": _PARTICIPANT,
    "Call": record("A call as one device sees it.", _CALL_REQUIRED, _CALL_OPTIONAL),
    "BoardCall": record(
        "A call with whose it is, when what happened and why it ended; `id` and `deviceId` together identify it.",
        _BOARD_REQUIRED,
        _BOARD_OPTIONAL,
    ),
    "UserState": record(
        "What the agent at the device is doing; absent where there never was a session.",
        {"state": words({each.shown["state"] for each in USER_STATES.values()}, "The agent's state.")},
        {
            "id": text("Names the state.", examples=["9430250E-0A1B-421F-B372-F29E69366DED"]),
            "displayName": text("The state for people.", examples=["Not Ready"]),
            "workMode": words(["AfterCallWork", "AuxWork"], "Why the agent is not ready, where that is known."),
        },
    ),
    "Device": record(
        "A telephone device of a user.",
        {
            "id": DEVICE_ID,
            "deviceState": ref("DeviceState"),
            "phoneNumber": text("The device's number, the DN.", examples=["5005"]),
            "description": text("A text for people."),
            "e164Number": text("The number in E.164 form; empty where it has none."),
            "telephonyNetwork": text("Where the number can be reached from.", examples=["Private", "Public"]),
            "doNotDisturb": words(["Off", "On"], "Whether calls are kept away."),
            "capabilities": many(words(DEVICE_CAPABILITIES.values()), "The operations that are allowed now."),
            "channels": many(const(VOICE_CHANNEL), "The channels that the device serves."),
            "dynamicPhoneNumber": text("Always empty."),
        },
        {
            "userState": ref("UserState"),
            "forwardTo": text("The number that calls are sent to, where they are.", examples=["5006"]),
            "supervisorMonitoringState": record(
                "Whom the supervisor at the device monitors.",
                {
                    "state": words(SUPERVISOR_ROLES.values(), "How the monitoring began."),
                    "mode": words(["NextCall", "AllCalls"], "One call, or all from then on."),
                    "scope": const("Call"),
                    "targetDeviceUri": uri("The agent's device."),
                },
            ),
            "voiceEnvironmentUri": uri("The voice environment that the device belongs to."),
        },
    ),
    "Feature": record(
        "A named set of functionality that is on for the user.",
        {
            "id": text("The feature's id.", examples=["api-voice-outbound"]),
            "displayName": text("A name for people.", examples=["Voice API Outbound"]),
            "description": text("A sentence about it.", examples=["API for Outbound"]),
            "autoAssignOnContactCenterCreate": flag("Whether new contact centres get it."),
            "uri": uri("Where the feature is read.", "/features/api-voice-outbound"),
            "path": path("The feature's path.", "/features/api-voice-outbound"),
        },
    ),
    "User": record(
        "A user of the contact centre, with the subresources that were asked for.",
        {
            "id": USER_ID,
            "userName": text("The login name.", examples=["agent1"]),
            "firstName": text("The given name."),
            "lastName": text("The family name."),
            "emailAddress": text("The mail address."),
            "roles": many(ref("Role"), "What the user is."),
            "enabled": flag("Whether the user may sign in."),
            "changePasswordOnFirstLogin": flag("Whether the user must choose a new password."),
            "contactCenterId": text("The contact centre's id, a UUID."),
            "uri": uri("The user."),
            "path": path("The user's path.", "/users/0123456789abcdef0123456789abcdef"),
        },
        {
            "devices": many(ref("Device"), "With `subresources=devices`."),
            "channels": many(const(VOICE_CHANNEL), "The channels with a session; with `subresources=channels`."),
            "calls": many(ref("Call"), "The live calls; with `subresources=calls`."),
            "features": many(ref("Feature"), "With `subresources=features`."),
        },
    ),
}
"""The resources by their names."""

CALL_STATE_CHANGE = record(
    "A change of a call: the whole call as it is after it, never a difference.",
    {
        "notificationType": words_or_others("NotificationType", "What kind of change it is."),
        "call": ref("Call"),
        "phoneNumber": text("The number of the agent's own device, not the one that was dialled.", examples=["5005"]),
        "messageType": const("CallStateChangeMessage"),
    },
    {
        "extensions": record(
            "What the switch says besides; absent where it says nothing.",
            {},
            {
                "WrapUpTime": whole("Seconds of work after the call; with `--legacy-profile s1` alone."),
                "BusinessCall": whole("1 for a business call, otherwise 0.", examples=[0]),
            },
            closed=False,
        ),
        "event": record(
            "Where the change stands among all; for sessions with the extension `replay` alone.",
            {"replayId": whole("Rises, and is not contiguous. What to resume after.", minimum=1)},
        ),
    },
)
"""``data`` of an event on ``/v2/me/calls``."""

CHANGES: Mapping[str, Schema] = {
    "CallStateChange": CALL_STATE_CHANGE,
    "CallStateChangeMessage": record(
        "An event on `/v2/me/calls`, as CometD and `/api/v2/me/events` deliver it.",
        {"data": ref("CallStateChange"), "channel": const(CALLS_CHANNEL)},
    ),
    "AllCallsMessage": record(
        "An event on `/v2/calls`.",
        {"data": ref("CallStateChange"), "channel": const(ALL_CALLS_CHANNEL)},
    ),
    "Calls": record(
        "All live calls that the caller may see: replaces what the client knew.",
        {"calls": many(ref("Call"), "Those that are not here are over.")},
    ),
    "DeviceStateChangeMessage": record(
        "An event on `/v2/me/devices`: devices as they are after a change.",
        {
            "data": record(
                "The news.",
                {
                    "devices": many(ref("Device"), "At least one.", minItems=1),
                    "messageType": const("DeviceStateChangeMessage"),
                },
            ),
            "channel": const(DEVICES_CHANNEL),
        },
    ),
    "BoardStarted": record(
        "How a stream begins.",
        {
            "resumed": flag("Whether it goes on from the client's token. If not, a snapshot follows."),
            "heartbeatSeconds": {
                "type": "number",
                "description": "How often the server is heard of. Silence of two and a half times that is an outage.",
            },
            "time": MOMENT,
        },
    ),
    "BoardCalls": record(
        "All live calls that the caller may see: replaces what the client knew.",
        {"calls": many(ref("BoardCall"), "Those that are not here are over.")},
    ),
    "BoardChange": record(
        "A change of a call, with the whole call as it is after it.",
        {
            "notificationType": words_or_others("NotificationType", "What kind of change it is."),
            "call": ref("BoardCall"),
            "eventTime": MOMENT,
        },
        {
            "previousState": ref("CallState"),
            "dtmfDigits": text("The digits that were sent.", examples=["42#"]),
        },
    ),
    "StreamEnd": record(
        "Why the server ended the stream; an EventSource comes back by itself.",
        {
            "reason": text("A name of ErrorReason of the gRPC contract.", examples=["SERVER_DRAINING"]),
            "text": {"type": ["string", "null"], "description": "A sentence."},
        },
    ),
}
"""What is told of changes, by names."""
