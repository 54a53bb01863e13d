import json
from collections.abc import Mapping

import grpc
import pytest
from google.protobuf import any_pb2
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from bridge.envelope import RULES, LegacyError, facts_of, legacy_error, parameter_of
from bridge.settings import MissingOutboundFeature
from dialbridge.v1.error_reason_pb2 import ErrorReason

SENTENCE = "outbound_record.phone_number must be dialable"


def rpc_error(
    code: grpc.StatusCode,
    reason: str,
    text: str = SENTENCE,
    metadata: Mapping[str, str] | None = None,
    retry_after: float | None = None,
    domain: str = "dialbridge",
) -> grpc.aio.AioRpcError:
    details: list[Message] = [error_details_pb2.ErrorInfo(reason=reason, domain=domain, metadata=dict(metadata or {}))]
    if retry_after is not None:
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromMilliseconds(round(retry_after * 1000))
        details.append(retry)
    details.append(error_details_pb2.RequestInfo(request_id="4711"))
    status = status_pb2.Status(code=code.value[0], message=text)
    for detail in details:
        packed = any_pb2.Any()
        packed.Pack(detail)
        status.details.append(packed)
    trailers = grpc.aio.Metadata(("x", "y"), ("grpc-status-details-bin", status.SerializeToString()))
    return grpc.aio.AioRpcError(code, grpc.aio.Metadata(), trailers, details=text)


def answer(error: grpc.aio.AioRpcError, **options: bool) -> LegacyError:
    return legacy_error(error, MissingOutboundFeature.MISSING_PARAMETER, **options)


def test_every_reason_of_the_contract_has_a_rule() -> None:
    assert set(RULES) == set(ErrorReason.values())


@pytest.mark.parametrize("name", ErrorReason.keys())
def test_every_reason_is_answered_by_exactly_a_code_and_a_message(name: str) -> None:
    error = answer(rpc_error(grpc.StatusCode.INTERNAL, name.removeprefix("ERROR_REASON_")))
    body = json.loads(error.body)
    assert list(body) == ["statusCode", "statusMessage"]
    assert isinstance(body["statusCode"], int)
    assert 0 < body["statusCode"] <= 20
    assert body["statusMessage"]
    assert "{" not in body["statusMessage"]
    assert 400 <= error.http_status <= 504
    assert (error.retry_after is not None) == (error.http_status == 503)


@pytest.mark.parametrize(
    ("reason", "metadata", "http_status", "code", "text"),
    [
        ("NOT_AUTHENTICATED", {}, 403, 20, "Access denied"),
        ("TOKEN_EXPIRED", {}, 403, 20, "Access denied"),
        ("DEVICE_NOT_REGISTERED", {"device_number": "5005"}, 500, 4, "Device '5005' is not registered."),
        ("FIELD_REQUIRED", {"field": "target"}, 400, 1, "Required parameter 'destination' is missing."),
        (
            "FIELD_REQUIRED",
            {"field": "outbound_record.record_handle"},
            400,
            1,
            "Required parameter 'outboundRecord.recordHandle' is missing.",
        ),
        (
            "FIELD_INVALID",
            {"field": "outbound_record.phone_number"},
            400,
            10,
            "outboundRecord.phoneNumber must be dialable",
        ),
        (
            "OPERATION_NOT_ALLOWED",
            {"operation": "Answer", "state": "Dialing"},
            400,
            2,
            "Operation 'Answer' is not valid in the current state.",
        ),
        ("DEVICE_BUSY", {"device_number": "5005"}, 400, 2, SENTENCE),
        ("DEVICE_NOT_FOUND", {"device_id": "x"}, 404, 6, "Resource not found."),
        ("CALL_NOT_FOUND", {"call_id": "x"}, 404, 6, "Resource not found."),
        ("FEATURE_MISSING", {"feature": "api-voice"}, 404, 6, "Resource not found."),
        ("FEATURE_MISSING", {"feature": "api-voice-outbound"}, 400, 1, "Required parameter 'destination' is missing."),
        ("SWITCH_REJECTED", {"upstream_code": "DestinationBusy"}, 500, 4, SENTENCE),
        ("DIAL_OUTCOME_UNKNOWN", {}, 504, 9, SENTENCE),
        ("INTERNAL", {}, 500, 4, "Internal error; the log has it under 4711."),
    ],
)
def test_reasons_are_answered_as_the_reference_says(
    reason: str, metadata: Mapping[str, str], http_status: int, code: int, text: str
) -> None:
    error = answer(rpc_error(grpc.StatusCode.INTERNAL, reason, metadata=metadata))
    assert (error.http_status, error.code, error.text) == (http_status, code, text)


