"""The words of the GWS reference for the contract's enums, a one-to-one table each; no rule of when to use them."""

from collections.abc import Mapping
from dataclasses import dataclass

from dialbridge.v1 import call_pb2, status_change_pb2, user_pb2
from dialbridge.v1.call_pb2 import CallState, CallType, Capability, RecordingState, ReleaseCause, SupervisorRole
from dialbridge.v1.status_change_pb2 import NotificationType
from dialbridge.v1.user_pb2 import DeviceCapability, DeviceState, Role, UserState

CALL_STATES: Mapping[CallState.ValueType, str] = {
    call_pb2.CALL_STATE_UNSPECIFIED: "Unknown",
    call_pb2.CALL_STATE_DIALING: "Dialing",
    call_pb2.CALL_STATE_RINGING: "Ringing",
    call_pb2.CALL_STATE_ESTABLISHED: "Established",
    call_pb2.CALL_STATE_HELD: "Held",
    call_pb2.CALL_STATE_RELEASED: "Released",
}
"""``call.state``. GWS reference, Call resource; "Unknown" is ours."""

CALL_TYPES: Mapping[CallType.ValueType, str] = {
    call_pb2.CALL_TYPE_UNSPECIFIED: "Unknown",
    call_pb2.CALL_TYPE_INTERNAL: "Internal",
    call_pb2.CALL_TYPE_INBOUND: "Inbound",
    call_pb2.CALL_TYPE_OUTBOUND: "Outbound",
    call_pb2.CALL_TYPE_CONSULT: "Consult",
}
"""``call.callType``. GWS reference, Call resource; "Unknown" is T-Library's."""

CAPABILITIES: Mapping[Capability.ValueType, str] = {
    call_pb2.CAPABILITY_ANSWER: "Answer",
    call_pb2.CAPABILITY_HANGUP: "Hangup",
    call_pb2.CAPABILITY_HOLD: "Hold",
    call_pb2.CAPABILITY_RETRIEVE: "Retrieve",
    call_pb2.CAPABILITY_SEND_DTMF: "SendDtmf",
    call_pb2.CAPABILITY_ATTACH_USER_DATA: "AttachUserData",
    call_pb2.CAPABILITY_UPDATE_USER_DATA: "UpdateUserData",
    call_pb2.CAPABILITY_DELETE_USER_DATA: "DeleteUserData",
    call_pb2.CAPABILITY_DELETE_USER_DATA_PAIR: "DeleteUserDataPair",
    call_pb2.CAPABILITY_SWAP_CALLS: "SwapCalls",
    call_pb2.CAPABILITY_SINGLE_STEP_TRANSFER: "SingleStepTransfer",
    call_pb2.CAPABILITY_INITIATE_TRANSFER: "InitiateTransfer",
    call_pb2.CAPABILITY_COMPLETE_TRANSFER: "CompleteTransfer",
    call_pb2.CAPABILITY_SINGLE_STEP_CONFERENCE: "SingleStepConference",
    call_pb2.CAPABILITY_INITIATE_CONFERENCE: "InitiateConference",
    call_pb2.CAPABILITY_COMPLETE_CONFERENCE: "CompleteConference",
    call_pb2.CAPABILITY_REMOVE_PARTICIPANT_FROM_CONFERENCE: "RemoveParticipantFromConference",
    call_pb2.CAPABILITY_MUTE_CALL: "MuteCall",
    call_pb2.CAPABILITY_UNMUTE_CALL: "UnmuteCall",
    call_pb2.CAPABILITY_START_CALL_RECORDING: "StartCallRecording",
    call_pb2.CAPABILITY_PAUSE_CALL_RECORDING: "PauseCallRecording",
    call_pb2.CAPABILITY_RESUME_CALL_RECORDING: "ResumeCallRecording",
    call_pb2.CAPABILITY_STOP_CALL_RECORDING: "StopCallRecording",
    call_pb2.CAPABILITY_CLEAR_CALL: "ClearCall",
    call_pb2.CAPABILITY_MUTE_MONITORED_USER: "MuteMonitoredUser",
    call_pb2.CAPABILITY_UNMUTE_MONITORED_USER: "UnmuteMonitoredUser",
    call_pb2.CAPABILITY_SWITCH_TO_LISTEN_IN: "SwitchToListenIn",
    call_pb2.CAPABILITY_SWITCH_TO_COACH: "SwitchToCoach",
    call_pb2.CAPABILITY_SWITCH_TO_BARGE_IN: "SwitchToBargeIn",
}
"""``call.capabilities``, which are the names of the operations. GWS reference, Calls API."""

RECORDING_STATES: Mapping[RecordingState.ValueType, str] = {
    call_pb2.RECORDING_STATE_STOPPED: "Stopped",
    call_pb2.RECORDING_STATE_RECORDING: "Recording",
    call_pb2.RECORDING_STATE_PAUSED: "Paused",
}
"""``call.recordingState``, which is absent where recording is not offered. GWS reference, Call resource."""

SUPERVISOR_ROLES: Mapping[SupervisorRole.ValueType, str] = {
    call_pb2.SUPERVISOR_ROLE_LISTEN_IN: "ListenIn",
    call_pb2.SUPERVISOR_ROLE_COACH: "Coach",
    call_pb2.SUPERVISOR_ROLE_BARGE_IN: "BargeIn",
}
"""``supervisorMonitoringState.state``, which are the names of the operations. GWS reference, Devices API."""

