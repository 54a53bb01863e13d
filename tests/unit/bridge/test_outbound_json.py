import json

import pytest

from bridge.outbound_json import OUTBOUND_NOTIFICATION_TYPES, outbound_events
from dialbridge.v1 import outbound_service_pb2 as pb
from dialbridge.v1.outbound_record_pb2 import OutboundRecord
from dialbridge.v1.outbound_service_pb2 import OutboundCampaign, OutboundMessage
from dialbridge.v1.user_data_pb2 import UserData, UserDataPair, Value

DEVICE = "5910b027-3e64-4c85-9b9d-87248a21d8a5"
CAMPAIGN = OutboundCampaign(
    name="Campaign1",
    dialing_mode="Preview",
    group_name="Campaign1@AgentGroup1",
    state="Started",
    application_id=134,
)


def message(kind, **more):
    return OutboundMessage(notification_type=kind, device_id=DEVICE, reference_id="123456789", **more)


def pairs(**values):
    data = UserData()
    for key, value in values.items():
        kind = {"string_value": value} if isinstance(value, str) else {"int_value": value}
        data.pairs.append(UserDataPair(key=key, value=Value(**kind)))
    return data


def test_a_session_that_began_is_told_as_in_the_reference():
    (event,) = outbound_events(message(pb.OUTBOUND_NOTIFICATION_TYPE_PREVIEW_SESSION_STARTED, campaign=CAMPAIGN))
    assert event == (
        "/v2/me/outbound",
        b'{"data":{"messageType":"OutboundCampaignMessage","notificationType":"PreviewSessionStarted",'
        b'"campaign":{"name":"Campaign1","dialingMode":"Preview","groupName":"Campaign1@AgentGroup1","state":"Started",'
        b'"devicePath":"/devices/5910b027-3e64-4c85-9b9d-87248a21d8a5","applicationId":134,"groupDescription":"",'
        b'"description":""},"referenceId":"123456789"},"channel":"/v2/me/outbound"}',
    )


def test_a_session_that_ended_is_told_as_in_the_reference():
    (event,) = outbound_events(message(pb.OUTBOUND_NOTIFICATION_TYPE_PREVIEW_SESSION_ENDED, campaign=CAMPAIGN))
    assert event[1] == (
        b'{"data":{"messageType":"OutboundCampaignMessage","notificationType":"PreviewSessionEnded",'
        b'"campaign":{"devicePath":"/devices/5910b027-3e64-4c85-9b9d-87248a21d8a5","state":"Started",'
        b'"applicationId":134,"name":"Campaign1"},"referenceId":"123456789"},"channel":"/v2/me/outbound"}'
    )


def test_an_acknowledgement_is_two_events_as_in_the_reference():
    record = OutboundRecord(
        device_path=f"/devices/{DEVICE}",
        calling_list="CallingList1",
        application_id=134,
        record_handle=9,
        campaign_name="Campaign1",
    )
    told = message(
        pb.OUTBOUND_NOTIFICATION_TYPE_RECORD_REJECT_ACKNOWLEDGE,
        record=record,
        user_event=pairs(
            GSW_APPLICATION_ID=134,
            GSW_RECORD_HANDLE=9,
            GSW_USER_EVENT="RecordRejectAcknowledge",
            GSW_CALLING_LIST="CallingList1",
            GSW_CAMPAIGN_NAME="Campaign1",
        ),
    )
    told.event_time.FromMilliseconds(1433915386880)
    assert outbound_events(told) == [
        (
            "/v2/me/outbound",
            b'{"data":{"record":{"devicePath":"/devices/5910b027-3e64-4c85-9b9d-87248a21d8a5",'
            b'"callingList":"CallingList1","applicationId":134,"recordHandle":9,"campaignName":"Campaign1"},'
            b'"notificationType":"RecordRejectAcknowledge","messageType":"OutboundRecordMessage",'
            b'"referenceId":"123456789"},"channel":"/v2/me/outbound"}',
        ),
        (
            "/v2/me/devices",
            b'{"data":{"metrics":{"eventProcessing":{"serverGenerationTimestamp":1433915386880}},'
            b'"userData":{"GSW_APPLICATION_ID":134,"GSW_RECORD_HANDLE":9,"GSW_USER_EVENT":"RecordRejectAcknowledge",'
            b'"GSW_CALLING_LIST":"CallingList1","GSW_CAMPAIGN_NAME":"Campaign1"},'
            b'"deviceId":"5910b027-3e64-4c85-9b9d-87248a21d8a5","messageType":"DeviceUserEventMessage"},'
            b'"channel":"/v2/me/devices"}',
        ),
    ]


def test_a_preview_record_begins_with_its_kind_and_its_record_with_the_user_data():
    record = OutboundRecord(record_handle=9, phone_number="5001", user_data=pairs(GSW_AGENT_ID="3001"))
    ((_, payload),) = outbound_events(message(pb.OUTBOUND_NOTIFICATION_TYPE_PREVIEW_RECORD, record=record))
    data = json.loads(payload)["data"]
    assert list(data) == ["notificationType", "messageType", "referenceId", "record"]
    assert list(data["record"]) == ["userData", "recordHandle", "phoneNumber"]


def test_an_error_says_why_and_for_what():
    record = OutboundRecord(campaign_name="Campaign1")
    told = message(pb.OUTBOUND_NOTIFICATION_TYPE_ERROR, record=record, error_message="No record.")
    data = json.loads(outbound_events(told)[0][1])["data"]
    assert (data["notificationType"], data["errorMessage"], data["referenceId"]) == ("Error", "No record.", "123456789")


@pytest.mark.parametrize("kind", pb.OutboundNotificationType.values())
def test_every_kind_of_news_has_a_word(kind):
    assert OUTBOUND_NOTIFICATION_TYPES[kind]
