"""The documented shapes of resources and messages, as expectations; pure. GWS reference, the pages that each names."""

from bridge.verification.findings import AnyOf, Optional

SUCCESS = {"statusCode": 0}
ACCESS_DENIED = {"statusCode": 20, "statusMessage": "Access denied"}
ERROR = {"statusCode": AnyOf(int), "statusMessage": AnyOf(str)}
DIALING_CAPABILITIES = {
    "DeleteUserDataPair",
    "AttachUserData",
    "Hangup",
    "DeleteUserData",
    "SendDtmf",
    "UpdateUserData",
}
ON_OFF = AnyOf(values=("On", "Off"))

USER = {
    "id": AnyOf(str),
    "userName": AnyOf(str),
    "firstName": AnyOf(str),
    "lastName": AnyOf(str),
    "emailAddress": Optional(AnyOf(str)),
    "roles": AnyOf(list),
    "enabled": AnyOf(bool),
    "changePasswordOnFirstLogin": AnyOf(bool),
    "contactCenterId": Optional(AnyOf(str)),
    "uri": AnyOf(str),
    "path": AnyOf(str),
}
"""Interpreting a Response, and what was observed besides."""

DEVICE = {
    "id": AnyOf(str),
    "deviceState": AnyOf(values=("Active", "Inactive")),
    "userState": Optional(AnyOf(dict)),
    "phoneNumber": AnyOf(str),
    "description": Optional(AnyOf(str)),
    "e164Number": AnyOf(str),
    "telephonyNetwork": AnyOf(values=("Private", "Public")),
    "doNotDisturb": ON_OFF,
    "forwardTo": Optional(AnyOf(str)),
    "voiceEnvironmentUri": Optional(AnyOf(str)),
    "capabilities": AnyOf(list),
    "channels": Optional(AnyOf(list)),
    "dynamicPhoneNumber": Optional(AnyOf(str)),
}
"""Devices API, Device attributes."""


def call(state: str, number: str) -> dict[str, object]:
    """Call resource: its members in the order of Dial Preview Record, those of later samples optional."""
    return {
        "id": AnyOf(str),
        "state": state,
        "callUuid": AnyOf(str),
        "connId": AnyOf(str),
        "deviceUri": AnyOf(str),
        "participants": [
            {"e164Number": AnyOf(str), "formattedPhoneNumber": AnyOf(str), "phoneNumber": number, "digits": number}
        ],
        "ani": Optional(AnyOf(str)),
        "dnis": number,
        "callType": AnyOf(values=("Internal", "Inbound", "Outbound", "Consult", "Unknown")),
        "capabilities": AnyOf(list),
        "userData": Optional(AnyOf(dict)),
        "duration": AnyOf(str),
        "mute": ON_OFF,
        "recordingState": Optional(AnyOf(str)),
        "supervisorListeningIn": AnyOf(bool),
        "monitoredUserMuted": AnyOf(bool),
        "monitoring": Optional(AnyOf(bool)),
        "uri": AnyOf(str),
        "path": AnyOf(str),
        "case": Optional(AnyOf(list)),
    }


def message(notification: str, state: str, number: str) -> dict[str, object]:
    """CometD message types, CallStateChangeMessage, with the wrapper."""
    return {
        "data": {
            "notificationType": notification,
            "call": call(state, number),
            "phoneNumber": AnyOf(str),
            "extensions": Optional(AnyOf(dict)),
            "messageType": "CallStateChangeMessage",
            "metrics": Optional(AnyOf(dict)),
        },
        "channel": "/v2/me/calls",
        "id": Optional(AnyOf(str)),
    }
