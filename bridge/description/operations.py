"""The shapes of what clients ask for, one for each ``operationName``; `bridge.requests` says what becomes of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from bridge.description.schema import Schema, const, many, or_null, record, ref, text, whole, words
from bridge.requests import CALL_OPERATIONS, DEVICE_PATH, RECORD_MEMBERS

_SEPARATOR = "[-./() ]*"
DIALABLE = rf"^{_SEPARATOR}(\+{_SEPARATOR})?[0-9*#]({_SEPARATOR}[0-9*#]){{0,31}}{_SEPARATOR}$"
"""A number to dial: an optional + and up to 32 of 0-9, * and #, with what people put between them."""
DTMF = "^[0-9*#A-D]{1,64}$"
OPTIONAL_NUMBER = f"^$|{DIALABLE}"
"""The same, or nothing."""

_SECONDS = {"minimum": -(1 << 31), "maximum": (1 << 31) - 1}
_INT64 = {"minimum": -(1 << 63), "maximum": (1 << 63) - 1}


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: its words, and the members of its body besides ``operationName``."""

    summary: str
    told: str = ""
    """What CometD tells of it."""
    required: Mapping[str, Schema] = field(default_factory=dict)
    optional: Mapping[str, Schema] = field(default_factory=dict)

    def body(self, name: str) -> Schema:
        """The shape of the request's body. Other members are ignored; null is as good as absent."""
        description = f"{self.summary} {self.told}".strip()
        optional = {member: or_null(shape) for member, shape in self.optional.items()}
        return record(description, {"operationName": const(name), **self.required}, optional, closed=False)


_NUMBER = text("The number; spaces and any of `-./()` are left out.", pattern=DIALABLE, examples=["5001"])
_LOCATION = text("The location for the request to the switch.")
_CALL_REFERENCE = text(
    "The address or the path of a call.", pattern="[^/]", examples=["/calls/013V08JRL498H1OI04000VTAES00000G"]
)
_WITH_DATA: Mapping[str, Schema] = {"userData": ref("GivenUserData")}
_WITH_DESTINATION: Mapping[str, Schema] = {"destination": ref("Destination")}
_PLACE_AND_DATA: Mapping[str, Schema] = {"location": _LOCATION, "userData": ref("GivenUserData")}
_CONSULTATION: Mapping[str, Schema] = {"consultCallUri": _CALL_REFERENCE}

_STATUS = "Told as `StatusChange`."
_DATA = "Told as `AttachedDataChanged`."
_PARTIES = "Told as `ParticipantsUpdated`."
_RECORDING = "Told as `CallRecordingStateChange`."
_MONITORED = "Told as `MonitoredUserMutedStateChange`."

