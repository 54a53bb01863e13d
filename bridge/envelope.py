"""The envelope of every legacy answer, and the only place that turns the facade's errors into it; pure.

The GWS reference, Return Values, gives the codes and says that they come "in addition to the HTTP status code", but not
which goes with which. HTTP 403 with 20, 500 with 4 and 200 with 7 are what live servers answer; the others go by the
ordinary meaning of the codes. A request whose outcome is not known is HTTP 504 with 9, "processing incomplete": the
client must look before it repeats, so it is neither a success nor something to try again.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

import grpc
from google.protobuf.any_pb2 import Any as PackedMessage
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

from bridge.settings import MissingOutboundFeature
from bridge.strict_json import dumps
from dialbridge.v1 import error_reason_pb2 as pb
from dialbridge.v1.error_reason_pb2 import ErrorReason

SUCCESS = b'{"statusCode":0}'

MISSING_PARAMETER = 1
NOT_IN_THIS_STATE = 2
FORBIDDEN = 3
INTERNAL_ERROR = 4
NO_PERMISSION = 5
NOT_FOUND = 6
PARTLY_DONE = 7
INCOMPLETE = 9
INVALID_PARAMETER = 10
ALREADY_EXISTS = 18
NOT_AUTHENTICATED = 20

MAX_BODY = 64 * 1024
"""Bytes of a request's body."""
BODY_WITHIN = 30.0
"""Seconds that a client has to send a request's body."""

DOMAIN = "dialbridge"
VOICE_OUTBOUND_FEATURE = "api-voice-outbound"

_DETAILS_KEY = "grpc-status-details-bin"
_REASON_PREFIX = "ERROR_REASON_"


class LegacyError(Exception):
    """An answer that says no: exactly ``{"statusCode":n,"statusMessage":"..."}``. GWS reference, Return Values."""

    def __init__(self, http_status: int, code: int, text: str, *, retry_after: int | None = None) -> None:
        super().__init__(text)
        self.http_status = http_status
        self.code = code
        self.text = text
        """What went wrong and the remedy, as a sentence. Nothing internal, nothing secret."""
        self.retry_after = retry_after
        """Whole seconds after which trying again makes sense; None where it does not."""

    @property
    def body(self) -> bytes:
        """The answer's body."""
        return dumps({"statusCode": self.code, "statusMessage": self.text})


def missing(parameter: str) -> LegacyError:
    """A required parameter is missing."""
    return LegacyError(400, MISSING_PARAMETER, f"Required parameter '{parameter}' is missing.")


def invalid(parameter: str, description: str) -> LegacyError:
    """A parameter has a value that cannot be used; ``description`` says what it must be."""
    return LegacyError(400, INVALID_PARAMETER, f"Parameter '{parameter}' {description}.")


def not_found() -> LegacyError:
    """There is no such thing, or it is not the caller's."""
    return LegacyError(404, NOT_FOUND, "Resource not found.")


def access_denied() -> LegacyError:
    """No credentials, or wrong ones."""
    return LegacyError(403, NOT_AUTHENTICATED, "Access denied")


def csrf_token_missing() -> LegacyError:
    """The token of the HTTP session is missing, or another's. GWS reference, CSRF Protection."""
    return LegacyError(403, FORBIDDEN, "Missing or invalid Csrf token")


def method_not_allowed(method: str) -> LegacyError:
    """There is something at the address, but not for this method."""
    return LegacyError(405, FORBIDDEN, f"Method {method} is not allowed here.")


def too_late() -> LegacyError:
    """The request's body did not come in time."""
    return LegacyError(408, MISSING_PARAMETER, f"The body did not come within {BODY_WITHIN:.0f} seconds.")


def too_large() -> LegacyError:
    """The request's body is too large."""
    return LegacyError(413, INVALID_PARAMETER, f"The body must not be larger than {MAX_BODY} bytes.")


def defect(incident: str) -> LegacyError:
    """Something is wrong in dialbridge itself; the log has it under ``incident``."""
    return LegacyError(500, INTERNAL_ERROR, f"Internal error; the log has it under {incident}.")


@dataclass(frozen=True, slots=True)
class Rule:
    """How one reason is answered."""

    http_status: int
    code: int
    text: str = "{text}"
    """A template over the error's metadata and ``text``, the server's own sentence."""


