"""How refusals look on gRPC."""

from pathlib import Path

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

from dialbridge.v1.error_reason_pb2 import (
    ERROR_REASON_FIELD_REQUIRED,
    ERROR_REASON_OVERLOADED,
    ERROR_REASON_UNSPECIFIED,
    ErrorReason,
)
from server.errors import CODES, code_of, status_of, trailers_of
from server.refusals import FieldViolation, Refusal

CONTRACT = Path(__file__).parents[3] / "protos/dialbridge/v1/error_reason.proto"
REASONS = [reason for reason in ErrorReason.values() if reason != ERROR_REASON_UNSPECIFIED]


@pytest.mark.parametrize("reason", REASONS, ids=ErrorReason.Name)
def test_every_reason_has_the_code_that_its_comment_in_the_contract_promises(reason):
    source = CONTRACT.read_text().splitlines()
    line = next(
        number for number, text in enumerate(source) if text.strip().startswith(f"{ErrorReason.Name(reason)} =")
    )
    comment = next(
        text
        for text in reversed(source[:line])
        if text.strip().startswith("// ") and text.split(":")[0].strip("/ ").isupper()
    )
    assert CODES[reason].name == comment.split(":")[0].strip("/ ")


def test_the_rich_error_carries_everything_that_is_known():
    refusal = Refusal(
        ERROR_REASON_FIELD_REQUIRED,
        "digits is required",
        metadata={"field": "digits"},
        violations=(FieldViolation("digits", "digits is required"),),
        retry_after=1.5,
    )
    status = status_pb2.Status.FromString(dict(trailers_of(refusal, "abc"))["grpc-status-details-bin"])
    assert status == status_of(refusal, "abc")
    assert (status.code, status.message) == (grpc.StatusCode.INVALID_ARGUMENT.value[0], "digits is required")
    info, bad_request, retry, request = (
        error_details_pb2.ErrorInfo(),
        error_details_pb2.BadRequest(),
        error_details_pb2.RetryInfo(),
        error_details_pb2.RequestInfo(),
    )
    for packed, into in zip(status.details, (info, bad_request, retry, request), strict=True):
        assert packed.Unpack(into)
    assert (info.reason, info.domain, dict(info.metadata)) == ("FIELD_REQUIRED", "dialbridge", {"field": "digits"})
    assert bad_request.field_violations[0].field == "digits"
    assert retry.retry_delay.ToMilliseconds() == 1500
    assert request.request_id == "abc"


def test_an_error_always_has_its_error_info():
    status = status_of(Refusal(ERROR_REASON_OVERLOADED, "full"), "")
    assert len(status.details) == 1
    assert status.details[0].Is(error_details_pb2.ErrorInfo.DESCRIPTOR)
    assert code_of(Refusal(ERROR_REASON_OVERLOADED, "full")) is grpc.StatusCode.RESOURCE_EXHAUSTED
