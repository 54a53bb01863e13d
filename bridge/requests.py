"""Legacy request bodies as requests of the contract: what JSON types demand, the rest is for the facade; pure."""

from collections.abc import Callable, Mapping

from google.protobuf.message import Message

from bridge.envelope import FORBIDDEN, MISSING_PARAMETER, LegacyError, invalid, missing
from bridge.strict_json import JsonObject, MalformedJson, loads_pairs
from bridge.user_data import TooDeep, from_json
from bridge.vocabulary import USER_STATES
from dialbridge.v1 import call_service_pb2 as call
from dialbridge.v1 import device_service_pb2 as device
from dialbridge.v1 import user_pb2
from dialbridge.v1 import user_service_pb2 as user
from dialbridge.v1.outbound_record_pb2 import OutboundRecord
from dialbridge.v1.user_data_pb2 import UserData

DEVICE_PATH = "/devices/"

_MIN_INT32, _MAX_INT32 = -(1 << 31), (1 << 31) - 1
MIN_INT64, MAX_INT64 = -(1 << 63), (1 << 63) - 1

_TEXTS: Mapping[str, str] = {
    "phoneNumber": "phone_number",
    "outboundCallerId": "outbound_caller_id",
    "campaignName": "campaign_name",
    "callingList": "calling_list",
    "phoneType": "phone_type",
    "chainAttribute": "chain_attribute",
    "timeZone": "time_zone",
    "callResult": "call_result",
    "devicePath": "device_path",
}
_INTEGERS: Mapping[str, str] = {
    "recordHandle": "record_handle",
    "applicationId": "application_id",
    "chainId": "chain_id",
}
_SECONDS: Mapping[str, str] = {"from": "from_seconds", "until": "until_seconds"}
_DATA: Mapping[str, str] = {"userData": "user_data", "otherFields": "other_fields"}

RECORD_MEMBERS: Mapping[str, str] = {**_TEXTS, **_INTEGERS, **_SECONDS, **_DATA}
"""Members of an outbound record and the fields of the contract that have them. GWS reference, Outbound API."""

CallRequest = Message
"""The request of the RPC that is named as the operation is."""


def body_of(raw: bytes) -> JsonObject:
    """The object that a request's body is. Raises `LegacyError`."""
    try:
        body = loads_pairs(raw)
    except MalformedJson as e:
        raise LegacyError(400, MISSING_PARAMETER, f"The body cannot be read. {e}") from None
    if not isinstance(body, JsonObject):
        raise LegacyError(400, MISSING_PARAMETER, "The body must be a JSON object with 'operationName'.")
    return body


def operation_of(body: JsonObject) -> str:
    """What is asked for. Raises `LegacyError`."""
    name = text(body, "operationName", "operationName")
    if not name:
        raise missing("operationName")
    return name


def unknown_operation(name: str) -> LegacyError:
    """The operation does not exist here."""
    return LegacyError(403, FORBIDDEN, f"Operation '{name[:64]}' is not a valid one here.")


def dial_request(body: JsonObject, device_id: str, idempotency_key: str) -> call.DialRequest:
    """Dial, of a record or of a plain number; with both the record counts. Raises `LegacyError`.

    GWS reference, Dial and Dial Preview Record.
    """
    request = call.DialRequest(device_id=encodable(device_id), location=text(body, "location", "location"))
    if idempotency_key:
        if not idempotency_key.isascii():
            raise invalid("Idempotency-Key", "must be printable ASCII")
        request.request_id = idempotency_key
    record = _object(body, "outboundRecord", "outboundRecord")
    destination = _object(body, "destination", "destination")
    device_path = text(body, "devicePath", "devicePath")
    if record is not None:
        request.outbound_record.CopyFrom(outbound_record(record))
        if not request.outbound_record.device_path:
            request.outbound_record.device_path = device_path
    elif destination is not None:
        request.destination = text(destination, "phoneNumber", "destination.phoneNumber")
    if (data := _user_data(body, "userData", "userData")) is not None:
        request.user_data.CopyFrom(data)
    return request


def outbound_record(record: JsonObject, place: str = "outboundRecord") -> OutboundRecord:
    """An outbound record; members that the contract does not know go to ``unknown_fields``. Raises `LegacyError`.

    ``place``: what errors name it, empty where it is the body itself.
    """
    message = OutboundRecord()
    for name, value in record.items():
        if value is None or name not in RECORD_MEMBERS:
            continue
        where = f"{place}.{name}" if place else name
        if name in _TEXTS:
            setattr(message, _TEXTS[name], text(record, name, where))
        elif name in _INTEGERS:
            setattr(message, _INTEGERS[name], integer(value, where, MIN_INT64, MAX_INT64))
        elif name in _SECONDS:
            setattr(message, _SECONDS[name], integer(value, where, _MIN_INT32, _MAX_INT32))
        elif (data := _user_data(record, name, where)) is not None:
            getattr(message, _DATA[name]).CopyFrom(data)
    unknown = JsonObject(pair for pair in record.pairs if pair[0] not in RECORD_MEMBERS)
    if unknown:
        message.unknown_fields.CopyFrom(_pairs(unknown, place or "body"))
    return message


