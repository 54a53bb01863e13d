import pytest

from bridge.envelope import LegacyError
from bridge.outbound_requests import (
    CAMPAIGN_OPERATIONS,
    LIST_OPERATIONS,
    RECORD_OPERATIONS,
    campaign_request,
    list_request,
    record_request,
)
from bridge.strict_json import JsonObject
from dialbridge.v1 import outbound_service_pb2 as pb
from dialbridge.v1.outbound_record_pb2 import OutboundRecord

COMMON = {"applicationId": 134, "devicePath": "/devices/D", "referenceId": "R"}
OPERATION = pb.OutboundOperation(campaign_name="C", application_id=134, device_id="D", reference_id="R")
RECORD_OPERATION = pb.OutboundOperation(
    campaign_name="C", application_id=134, device_id="D", reference_id="R", calling_list="L"
)
ON_RECORD = {**COMMON, "campaignName": "C", "callingList": "L"}


def body(given):
    return JsonObject(given.items())


def callback(kind, seconds):
    request = pb.RescheduleRecordRequest(operation=RECORD_OPERATION, record_handle=9, callback_type=kind)
    request.callback_time.FromSeconds(seconds)
    return request


@pytest.mark.parametrize("name", CAMPAIGN_OPERATIONS)
def test_operations_on_campaigns_are_read(name):
    request = campaign_request(name, "C", body(COMMON))
    assert type(request).__name__ == f"{name}Request"
    assert request.operation == OPERATION


@pytest.mark.parametrize(
    ("name", "given", "request_"),
    [
        ("CompleteRecord", {}, pb.CompleteRecordRequest(operation=RECORD_OPERATION, record_handle=9)),
        (
            "CompleteRecord",
            {"callResult": "Answer", "phoneNumber": "5001"},
            pb.CompleteRecordRequest(
                operation=RECORD_OPERATION, record_handle=9, call_result="Answer", phone_number="5001"
            ),
        ),
        ("RejectRecord", {}, pb.RejectRecordRequest(operation=RECORD_OPERATION, record_handle=9)),
        (
            "UpdateRecord",
            {"timeZone": "PST", "from": 0, "until": 86_339, "phoneType": "Mobile"},
            pb.UpdateRecordRequest(
                operation=RECORD_OPERATION,
                record=OutboundRecord(
                    record_handle=9, calling_list="L", time_zone="PST", until_seconds=86_339, phone_type="Mobile"
                ),
            ),
        ),
        (
            "RescheduleRecord",
            {"callbackType": "Personal", "timestamp": 1433917552},
            callback(pb.CALLBACK_TYPE_PERSONAL, 1433917552),
        ),
        ("RescheduleRecord", {"callbackType": "Campaign", "timestamp": 0}, callback(pb.CALLBACK_TYPE_CAMPAIGN, 0)),
        ("GetChainedRecord", {}, pb.GetChainedRecordRequest(operation=RECORD_OPERATION, record_handle=9)),
        ("DoNotCallRecord", {}, pb.DoNotCallRecordRequest(operation=RECORD_OPERATION, record_handle=9)),
        (
            "DoNotCallRecord",
            {"chainAttribute": "AllChain"},
            pb.DoNotCallRecordRequest(operation=RECORD_OPERATION, record_handle=9, all_chain=True),
        ),
    ],
)
def test_operations_on_records_are_read(name, given, request_):
    assert record_request(name, "9", body({**ON_RECORD, **given})) == request_


def test_a_record_is_added_with_all_that_it_has():
    given = {"phoneNumber": "5001", "timeZone": "PST", "phoneType": "Mobile", "from": 0, "until": 9, "chainId": 7}
    request = list_request("AddRecord", body({**ON_RECORD, **given, "otherFields": body({"a": 1})}))
    record = request.record
    assert (record.calling_list, record.phone_number, record.chain_id) == ("L", "5001", 7)
    assert record.other_fields.pairs[0].key == "a"


def test_a_number_can_be_forbidden_without_a_record():
    request = list_request("DoNotCallRecord", body({**COMMON, "campaignName": "C", "phoneNumber": "5001"}))
    assert request == pb.DoNotCallRecordRequest(operation=OPERATION, phone_number="5001")


@pytest.mark.parametrize(
    ("read", "status", "code", "text"),
    [
        (lambda: campaign_request("CompleteRecord", "C", body(COMMON)), 403, 3, "'CompleteRecord'"),
        (lambda: record_request("AddRecord", "9", body(ON_RECORD)), 403, 3, "'AddRecord'"),
        (lambda: list_request("RejectRecord", body(ON_RECORD)), 403, 3, "'RejectRecord'"),
        (
            lambda: campaign_request("GetPreviewRecord", "C", body({"devicePath": "/devices/D"})),
            400,
            1,
            "applicationId",
        ),
        (lambda: campaign_request("GetPreviewRecord", "C", body({"applicationId": 1})), 400, 1, "devicePath"),
        (lambda: campaign_request("GetPreviewRecord", "C", body({**COMMON, "applicationId": "x"})), 400, 10, "integer"),
        (lambda: record_request("RejectRecord", "9", body(COMMON)), 400, 1, "campaignName"),
        (lambda: record_request("RejectRecord", "x", body(ON_RECORD)), 404, 6, "not found"),
        (lambda: record_request("RejectRecord", "0", body(ON_RECORD)), 404, 6, "not found"),
        (lambda: record_request("RejectRecord", "9" * 19, body(ON_RECORD)), 404, 6, "not found"),
        (lambda: record_request("RejectRecord", "９", body(ON_RECORD)), 404, 6, "not found"),
        (lambda: record_request("RescheduleRecord", "9", body(ON_RECORD)), 400, 1, "callbackType"),
        (
            lambda: record_request("RescheduleRecord", "9", body({**ON_RECORD, "callbackType": "All"})),
            400,
            10,
            "Personal or Campaign",
        ),
        (
            lambda: record_request("RescheduleRecord", "9", body({**ON_RECORD, "callbackType": "Personal"})),
            400,
            1,
            "timestamp",
        ),
        (
            lambda: record_request(
                "RescheduleRecord", "9", body({**ON_RECORD, "callbackType": "Personal", "timestamp": 1 << 50})
            ),
            400,
            10,
            "timestamp",
        ),
        (
            lambda: record_request("DoNotCallRecord", "9", body({**ON_RECORD, "chainAttribute": "Some"})),
            400,
            10,
            "AllChain or RecordOnly",
        ),
        (lambda: record_request("UpdateRecord", "9", body({**ON_RECORD, "from": "x"})), 400, 10, "'from'"),
        (lambda: list_request("DoNotCallRecord", body(ON_RECORD)), 400, 1, "phoneNumber"),
        (lambda: list_request("AddRecord", body({**ON_RECORD, "phoneNumber": "5001"})), 400, 1, "timeZone"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(read, status, code, text):
    with pytest.raises(LegacyError) as refused:
        read()
    assert (refused.value.http_status, refused.value.code) == (status, code)
    assert text in refused.value.text


@pytest.mark.parametrize("name", [*CAMPAIGN_OPERATIONS, *RECORD_OPERATIONS, *LIST_OPERATIONS])
def test_operations_are_named_as_the_rpcs_are(name):
    assert name in pb.DESCRIPTOR.services_by_name["OutboundService"].methods_by_name
