"""How requests are refused, as a document tells it: which HTTP status with which ``statusCode``, and when.

Statuses, codes and sentences are those of `bridge.envelope`; only what they mean to a reader is said here.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bridge import envelope
from bridge.description.schema import Schema, text, whole
from dialbridge.v1 import error_reason_pb2 as pb
from dialbridge.v1.error_reason_pb2 import ErrorReason

CODES: Mapping[int, str] = {
    0: "Success.",
    envelope.MISSING_PARAMETER: "A required parameter is missing, or the body cannot be read.",
    envelope.NOT_IN_THIS_STATE: "Not valid in the current state.",
    envelope.FORBIDDEN: "The operation is not a valid one here.",
    envelope.INTERNAL_ERROR: "An error of dialbridge or of what stands behind it.",
    envelope.NO_PERMISSION: "The caller's roles do not allow it.",
    envelope.NOT_FOUND: "There is no such thing, or it is not the caller's.",
    envelope.PARTLY_DONE: "Some parts succeeded; the answer says which.",
    envelope.INCOMPLETE: "The outcome is not known. Look before repeating the request.",
    envelope.INVALID_PARAMETER: "A parameter has a value that cannot be used.",
    envelope.ALREADY_EXISTS: "It exists already.",
    envelope.NOT_AUTHENTICATED: "No credentials, or wrong ones.",
}
"""What each ``statusCode`` means."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One way to say no."""

    http_status: int
    code: int
    when: str
    example: str
    """A ``statusMessage``."""

    @classmethod
    def like(cls, error: envelope.LegacyError, when: str) -> "Refusal":
        """What ``error`` answers."""
        return cls(error.http_status, error.code, when, error.text)


_SAMPLE: Mapping[str, str] = {
    "field": "destination.phoneNumber",
    "device_number": "5005",
    "operation": "Hangup",
    "request_id": "f00dfeed",
}

_REASONS: Mapping[ErrorReason.ValueType, tuple[str, str]] = {
    pb.ERROR_REASON_FIELD_REQUIRED: ("a required parameter is missing", ""),
    pb.ERROR_REASON_FIELD_INVALID: (
        "a parameter has a value that cannot be used",
        "digits must be 1 to 64 of 0-9, *, # and A-D, not 'x'",
    ),
    pb.ERROR_REASON_NOT_AUTHENTICATED: ("no credentials, or wrong ones", ""),
    pb.ERROR_REASON_ROLE_MISSING: ("the caller's roles do not allow it", "only an agent may dial"),
    pb.ERROR_REASON_FEATURE_MISSING: ("the feature is off, as if the address did not exist", ""),
    pb.ERROR_REASON_DEVICE_NOT_FOUND: ("no such device, or not the caller's", ""),
    pb.ERROR_REASON_CALL_NOT_FOUND: ("no such live call, or not the caller's", ""),
    pb.ERROR_REASON_DEVICE_NOT_REGISTERED: ("the device has no registration: start a contact centre session", ""),
    pb.ERROR_REASON_DEVICE_BUSY: ("all lines of the device are in use", "all lines of device 5005 are in use"),
    pb.ERROR_REASON_OPERATION_NOT_ALLOWED: ("the operation is not among the call's `capabilities`", ""),
    pb.ERROR_REASON_SWITCH_REJECTED: ("the switch refused", "the switch refused"),
    pb.ERROR_REASON_SWITCH_UNAVAILABLE: ("the switch cannot be reached: try again", "the switch cannot be reached"),
    pb.ERROR_REASON_DIAL_OUTCOME_UNKNOWN: (
        "it is not known whether the call was placed: look, or repeat with the same `Idempotency-Key`",
        "the outcome of the dial is not known",
    ),
    pb.ERROR_REASON_REQUEST_ID_REUSED: ("the `Idempotency-Key` was used with another request", ""),
    pb.ERROR_REASON_SERVER_DRAINING: ("the server is being stopped: try again", "the server is being stopped"),
    pb.ERROR_REASON_OVERLOADED: ("a limit of the server is reached: try again", "too many requests at a time"),
    pb.ERROR_REASON_JOURNAL_UNAVAILABLE: ("nothing can be made durable now: try again", "the journal is not available"),
    pb.ERROR_REASON_INTERNAL: ("a defect of dialbridge", ""),
    pb.ERROR_REASON_CAMPAIGN_NOT_FOUND: ("no such campaign", ""),
    pb.ERROR_REASON_RECORD_NOT_FOUND: ("the agent has no such record", ""),
    pb.ERROR_REASON_NO_PREVIEW_SESSION: (
        "no preview session on the campaign: start one",
        "there is no preview session on this campaign; start one with StartPreviewSession",
    ),
    pb.ERROR_REASON_DO_NOT_CALL: ("the number is on the do-not-call list", "the number is on the do-not-call list"),
    pb.ERROR_REASON_DEADLINE_EXCEEDED: ("the answer did not come in time", "no answer in time"),
}


def of_reason(reason: ErrorReason.ValueType) -> Refusal:
    """How the bridge answers an error of the facade."""
    rule = envelope.RULES[reason]
    when, sentence = _REASONS[reason]
    return Refusal(rule.http_status, rule.code, when, rule.text.format_map({**_SAMPLE, "text": sentence}))


