import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.gws.outbound import outbound_request, read_outbound, read_record
from bridge.outbound_json import outbound_events
from bridge.outbound_requests import CAMPAIGN_OPERATIONS, campaign_request, list_request, record_request
from bridge.strict_json import JsonObject, dumps, loads_pairs
from dialbridge.v1 import outbound_service_pb2 as pb
from dialbridge.v1.outbound_record_pb2 import OutboundRecord
from dialbridge.v1.outbound_service_pb2 import OutboundCampaign, OutboundMessage
from dialbridge.v1.user_data_pb2 import UserData

CAMPAIGN = pb.OutboundOperation(campaign_name="C 1/2", application_id=134, device_id="D", reference_id="R")
ON_RECORD = pb.OutboundOperation(
    campaign_name="C 1/2", application_id=134, device_id="D", reference_id="R", calling_list="L"
)


def data(**pairs):
    written = UserData()
    for key, value in pairs.items():
        pair = written.pairs.add(key=key)
        if isinstance(value, int):
            pair.value.int_value = value
        else:
            pair.value.string_value = value
    return written


def posted(request):
    """The address, and the body as it comes out of the wire."""
    path, body = outbound_request(request, device_path="/devices/D", reference="R", calling_list="L")
    return path, loads_pairs(dumps(body))


def received(message):
    """The ``data`` of every event that the bridge makes of a message."""
    return [loads_pairs(payload)["data"] for _, payload in outbound_events(message)]


@pytest.mark.parametrize("name", CAMPAIGN_OPERATIONS)
def test_an_operation_on_a_campaign_is_written_as_the_bridge_reads_it(name):
    request = CAMPAIGN_OPERATIONS[name](operation=CAMPAIGN)
    path, body = posted(request)
    assert path == "/me/outbound-campaigns/C%201%2F2"
    assert campaign_request(name, "C 1/2", body) == request


def rescheduled():
    request = pb.RescheduleRecordRequest(operation=ON_RECORD, record_handle=9, callback_type=pb.CALLBACK_TYPE_PERSONAL)
    request.callback_time.FromSeconds(1433917552)
    return request


@pytest.mark.parametrize(
    "request_",
    [
        pb.CompleteRecordRequest(operation=ON_RECORD, record_handle=9, call_result="Answer", phone_number="5001"),
        pb.CompleteRecordRequest(operation=ON_RECORD, record_handle=9),
        pb.RejectRecordRequest(operation=ON_RECORD, record_handle=9),
        pb.GetChainedRecordRequest(operation=ON_RECORD, record_handle=9),
        pb.DoNotCallRecordRequest(operation=ON_RECORD, record_handle=9, all_chain=True),
        rescheduled(),
        pb.UpdateRecordRequest(
            operation=ON_RECORD,
            record=OutboundRecord(
                record_handle=9,
                calling_list="L",
                call_result="Busy",
                until_seconds=9,
                other_fields=data(tier="gold", custom=2),
            ),
        ),
    ],
    ids=lambda request: type(request).__name__,
)
def test_an_operation_on_a_record_is_written_as_the_bridge_reads_it(request_):
    path, body = posted(request_)
    assert path == "/me/outbound-records/9"
    assert record_request(type(request_).__name__.removesuffix("Request"), "9", body) == request_


def test_a_record_is_added_at_the_address_without_a_handle():
    record = OutboundRecord(
        calling_list="L", phone_number="5001", time_zone="GMT", phone_type="Mobile", until_seconds=9, chain_id=7
    )
    request = pb.AddRecordRequest(operation=ON_RECORD, record=record)
    path, body = posted(request)
    assert path == "/me/outbound-records"
    assert list_request("AddRecord", body) == request


def test_the_hours_of_a_record_that_may_always_be_called_are_the_whole_day():
    _, body = posted(pb.AddRecordRequest(operation=ON_RECORD, record=OutboundRecord(calling_list="L")))
    assert (body["from"], body["until"]) == (0, 86_399)


def test_a_number_is_forbidden_at_the_address_without_a_handle():
    request = pb.DoNotCallRecordRequest(operation=ON_RECORD, phone_number="5001")
    path, body = posted(request)
    assert path == "/me/outbound-records"
    assert list_request("DoNotCallRecord", body) == request


