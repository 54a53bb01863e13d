"""What a request must look like."""

import pytest

from dialbridge.v1.call_service_pb2 import DialRequest
from dialbridge.v1.error_reason_pb2 import ERROR_REASON_FIELD_INVALID, ERROR_REASON_FIELD_REQUIRED
from dialbridge.v1.outbound_record_pb2 import OutboundRecord
from dialbridge.v1.user_data_pb2 import UserData, Value
from server.refusals import Refusal
from server.validation import MAX_USER_DATA_BYTES, check_dial, check_digits, check_user_data, dialable


@pytest.mark.parametrize(
    ("given_number", "dialled"),
    [("5001", "5001"), ("+1 (410) 555-0951", "+14105550951"), ("*72#", "*72#"), ("5" * 32, "5" * 32)],
)
def test_a_number_is_dialled_without_what_people_put_between_the_digits(given_number, dialled):
    assert dialable(given_number, "destination") == dialled


@pytest.mark.parametrize("number", ["abc", "50+01", "5" * 33, "٥٠٠١", "sip:5001@host", "+", "50\n01"])
def test_what_cannot_be_dialled_is_refused_and_named(number):
    with pytest.raises(Refusal) as refused:
        dialable(number, "destination")
    assert refused.value.reason == ERROR_REASON_FIELD_INVALID
    assert refused.value.violations[0].field == "destination"


RECORD = OutboundRecord(record_handle=431, phone_number="5001")


@pytest.mark.parametrize(
    ("request_", "reason", "field"),
    [
        (DialRequest(destination="5001"), ERROR_REASON_FIELD_REQUIRED, "device_id"),
        (DialRequest(device_id="d"), ERROR_REASON_FIELD_REQUIRED, "target"),
        (DialRequest(device_id="d", destination=""), ERROR_REASON_FIELD_REQUIRED, "destination"),
        (DialRequest(device_id="d", destination="x"), ERROR_REASON_FIELD_INVALID, "destination"),
        (
            DialRequest(device_id="d", outbound_record=OutboundRecord(record_handle=431)),
            ERROR_REASON_FIELD_REQUIRED,
            "outbound_record.phone_number",
        ),
        (
            DialRequest(device_id="d", outbound_record=OutboundRecord(phone_number="5001")),
            ERROR_REASON_FIELD_REQUIRED,
            "outbound_record.record_handle",
        ),
        (
            DialRequest(device_id="d", outbound_record=OutboundRecord(record_handle=-1, phone_number="5001")),
            ERROR_REASON_FIELD_INVALID,
            "outbound_record.record_handle",
        ),
        (DialRequest(device_id="d", destination="5001", request_id="ü"), ERROR_REASON_FIELD_INVALID, "request_id"),
        (
            DialRequest(device_id="d", destination="5001", request_id="x" * 129),
            ERROR_REASON_FIELD_INVALID,
            "request_id",
        ),
    ],
)
def test_a_dial_that_cannot_be_is_refused_with_the_field_at_fault(request_, reason, field):
    with pytest.raises(Refusal) as refused:
        check_dial(request_)
    assert (refused.value.reason, refused.value.metadata["field"]) == (reason, field)


def test_the_number_of_the_record_is_dialled():
    assert check_dial(DialRequest(device_id="d", outbound_record=RECORD)) == "5001"


def nested(depth):
    data = UserData()
    data.pairs.add(key="k").value.int_value = 1
    for _ in range(depth - 1):
        outer = UserData()
        outer.pairs.add(key="k").value.pairs_value.CopyFrom(data)
        data = outer
    return data


def lists(depth):
    value = Value(int_value=1)
    for _ in range(depth):
        outer = Value()
        outer.list_value.values.append(value)
        value = outer
    data = UserData()
    data.pairs.add(key="k").value.CopyFrom(value)
    return data


def test_user_data_may_be_nested_sixteen_deep():
    check_user_data(nested(16), "user_data")


@pytest.mark.parametrize(
    "data",
    [
        nested(17),
        lists(17),
        UserData(pairs=[{"key": ""}]),
        UserData(pairs=[{"key": "k" * 256}]),
        UserData(pairs=[{"key": "k", "value": {"string_value": "x" * MAX_USER_DATA_BYTES}}]),
    ],
)
def test_user_data_out_of_bounds_is_refused(data):
    with pytest.raises(Refusal) as refused:
        check_user_data(data, "user_data")
    assert refused.value.reason == ERROR_REASON_FIELD_INVALID


@pytest.mark.parametrize("digits", ["0123456789*#ABCD", "5"])
def test_dtmf_digits_are_accepted(digits):
    check_digits(digits)


@pytest.mark.parametrize("digits", ["", "5 5", "E", "5" * 65, "٥"])
def test_other_dtmf_digits_are_refused(digits):
    with pytest.raises(Refusal):
        check_digits(digits)
