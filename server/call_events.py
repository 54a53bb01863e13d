"""What a switch tells of calls: one class for each kind of event, in the view of one device."""

from dataclasses import dataclass, field

from dialbridge.v1.call_pb2 import (
    RECORDING_STATE_UNSPECIFIED,
    SUPERVISOR_ROLE_UNSPECIFIED,
    Call,
    CallState,
    CallType,
    Party,
    RecordingState,
    ReleaseCause,
    SupervisorRole,
)
from dialbridge.v1.status_change_pb2 import NotificationType
from dialbridge.v1.user_data_pb2 import UserData


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEventFacts:
    """What every event of a call has."""

    call_id: str
    device_id: str
    """The device whose view of the call changed."""
    at: float
    """When the switch saw it, in seconds since the epoch."""
    extensions: UserData | None = None
    """Facts that the switch added, such as ``WrapUpTime``; None: none."""
    paired_call_id: str | None = None
    """The other call of a consultation from now on, empty: there is none; None: as before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAppeared(CallEventFacts):
    """The call now exists at the device: the device dials, it rings there, or the device was taken into it."""

    conn_id: str
    state: CallState.ValueType
    """``Dialing``, ``Ringing`` or ``Established``."""
    call_type: CallType.ValueType
    participants: tuple[Party, ...]
    ani: str = ""
    dnis: str = ""
    user_data: UserData = field(default_factory=UserData)
    parent_call_id: str = ""
    """The call that this consultation call was started from."""
    recording_state: RecordingState.ValueType = RECORDING_STATE_UNSPECIFIED
    supervisor_role: SupervisorRole.ValueType = SUPERVISOR_ROLE_UNSPECIFIED
    """As what a supervisor's device was taken into the call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEstablished(CallEventFacts):
    """The call was answered."""

    recording_state: RecordingState.ValueType = RECORDING_STATE_UNSPECIFIED
    """``Stopped`` where the call can be recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallReleased(CallEventFacts):
    """The call is over at the device. The last event of a call."""

    cause: ReleaseCause.ValueType
    upstream_cause: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserDataChanged(CallEventFacts):
    """The data on the call changed; ``user_data`` is all of it after the change."""

    user_data: UserData


@dataclass(frozen=True, slots=True, kw_only=True)
class DtmfSent(CallEventFacts):
    """Digits went out to the other party."""

    digits: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallHeld(CallEventFacts):
    """The device put the call on hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRetrieved(CallEventFacts):
    """The device took the call off hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPaired(CallEventFacts):
    """Nothing but ``paired_call_id`` changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallMuted(CallEventFacts):
    """The microphone of the device was muted or unmuted."""

    muted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingChanged(CallEventFacts):
    """Recording was started, paused, resumed or stopped."""

    state: RecordingState.ValueType
    user_data: UserData
    """All of it after the change, because the switch says there what it records."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantsChanged(CallEventFacts):
    """A party joined or left."""

    participants: tuple[Party, ...]
    """The other parties after the change."""
    conference_owner: bool = False
    """Whether the device owns the conference, which it is with more than one other party."""
    retrieved: bool = False
    """Whether the device talks from now on, because the call that it held became a conference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitoringChanged(CallEventFacts):
    """A supervisor came to or left the call of an agent, or is heard otherwise."""

    listening_in: bool
    monitored: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisorRoleChanged(CallEventFacts):
    """The supervisor whose view this is goes on as something else."""

    role: SupervisorRole.ValueType


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitoredUserMuted(CallEventFacts):
    """A supervisor muted or unmuted the agent."""

    muted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CallReported(CallEventFacts):
    """The whole call as it is now, from a switch that runs call control of its own and tells the result.

    It may be the first event of a call in any state, it may repeat what is known, and after a gap it says at once what
    happened meanwhile. State, capabilities, parties and data are the switch's word; times and sequence are not.
    """

    call: Call
    notification_type: NotificationType.ValueType
    upstream_notification_type: str = ""
    dtmf_digits: str = ""
    order_id: str = ""
    """The ``call_id`` of the `DialOrder` that the call is of, where the switch names calls itself."""


CallStep = (
    CallAppeared
    | CallEstablished
    | CallReleased
    | CallHeld
    | CallRetrieved
    | CallPaired
    | CallMuted
    | UserDataChanged
    | DtmfSent
    | RecordingChanged
    | ParticipantsChanged
    | MonitoringChanged
    | SupervisorRoleChanged
    | MonitoredUserMuted
)
"""What happened to a call."""
CallEvent = CallStep | CallReported