def _send_dtmf(call_id: str, body: JsonObject) -> call.SendDtmfRequest:
    return call.SendDtmfRequest(call_id=call_id, digits=text(body, "digits", "digits"))


def _attach_user_data(call_id: str, body: JsonObject) -> call.AttachUserDataRequest:
    return call.AttachUserDataRequest(call_id=call_id, user_data=_user_data(body, "userData", "userData"))


def _update_user_data(call_id: str, body: JsonObject) -> call.UpdateUserDataRequest:
    return call.UpdateUserDataRequest(call_id=call_id, user_data=_user_data(body, "userData", "userData"))


def _delete_user_data_pair(call_id: str, body: JsonObject) -> call.DeleteUserDataPairRequest:
    return call.DeleteUserDataPairRequest(call_id=call_id, key=text(body, "key", "key"))


def _swap_calls(call_id: str, body: JsonObject) -> call.SwapCallsRequest:
    other = _call_of(body, "otherCallUri")
    if not other:
        raise missing("otherCallUri")
    return call.SwapCallsRequest(call_id=call_id, other_call_id=other)


def _remove_participant(call_id: str, body: JsonObject) -> call.RemoveParticipantFromConferenceRequest:
    participant = text(body, "participant", "participant")
    return call.RemoveParticipantFromConferenceRequest(call_id=call_id, participant=participant)


def _plain(request: Callable[..., CallRequest]) -> Callable[[str, JsonObject], CallRequest]:
    return lambda call_id, _: request(call_id=call_id)


def _with_destination(request: Callable[..., CallRequest]) -> Callable[[str, JsonObject], CallRequest]:
    def read(call_id: str, body: JsonObject) -> CallRequest:
        destination = _object(body, "destination", "destination")
        if destination is None:
            raise missing("destination")
        number = text(destination, "phoneNumber", "destination.phoneNumber")
        if not number:
            raise missing("destination.phoneNumber")
        return request(
            call_id=call_id,
            destination=number,
            location=text(body, "location", "location"),
            user_data=_user_data(body, "userData", "userData"),
        )

    return read


def _completing(request: Callable[..., CallRequest]) -> Callable[[str, JsonObject], CallRequest]:
    return lambda call_id, body: request(call_id=call_id, other_call_id=_call_of(body, "consultCallUri"))


CALL_OPERATIONS: Mapping[str, Callable[[str, JsonObject], CallRequest]] = {
    "SendDtmf": _send_dtmf,
    "AttachUserData": _attach_user_data,
    "UpdateUserData": _update_user_data,
    "DeleteUserDataPair": _delete_user_data_pair,
    "SwapCalls": _swap_calls,
    "SingleStepTransfer": _with_destination(call.SingleStepTransferRequest),
    "InitiateTransfer": _with_destination(call.InitiateTransferRequest),
    "CompleteTransfer": _completing(call.CompleteTransferRequest),
    "SingleStepConference": _with_destination(call.SingleStepConferenceRequest),
    "InitiateConference": _with_destination(call.InitiateConferenceRequest),
    "CompleteConference": _completing(call.CompleteConferenceRequest),
    "RemoveParticipantFromConference": _remove_participant,
    "Answer": _plain(call.AnswerRequest),
    "Hangup": _plain(call.HangupRequest),
    "Hold": _plain(call.HoldRequest),
    "Retrieve": _plain(call.RetrieveRequest),
    "DeleteUserData": _plain(call.DeleteUserDataRequest),
    "MuteCall": _plain(call.MuteCallRequest),
    "UnmuteCall": _plain(call.UnmuteCallRequest),
    "StartCallRecording": _plain(call.StartCallRecordingRequest),
    "PauseCallRecording": _plain(call.PauseCallRecordingRequest),
    "ResumeCallRecording": _plain(call.ResumeCallRecordingRequest),
    "StopCallRecording": _plain(call.StopCallRecordingRequest),
    "ClearCall": _plain(call.ClearCallRequest),
    "MuteMonitoredUser": _plain(call.MuteMonitoredUserRequest),
    "UnmuteMonitoredUser": _plain(call.UnmuteMonitoredUserRequest),
    "SwitchToListenIn": _plain(call.SwitchToListenInRequest),
    "SwitchToCoach": _plain(call.SwitchToCoachRequest),
    "SwitchToBargeIn": _plain(call.SwitchToBargeInRequest),
}
"""The operations on a call by operationName, which is also the name of the RPC. GWS reference, Calls API."""

MONITORING_OPERATIONS: Mapping[str, Callable[..., CallRequest]] = {
    "ListenIn": call.ListenInRequest,
    "Coach": call.CoachRequest,
    "BargeIn": call.BargeInRequest,
}
"""How a supervisor's device begins to monitor. GWS reference, Devices API."""

_MONITORING_MODES: Mapping[str, call.MonitoringMode.ValueType] = {
    "": call.MONITORING_MODE_UNSPECIFIED,
    "NextCall": call.MONITORING_MODE_NEXT_CALL,
    "AllCalls": call.MONITORING_MODE_ALL_CALLS,
}


