"""Turns refusals into ``google.rpc.Status``, the only place that does; what to refuse is decided elsewhere."""

from collections.abc import Mapping

import grpc
from google.protobuf import any_pb2
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from dialbridge.v1 import error_reason_pb2 as pb
from dialbridge.v1.error_reason_pb2 import ErrorReason
from server.refusals import Refusal

DOMAIN = "dialbridge"
DETAILS_KEY = "grpc-status-details-bin"

CODES: Mapping[ErrorReason.ValueType, grpc.StatusCode] = {
    pb.ERROR_REASON_FIELD_REQUIRED: grpc.StatusCode.INVALID_ARGUMENT,
    pb.ERROR_REASON_FIELD_INVALID: grpc.StatusCode.INVALID_ARGUMENT,
    pb.ERROR_REASON_NOT_AUTHENTICATED: grpc.StatusCode.UNAUTHENTICATED,
    pb.ERROR_REASON_TOKEN_EXPIRED: grpc.StatusCode.UNAUTHENTICATED,
    pb.ERROR_REASON_ROLE_MISSING: grpc.StatusCode.PERMISSION_DENIED,
    pb.ERROR_REASON_FEATURE_MISSING: grpc.StatusCode.PERMISSION_DENIED,
    pb.ERROR_REASON_DEVICE_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    pb.ERROR_REASON_CALL_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    pb.ERROR_REASON_DEVICE_NOT_REGISTERED: grpc.StatusCode.FAILED_PRECONDITION,
    pb.ERROR_REASON_DEVICE_BUSY: grpc.StatusCode.FAILED_PRECONDITION,
    pb.ERROR_REASON_OPERATION_NOT_ALLOWED: grpc.StatusCode.FAILED_PRECONDITION,
    pb.ERROR_REASON_SWITCH_REJECTED: grpc.StatusCode.FAILED_PRECONDITION,
    pb.ERROR_REASON_SWITCH_UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
    pb.ERROR_REASON_DIAL_OUTCOME_UNKNOWN: grpc.StatusCode.UNKNOWN,
    pb.ERROR_REASON_REQUEST_ID_REUSED: grpc.StatusCode.ALREADY_EXISTS,
    pb.ERROR_REASON_RESUME_TOKEN_EXPIRED: grpc.StatusCode.OUT_OF_RANGE,
    pb.ERROR_REASON_SLOW_CONSUMER: grpc.StatusCode.RESOURCE_EXHAUSTED,
    pb.ERROR_REASON_SERVER_DRAINING: grpc.StatusCode.UNAVAILABLE,
    pb.ERROR_REASON_OVERLOADED: grpc.StatusCode.RESOURCE_EXHAUSTED,
    pb.ERROR_REASON_JOURNAL_UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
    pb.ERROR_REASON_INTERNAL: grpc.StatusCode.INTERNAL,
    pb.ERROR_REASON_DEADLINE_EXCEEDED: grpc.StatusCode.DEADLINE_EXCEEDED,
    pb.ERROR_REASON_CAMPAIGN_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    pb.ERROR_REASON_RECORD_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    pb.ERROR_REASON_NO_PREVIEW_SESSION: grpc.StatusCode.FAILED_PRECONDITION,
    pb.ERROR_REASON_DO_NOT_CALL: grpc.StatusCode.FAILED_PRECONDITION,
}


def code_of(refusal: Refusal) -> grpc.StatusCode:
    """The gRPC status code of a refusal."""
    return CODES[refusal.reason]


def trailers_of(refusal: Refusal, request_id: str) -> tuple[tuple[str, bytes], ...]:
    """The trailing metadata that carries the rich error. ``request_id`` names the log line (``RequestInfo``)."""
    return ((DETAILS_KEY, status_of(refusal, request_id).SerializeToString()),)


def status_of(refusal: Refusal, request_id: str) -> status_pb2.Status:
    """The rich error: always an ``ErrorInfo``, and what else is known."""
    details: list[Message] = [
        error_details_pb2.ErrorInfo(
            reason=ErrorReason.Name(refusal.reason).removeprefix("ERROR_REASON_"),
            domain=DOMAIN,
            metadata=dict(refusal.metadata),
        )
    ]
    if refusal.violations:
        bad_request = error_details_pb2.BadRequest()
        for violation in refusal.violations:
            bad_request.field_violations.add(field=violation.field, description=violation.description)
        details.append(bad_request)
    if refusal.retry_after is not None:
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromMicroseconds(round(refusal.retry_after * 1_000_000))
        details.append(retry)
    if request_id:
        details.append(error_details_pb2.RequestInfo(request_id=request_id))
    status = status_pb2.Status(code=code_of(refusal).value[0], message=refusal.text)
    for detail in details:
        packed = any_pb2.Any()
        packed.Pack(detail)
        status.details.append(packed)
    return status
