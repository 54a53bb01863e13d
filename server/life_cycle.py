"""The life of a call at one device: which event may follow which, and what the call is afterwards; pure.

The table is the law: an event that it does not have for the state the call is in is refused with `Impossible` and
changes nothing. A call that was released never moves again.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import assert_never

from dialbridge.v1.call_pb2 import (
    CALL_STATE_DIALING,
    CALL_STATE_ESTABLISHED,
    CALL_STATE_HELD,
    CALL_STATE_RELEASED,
    CALL_STATE_RINGING,
    CALL_STATE_UNSPECIFIED,
    Call,
    CallState,
    Capability,
)
from dialbridge.v1.status_change_pb2 import (
    NOTIFICATION_TYPE_ATTACHED_DATA_CHANGED,
    NOTIFICATION_TYPE_CALL_RECORDING_STATE_CHANGE,
    NOTIFICATION_TYPE_DTMF_SENT,
    NOTIFICATION_TYPE_MONITORED_USER_MUTED_STATE_CHANGE,
    NOTIFICATION_TYPE_PARTICIPANTS_UPDATED,
    NOTIFICATION_TYPE_STATUS_CHANGE,
    NotificationType,
    StatusChange,
)
from dialbridge.v1.user_data_pb2 import UserData
from server.call_events import (
    CallAppeared,
    CallEstablished,
    CallEvent,
    CallHeld,
    CallMuted,
    CallPaired,
    CallReleased,
    CallRetrieved,
    CallStep,
    DtmfSent,
    MonitoredUserMuted,
    MonitoringChanged,
    ParticipantsChanged,
    RecordingChanged,
    SupervisorRoleChanged,
    UserDataChanged,
)
from server.capabilities import Situation, offered


class Step(enum.Enum):
    """What an event does to a call."""

    DIALING = enum.auto()
    RINGING = enum.auto()
    JOINED = enum.auto()
    """The device was taken into a call that is talked on."""
    ESTABLISHED = enum.auto()
    RELEASED = enum.auto()
    HELD = enum.auto()
    RETRIEVED = enum.auto()
    CONFERENCED = enum.auto()
    """The call became a conference that the device talks in."""
    PARTICIPANTS = enum.auto()
    PAIRED = enum.auto()
    USER_DATA = enum.auto()
    DTMF = enum.auto()
    RECORDING = enum.auto()
    MUTED = enum.auto()
    MONITORED = enum.auto()


TRANSITIONS: Mapping[CallState.ValueType, Mapping[Step, CallState.ValueType]] = {
    # Before its first event a call is in no state.
    CALL_STATE_UNSPECIFIED: {
        Step.DIALING: CALL_STATE_DIALING,
        Step.RINGING: CALL_STATE_RINGING,
        Step.JOINED: CALL_STATE_ESTABLISHED,
    },
    CALL_STATE_DIALING: {
        Step.ESTABLISHED: CALL_STATE_ESTABLISHED,
        Step.RELEASED: CALL_STATE_RELEASED,
        Step.PARTICIPANTS: CALL_STATE_DIALING,
        Step.PAIRED: CALL_STATE_DIALING,
        Step.USER_DATA: CALL_STATE_DIALING,
        Step.DTMF: CALL_STATE_DIALING,
    },
    CALL_STATE_RINGING: {
        Step.ESTABLISHED: CALL_STATE_ESTABLISHED,
        Step.RELEASED: CALL_STATE_RELEASED,
        Step.PARTICIPANTS: CALL_STATE_RINGING,
        Step.USER_DATA: CALL_STATE_RINGING,
    },
    CALL_STATE_ESTABLISHED: {
        Step.HELD: CALL_STATE_HELD,
        Step.RELEASED: CALL_STATE_RELEASED,
        Step.CONFERENCED: CALL_STATE_ESTABLISHED,
        Step.PARTICIPANTS: CALL_STATE_ESTABLISHED,
        Step.PAIRED: CALL_STATE_ESTABLISHED,
        Step.USER_DATA: CALL_STATE_ESTABLISHED,
        Step.DTMF: CALL_STATE_ESTABLISHED,
        Step.RECORDING: CALL_STATE_ESTABLISHED,
        Step.MUTED: CALL_STATE_ESTABLISHED,
        Step.MONITORED: CALL_STATE_ESTABLISHED,
    },
    CALL_STATE_HELD: {
        Step.RETRIEVED: CALL_STATE_ESTABLISHED,
        Step.CONFERENCED: CALL_STATE_ESTABLISHED,
        Step.RELEASED: CALL_STATE_RELEASED,
        Step.PARTICIPANTS: CALL_STATE_HELD,
        Step.PAIRED: CALL_STATE_HELD,
        Step.USER_DATA: CALL_STATE_HELD,
        Step.RECORDING: CALL_STATE_HELD,
        Step.MONITORED: CALL_STATE_HELD,
    },
    CALL_STATE_RELEASED: {},
}


class Impossible(Exception):
    """The switch told of an event that cannot follow what it told before."""

    def __init__(self, state: CallState.ValueType, event: CallEvent) -> None:
        super().__init__(f"{type(event).__name__} cannot follow {CallState.Name(state)}")
        self.state = state
        self.event = event


@dataclass(frozen=True, slots=True)
class CallOrigin:
    """What the server itself knows of a call and the switch does not."""

    user_name: str
    """The login name of the agent whom the device belongs to; empty when nobody has it."""
    device_number: str
    request_id: str = ""
    """The request_id of the Dial that caused the call."""
    record_handle: int | None = None
    campaign_name: str = ""


_FIRST_STEPS: Mapping[CallState.ValueType, Step] = {
    CALL_STATE_DIALING: Step.DIALING,
    CALL_STATE_RINGING: Step.RINGING,
    CALL_STATE_ESTABLISHED: Step.JOINED,
}
_STEPS: Mapping[type[CallStep], Step] = {
    CallEstablished: Step.ESTABLISHED,
    CallReleased: Step.RELEASED,
    CallHeld: Step.HELD,
    CallRetrieved: Step.RETRIEVED,
    CallPaired: Step.PAIRED,
    CallMuted: Step.MUTED,
    UserDataChanged: Step.USER_DATA,
    DtmfSent: Step.DTMF,
    RecordingChanged: Step.RECORDING,
    MonitoringChanged: Step.MONITORED,
    SupervisorRoleChanged: Step.MONITORED,
    MonitoredUserMuted: Step.MONITORED,
}
_NOTIFICATIONS: Mapping[type[CallStep], NotificationType.ValueType] = {
    UserDataChanged: NOTIFICATION_TYPE_ATTACHED_DATA_CHANGED,
    DtmfSent: NOTIFICATION_TYPE_DTMF_SENT,
    RecordingChanged: NOTIFICATION_TYPE_CALL_RECORDING_STATE_CHANGE,
    ParticipantsChanged: NOTIFICATION_TYPE_PARTICIPANTS_UPDATED,
    MonitoredUserMuted: NOTIFICATION_TYPE_MONITORED_USER_MUTED_STATE_CHANGE,
}
"""GWS reference, notificationType values; all others are ``StatusChange``."""


def step_of(event: CallStep) -> Step:
    """What ``event`` does to a call."""
    match event:
        case CallAppeared():
            return _FIRST_STEPS[event.state]
        case ParticipantsChanged():
            return Step.CONFERENCED if event.retrieved else Step.PARTICIPANTS
        case _:
            return _STEPS[type(event)]


def first_change(event: CallAppeared, origin: CallOrigin, operations: frozenset[Capability.ValueType]) -> StatusChange:
    """The first change of a call at a device."""
    change = StatusChange(request_id=origin.request_id)
    call = change.call
    call.id = event.call_id
    call.device_id = event.device_id
    call.user_name = origin.user_name
    call.device_number = origin.device_number
    call.conn_id = event.conn_id
    call.call_type = event.call_type
    call.participants.extend(event.participants)
    call.ani = event.ani
    call.dnis = event.dnis
    call.campaign_name = origin.campaign_name
    call.parent_call_id = event.parent_call_id
    call.recording_state = event.recording_state
    call.supervisor_role = event.supervisor_role
    if origin.record_handle is not None:
        call.record_handle = origin.record_handle
    if event.user_data.pairs:
        call.user_data.CopyFrom(event.user_data)
    call.create_time.FromMicroseconds(_microseconds(event.at))
    _complete(change, event, CALL_STATE_UNSPECIFIED, operations)
    return change


def next_change(previous: StatusChange, event: CallStep, operations: frozenset[Capability.ValueType]) -> StatusChange:
    """The change that ``event`` makes after ``previous``, which is left as it is. Raises `Impossible`."""
    change = StatusChange(request_id=previous.request_id)
    change.call.CopyFrom(previous.call)
    _complete(change, event, previous.call.state, operations)
    return change


def _complete(
    change: StatusChange,
    event: CallStep,
    before: CallState.ValueType,
    operations: frozenset[Capability.ValueType],
) -> None:
    after = TRANSITIONS[before].get(step_of(event))
    if after is None:
        raise Impossible(before, event)
    call = change.call
    now = _microseconds(event.at)
    match event:
        case CallAppeared():
            if after == CALL_STATE_ESTABLISHED:
                call.establish_time.FromMicroseconds(now)
        case CallEstablished():
            call.establish_time.FromMicroseconds(now)
            call.recording_state = event.recording_state
        case CallReleased():
            call.release_time.FromMicroseconds(now)
            call.release_cause = event.cause
            call.upstream_cause = event.upstream_cause
            call.ClearField("paired_call_id")
        case CallHeld() | CallRetrieved() | CallPaired():
            pass
        case CallMuted():
            call.muted = event.muted
        case UserDataChanged():
            _set_user_data(call, event.user_data)
        case DtmfSent():
            change.dtmf_digits = event.digits
        case RecordingChanged():
            call.recording_state = event.state
            _set_user_data(call, event.user_data)
        case ParticipantsChanged():
            del call.participants[:]
            call.participants.extend(event.participants)
            call.conference_owner = event.conference_owner
        case MonitoringChanged():
            call.supervisor_listening_in = event.listening_in
            call.monitored = event.monitored
        case SupervisorRoleChanged():
            call.supervisor_role = event.role
        case MonitoredUserMuted():
            call.monitored_user_muted = event.muted
        case _:
            assert_never(event)
    if event.paired_call_id is not None:
        call.paired_call_id = event.paired_call_id
    call.state = after
    call.sequence += 1
    del call.capabilities[:]
    call.capabilities.extend(offered(Situation.of(call), operations))
    age(call, event.at)
    change.notification_type = _NOTIFICATIONS.get(type(event), NOTIFICATION_TYPE_STATUS_CHANGE)
    change.previous_state = before
    change.event_time.FromMicroseconds(now)
    if event.extensions is not None:
        change.extensions.CopyFrom(event.extensions)


def age(call: Call, now: float) -> None:
    """Set ``duration`` to what it is at ``now``; a clock that was set back gives zero, never less."""
    call.duration.FromMicroseconds(max(0, _microseconds(now) - call.create_time.ToMicroseconds()))


def _set_user_data(call: Call, user_data: UserData) -> None:
    if user_data.pairs:
        call.user_data.CopyFrom(user_data)
    else:
        call.ClearField("user_data")


def _microseconds(seconds: float) -> int:
    return round(seconds * 1_000_000)
