"""A calling record as agents and legacy clients get it: the outbound record of the contract with the user data that an
Outbound Contact Server would send; pure.

GWS reference, GetPreviewRecord; Outbound Contact Server, user events.
"""

from collections.abc import Mapping

from dialbridge.v1.outbound_record_pb2 import OutboundRecord
from dialbridge.v1.outbound_service_pb2 import OutboundCampaign
from dialbridge.v1.user_data_pb2 import UserData
from server.campaigns.call_windows import offset
from server.campaigns.schema import CallingRecord, Campaign

DIALING_MODE = "Preview"
STARTED = "Started"
"""The state of a campaign: of the campaign, not of an agent's session."""

UNKNOWN = 28
CALL_RESULTS: Mapping[str, int] = {
    name: number
    for number, name in enumerate(
        (
            *("Ok", "Transferred", "Conferenced", "GeneralError", "SystemError", "RemoteRelease", "Busy", "NoAnswer"),
            *("SitDetected", "AnsweringMachineDetected", "AllTrunksBusy", "SitInvalidnum", "SitVacant"),
            *("SitIntercept", "SitUnknown", "SitNocircuit", "SitReorder", "FaxDetected", "QueueFull", "Cleared"),
            *("Overflowed", "Abandoned", "Redirected", "Forwarded", "Consult", "Pickedup", "Dropped"),
            *("Droppednoanswer", "Unknown", "Covered", "ConverseOn", "Bridged"),
        )
    )
} | {"Answer": 33, "WrongParty": 40, "DoNotCall": 51, "Cancel": 52, "WrongNumber": 53}
"""T-Server's numbers of call results, and those that the Outbound Contact Server adds."""

_EVENTS: Mapping[str, str] = {
    "CompleteRecord": "RecordProcessedAcknowledge",
    "RejectRecord": "RecordRejectAcknowledge",
    "UpdateRecord": "UpdateCallCompletionStatsAcknowledge",
    "RescheduleRecord": "ScheduledRecordRescheduleAcknowledge",
    "DoNotCallRecord": "DoNotCallAcknowledge",
    "AddRecord": "AddRecordAcknowledge",
}


def contract_campaign(campaign: Campaign) -> OutboundCampaign:
    """A campaign as the contract has it."""
    return OutboundCampaign(
        name=campaign.name,
        dialing_mode=DIALING_MODE,
        group_name=campaign.group_name,
        state=STARTED,
        application_id=campaign.application_id,
        description=campaign.description,
    )


def named(campaign: Campaign, device_id: str, record: CallingRecord | None) -> OutboundRecord:
    """What tells a record from others, and no more."""
    found = OutboundRecord(
        device_path=f"/devices/{device_id}", application_id=campaign.application_id, campaign_name=campaign.name
    )
    if record is not None:
        found.calling_list = record.list
        found.record_handle = record.handle
    return found


def preview(
    campaign: Campaign, device_id: str, user_name: str, record: CallingRecord, attempt: str, event: str, now: float
) -> OutboundRecord:
    """Everything that an agent is shown. ``attempt`` names this attempt at the record among all."""
    found = named(campaign, device_id, record)
    found.phone_number = record.phone
    found.phone_type = record.phone_type
    found.outbound_caller_id = record.caller_id
    chain = record.chain if record.chain is not None else record.handle
    found.chain_id = chain
    found.time_zone = record.window.time_zone
    found.from_seconds = record.window.since
    found.until_seconds = record.window.until
    found.call_result = record.call_result
    found.other_fields.CopyFrom(record.other_fields)
    # The order is that of the reference's sample.
    data = found.user_data
    _text(data, "GSW_AGENT_ID", user_name)
    _text(data, "contact_info", record.phone)
    _number(data, "GSW_CALL_RESULT", CALL_RESULTS.get(record.call_result, UNKNOWN))
    data.pairs.extend(record.other_fields.pairs)
    _text(data, "GSW_CALL_ATTEMPT_GUID", attempt)
    _text(data, "GSW_TZ_NAME", record.window.time_zone)
    _number(data, "GSW_APPLICATION_ID", campaign.application_id)
    _text(data, "GSW_CAMPAIGN_GROUP_DESCRIPTION", "")
    _text(data, "GSW_CALLING_LIST", record.list)
    _number(data, "GSW_ATTEMPTS", record.attempts)
    _text(data, "GSW_USER_EVENT", event)
    _text(data, "InteractionSubtype", "OutboundNew")
    _text(data, "GSW_PHONE", record.phone)
    _text(data, "GSW_CAMPAIGN_NAME", campaign.name)
    _number(data, "GSW_TZ_OFFSET", offset(record.window.time_zone, now))
    _text(data, "InteractionType", "Outbound")
    _text(data, "GSW_CAMPAIGN_GROUP_NAME", campaign.group_name)
    _number(data, "GSW_RECORD_HANDLE", record.handle)
    _number(data, "GSW_CHAIN_ID", chain)
    if record.caller_id:
        _text(data, "GSW_CPN_DIGITS", record.caller_id)
    return found


def user_event(operation: str, record: OutboundRecord) -> UserData:
    """The user event by which the Outbound Contact Server acknowledges an operation on a record."""
    data = UserData()
    _number(data, "GSW_APPLICATION_ID", record.application_id)
    if record.record_handle:
        _number(data, "GSW_RECORD_HANDLE", record.record_handle)
    if record.phone_number:
        _text(data, "GSW_PHONE", record.phone_number)
    _text(data, "GSW_USER_EVENT", _EVENTS[operation])
    if record.calling_list:
        _text(data, "GSW_CALLING_LIST", record.calling_list)
    _text(data, "GSW_CAMPAIGN_NAME", record.campaign_name)
    return data


def _text(data: UserData, key: str, value: str) -> None:
    data.pairs.add(key=key).value.string_value = value


def _number(data: UserData, key: str, value: int) -> None:
    data.pairs.add(key=key).value.int_value = value
