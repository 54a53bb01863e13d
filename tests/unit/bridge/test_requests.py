import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge import requests
from bridge.envelope import LegacyError
from bridge.strict_json import JsonObject, dumps, loads_pairs
from bridge.user_data import to_json
from dialbridge.v1 import call_service_pb2 as call
from dialbridge.v1.outbound_record_pb2 import OutboundRecord

DEVICE = "efe1ab32-53f9-43ce-b65e-5768c61f7d4a"


def parsed(text: str) -> JsonObject:
    return requests.body_of(text.encode())


def dialled(text: str, key: str = "") -> call.DialRequest:
    return requests.dial_request(parsed(text), DEVICE, key)


def test_the_request_of_dial_preview_record_is_read() -> None:
    assert dialled(
        '{"operationName":"Dial","devicePath":"/devices/1234567890","outboundRecord":'
        '{"recordHandle":431,"phoneNumber":"5001","outboundCallerId":"410004343","otherFields":{}}}'
    ) == call.DialRequest(
        device_id=DEVICE,
        outbound_record=OutboundRecord(
            record_handle=431,
            phone_number="5001",
            outbound_caller_id="410004343",
            device_path="/devices/1234567890",
            other_fields={},
        ),
    )


def test_a_record_with_everything_has_every_field_of_the_contract() -> None:
    request = dialled(
        '{"outboundRecord":{"recordHandle":9007199254740993,"phoneNumber":"5001","outboundCallerId":"1",'
        '"campaignName":"Campaign1","callingList":"CallingList1","applicationId":134,"phoneType":"Mobile","chainId":5,'
        '"chainAttribute":"RecordOnly","timeZone":"PST","from":0,"until":86339,"callResult":"Busy",'
        '"devicePath":"/devices/1","userData":{"a":1},"otherFields":{"b":2},"callbackType":"Personal","x":1,"x":2}}'
    )
    record = request.outbound_record
    assert {field.name for field, _ in record.ListFields()} | {"from_seconds"} == {
        field.name for field in OutboundRecord.DESCRIPTOR.fields
    }
    assert record.record_handle == 9007199254740993
    assert record.until_seconds == 86339
    assert to_json(record.user_data) == {"a": 1}
    assert to_json(record.other_fields) == {"b": 2}
    assert [pair.key for pair in record.unknown_fields.pairs] == ["callbackType", "x", "x"]


def test_every_legacy_member_of_a_record_has_a_field_of_its_own() -> None:
    fields = {field.name for field in OutboundRecord.DESCRIPTOR.fields}
    assert set(requests.RECORD_MEMBERS.values()) == fields - {"unknown_fields"}


def test_with_both_a_record_and_a_destination_the_record_counts() -> None:
    request = dialled('{"destination":{"phoneNumber":"5002"},"outboundRecord":{"recordHandle":1,"phoneNumber":"5001"}}')
    assert request.WhichOneof("target") == "outbound_record"


def test_a_plain_dial_has_destination_location_user_data_and_key() -> None:
    request = dialled(
        '{"destination":{"phoneNumber":"5551212"},"location":"west","userData":{"Product":"Guitars"}}', "k1"
    )
    assert request.destination == "5551212"
    assert request.location == "west"
    assert request.request_id == "k1"
    assert to_json(request.user_data) == {"Product": "Guitars"}


@pytest.mark.parametrize("text", ["{}", '{"outboundRecord":null}', '{"destination":null,"outboundRecord":null}'])
def test_a_dial_without_a_target_goes_to_the_facade_without_one(text: str) -> None:
    assert dialled(text).WhichOneof("target") is None


@pytest.mark.parametrize("text", ['{"outboundRecord":{}}', '{"outboundRecord":{"phoneNumber":null,"userData":null}}'])
def test_an_empty_record_is_still_a_record(text: str) -> None:
    assert dialled(text).outbound_record == OutboundRecord()
    assert dialled(text).WhichOneof("target") == "outbound_record"


def test_a_destination_without_a_number_is_still_a_destination() -> None:
    assert dialled('{"destination":{}}').WhichOneof("target") == "destination"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"outboundRecord":[]}', "outboundRecord"),
        ('{"outboundRecord":"5001"}', "outboundRecord"),
        ('{"destination":"5001"}', "destination"),
        ('{"destination":{"phoneNumber":5001}}', "destination.phoneNumber"),
        ('{"location":1}', "location"),
        ('{"devicePath":1}', "devicePath"),
        ('{"userData":[]}', "userData"),
        ('{"userData":' + '{"a":' * 17 + "1" + "}" * 18, "userData"),
        ('{"outboundRecord":{"phoneNumber":5001}}', "outboundRecord.phoneNumber"),
        ('{"outboundRecord":{"recordHandle":"431"}}', "outboundRecord.recordHandle"),
        ('{"outboundRecord":{"recordHandle":431.0}}', "outboundRecord.recordHandle"),
        ('{"outboundRecord":{"recordHandle":true}}', "outboundRecord.recordHandle"),
        ('{"outboundRecord":{"recordHandle":9223372036854775808}}', "outboundRecord.recordHandle"),
        ('{"outboundRecord":{"until":2147483648}}', "outboundRecord.until"),
        ('{"outboundRecord":{"otherFields":""}}', "outboundRecord.otherFields"),
    ],
)
def test_a_wrong_type_is_answered_with_code_10_and_the_name_of_the_parameter(text: str, place: str) -> None:
    with pytest.raises(LegacyError) as refused:
        dialled(text)
    assert (refused.value.http_status, refused.value.code) == (400, 10)
    assert f"'{place}'" in refused.value.text


