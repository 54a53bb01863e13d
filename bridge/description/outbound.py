"""The shapes of the Outbound API: what clients ask for, and what they are told; `bridge.outbound_requests` and
`bridge.outbound_json` say what becomes of them."""

from collections.abc import Mapping

from bridge.description.operations import DIALABLE, OPTIONAL_NUMBER, Operation
from bridge.description.schema import Schema, const, record, ref, text, whole, words
from bridge.outbound_json import OUTBOUND_CHANNEL, OUTBOUND_NOTIFICATION_TYPES
from bridge.outbound_requests import CALLBACK_TYPES
from bridge.user_json import DEVICES_CHANNEL

_INT64 = {"minimum": -(1 << 63), "maximum": (1 << 63) - 1}
_DAY = {"minimum": 0, "maximum": 86_400}

_DEVICE_PATH = text(
    "The device that the agent works with.", pattern="[^/]", examples=["/devices/efe1ab32-53f9-43ce-b65e-5768c61f7d4a"]
)
_EVERYWHERE: Mapping[str, Schema] = {
    "applicationId": whole("The database id of the Outbound Contact Server, that of the campaign.", examples=[134]),
    "devicePath": _DEVICE_PATH,
}
_REFERENCE: Mapping[str, Schema] = {
    "referenceId": text("Comes back with the outcome.", maxLength=128, examples=["123456789"])
}
_ON_RECORD: Mapping[str, Schema] = {
    "campaignName": text("The campaign.", minLength=1, examples=["Campaign1"]),
    **_EVERYWHERE,
}
_LIST = text("The calling list.", examples=["CallingList1"])
_NUMBER = text("A number; spaces and any of `-./()` are left out.", pattern=DIALABLE, examples=["+1 410 555 0199"])
_CHAIN: Mapping[str, Schema] = {"chainAttribute": words(["", "AllChain", "RecordOnly"], "Without it, `RecordOnly`.")}
_FIELDS: Mapping[str, Schema] = {
    "phoneNumber": text("The number.", pattern=OPTIONAL_NUMBER),
    "phoneType": text("What kind of number it is.", examples=["HomePhone", "Mobile"]),
    "timeZone": text("The time zone of `from` and `until`.", examples=["PST", "Europe/Berlin"]),
    "from": whole("The earliest time to call, in seconds after midnight.", **_DAY),
    "until": whole("The latest time to call, in seconds after midnight.", **_DAY),
    "outboundCallerId": text("The caller id to show.", pattern=OPTIONAL_NUMBER),
    "callResult": text("The result so far."),
    "otherFields": ref("GivenUserData"),
}


def _of_record(summary: str, told: str, required: Mapping[str, Schema], optional: Mapping[str, Schema]) -> Operation:
    kind = f"Told as `{told}`, then as a user event on `{DEVICES_CHANNEL}`."
    return Operation(summary, kind, {**_ON_RECORD, **required}, {**_REFERENCE, **optional})


ON_CAMPAIGNS: Mapping[str, Operation] = {
    "StartPreviewSession": Operation(
        "Begins to work on the campaign.", "Told as `PreviewSessionStarted`.", _EVERYWHERE, _REFERENCE
    ),
    "EndPreviewSession": Operation(
        "Ends that; the records that the agent has go back.",
        "Told as `PreviewSessionEnded`.",
        _EVERYWHERE,
        _REFERENCE,
    ),
    "GetPreviewRecord": Operation(
        "Asks for the next record.",
        "Told as `PreviewRecord`, or as `Error` where none is to be called now.",
        _EVERYWHERE,
        _REFERENCE,
    ),
}
"""The operations on a campaign, by their names."""

ON_RECORDS: Mapping[str, Operation] = {
    "CompleteRecord": _of_record(
        "Ends the work on the record.",
        "RecordProcessedAcknowledge",
        {},
        {
            "callingList": _LIST,
            "callResult": text("The result of the call.", maxLength=64, examples=["Answer", "NoAnswer"]),
            "phoneNumber": text("The number that was called, where it is another one.", pattern=OPTIONAL_NUMBER),
        },
    ),
    "RejectRecord": _of_record(
        "Gives the record back unfinished.", "RecordRejectAcknowledge", {}, {"callingList": _LIST}
    ),
    "UpdateRecord": _of_record(
        "Changes fields of the record.",
        "UpdateCallCompletionStatsAcknowledge",
        {},
        {"callingList": _LIST, **_FIELDS},
    ),
    "RescheduleRecord": _of_record(
        "Has the record called again at a time.",
        "ScheduledRecordRescheduleAcknowledge",
        {
            "callbackType": words([*CALLBACK_TYPES], "Who is to call: this agent, or any of the campaign."),
            "timestamp": whole("When, in seconds since 1970. Not in the past.", minimum=0, examples=[1433917552]),
        },
        {"callingList": _LIST},
    ),
    "GetChainedRecord": Operation(
        "Asks for the other records of the customer.",
        "Told as `ChainedRecord`, one for each, then as `ChainedRecordsDataEnd`.",
        _ON_RECORD,
        _REFERENCE,
    ),
    "DoNotCallRecord": _of_record(
        "Has the record's number never called again.", "DoNotCallAcknowledge", {}, {"callingList": _LIST, **_CHAIN}
    ),
}
"""The operations on a record that the agent has, by their names."""

