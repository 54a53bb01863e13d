"""What a request of the preview loop must look like before an Outbound Contact Server is asked; pure."""

from typing import Any

from dialbridge.v1 import outbound_service_pb2 as pb
from dialbridge.v1.outbound_record_pb2 import OutboundRecord
from server.contact_server import Asked
from server.validation import check_user_data, dialable, invalid, required

MAX_REFERENCE = 128
MAX_CALL_RESULT = 64
FARTHEST_CALLBACK = 5 * 366 * 86_400.0
"""Seconds ahead that a callback may be at most."""


def check(request: Asked, now: float) -> None:
    """Check everything that the request alone shows. Raises `server.refusals.Refusal`."""
    if not request.operation.campaign_name:
        raise required("operation.campaign_name")
    if len(request.operation.reference_id) > MAX_REFERENCE:
        raise invalid("operation.reference_id", f"must have at most {MAX_REFERENCE} characters")
    match request:
        case pb.CompleteRecordRequest():
            if len(request.call_result) > MAX_CALL_RESULT:
                raise invalid("call_result", f"must have at most {MAX_CALL_RESULT} characters")
            if request.phone_number:
                dialable(request.phone_number, "phone_number")
        case pb.UpdateRecordRequest():
            _check_handle(request.record, "record.record_handle")
            _check_record(request.record)
        case pb.RescheduleRecordRequest():
            _check_callback(request, now)
        case pb.DoNotCallRecordRequest():
            if request.WhichOneof("target") is None:
                raise required("target", "target is required: either record_handle or phone_number")
            if request.HasField("phone_number"):
                dialable(request.phone_number, "phone_number")
        case pb.AddRecordRequest():
            for name in ("calling_list", "phone_number"):
                if not getattr(request.record, name):
                    raise required(f"record.{name}")
            _check_record(request.record)
        case _:
            pass
    if is_about_record(request) and not isinstance(request, pb.UpdateRecordRequest):
        _check_handle(request, "record_handle")


def is_about_record(request: Asked) -> bool:
    """Whether it is about a record that the agent has; the others are about a campaign."""
    match request:
        case pb.DoNotCallRecordRequest():
            return request.HasField("record_handle")
        case (
            pb.CompleteRecordRequest()
            | pb.GetChainedRecordRequest()
            | pb.RejectRecordRequest()
            | pb.RescheduleRecordRequest()
            | pb.UpdateRecordRequest()
        ):
            return True
        case _:
            return False


def callback_time(request: pb.RescheduleRecordRequest) -> float:
    """When to call again, in seconds since 1970."""
    return float(request.callback_time.seconds + request.callback_time.nanos / 1e9)


def _check_handle(message: Any, field: str) -> None:
    handle = message.record_handle
    if not handle:
        raise required(field)
    if handle < 0:
        raise invalid(field, "must be a positive integer")


def _check_record(record: OutboundRecord) -> None:
    for number, field in ((record.phone_number, "phone_number"), (record.outbound_caller_id, "outbound_caller_id")):
        if number:
            dialable(number, f"record.{field}")
    if record.chain_id < 0:
        raise invalid("record.chain_id", "must not be negative")
    check_user_data(record.other_fields, "record.other_fields")


def _check_callback(request: pb.RescheduleRecordRequest, now: float) -> None:
    if request.callback_type not in (pb.CALLBACK_TYPE_PERSONAL, pb.CALLBACK_TYPE_CAMPAIGN):
        raise required("callback_type", "callback_type is required: personal or campaign")
    if not request.HasField("callback_time"):
        raise required("callback_time")
    if not 0 <= callback_time(request) - now <= FARTHEST_CALLBACK:
        raise invalid("callback_time", "must be in the future, in seconds since 1970, and within five years")