def test_the_missing_outbound_feature_may_be_answered_as_an_invalid_operation() -> None:
    failed = rpc_error(grpc.StatusCode.PERMISSION_DENIED, "FEATURE_MISSING", metadata={"feature": "api-voice-outbound"})
    error = legacy_error(failed, MissingOutboundFeature.FORBIDDEN)
    assert (error.http_status, error.code) == (403, 3)


@pytest.mark.parametrize(("given", "told"), [(None, 1), (0.0, 1), (0.2, 1), (2.0, 2), (2.1, 3)])
def test_an_overloaded_facade_is_answered_with_whole_seconds_to_wait(given: float | None, told: int) -> None:
    error = answer(rpc_error(grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED", retry_after=given))
    assert (error.http_status, error.code, error.retry_after) == (503, 4, told)


@pytest.mark.parametrize("code", list(grpc.StatusCode))
def test_an_error_of_the_channel_tells_nothing_of_the_inside(code: grpc.StatusCode) -> None:
    failed = grpc.aio.AioRpcError(
        code, grpc.aio.Metadata(), grpc.aio.Metadata(), details="failed to connect to ipv4:10.1.2.3:50051"
    )
    for repeatable in (True, False):
        error = answer(failed, repeatable=repeatable)
        assert "10.1.2.3" not in error.text
        assert error.code > 0


@pytest.mark.parametrize(
    ("code", "repeatable", "http_status", "legacy_code"),
    [
        (grpc.StatusCode.UNAVAILABLE, True, 503, 4),
        (grpc.StatusCode.UNAVAILABLE, False, 504, 9),
        (grpc.StatusCode.CANCELLED, False, 504, 9),
        (grpc.StatusCode.DEADLINE_EXCEEDED, True, 504, 9),
        (grpc.StatusCode.UNIMPLEMENTED, True, 500, 4),
        (grpc.StatusCode.UNAUTHENTICATED, False, 403, 20),
        (grpc.StatusCode.NOT_FOUND, True, 404, 6),
    ],
)
def test_a_broken_channel_leaves_the_outcome_open_where_repeating_would_do_it_twice(
    code: grpc.StatusCode, repeatable: bool, http_status: int, legacy_code: int
) -> None:
    failed = grpc.aio.AioRpcError(code, grpc.aio.Metadata(), grpc.aio.Metadata(), details="")
    error = answer(failed, repeatable=repeatable)
    assert (error.http_status, error.code) == (http_status, legacy_code)
    assert (error.retry_after is None) == (http_status != 503)


def test_a_reason_of_a_newer_contract_or_of_another_domain_is_answered_by_its_status() -> None:
    for reason, domain in (("BRAND_NEW", "dialbridge"), ("CALL_NOT_FOUND", "example.com")):
        failed = rpc_error(grpc.StatusCode.FAILED_PRECONDITION, reason, domain=domain)
        assert facts_of(failed).reason is None
        assert answer(failed).code == 2


def test_details_that_cannot_be_read_are_as_none() -> None:
    trailers = grpc.aio.Metadata(("grpc-status-details-bin", b"\xff\xff"))
    failed = grpc.aio.AioRpcError(grpc.StatusCode.NOT_FOUND, grpc.aio.Metadata(), trailers, details="x")
    assert answer(failed).code == 6


def test_a_reason_without_its_promised_metadata_is_told_in_the_facades_words() -> None:
    failed = rpc_error(grpc.StatusCode.FAILED_PRECONDITION, "DEVICE_NOT_REGISTERED", "start a session first")
    assert answer(failed).text == "start a session first"


@pytest.mark.parametrize(
    ("field", "parameter"),
    [
        ("digits", "digits"),
        ("user_data", "userData"),
        ("outbound_record.outbound_caller_id", "outboundRecord.outboundCallerId"),
        ("outbound_record.from_seconds", "outboundRecord.from"),
        ("request_id", "Idempotency-Key"),
        ("destination", "destination.phoneNumber"),
    ],
)
def test_fields_of_the_contract_are_told_by_their_legacy_names(field: str, parameter: str) -> None:
    assert parameter_of(field) == parameter


def test_a_message_with_quotes_and_braces_is_one_json_string() -> None:
    failed = rpc_error(grpc.StatusCode.FAILED_PRECONDITION, "SWITCH_REJECTED", 'no "{line}" é')
    assert answer(failed).body == '{"statusCode":4,"statusMessage":"no \\"{line}\\" é"}'.encode()