ON_LISTS: Mapping[str, Operation] = {
    "AddRecord": _of_record(
        "Adds a record to a calling list.",
        "AddRecordAcknowledge",
        {
            "callingList": text("The calling list, one of the campaign's.", minLength=1, examples=["CallingList1"]),
            "phoneNumber": _NUMBER,
            "timeZone": text("The time zone of `from` and `until`.", minLength=1, examples=["PST"]),
            "phoneType": text("What kind of number it is.", minLength=1, examples=["HomePhone"]),
            "from": whole("The earliest time to call, in seconds after midnight.", **_DAY),
            "until": whole("The latest time to call, in seconds after midnight.", **_DAY),
        },
        {
            "chainId": whole("The customer's chain; without it, one of its own.", minimum=0, maximum=(1 << 63) - 1),
            "otherFields": ref("GivenUserData"),
        },
    ),
    "DoNotCallRecord": _of_record(
        "Has a number never called again.", "DoNotCallAcknowledge", {"phoneNumber": _NUMBER}, {**_CHAIN}
    ),
}
"""The operations whose address has no record, by their names."""

LIST_NAMES: Mapping[str, str] = {"DoNotCallRecord": "DoNotCallNumber"}
"""What the shapes of operations are called that have the name of another one."""

OUTBOUND_SHAPES: Mapping[str, Schema] = {
    **{name: each.body(name) for name, each in (*ON_CAMPAIGNS.items(), *ON_RECORDS.items())},
    **{LIST_NAMES.get(name, name): each.body(name) for name, each in ON_LISTS.items()},
}
"""The bodies of all operations."""

_KIND = words([*OUTBOUND_NOTIFICATION_TYPES.values()], "What kind of news it is.")
_PATH = text("The agent's device.", examples=["/devices/5910b027-3e64-4c85-9b9d-87248a21d8a5"])

OUTBOUND_MESSAGES: Mapping[str, Schema] = {
    "OutboundCampaignMessage": record(
        f"An event on `{OUTBOUND_CHANNEL}` about a preview session.",
        {
            "data": record(
                "The news.",
                {
                    "messageType": const("OutboundCampaignMessage"),
                    "notificationType": _KIND,
                    "campaign": record(
                        "The campaign.",
                        {
                            "name": text("The name."),
                            "state": text("The state of the campaign, not of the session.", examples=["Started"]),
                            "devicePath": _PATH,
                            "applicationId": whole("The database id of the Outbound Contact Server."),
                        },
                        {
                            "dialingMode": text("The dialling mode.", examples=["Preview"]),
                            "groupName": text("The campaign group.", examples=["Campaign1@AgentGroup1"]),
                            "groupDescription": text("A text for people."),
                            "description": text("A text for people."),
                        },
                    ),
                },
                _REFERENCE,
            ),
            "channel": const(OUTBOUND_CHANNEL),
        },
    ),
    "OutboundRecordMessage": record(
        f"An event on `{OUTBOUND_CHANNEL}` about a record.",
        {
            "data": record(
                "The news.",
                {
                    "messageType": const("OutboundRecordMessage"),
                    "notificationType": _KIND,
                    "record": record(
                        "The record, as far as the news says it.",
                        {
                            "devicePath": _PATH,
                            "applicationId": whole("Of the Outbound Contact Server.", **_INT64),
                            "campaignName": text(),
                        },
                        {
                            "userData": {"type": "object", "description": "What the Outbound Contact Server attaches."},
                            "callingList": _LIST,
                            "recordHandle": whole("The record's handle.", minimum=1),
                            "phoneNumber": text("The number."),
                            "outboundCallerId": text("The caller id to show."),
                            "phoneType": text("What kind of number it is."),
                            "chainId": whole("The customer's chain."),
                            "callResult": text("The result so far."),
                            "timeZone": text("The time zone of `from` and `until`."),
                            "from": whole("The earliest time to call, in seconds after midnight."),
                            "until": whole("The latest time to call, in seconds after midnight."),
                            "otherFields": {"type": "object", "description": "The custom fields of the list."},
                        },
                    ),
                },
                {**_REFERENCE, "errorMessage": text("Why it could not be done, with `Error` alone.")},
            ),
            "channel": const(OUTBOUND_CHANNEL),
        },
    ),
    "DeviceUserEventMessage": record(
        f"An event on `{DEVICES_CHANNEL}`: a user event of the Outbound Contact Server.",
        {
            "data": record(
                "The user event.",
                {
                    "metrics": {"type": "object", "description": "When it was made."},
                    "userData": {"type": "object", "description": "Its pairs."},
                    "deviceId": text("The device's id."),
                    "messageType": const("DeviceUserEventMessage"),
                },
            ),
            "channel": const(DEVICES_CHANNEL),
        },
    ),
}
"""What is told, by the names of the messages."""