RULES: Mapping[ErrorReason.ValueType, Rule] = {
    pb.ERROR_REASON_UNSPECIFIED: Rule(500, INTERNAL_ERROR),
    pb.ERROR_REASON_FIELD_REQUIRED: Rule(400, MISSING_PARAMETER, "Required parameter '{field}' is missing."),
    pb.ERROR_REASON_FIELD_INVALID: Rule(400, INVALID_PARAMETER),
    pb.ERROR_REASON_NOT_AUTHENTICATED: Rule(403, NOT_AUTHENTICATED, "Access denied"),
    pb.ERROR_REASON_TOKEN_EXPIRED: Rule(403, NOT_AUTHENTICATED, "Access denied"),
    pb.ERROR_REASON_ROLE_MISSING: Rule(403, NO_PERMISSION),
    # "As if that functionality did not exist": GWS reference, Features. For api-voice-outbound see `_missing_feature`.
    pb.ERROR_REASON_FEATURE_MISSING: Rule(404, NOT_FOUND, "Resource not found."),
    pb.ERROR_REASON_DEVICE_NOT_FOUND: Rule(404, NOT_FOUND, "Resource not found."),
    pb.ERROR_REASON_CALL_NOT_FOUND: Rule(404, NOT_FOUND, "Resource not found."),
    pb.ERROR_REASON_DEVICE_NOT_REGISTERED: Rule(500, INTERNAL_ERROR, "Device '{device_number}' is not registered."),
    pb.ERROR_REASON_DEVICE_BUSY: Rule(400, NOT_IN_THIS_STATE),
    pb.ERROR_REASON_OPERATION_NOT_ALLOWED: Rule(
        400, NOT_IN_THIS_STATE, "Operation '{operation}' is not valid in the current state."
    ),
    pb.ERROR_REASON_SWITCH_REJECTED: Rule(500, INTERNAL_ERROR),
    pb.ERROR_REASON_SWITCH_UNAVAILABLE: Rule(503, INTERNAL_ERROR),
    pb.ERROR_REASON_DIAL_OUTCOME_UNKNOWN: Rule(504, INCOMPLETE),
    pb.ERROR_REASON_REQUEST_ID_REUSED: Rule(
        409, ALREADY_EXISTS, "The Idempotency-Key was used before with another request; take a new one."
    ),
    # The next two end streams, which REST has not; the feed deals with them.
    pb.ERROR_REASON_RESUME_TOKEN_EXPIRED: Rule(500, INTERNAL_ERROR),
    pb.ERROR_REASON_SLOW_CONSUMER: Rule(503, INTERNAL_ERROR),
    pb.ERROR_REASON_SERVER_DRAINING: Rule(503, INTERNAL_ERROR),
    pb.ERROR_REASON_OVERLOADED: Rule(503, INTERNAL_ERROR),
    pb.ERROR_REASON_JOURNAL_UNAVAILABLE: Rule(503, INTERNAL_ERROR),
    pb.ERROR_REASON_INTERNAL: Rule(500, INTERNAL_ERROR, "Internal error; the log has it under {request_id}."),
    pb.ERROR_REASON_DEADLINE_EXCEEDED: Rule(504, INCOMPLETE),
    pb.ERROR_REASON_CAMPAIGN_NOT_FOUND: Rule(404, NOT_FOUND, "Resource not found."),
    pb.ERROR_REASON_RECORD_NOT_FOUND: Rule(404, NOT_FOUND, "Resource not found."),
    pb.ERROR_REASON_NO_PREVIEW_SESSION: Rule(400, NOT_IN_THIS_STATE),
    pb.ERROR_REASON_DO_NOT_CALL: Rule(400, NOT_IN_THIS_STATE),
}
"""Every reason of the contract."""

_UNAVAILABLE = Rule(503, INTERNAL_ERROR, "The service cannot be reached; try again.")
_UNKNOWN_OUTCOME = Rule(504, INCOMPLETE, "The outcome is not known; look before repeating the request.")
_INTERNAL = Rule(500, INTERNAL_ERROR, "Internal error.")

_RULES_WITHOUT_REASON: Mapping[grpc.StatusCode, Rule] = {
    grpc.StatusCode.INVALID_ARGUMENT: Rule(400, INVALID_PARAMETER, "The request cannot be used."),
    grpc.StatusCode.UNAUTHENTICATED: Rule(403, NOT_AUTHENTICATED, "Access denied"),
    grpc.StatusCode.PERMISSION_DENIED: Rule(403, NO_PERMISSION, "No permission."),
    grpc.StatusCode.NOT_FOUND: Rule(404, NOT_FOUND, "Resource not found."),
    grpc.StatusCode.FAILED_PRECONDITION: Rule(400, NOT_IN_THIS_STATE, "Not valid in the current state."),
    grpc.StatusCode.ALREADY_EXISTS: Rule(409, ALREADY_EXISTS, "Exists already."),
    grpc.StatusCode.RESOURCE_EXHAUSTED: _UNAVAILABLE,
    grpc.StatusCode.UNAVAILABLE: _UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED: _UNKNOWN_OUTCOME,
}
"""For errors of the channel and of a newer facade. Their own texts may name addresses, so these say it themselves."""

