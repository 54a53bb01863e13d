"""What a caller is told when the switch did not do what was asked; pure."""

from collections.abc import Mapping

from dialbridge.v1 import error_reason_pb2 as pb
from dialbridge.v1.error_reason_pb2 import ErrorReason
from server.refusals import Refusal
from server.switch import OutcomeUnknown, Rejection, SwitchRejected, SwitchUnavailable

_OF_A_DIAL: Mapping[Rejection, ErrorReason.ValueType] = {
    Rejection.OTHER: pb.ERROR_REASON_SWITCH_REJECTED,
    Rejection.NOT_FOUND: pb.ERROR_REASON_DEVICE_NOT_FOUND,
    Rejection.NOT_ALLOWED_NOW: pb.ERROR_REASON_OPERATION_NOT_ALLOWED,
    Rejection.INVALID: pb.ERROR_REASON_FIELD_INVALID,
    Rejection.NOT_REGISTERED: pb.ERROR_REASON_DEVICE_NOT_REGISTERED,
}
_OF_AN_OPERATION = {**_OF_A_DIAL, Rejection.NOT_FOUND: pb.ERROR_REASON_CALL_NOT_FOUND}
_OF_A_CAMPAIGN = {**_OF_A_DIAL, Rejection.NOT_FOUND: pb.ERROR_REASON_CAMPAIGN_NOT_FOUND}
_OF_A_RECORD = {**_OF_A_DIAL, Rejection.NOT_FOUND: pb.ERROR_REASON_RECORD_NOT_FOUND}


def rejected_dial(rejected: SwitchRejected) -> Refusal:
    """The switch refused to dial."""
    return _rejected(rejected, _OF_A_DIAL)


def rejected_operation(rejected: SwitchRejected) -> Refusal:
    """The switch refused an operation on a call."""
    return _rejected(rejected, _OF_AN_OPERATION)


def rejected_outbound(rejected: SwitchRejected, *, about_record: bool) -> Refusal:
    """The Outbound Contact Server refused an operation on a record or a campaign."""
    return _rejected(rejected, _OF_A_RECORD if about_record else _OF_A_CAMPAIGN)


def unknown_outcome(unknown: OutcomeUnknown) -> Refusal:
    """The switch did not say what became of what it was asked."""
    return Refusal(
        pb.ERROR_REASON_DEADLINE_EXCEEDED,
        f"the outcome is not known: {unknown.message}; look before repeating the request",
    )


def unavailable(error: SwitchUnavailable) -> Refusal:
    """The switch was not asked."""
    return Refusal(
        pb.ERROR_REASON_SWITCH_UNAVAILABLE,
        f"the switch cannot be reached: {error.message}; nothing was done",
        retry_after=error.retry_after,
    )


def _rejected(rejected: SwitchRejected, reasons: Mapping[Rejection, ErrorReason.ValueType]) -> Refusal:
    return Refusal(
        reasons[rejected.why],
        rejected.message,
        metadata={"upstream_code": rejected.code, "upstream_message": rejected.message},
    )