RECORD = OutboundRecord(
    device_path="/devices/D", calling_list="L", application_id=134, record_handle=9, campaign_name="C"
)


@pytest.mark.parametrize(
    "message",
    [
        OutboundMessage(
            notification_type=pb.OUTBOUND_NOTIFICATION_TYPE_PREVIEW_SESSION_STARTED,
            campaign=OutboundCampaign(
                name="C", dialing_mode="Preview", group_name="C@G", state="Started", application_id=134
            ),
        ),
        OutboundMessage(notification_type=pb.OUTBOUND_NOTIFICATION_TYPE_RECORD_REJECT_ACKNOWLEDGE, record=RECORD),
        OutboundMessage(
            notification_type=pb.OUTBOUND_NOTIFICATION_TYPE_ERROR, record=RECORD, error_message="No such record."
        ),
        OutboundMessage(upstream_notification_type="StatusChanged", record=RECORD),
    ],
    ids=lambda message: (
        message.upstream_notification_type or pb.OutboundNotificationType.Name(message.notification_type)
    ),
)
def test_what_the_bridge_tells_is_read_again(message):
    message.device_id, message.reference_id = "D", "R"
    (told,) = received(message)
    assert read_outbound(told) == message


def test_the_user_event_behind_an_acknowledgement_is_a_message_of_its_own():
    message = OutboundMessage(device_id="D", record=RECORD, user_event=data(GSW_USER_EVENT="RecordRejectAcknowledge"))
    _, told = received(message)
    event = read_outbound(told)
    assert event == OutboundMessage(device_id="D", user_event=message.user_event)
    assert [channel for channel, _ in outbound_events(event)] == ["/v2/me/devices"]


def test_a_user_event_that_has_nothing_to_do_with_campaigns_is_not_told():
    told = {"messageType": "DeviceUserEventMessage", "deviceId": "D", "userData": JsonObject([("a", 1)])}
    assert read_outbound(told) is None


def test_what_a_preview_record_does_not_say_beside_its_user_data_is_taken_from_there():
    record = read_record(
        {
            "userData": JsonObject(
                {
                    "GSW_PHONE": "647000",
                    "GSW_CALLING_LIST": "CallingList1",
                    "GSW_CAMPAIGN_NAME": "Campaign1",
                    "GSW_APPLICATION_ID": 134,
                    "GSW_RECORD_HANDLE": 431,
                    "GSW_CHAIN_ID": "seven",
                }.items()
            )
        }
    )
    assert (record.phone_number, record.calling_list, record.campaign_name) == ("647000", "CallingList1", "Campaign1")
    assert (record.application_id, record.record_handle, record.chain_id) == (134, 431, 0)


def test_a_message_of_another_preview_mode_passes_through_as_it_is():
    pushed = (
        '{"notificationType":"StatusChanged","record":{"id":"d17d0be3","state":"ReadyToCall","phone":"4105550951",'
        '"customFields":{"daily_till":86399,"tier":"Bronze"}},"messageType":"OutboundRecordMessage"}'
    )
    message = read_outbound(loads_pairs(pushed.encode()))
    ((channel, payload),) = outbound_events(message)
    assert channel == "/v2/me/outbound"
    assert json.loads(payload)["data"] == json.loads(pushed)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.text(max_size=4), inner, max_size=3).map(lambda each: JsonObject(each.items()))
    ),
    max_leaves=4,
)
MEMBERS = ("recordHandle", "phoneNumber", "from", "userData", "otherFields", "devicePath", "name", "applicationId")
RESOURCES = st.dictionaries(st.sampled_from(MEMBERS), ANYTHING).map(lambda each: JsonObject(each.items()))


@given(
    st.sampled_from(["OutboundCampaignMessage", "OutboundRecordMessage", "DeviceUserEventMessage", None]),
    RESOURCES | ANYTHING,
    ANYTHING,
)
def test_whatever_a_gws_sends_is_read_without_an_error(kind, resource, other):
    told = {
        "messageType": kind,
        "record": resource,
        "campaign": resource,
        "userData": resource,
        "notificationType": other,
        "referenceId": other,
        "deviceId": other,
    }
    message = read_outbound(told)
    if message is not None:
        outbound_events(message)
