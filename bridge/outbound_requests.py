"""Legacy request bodies of the Outbound API as requests of the contract; pure. GWS reference, Outbound API."""

from collections.abc import Callable, Mapping

from google.protobuf.message import Message

from bridge.envelope import invalid, missing, not_found
from bridge.requests import MAX_INT64, MIN_INT64, encodable, integer, outbound_record, text, unknown_operation
from bridge.strict_json import JsonObject
from dialbridge.v1 import outbound_service_pb2 as pb

LONGEST_HANDLE = 19
"""Digits."""
_LAST_SECOND = 253_402_300_799
"""Of the year 9999, the last that a timestamp of the contract can hold."""

CALLBACK_TYPES: Mapping[str, pb.CallbackType.ValueType] = {
    "Personal": pb.CALLBACK_TYPE_PERSONAL,
    "Campaign": pb.CALLBACK_TYPE_CAMPAIGN,
}
CHAIN_ATTRIBUTES: Mapping[str, bool] = {"": False, "RecordOnly": False, "AllChain": True}
"""By the reference's word, whether all of the chain is meant."""

_NOT_OF_THE_RECORD = frozenset(
    {"operationName", "applicationId", "campaignName", "devicePath", "referenceId", "recordHandle", "userData"}
)

CAMPAIGN_OPERATIONS: Mapping[str, Callable[..., Message]] = {
    "StartPreviewSession": pb.StartPreviewSessionRequest,
    "EndPreviewSession": pb.EndPreviewSessionRequest,
    "GetPreviewRecord": pb.GetPreviewRecordRequest,
}
"""The operations on a campaign by operationName, which is also the name of the RPC."""


def campaign_request(name: str, campaign: str, body: JsonObject) -> Message:
    """An operation on a campaign. Raises `bridge.envelope.LegacyError`."""
    if name not in CAMPAIGN_OPERATIONS:
        raise unknown_operation(name)
    return CAMPAIGN_OPERATIONS[name](operation=_operation(body, encodable(campaign)))


def record_request(name: str, handle: str, body: JsonObject) -> Message:
    """An operation on a record that an agent has. Raises `bridge.envelope.LegacyError`."""
    if name not in RECORD_OPERATIONS:
        raise unknown_operation(name)
    if not (handle.isascii() and handle.isdecimal() and 0 < len(handle) <= LONGEST_HANDLE):
        raise not_found()
    number = int(handle)
    if not 0 < number <= MAX_INT64:
        raise not_found()
    return RECORD_OPERATIONS[name](_operation_on_record(body), number, body)


def list_request(name: str, body: JsonObject) -> Message:
    """An operation without a record: AddRecord, DoNotCallRecord. Raises `bridge.envelope.LegacyError`."""
    if name not in LIST_OPERATIONS:
        raise unknown_operation(name)
    return LIST_OPERATIONS[name](_operation_on_record(body), body)


def _operation(body: JsonObject, campaign: str) -> pb.OutboundOperation:
    application = body.get("applicationId")
    if application is None:
        raise missing("applicationId")
    device_path = text(body, "devicePath", "devicePath")
    if not device_path:
        raise missing("devicePath")
    return pb.OutboundOperation(
        campaign_name=campaign,
        application_id=integer(application, "applicationId", MIN_INT64, MAX_INT64),
        device_id=device_path.rstrip("/").rpartition("/")[2] or "?",
        reference_id=text(body, "referenceId", "referenceId"),
    )


def _operation_on_record(body: JsonObject) -> pb.OutboundOperation:
    campaign = text(body, "campaignName", "campaignName")
    if not campaign:
        raise missing("campaignName")
    operation = _operation(body, campaign)
    operation.calling_list = text(body, "callingList", "callingList")
    return operation


def _complete(operation: pb.OutboundOperation, handle: int, body: JsonObject) -> Message:
    return pb.CompleteRecordRequest(
        operation=operation,
        record_handle=handle,
        call_result=text(body, "callResult", "callResult"),
        phone_number=text(body, "phoneNumber", "phoneNumber"),
    )


def _update(operation: pb.OutboundOperation, handle: int, body: JsonObject) -> Message:
    request = pb.UpdateRecordRequest(operation=operation, record=outbound_record(_of_record(body), ""))
    request.record.record_handle = handle
    return request


def _reschedule(operation: pb.OutboundOperation, handle: int, body: JsonObject) -> Message:
    wanted = text(body, "callbackType", "callbackType")
    if not wanted:
        raise missing("callbackType")
    if wanted not in CALLBACK_TYPES:
        raise invalid("callbackType", "must be Personal or Campaign")
    timestamp = body.get("timestamp")
    if timestamp is None:
        raise missing("timestamp")
    request = pb.RescheduleRecordRequest(
        operation=operation, record_handle=handle, callback_type=CALLBACK_TYPES[wanted]
    )
    request.callback_time.FromSeconds(integer(timestamp, "timestamp", 0, _LAST_SECOND))
    return request


def _do_not_call(operation: pb.OutboundOperation, handle: int, body: JsonObject) -> Message:
    return pb.DoNotCallRecordRequest(operation=operation, record_handle=handle, all_chain=_is_all_chain(body))


def _do_not_call_number(operation: pb.OutboundOperation, body: JsonObject) -> Message:
    number = text(body, "phoneNumber", "phoneNumber")
    if not number:
        raise missing("phoneNumber")
    return pb.DoNotCallRecordRequest(operation=operation, phone_number=number, all_chain=_is_all_chain(body))


def _add(operation: pb.OutboundOperation, body: JsonObject) -> Message:
    for name in ("callingList", "phoneNumber", "timeZone", "phoneType", "from", "until"):
        if body.get(name) in (None, ""):
            raise missing(name)
    return pb.AddRecordRequest(operation=operation, record=outbound_record(_of_record(body), ""))


def _is_all_chain(body: JsonObject) -> bool:
    wanted = text(body, "chainAttribute", "chainAttribute")
    if wanted not in CHAIN_ATTRIBUTES:
        raise invalid("chainAttribute", "must be AllChain or RecordOnly")
    return CHAIN_ATTRIBUTES[wanted]


def _of_record(body: JsonObject) -> JsonObject:
    """The members that are fields of the record and not of the operation."""
    return JsonObject(pair for pair in body.pairs if pair[0] not in _NOT_OF_THE_RECORD)


RECORD_OPERATIONS: Mapping[str, Callable[[pb.OutboundOperation, int, JsonObject], Message]] = {
    "CompleteRecord": _complete,
    "RejectRecord": lambda operation, handle, _: pb.RejectRecordRequest(operation=operation, record_handle=handle),
    "UpdateRecord": _update,
    "RescheduleRecord": _reschedule,
    "GetChainedRecord": lambda operation, handle, _: pb.GetChainedRecordRequest(
        operation=operation, record_handle=handle
    ),
    "DoNotCallRecord": _do_not_call,
}
"""The operations on a record by operationName, which is also the name of the RPC."""

LIST_OPERATIONS: Mapping[str, Callable[[pb.OutboundOperation, JsonObject], Message]] = {
    "AddRecord": _add,
    "DoNotCallRecord": _do_not_call_number,
}
"""The operations whose address has no record."""