@pytest.mark.parametrize("body", [b"", b"[]", b"1", b"null", b'"Dial"', b"{", b"\xff"])
def test_a_body_that_is_no_object_is_answered_with_code_1(body: bytes) -> None:
    with pytest.raises(LegacyError) as refused:
        requests.body_of(body)
    assert (refused.value.http_status, refused.value.code) == (400, 1)


@pytest.mark.parametrize("text", ["{}", '{"operationName":null}', '{"operationName":""}'])
def test_a_missing_operation_name_is_answered_with_code_1(text: str) -> None:
    with pytest.raises(LegacyError, match="Required parameter 'operationName' is missing") as refused:
        requests.operation_of(parsed(text))
    assert refused.value.code == 1


def test_an_operation_name_that_is_no_string_is_answered_with_code_10() -> None:
    with pytest.raises(LegacyError) as refused:
        requests.operation_of(parsed('{"operationName":["Dial"]}'))
    assert refused.value.code == 10


@pytest.mark.parametrize(
    ("operation", "text", "expected"),
    [
        ("Answer", "{}", call.AnswerRequest(call_id="C")),
        ("Hangup", "{}", call.HangupRequest(call_id="C")),
        ("SendDtmf", '{"digits":"12#"}', call.SendDtmfRequest(call_id="C", digits="12#")),
        ("SendDtmf", "{}", call.SendDtmfRequest(call_id="C")),
        ("AttachUserData", '{"userData":{}}', call.AttachUserDataRequest(call_id="C", user_data={})),
        ("UpdateUserData", "{}", call.UpdateUserDataRequest(call_id="C")),
        ("DeleteUserData", "{}", call.DeleteUserDataRequest(call_id="C")),
        ("DeleteUserDataPair", '{"key":"a"}', call.DeleteUserDataPairRequest(call_id="C", key="a")),
    ],
)
def test_each_operation_on_a_call_is_its_request_of_the_contract(operation: str, text: str, expected: object) -> None:
    assert requests.call_request(operation, "C", parsed(text)) == expected


def test_an_operation_that_does_not_exist_is_answered_with_code_3_and_a_short_name() -> None:
    with pytest.raises(LegacyError) as refused:
        requests.call_request("X" * 10_000, "C", parsed("{}"))
    assert (refused.value.http_status, refused.value.code) == (403, 3)
    assert len(refused.value.text) < 200


@pytest.mark.parametrize(("operation", "text"), [("SendDtmf", '{"digits":12}'), ("DeleteUserDataPair", '{"key":1}')])
def test_a_wrong_type_in_an_operation_is_answered_with_code_10(operation: str, text: str) -> None:
    with pytest.raises(LegacyError) as refused:
        requests.call_request(operation, "C", parsed(text))
    assert refused.value.code == 10


def test_a_session_is_started_on_channels_and_perhaps_a_device() -> None:
    request = requests.start_session_request(parsed('{"channels":["voice","chat"],"devicePath":"/devices/1"}'))
    assert list(request.channels) == ["voice", "chat"]
    assert request.device_id == "1"


@pytest.mark.parametrize(
    ("text", "code"),
    [("{}", 1), ('{"channels":"voice"}', 10), ('{"channels":[1]}', 10), ('{"channels":[],"devicePath":"1"}', 10)],
)
def test_a_session_with_unusable_channels_or_device_is_refused(text: str, code: int) -> None:
    with pytest.raises(LegacyError) as refused:
        requests.start_session_request(parsed(text))
    assert refused.value.code == code


def test_a_path_that_the_contract_cannot_hold_names_nothing() -> None:
    assert requests.dial_request(parsed("{}"), "\udcff", "").device_id == "?"
    assert requests.call_request("Hangup", "\udcff", parsed("{}")) == call.HangupRequest(call_id="?")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
MEMBERS = st.sampled_from(
    ["operationName", "devicePath", "destination", "outboundRecord", "location", "userData", *requests.RECORD_MEMBERS]
)


@given(st.dictionaries(MEMBERS, JSON | st.dictionaries(MEMBERS, JSON)), st.text(max_size=5))
def test_any_object_is_a_dial_or_a_documented_refusal(body: dict[str, object], key: str) -> None:
    value = loads_pairs(dumps(body))
    assert isinstance(value, JsonObject)
    try:
        requests.dial_request(value, DEVICE, key)
    except LegacyError as e:
        assert (e.http_status, e.code) == (400, 10)  # noqa: PT017  most bodies raise, some do not