_ON_CALLS: Mapping[str, Operation] = {
    "Answer": Operation("Answers a ringing call.", _STATUS),
    "Hangup": Operation("Hangs up.", _STATUS),
    "Hold": Operation("Puts the call on hold.", _STATUS),
    "Retrieve": Operation("Takes the call from hold.", _STATUS),
    "SendDtmf": Operation(
        "Sends digits to the other party.",
        "Told as `DtmfSent`.",
        {"digits": text("1 to 64 of `0-9*#A-D`.", pattern=DTMF, examples=["42#"])},
    ),
    "AttachUserData": Operation("Adds pairs to the user data, also where a key is there already.", _DATA, _WITH_DATA),
    "UpdateUserData": Operation("Adds pairs to the user data and overwrites those that are there.", _DATA, _WITH_DATA),
    "DeleteUserData": Operation("Removes all user data.", _DATA),
    "DeleteUserDataPair": Operation(
        "Removes the pairs with one key.", _DATA, {"key": text("The key.", minLength=1, examples=["Product"])}
    ),
    "SingleStepTransfer": Operation(
        "Gives the call to another number without asking there first.", _STATUS, _WITH_DESTINATION, _PLACE_AND_DATA
    ),
    "InitiateTransfer": Operation(
        "Holds the call and dials a consultation call, which `CompleteTransfer` ends.",
        "Told as `StatusChange` of both calls; the new one has `parentCallUri`.",
        _WITH_DESTINATION,
        _PLACE_AND_DATA,
    ),
    "CompleteTransfer": Operation(
        "Joins the held party and the consulted one, and leaves.",
        "Told as `StatusChange` of both calls, the original first.",
        optional=_CONSULTATION,
    ),
    "SingleStepConference": Operation(
        "Takes another number into the call.", _PARTIES, _WITH_DESTINATION, _PLACE_AND_DATA
    ),
    "InitiateConference": Operation(
        "Holds the call and dials a consultation call, which `CompleteConference` ends.",
        "Told as `StatusChange` of both calls; the new one has `parentCallUri`.",
        _WITH_DESTINATION,
        _PLACE_AND_DATA,
    ),
    "CompleteConference": Operation(
        "Joins the held party and the consulted one, and stays.",
        "Told as `StatusChange` of the consultation call and `ParticipantsUpdated` of the original.",
        optional=_CONSULTATION,
    ),
    "RemoveParticipantFromConference": Operation(
        "Takes a party out of the conference.",
        _PARTIES,
        {"participant": text("The party's number.", minLength=1, examples=["15001"])},
    ),
    "SwapCalls": Operation(
        "Holds this call and takes the other from hold, or the other way round.",
        "Told as `StatusChange` of both calls.",
        {"otherCallUri": _CALL_REFERENCE},
    ),
    "MuteCall": Operation("Mutes the agent's microphone.", _STATUS),
    "UnmuteCall": Operation("Opens the agent's microphone again.", _STATUS),
    "StartCallRecording": Operation("Begins to record.", _RECORDING),
    "PauseCallRecording": Operation("Pauses the recording.", _RECORDING),
    "ResumeCallRecording": Operation("Goes on with the recording.", _RECORDING),
    "StopCallRecording": Operation("Ends the recording.", _RECORDING),
    "ClearCall": Operation("Releases all parties.", _STATUS),
    "MuteMonitoredUser": Operation("A supervisor mutes the agent.", _MONITORED),
    "UnmuteMonitoredUser": Operation("A supervisor opens the agent's microphone again.", _MONITORED),
    "SwitchToListenIn": Operation("A supervisor goes on by listening.", _STATUS),
    "SwitchToCoach": Operation("A supervisor goes on by speaking to the agent alone.", _STATUS),
    "SwitchToBargeIn": Operation("A supervisor goes on by speaking to everybody.", _STATUS),
}
ON_CALLS: Mapping[str, Operation] = {name: each for name, each in _ON_CALLS.items() if name in CALL_OPERATIONS}
"""The operations on a call that the bridge has, by their names."""

_WATCHED: Mapping[str, Schema] = {
    "targetDeviceUri": text(
        "The address or the path of the agent's device.",
        pattern="[^/]",
        examples=["/devices/efe1ab32-53f9-43ce-b65e-5768c61f7d4a"],
    )
}
_MODE: Mapping[str, Schema] = {
    "mode": words(["NextCall", "AllCalls"], "One call, or all from now on. Without it, all.")
}

_DEVICE_CHANGE = "Told as `DeviceStateChangeMessage`."

ON_DEVICES: Mapping[str, Operation] = {
    "ListenIn": Operation("A supervisor hears the agent's calls.", required=_WATCHED, optional=_MODE),
    "Coach": Operation("A supervisor speaks to the agent alone.", required=_WATCHED, optional=_MODE),
    "BargeIn": Operation("A supervisor speaks to everybody.", required=_WATCHED, optional=_MODE),
    "CancelSupervisorMonitoring": Operation("Ends monitoring.", _DEVICE_CHANGE),
    "DoNotDisturbOn": Operation("Lets calls to the device find it busy.", _DEVICE_CHANGE),
    "DoNotDisturbOff": Operation("Ends that.", _DEVICE_CHANGE),
    "ForwardCallsOn": Operation(
        "Sends calls to the device elsewhere.",
        _DEVICE_CHANGE,
        {"forwardTo": text("The number.", pattern=DIALABLE, examples=["5006"])},
    ),
    "ForwardCallsOff": Operation("Ends that.", _DEVICE_CHANGE),
}
"""The operations on a device, by their names."""