RELEASE_CAUSES: Mapping[ReleaseCause.ValueType, str] = {
    call_pb2.RELEASE_CAUSE_LOCAL_HANGUP: "LocalHangup",
    call_pb2.RELEASE_CAUSE_REMOTE_HANGUP: "RemoteHangup",
    call_pb2.RELEASE_CAUSE_BUSY: "Busy",
    call_pb2.RELEASE_CAUSE_NO_ANSWER: "NoAnswer",
    call_pb2.RELEASE_CAUSE_REJECTED: "Rejected",
    call_pb2.RELEASE_CAUSE_INVALID_NUMBER: "InvalidNumber",
    call_pb2.RELEASE_CAUSE_NETWORK_FAILURE: "NetworkFailure",
    call_pb2.RELEASE_CAUSE_TRANSFERRED: "Transferred",
    call_pb2.RELEASE_CAUSE_LOST: "Lost",
}
"""Why a call was released, which legacy messages never say; all the words are ours."""

NOTIFICATION_TYPES: Mapping[NotificationType.ValueType, str] = {
    status_change_pb2.NOTIFICATION_TYPE_STATUS_CHANGE: "StatusChange",
    status_change_pb2.NOTIFICATION_TYPE_ATTACHED_DATA_CHANGED: "AttachedDataChanged",
    status_change_pb2.NOTIFICATION_TYPE_DTMF_SENT: "DtmfSent",
    status_change_pb2.NOTIFICATION_TYPE_PARTICIPANTS_UPDATED: "ParticipantsUpdated",
    status_change_pb2.NOTIFICATION_TYPE_CALL_RECORDING_STATE_CHANGE: "CallRecordingStateChange",
    status_change_pb2.NOTIFICATION_TYPE_MONITORED_USER_MUTED_STATE_CHANGE: "MonitoredUserMutedStateChange",
}
"""``notificationType`` of a CallStateChangeMessage. GWS reference, CometD message types."""

ROLES: Mapping[Role.ValueType, str] = {
    user_pb2.ROLE_AGENT: "ROLE_AGENT",
    user_pb2.ROLE_SUPERVISOR: "ROLE_SUPERVISOR",
    user_pb2.ROLE_SERVICE: "ROLE_SERVICE",
}
"""``user.roles``. GWS reference, Interpreting a response; "ROLE_SERVICE" is ours."""

DEVICE_STATES: Mapping[DeviceState.ValueType, str] = {
    user_pb2.DEVICE_STATE_UNSPECIFIED: "Unknown",
    user_pb2.DEVICE_STATE_ACTIVE: "Active",
    user_pb2.DEVICE_STATE_INACTIVE: "Inactive",
}
"""``device.deviceState``. GWS reference, Devices API; "Unknown" is ours."""


@dataclass(frozen=True, slots=True)
class AgentState:
    """What an agent is doing, in the reference's words."""

    operation: str
    """The operation that brings it about; empty where it is one of the session."""
    shown: Mapping[str, str]
    """``device.userState``."""


USER_STATES: Mapping[UserState.ValueType, AgentState] = {
    user_pb2.USER_STATE_LOGGED_IN: AgentState("", {"state": "LoggedIn"}),
    user_pb2.USER_STATE_READY: AgentState(
        "Ready", {"id": "9430250E-0A1B-421F-B372-F29E69366DED", "displayName": "Ready", "state": "Ready"}
    ),
    user_pb2.USER_STATE_NOT_READY: AgentState(
        "NotReady", {"id": "900D55CC-2BB0-431F-8BF9-D3525B383BE6", "displayName": "Not Ready", "state": "NotReady"}
    ),
    user_pb2.USER_STATE_AFTER_CALL_WORK: AgentState(
        "AfterCallWork",
        {
            "id": "D3663509-3D82-4DD3-A82E-2EA8EFA02AEF",
            "displayName": "AfterCallWork",
            "state": "NotReady",
            "workMode": "AfterCallWork",
        },
    ),
    user_pb2.USER_STATE_AUX_WORK: AgentState(
        "AuxWork",
        {
            "id": "2B36138D-C564-4562-A8CB-3C32D564F296",
            "displayName": "AuxWork",
            "state": "NotReady",
            "workMode": "AuxWork",
        },
    ),
    user_pb2.USER_STATE_LOGGED_OUT: AgentState(
        "", {"id": "0F7F5003-EF26-4D13-A6Ef-D0C7EC819BEB", "displayName": "Offline", "state": "LoggedOut"}
    ),
}
"""``device.userState``, which is absent where there never was a session. GWS reference, Agent states, and what live
servers send; the lower-case letter in the id of Offline is theirs."""

DEVICE_CAPABILITIES: Mapping[DeviceCapability.ValueType, str] = {
    user_pb2.DEVICE_CAPABILITY_DO_NOT_DISTURB_ON: "DoNotDisturbOn",
    user_pb2.DEVICE_CAPABILITY_DO_NOT_DISTURB_OFF: "DoNotDisturbOff",
    user_pb2.DEVICE_CAPABILITY_FORWARD_CALLS_ON: "ForwardCallsOn",
    user_pb2.DEVICE_CAPABILITY_FORWARD_CALLS_OFF: "ForwardCallsOff",
    user_pb2.DEVICE_CAPABILITY_LISTEN_IN: "ListenIn",
    user_pb2.DEVICE_CAPABILITY_COACH: "Coach",
    user_pb2.DEVICE_CAPABILITY_BARGE_IN: "BargeIn",
    user_pb2.DEVICE_CAPABILITY_CANCEL_SUPERVISOR_MONITORING: "CancelSupervisorMonitoring",
}
"""``device.capabilities``, which are the names of the operations. GWS reference, Devices API."""