def monitoring_request(operation: str, device_id: str, body: JsonObject) -> CallRequest:
    """ListenIn, Coach, BargeIn. Raises `LegacyError`.

    The reference shows no body of theirs; the members are those of ``supervisorMonitoringState``.
    """
    target = text(body, "targetDeviceUri", "targetDeviceUri").rstrip("/").rpartition("/")[2]
    if not target:
        raise missing("targetDeviceUri")
    mode = text(body, "mode", "mode")
    if mode not in _MONITORING_MODES:
        raise invalid("mode", "must be NextCall or AllCalls")
    return MONITORING_OPERATIONS[operation](
        device_id=encodable(device_id), target_device_id=target, mode=_MONITORING_MODES[mode]
    )


def _do_not_disturb(device_id: str, *, is_on: bool) -> device.SetDoNotDisturbRequest:
    return device.SetDoNotDisturbRequest(device_id=device_id, do_not_disturb=is_on)


def _forward_calls_on(device_id: str, body: JsonObject) -> device.SetForwardingRequest:
    number = text(body, "forwardTo", "forwardTo")
    if not number:
        raise missing("forwardTo")
    return device.SetForwardingRequest(device_id=device_id, forward_to=number)


DEVICE_OPERATIONS: Mapping[str, Callable[[str, JsonObject], Message]] = {
    "DoNotDisturbOn": lambda device_id, _: _do_not_disturb(device_id, is_on=True),
    "DoNotDisturbOff": lambda device_id, _: _do_not_disturb(device_id, is_on=False),
    "ForwardCallsOn": _forward_calls_on,
    "ForwardCallsOff": lambda device_id, _: device.SetForwardingRequest(device_id=device_id),
}
"""The operations on a device but monitoring, by operationName. GWS reference, Devices API; no page shows bodies."""

AGENT_STATES: Mapping[str, user_pb2.UserState.ValueType] = {
    state.operation: number for number, state in USER_STATES.items() if state.operation
}
"""The operations on the voice channel, by operationName. GWS reference, Agent states."""


def agent_state_request(operation: str) -> device.SetAgentStateRequest:
    """What the agent is doing, at all of their devices. Raises `LegacyError`."""
    if operation not in AGENT_STATES:
        raise unknown_operation(operation)
    return device.SetAgentStateRequest(user_state=AGENT_STATES[operation])


def cancel_monitoring_request(device_id: str) -> call.CancelSupervisorMonitoringRequest:
    """CancelSupervisorMonitoring."""
    return call.CancelSupervisorMonitoringRequest(device_id=encodable(device_id))


def call_request(operation: str, call_id: str, body: JsonObject) -> CallRequest:
    """An operation on a call. Raises `LegacyError`."""
    if operation not in CALL_OPERATIONS:
        raise unknown_operation(operation)
    return CALL_OPERATIONS[operation](encodable(call_id), body)


def start_session_request(body: JsonObject) -> user.StartContactCenterSessionRequest:
    """StartContactCenterSession. Raises `LegacyError`. GWS reference, StartContactCenterSession."""
    channels = body.get("channels")
    if channels is None:
        raise missing("channels")
    if not isinstance(channels, list) or not all(isinstance(channel, str) for channel in channels):
        raise invalid("channels", 'must be a list of strings, such as ["voice"]')
    device_path = text(body, "devicePath", "devicePath")
    if device_path and not device_path.startswith(DEVICE_PATH):
        raise invalid("devicePath", f"must begin with {DEVICE_PATH}")
    return user.StartContactCenterSessionRequest(channels=channels, device_id=device_path.removeprefix(DEVICE_PATH))


def text(body: JsonObject, name: str, place: str) -> str:
    """A member that is a text; empty where it is absent. Raises `LegacyError`."""
    value = body.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise invalid(place, "must be a string")
    return value


def _call_of(body: JsonObject, name: str) -> str:
    """The id at the end of a call's URI or path."""
    return text(body, name, name).rstrip("/").rpartition("/")[2]


def integer(value: object, place: str, least: int, most: int) -> int:
    """An integer. Raises `LegacyError`."""
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise invalid(place, f"must be an integer between {least} and {most}")
    return value


def _object(body: JsonObject, name: str, place: str) -> JsonObject | None:
    value = body.get(name)
    if value is not None and not isinstance(value, JsonObject):
        raise invalid(place, "must be an object")
    return value


def _user_data(body: JsonObject, name: str, place: str) -> UserData | None:
    value = _object(body, name, place)
    return None if value is None else _pairs(value, place)


def _pairs(value: JsonObject, place: str) -> UserData:
    try:
        return from_json(value)
    except TooDeep as e:
        raise invalid(place, f"is {e}") from None


def encodable(path_part: str) -> str:
    """A part of the address as a text of the contract."""
    # What a percent-encoded path may hold and a contract's text may not; then there is nothing of that name.
    try:
        path_part.encode()
    except UnicodeEncodeError:
        return "?"
    return path_part