ON_VOICE: Mapping[str, Operation] = {
    "Ready": Operation("The agent takes calls.", _DEVICE_CHANGE),
    "NotReady": Operation("The agent takes no calls from queues.", _DEVICE_CHANGE),
    "AfterCallWork": Operation("The agent finishes the work on the last call.", _DEVICE_CHANGE),
    "AuxWork": Operation("The agent does something else.", _DEVICE_CHANGE),
}
"""What an agent does, by the names of the operations."""

ON_ME: Mapping[str, Operation] = {
    "StartContactCenterSession": Operation(
        "Opens the contact centre session.",
        required={"channels": many(text(), "The channels to open.", minItems=1, examples=[["voice"]])},
        optional={
            "devicePath": text(
                "The device to use. Without it, all of the caller's.",
                pattern=f"^$|^{DEVICE_PATH}",
                examples=["/devices/efe1ab32-53f9-43ce-b65e-5768c61f7d4a"],
            )
        },
    ),
    "EndContactCenterSession": Operation(
        "Ends the contact centre session, and the HTTP session with everything that hangs on it, CometD included."
    ),
}

_MEMBERS: Mapping[str, Schema] = {
    "outboundCallerId": text("The caller id to show.", pattern=OPTIONAL_NUMBER, examples=["410004343"]),
    "campaignName": text("The campaign that the record belongs to."),
    "callingList": text("The calling list that the record was taken from."),
    "applicationId": whole("The database id of the Outbound Contact Server.", examples=[134], **_INT64),
    "phoneType": text("What kind of number it is.", examples=["HomePhone", "Mobile"]),
    "chainId": whole("The chain of records of one customer.", **_INT64),
    "chainAttribute": text("What an operation concerns.", examples=["RecordOnly", "AllChain"]),
    "timeZone": text("The time zone of `from` and `until`.", examples=["PST"]),
    "from": whole("The earliest time to call, in seconds after midnight.", **_SECONDS),
    "until": whole("The latest time to call, in seconds after midnight.", **_SECONDS),
    "callResult": text("The result of the call.", examples=["Busy", "Answer"]),
    "devicePath": text("Kept, and never compared with the device that dials.", examples=["/devices/1234567890"]),
    "userData": ref("GivenUserData"),
    "otherFields": ref("GivenUserData"),
}

_DIAL = Operation(
    "Dials an outbound preview record, or a plain number. With both, the record counts.",
    optional={
        "outboundRecord": ref("OutboundRecord"),
        "destination": ref("Destination"),
        "userData": ref("GivenUserData"),
        "location": _LOCATION,
        "devicePath": text("Kept with the record; the device in the URL dials.", examples=["/devices/1234567890"]),
    },
)

SHAPES: Mapping[str, Schema] = {
    "GivenUserData": {
        "type": "object",
        "description": "Any JSON under any key, at most 16 levels deep and 64 KiB in all.",
        "propertyNames": {"minLength": 1, "maxLength": 255},
        "additionalProperties": True,
    },
    "Destination": record("A plain number.", {"phoneNumber": _NUMBER}, closed=False),
    "OutboundRecord": record(
        "An outbound preview record. What it has besides these members is kept and never put on the call.",
        {
            "recordHandle": whole("The record's handle.", minimum=1, maximum=(1 << 63) - 1, examples=[431]),
            "phoneNumber": _NUMBER,
        },
        {name: or_null(_MEMBERS[name]) for name in RECORD_MEMBERS if name in _MEMBERS},
        closed=False,
    ),
    "Dial": {
        **_DIAL.body("Dial"),
        "anyOf": [{"required": ["outboundRecord"]}, {"required": ["destination"]}],
    },
    **{
        name: operation.body(name)
        for name, operation in (
            *ON_ME.items(),
            *ON_CALLS.items(),
            *ON_DEVICES.items(),
            *ON_VOICE.items(),
        )
    },
}
"""The bodies of all operations by their names, and what they are made of."""


def one_of(operations: Iterable[str], names: Mapping[str, str] = MappingProxyType({})) -> Schema:
    """The body of a request that asks for one of several operations.

    ``names``: what the shapes of some of them are called, where it is not the operation's name.
    """
    shapes = {name: ref(names.get(name, name)) for name in operations}
    return {
        "oneOf": list(shapes.values()),
        "discriminator": {
            "propertyName": "operationName",
            "mapping": {name: shape["$ref"] for name, shape in shapes.items()},
        },
    }
