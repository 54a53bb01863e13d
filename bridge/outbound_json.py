"""What became of operations on outbound campaigns as the GWS reference writes it; pure.

GWS reference, Outbound API. The samples of campaign messages print ``data`` alone; the wrapper is sent always.
"""

from collections.abc import Callable, Mapping

from bridge.strict_json import dumps
from bridge.user_data import to_json
from bridge.user_json import DEVICES_CHANNEL
from dialbridge.v1 import outbound_service_pb2 as pb
from dialbridge.v1.outbound_record_pb2 import OutboundRecord
from dialbridge.v1.outbound_service_pb2 import OutboundCampaign, OutboundMessage, OutboundNotificationType

OUTBOUND_CHANNEL = "/v2/me/outbound"

OUTBOUND_NOTIFICATION_TYPES: Mapping[OutboundNotificationType.ValueType, str] = {
    pb.OUTBOUND_NOTIFICATION_TYPE_UNSPECIFIED: "Unknown",
    pb.OUTBOUND_NOTIFICATION_TYPE_PREVIEW_SESSION_STARTED: "PreviewSessionStarted",
    pb.OUTBOUND_NOTIFICATION_TYPE_PREVIEW_SESSION_ENDED: "PreviewSessionEnded",
    pb.OUTBOUND_NOTIFICATION_TYPE_PREVIEW_RECORD: "PreviewRecord",
    pb.OUTBOUND_NOTIFICATION_TYPE_CHAINED_RECORD: "ChainedRecord",
    pb.OUTBOUND_NOTIFICATION_TYPE_CHAINED_RECORDS_DATA_END: "ChainedRecordsDataEnd",
    pb.OUTBOUND_NOTIFICATION_TYPE_RECORD_PROCESSED_ACKNOWLEDGE: "RecordProcessedAcknowledge",
    pb.OUTBOUND_NOTIFICATION_TYPE_RECORD_REJECT_ACKNOWLEDGE: "RecordRejectAcknowledge",
    pb.OUTBOUND_NOTIFICATION_TYPE_UPDATE_CALL_COMPLETION_STATS_ACKNOWLEDGE: "UpdateCallCompletionStatsAcknowledge",
    pb.OUTBOUND_NOTIFICATION_TYPE_SCHEDULED_RECORD_RESCHEDULE_ACKNOWLEDGE: "ScheduledRecordRescheduleAcknowledge",
    pb.OUTBOUND_NOTIFICATION_TYPE_DO_NOT_CALL_ACKNOWLEDGE: "DoNotCallAcknowledge",
    pb.OUTBOUND_NOTIFICATION_TYPE_ADD_RECORD_ACKNOWLEDGE: "AddRecordAcknowledge",
    pb.OUTBOUND_NOTIFICATION_TYPE_ERROR: "Error",
}
"""GWS reference, Outbound API; "ChainedRecord", "AddRecordAcknowledge" and "Error" no page of it shows."""


def outbound_events(message: OutboundMessage) -> list[tuple[str, bytes]]:
    """The CometD events of a message, each with its channel: what became of the operation, then the user event."""
    events = []
    if message.HasField("campaign"):
        events.append(_event(OUTBOUND_CHANNEL, _campaign(message)))
    elif message.HasField("record"):
        events.append(_event(OUTBOUND_CHANNEL, _record(message)))
    if message.HasField("user_event"):
        milliseconds = message.event_time.ToMilliseconds()
        events.append(
            _event(
                DEVICES_CHANNEL,
                {
                    "metrics": {"eventProcessing": {"serverGenerationTimestamp": milliseconds}},
                    "userData": to_json(message.user_event),
                    "deviceId": message.device_id,
                    "messageType": "DeviceUserEventMessage",
                },
            )
        )
    return events


def _event(channel: str, data: Mapping[str, object]) -> tuple[str, bytes]:
    return channel, dumps({"data": data, "channel": channel})


def _campaign(message: OutboundMessage) -> dict[str, object]:
    ended = message.notification_type == pb.OUTBOUND_NOTIFICATION_TYPE_PREVIEW_SESSION_ENDED
    shape = _ended if ended else _started
    return {
        "messageType": "OutboundCampaignMessage",
        "notificationType": _word(message),
        "campaign": shape(message.campaign, f"/devices/{message.device_id}"),
        **_reference(message),
    }


def _started(campaign: OutboundCampaign, device_path: str) -> dict[str, object]:
    return {
        "name": campaign.name,
        "dialingMode": campaign.dialing_mode,
        "groupName": campaign.group_name,
        "state": campaign.state,
        "devicePath": device_path,
        "applicationId": campaign.application_id,
        "groupDescription": "",
        "description": campaign.description,
    }


def _ended(campaign: OutboundCampaign, device_path: str) -> dict[str, object]:
    return {
        "devicePath": device_path,
        "state": campaign.state,
        "applicationId": campaign.application_id,
        "name": campaign.name,
    }


def _record(message: OutboundMessage) -> dict[str, object]:
    kind = {
        "notificationType": _word(message),
        "messageType": "OutboundRecordMessage",
    }
    record = {"record": record_json(message.record)}
    # Each in the order of its samples.
    if message.record.HasField("user_data"):
        return {**kind, **_reference(message), **record}
    failed = {"errorMessage": message.error_message} if message.error_message else {}
    return {**record, **kind, **_reference(message), **failed}


def record_json(record: OutboundRecord) -> dict[str, object]:
    """An outbound record; what it does not say is left out. GWS reference, Outbound record."""
    legacy: dict[str, object] = {}
    if record.HasField("user_data"):
        legacy["userData"] = to_json(record.user_data)
    for name, value in _MEMBERS.items():
        if said := value(record):
            legacy[name] = said
    if record.time_zone:  # midnight is zero
        legacy["from"] = record.from_seconds
        legacy["until"] = record.until_seconds
    if record.other_fields.pairs:
        legacy["otherFields"] = to_json(record.other_fields)
    return legacy | to_json(record.unknown_fields)


_MEMBERS: Mapping[str, Callable[[OutboundRecord], object]] = {
    "devicePath": lambda record: record.device_path,
    "callingList": lambda record: record.calling_list,
    "applicationId": lambda record: record.application_id,
    "recordHandle": lambda record: record.record_handle,
    "campaignName": lambda record: record.campaign_name,
    "phoneNumber": lambda record: record.phone_number,
    "outboundCallerId": lambda record: record.outbound_caller_id,
    "phoneType": lambda record: record.phone_type,
    "chainId": lambda record: record.chain_id,
    "callResult": lambda record: record.call_result,
    "timeZone": lambda record: record.time_zone,
}


def _word(message: OutboundMessage) -> str:
    return message.upstream_notification_type or OUTBOUND_NOTIFICATION_TYPES[message.notification_type]


def _reference(message: OutboundMessage) -> dict[str, object]:
    return {"referenceId": message.reference_id} if message.reference_id else {}
