"""The Outbound API of a GWS: requests of the contract as its documented bodies, its messages as messages of the
contract; pure, and lenient as `bridge.gws.resources`. GWS reference, Outbound API."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from google.protobuf.message import Message

from bridge.gws.operations import record_json
from bridge.outbound_json import OUTBOUND_NOTIFICATION_TYPES
from bridge.outbound_requests import CALLBACK_TYPES, CAMPAIGN_OPERATIONS
from bridge.requests import RECORD_MEMBERS
from bridge.strict_json import JsonObject
from bridge.user_data import TooDeep, from_json
from dialbridge.v1 import outbound_service_pb2 as pb
from dialbridge.v1.outbound_record_pb2 import OutboundRecord
from dialbridge.v1.outbound_service_pb2 import OutboundCampaign, OutboundMessage
from dialbridge.v1.user_data_pb2 import UserData

CAMPAIGN_MESSAGE = "OutboundCampaignMessage"
RECORD_MESSAGE = "OutboundRecordMessage"
USER_EVENT_MESSAGE = "DeviceUserEventMessage"
_LAST_SECOND = 86_399

_CALLBACK_TYPES = {kind: word for word, kind in CALLBACK_TYPES.items()}
_NOTIFICATIONS = {word: kind for kind, word in OUTBOUND_NOTIFICATION_TYPES.items() if kind}
_OF_THE_OPERATION = frozenset(
    {"recordHandle", "devicePath", "applicationId", "campaignName", "callingList", "userData"}
)
_FROM_USER_DATA: Mapping[str, str] = {
    "record_handle": "GSW_RECORD_HANDLE",
    "phone_number": "GSW_PHONE",
    "calling_list": "GSW_CALLING_LIST",
    "campaign_name": "GSW_CAMPAIGN_NAME",
    "application_id": "GSW_APPLICATION_ID",
    "chain_id": "GSW_CHAIN_ID",
    "outbound_caller_id": "GSW_CPN_DIGITS",
}
"""Of a preview record no page shows more members than ``userData``; what is missing beside it is taken from there."""


def outbound_request(
    request: Any, *, device_path: str, reference: str, calling_list: str
) -> tuple[str, Mapping[str, object]]:
    """The address of a request of OutboundService, and its body. ``calling_list`` is that of the record."""
    operation: pb.OutboundOperation = request.operation
    name = type(request).__name__.removesuffix("Request")
    body: dict[str, object] = {
        "operationName": name,
        "applicationId": operation.application_id,
        "devicePath": device_path,
        "referenceId": reference,
    }
    if name in CAMPAIGN_OPERATIONS:
        return f"/me/outbound-campaigns/{quote(operation.campaign_name, safe='')}", body
    body["campaignName"] = operation.campaign_name
    if calling_list:
        body["callingList"] = calling_list
    return _address(request), body | _members(request)


def read_outbound(data: Mapping[str, Any]) -> OutboundMessage | None:
    """What a message tells, with the device id that it has there; None where it tells nothing of campaigns."""
    message = OutboundMessage(reference_id=_text(data, "referenceId"), error_message=_text(data, "errorMessage"))
    match data.get("messageType"):
        case str(kind) if kind == CAMPAIGN_MESSAGE:
            resource = _object(data, "campaign")
            message.campaign.CopyFrom(_campaign(resource))
        case str(kind) if kind == RECORD_MESSAGE:
            resource = _object(data, "record")
            message.record.CopyFrom(read_record(resource))
        case str(kind) if kind == USER_EVENT_MESSAGE:
            event = _data(data, "userData")
            if event is None or not any(pair.key == "GSW_USER_EVENT" for pair in event.pairs):
                return None  # of something else at the device
            message.user_event.CopyFrom(event)
            message.device_id = _text(data, "deviceId")
            return message
        case _:
            return None
    message.device_id = _text(resource, "devicePath").rstrip("/").rpartition("/")[2]
    word = _text(data, "notificationType")
    kind_of_news = _NOTIFICATIONS.get(word)
    if kind_of_news is not None:
        message.notification_type = kind_of_news
    else:
        message.upstream_notification_type = word
    return message


def read_record(resource: Mapping[str, Any]) -> OutboundRecord:
    """A record; what the contract does not know is in ``unknown_fields``."""
    record = OutboundRecord()
    for name, member in RECORD_MEMBERS.items():
        value = resource.get(name)
        if isinstance(getattr(record, member), UserData):
            if (data := _data(resource, name)) is not None:
                getattr(record, member).CopyFrom(data)
        else:
            _set(record, member, value)
    unknown = JsonObject((name, value) for name, value in resource.items() if name not in RECORD_MEMBERS)
    if unknown:
        record.unknown_fields.CopyFrom(_pairs(unknown) or UserData())
    beside = {pair.key: pair.value for pair in record.user_data.pairs}
    for member, key in _FROM_USER_DATA.items():
        if not getattr(record, member) and key in beside:
            value = beside[key]
            kind = value.WhichOneof("kind")
            _set(record, member, getattr(value, kind) if kind else None)
    return record


def _address(request: Any) -> str:
    match request:
        case pb.AddRecordRequest():
            return "/me/outbound-records"
        case pb.DoNotCallRecordRequest() if not request.record_handle:
            return "/me/outbound-records"
        case pb.UpdateRecordRequest():
            return f"/me/outbound-records/{request.record.record_handle}"
        case _:
            return f"/me/outbound-records/{request.record_handle}"


def _members(request: Message) -> dict[str, object]:
    match request:
        case pb.CompleteRecordRequest():
            return _said({"callResult": request.call_result, "phoneNumber": request.phone_number})
        case pb.UpdateRecordRequest():
            return _record_members(request.record)
        case pb.RescheduleRecordRequest():
            return {
                "callbackType": _CALLBACK_TYPES[request.callback_type],
                "timestamp": request.callback_time.seconds,
            }
        case pb.DoNotCallRecordRequest():
            attribute = "AllChain" if request.all_chain else "RecordOnly"
            return _said({"phoneNumber": request.phone_number, "chainAttribute": attribute})
        case pb.AddRecordRequest():
            window = {"from": request.record.from_seconds, "until": request.record.until_seconds or _LAST_SECOND}
            return _record_members(request.record) | {"callingList": request.record.calling_list} | window
        case _:
            return {}


def _record_members(record: OutboundRecord) -> dict[str, object]:
    members = {name: value for name, value in record_json(record).items() if name not in _OF_THE_OPERATION}
    if record.until_seconds:
        members["from"] = record.from_seconds  # midnight is zero
    return _said(members)


def _said(members: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in members.items() if value != ""}


def _campaign(resource: Mapping[str, Any]) -> OutboundCampaign:
    return OutboundCampaign(
        name=_text(resource, "name"),
        dialing_mode=_text(resource, "dialingMode"),
        group_name=_text(resource, "groupName"),
        state=_text(resource, "state"),
        application_id=_number(resource.get("applicationId"), 63) or 0,
        description=_text(resource, "description"),
    )


def _set(record: OutboundRecord, member: str, value: object) -> None:
    """Set a member where the value is of its type."""
    if isinstance(getattr(record, member), str):
        if isinstance(value, str):
            setattr(record, member, value)
    elif (number := _number(value, 31 if member in ("from_seconds", "until_seconds") else 63)) is not None:
        setattr(record, member, number)


def _number(value: object, bits: int) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool) and -(1 << bits) <= value < 1 << bits:
        return value
    return None


def _text(resource: Mapping[str, Any], name: str) -> str:
    value = resource.get(name)
    return value if isinstance(value, str) else ""


def _object(resource: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = resource.get(name)
    return value if isinstance(value, Mapping) else {}


def _data(resource: Mapping[str, Any], name: str) -> UserData | None:
    value = resource.get(name)
    return _pairs(value) if isinstance(value, JsonObject) else None


def _pairs(value: JsonObject) -> UserData | None:
    try:
        return from_json(value)
    except TooDeep:
        return None
