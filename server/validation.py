"""What a request must look like before anybody asks the switch; pure."""

import re
from collections.abc import Iterator

from dialbridge.v1.call_service_pb2 import DialRequest
from dialbridge.v1.error_reason_pb2 import (
    ERROR_REASON_DO_NOT_CALL,
    ERROR_REASON_FIELD_INVALID,
    ERROR_REASON_FIELD_REQUIRED,
)
from dialbridge.v1.user_data_pb2 import UserData, Value
from server.refusals import FieldViolation, Refusal

MAX_USER_DATA_BYTES = 64 * 1024
MAX_USER_DATA_DEPTH = 16
MAX_KEY_CHARACTERS = 255
MAX_DIGITS = 32
MAX_DTMF_DIGITS = 64
MAX_REQUEST_ID_CHARACTERS = 128

_SEPARATORS = str.maketrans("", "", " -./()")
_DIALABLE = re.compile(rf"\+?[0-9*#]{{1,{MAX_DIGITS}}}", re.ASCII)
_DTMF = re.compile(rf"[0-9*#A-D]{{1,{MAX_DTMF_DIGITS}}}", re.ASCII)
_REQUEST_ID = re.compile(rf"[\x20-\x7e]{{1,{MAX_REQUEST_ID_CHARACTERS}}}", re.ASCII)


def required(field: str, description: str | None = None) -> Refusal:
    """A required field is missing."""
    text = description or f"{field} is required"
    return Refusal(
        ERROR_REASON_FIELD_REQUIRED, text, metadata={"field": field}, violations=(FieldViolation(field, text),)
    )


def invalid(field: str, description: str) -> Refusal:
    """A field has a value that cannot be used."""
    text = f"{field} {description}"
    return Refusal(
        ERROR_REASON_FIELD_INVALID, text, metadata={"field": field}, violations=(FieldViolation(field, text),)
    )


def dialable(number: str, field: str) -> str:
    """The digits to dial, without what people put between them. Raises `Refusal`."""
    digits = number.translate(_SEPARATORS)
    if not digits:
        raise required(field, f"{field} is required: the number to dial")
    if not _DIALABLE.fullmatch(digits):
        raise invalid(field, f"must be an optional + and 1 to {MAX_DIGITS} of 0-9, * and #, not {shown(number)}")
    return digits


def do_not_call(digits: str) -> Refusal:
    """The number is on the do-not-call list."""
    return Refusal(
        ERROR_REASON_DO_NOT_CALL,
        "the number is on the do-not-call list; nothing was dialled",
        metadata={"phone_number": digits},
    )


def check_dial(request: DialRequest) -> str:
    """Check everything that the request alone shows; the digits to dial. Raises `Refusal`."""
    if not request.device_id:
        raise required("device_id", "device_id is required: the device to dial from")
    if request.request_id and not _REQUEST_ID.fullmatch(request.request_id):
        raise invalid("request_id", f"must be 1 to {MAX_REQUEST_ID_CHARACTERS} printable ASCII characters")
    match request.WhichOneof("target"):
        case "outbound_record":
            record = request.outbound_record
            if not record.phone_number:
                raise required("outbound_record.phone_number")
            if not record.record_handle:
                raise required("outbound_record.record_handle")
            if record.record_handle < 0:
                raise invalid("outbound_record.record_handle", "must be a positive integer")
            digits = dialable(record.phone_number, "outbound_record.phone_number")
            if record.outbound_caller_id:
                dialable(record.outbound_caller_id, "outbound_record.outbound_caller_id")
            check_user_data(record.user_data, "outbound_record.user_data")
            check_user_data(record.other_fields, "outbound_record.other_fields")
        case "destination":
            digits = dialable(request.destination, "destination")
        case _:
            raise required("target", "target is required: either outbound_record or destination")
    check_user_data(request.user_data, "user_data")
    return digits


def check_digits(digits: str) -> None:
    """Check DTMF digits. Raises `Refusal`."""
    if not digits:
        raise required("digits")
    if not _DTMF.fullmatch(digits):
        raise invalid("digits", f"must be 1 to {MAX_DTMF_DIGITS} of 0-9, *, # and A-D, not {shown(digits)}")


def check_user_data(data: UserData, field: str) -> None:
    """Check size, depth and keys. Raises `Refusal`."""
    size = data.ByteSize()
    if size > MAX_USER_DATA_BYTES:
        raise invalid(field, f"must not be larger than {MAX_USER_DATA_BYTES} bytes, and is {size}")
    _check_pairs(data, field, 1)


def _check_pairs(data: UserData, field: str, depth: int) -> None:
    if depth > MAX_USER_DATA_DEPTH:
        raise invalid(field, f"must not be nested more than {MAX_USER_DATA_DEPTH} deep")
    for pair in data.pairs:
        if not pair.key:
            raise invalid(field, "must not have an empty key")
        if len(pair.key) > MAX_KEY_CHARACTERS:
            raise invalid(field, f"must not have a key of more than {MAX_KEY_CHARACTERS} characters")
        for nested in _nested(pair.value, field, depth + 1):
            _check_pairs(nested, field, depth + 1)


def _nested(value: Value, field: str, depth: int) -> Iterator[UserData]:
    match value.WhichOneof("kind"):
        case "pairs_value":
            yield value.pairs_value
        case "list_value":
            if depth > MAX_USER_DATA_DEPTH:
                raise invalid(field, f"must not be nested more than {MAX_USER_DATA_DEPTH} deep")
            for element in value.list_value.values:
                yield from _nested(element, field, depth + 1)
        case _:
            pass


def shown(text: str) -> str:
    """What a caller sent, cut to what an error should repeat."""
    return repr(text if len(text) <= MAX_DIGITS * 2 else text[: MAX_DIGITS * 2] + "…")