ASKING = tuple(
    of_reason(reason)
    for reason in (
        pb.ERROR_REASON_NOT_AUTHENTICATED,
        pb.ERROR_REASON_INTERNAL,
        pb.ERROR_REASON_OVERLOADED,
        pb.ERROR_REASON_SERVER_DRAINING,
        pb.ERROR_REASON_DEADLINE_EXCEEDED,
    )
)
"""Whatever a caller asks of the facade."""

RESUMING = (
    Refusal.like(
        envelope.invalid(envelope.parameter_of("resume_token"), "was not given out by this service"),
        "the id of the last event was not given out here: come without it",
    ),
)
"""A stream that shall go on."""

ADDRESSING = (Refusal.like(envelope.not_found(), "no such thing, or not the caller's"),)
"""Whatever has an id in its address."""

POSTING = (
    Refusal(400, envelope.MISSING_PARAMETER, "the body is no JSON object", "The body cannot be read."),
    Refusal.like(envelope.missing("operationName"), "a required parameter is missing"),
    Refusal.like(envelope.invalid("operationName", "must be a string"), "a parameter has a value that cannot be used"),
    Refusal(403, envelope.FORBIDDEN, "`operationName` is not one of these", "Operation 'Fly' is not a valid one here."),
    Refusal.like(envelope.csrf_token_missing(), "with `--csrf`: the token is missing or another's"),
    Refusal.like(envelope.too_late(), "the body did not come in time"),
    Refusal.like(envelope.too_large(), "the body is too large"),
)
"""Whatever has a body."""

CHANGING = tuple(
    of_reason(reason)
    for reason in (
        pb.ERROR_REASON_FIELD_REQUIRED,
        pb.ERROR_REASON_FIELD_INVALID,
        pb.ERROR_REASON_ROLE_MISSING,
        pb.ERROR_REASON_FEATURE_MISSING,
        pb.ERROR_REASON_SWITCH_REJECTED,
        pb.ERROR_REASON_SWITCH_UNAVAILABLE,
        pb.ERROR_REASON_JOURNAL_UNAVAILABLE,
    )
)
"""Whatever the switch is asked to do."""

DIALING = tuple(
    of_reason(reason)
    for reason in (
        pb.ERROR_REASON_DEVICE_NOT_FOUND,
        pb.ERROR_REASON_DEVICE_NOT_REGISTERED,
        pb.ERROR_REASON_DEVICE_BUSY,
        pb.ERROR_REASON_DIAL_OUTCOME_UNKNOWN,
        pb.ERROR_REASON_REQUEST_ID_REUSED,
        pb.ERROR_REASON_DO_NOT_CALL,
    )
)
"""A dial."""

CONTROLLING = tuple(
    of_reason(reason)
    for reason in (
        pb.ERROR_REASON_CALL_NOT_FOUND,
        pb.ERROR_REASON_OPERATION_NOT_ALLOWED,
        pb.ERROR_REASON_DO_NOT_CALL,
    )
)
"""An operation on a call."""

PREVIEWING = tuple(
    of_reason(reason)
    for reason in (
        pb.ERROR_REASON_FIELD_REQUIRED,
        pb.ERROR_REASON_FIELD_INVALID,
        pb.ERROR_REASON_FEATURE_MISSING,
        pb.ERROR_REASON_DEVICE_NOT_FOUND,
        pb.ERROR_REASON_DEVICE_NOT_REGISTERED,
        pb.ERROR_REASON_CAMPAIGN_NOT_FOUND,
        pb.ERROR_REASON_NO_PREVIEW_SESSION,
        pb.ERROR_REASON_RECORD_NOT_FOUND,
        pb.ERROR_REASON_JOURNAL_UNAVAILABLE,
    )
)
"""The preview loop."""


def envelope_of(codes: Iterable[int]) -> Schema:
    """An answer that says no with one of ``codes``, and has nothing else."""
    return {
        "type": "object",
        "properties": {
            "statusCode": whole("\n".join(f"{code}: {CODES[code]}" for code in sorted(codes)), enum=sorted(codes)),
            "statusMessage": text("What went wrong and the remedy, as a sentence.", minLength=1),
        },
        "required": ["statusCode", "statusMessage"],
        "additionalProperties": False,
    }


def responses(refusals: Iterable[Refusal]) -> Mapping[str, object]:
    """The answers by HTTP status, each with all that it may mean."""
    by_status: dict[int, list[Refusal]] = defaultdict(list)
    for refusal in refusals:
        if refusal not in by_status[refusal.http_status]:
            by_status[refusal.http_status].append(refusal)
    return {str(status): _response(status, by_status[status]) for status in sorted(by_status)}


def _response(status: int, refusals: list[Refusal]) -> Mapping[str, object]:
    reasons = list(dict.fromkeys(f"{refusal.code}: {refusal.when}" for refusal in refusals))
    examples = {
        f"example{number}": {
            "summary": refusal.when,
            "value": {"statusCode": refusal.code, "statusMessage": refusal.example},
        }
        for number, refusal in enumerate(refusals, 1)
    }
    response: dict[str, object] = {
        "description": "\n".join(f"- {reason}" for reason in reasons),
        "content": {
            "application/json": {
                "schema": envelope_of({refusal.code for refusal in refusals}),
                "examples": examples,
            }
        },
    }
    if status == 503:
        response["headers"] = {
            "Retry-After": {"description": "Seconds to wait.", "schema": whole("Seconds.", minimum=1)}
        }
    return response