_MAYBE_DONE = frozenset(
    {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED, grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL}
)

_PARAMETERS: Mapping[str, str] = {
    "target": "destination",
    "destination": "destination.phoneNumber",
    "request_id": "Idempotency-Key",
    "resume_token": "Last-Event-ID",
    "outbound_record.from_seconds": "outboundRecord.from",
    "outbound_record.until_seconds": "outboundRecord.until",
}
"""Fields of the contract whose legacy names are not just the same words in camel case."""


@dataclass(frozen=True, slots=True)
class RpcFacts:
    """What a facade's error says of itself. GWS knows nothing of it; the contract's ErrorReason does."""

    reason: ErrorReason.ValueType | None
    """None: the channel made the error, or a facade with a newer contract."""
    text: str
    metadata: Mapping[str, str]
    retry_after: float | None


def facts_of(error: grpc.aio.AioRpcError) -> RpcFacts:
    """Read the ``google.rpc.Status`` in the trailers; without a readable one the reason is None."""
    reason: ErrorReason.ValueType | None = None
    metadata: dict[str, str] = {}
    retry_after: float | None = None
    info = error_details_pb2.ErrorInfo()
    retry = error_details_pb2.RetryInfo()
    request = error_details_pb2.RequestInfo()
    for detail in _details(error):
        if detail.Unpack(info):
            name = _REASON_PREFIX + info.reason
            if info.domain == DOMAIN and name in ErrorReason.keys():  # noqa: SIM118  a wrapper, not a dict
                reason = ErrorReason.Value(name)
            metadata.update(info.metadata)
        elif detail.Unpack(retry):
            retry_after = retry.retry_delay.ToMicroseconds() / 1_000_000
        elif detail.Unpack(request):
            metadata["request_id"] = request.request_id
    return RpcFacts(reason, error.details() or "", metadata, retry_after)


def legacy_error(
    error: grpc.aio.AioRpcError, missing_outbound: MissingOutboundFeature | None, *, repeatable: bool = True
) -> LegacyError:
    """The legacy answer to a facade's error.

    ``missing_outbound``: how a dial without the feature for outbound is answered; None: it was no dial. With
    ``repeatable`` false an error of the channel is an unknown outcome, because the request may have got through.
    """
    facts = facts_of(error)
    reason = facts.reason
    if reason is None:
        if not repeatable and error.code() in _MAYBE_DONE:
            rule = _UNKNOWN_OUTCOME
        else:
            rule = _RULES_WITHOUT_REASON.get(error.code(), _INTERNAL)
        return LegacyError(rule.http_status, rule.code, rule.text, retry_after=_retry_after(rule, facts))
    if (
        missing_outbound is not None
        and reason == pb.ERROR_REASON_FEATURE_MISSING
        and facts.metadata.get("feature") == VOICE_OUTBOUND_FEATURE
    ):
        return _missing_outbound(missing_outbound)
    rule = RULES[reason]
    return LegacyError(rule.http_status, rule.code, _text(rule, facts), retry_after=_retry_after(rule, facts))


def channel_error(reason: ErrorReason.ValueType, text: str) -> LegacyError:
    """Why one channel of a contact centre session could not be opened. GWS reference, StartContactCenterSession."""
    rule = RULES.get(reason, _INTERNAL)
    return LegacyError(rule.http_status, rule.code, text or "The channel cannot be opened.")


def _details(error: grpc.aio.AioRpcError) -> list[PackedMessage]:
    for key, value in error.trailing_metadata() or ():
        if key == _DETAILS_KEY and isinstance(value, bytes):
            try:
                return list(status_pb2.Status.FromString(value).details)
            except DecodeError:
                return []
    return []


def _text(rule: Rule, facts: RpcFacts) -> str:
    known = {**facts.metadata, "text": facts.text}
    if field := facts.metadata.get("field"):
        known["field"] = parameter_of(field)
        known["text"] = facts.text.replace(field, known["field"], 1)
    try:
        return rule.text.format_map(known)
    except KeyError:  # the facade left out what the contract promises
        return known["text"] or "No."


def parameter_of(field: str) -> str:
    """The legacy name of a field of the contract."""
    return _PARAMETERS.get(field) or re.sub(r"_([a-z])", lambda found: found[1].upper(), field)


def _retry_after(rule: Rule, facts: RpcFacts) -> int | None:
    if rule.http_status != 503:
        return None
    return max(1, math.ceil(facts.retry_after or 0))


def _missing_outbound(answer: MissingOutboundFeature) -> LegacyError:
    match answer:
        case MissingOutboundFeature.MISSING_PARAMETER:
            return missing("destination")
        case MissingOutboundFeature.FORBIDDEN:
            return LegacyError(403, FORBIDDEN, "Operation 'Dial' is not valid with parameter 'outboundRecord'.")
