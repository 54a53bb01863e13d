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
    NOTIFICATION_TYPE_DTMF_SENT,
    NOTIFICATION_TYPE_STATUS_CHANGE,
    StatusChange,
)
from server.capabilities import offered
from server.switch import (
    CallAppeared,
    CallEstablished,
    CallEvent,
    CallReleased,
    CallStep,
    DtmfSent,
    UserDataChanged,
)


class Step(enum.Enum):
    """What an event does to a call."""

    DIALING = enum.auto()
    RINGING = enum.auto()
    ESTABLISHED = enum.auto()
    RELEASED = enum.auto()
    USER_DATA = enum.auto()
    DTMF = enum.auto()


TRANSITIONS: Mapping[CallState.ValueType, Mapping[Step, CallState.ValueType]] = {
    # Before its first event a call is in no state.
    CALL_STATE_UNSPECIFIED: {Step.DIALING: CALL_STATE_DIALING, Step.RINGING: CALL_STATE_RINGING},
    CALL_STATE_DIALING: {
        Step.ESTABLISHED: CALL_STATE_ESTABLISHED,
        Step.RELEASED: CALL_STATE_RELEASED,
        Step.USER_DATA: CALL_STATE_DIALING,
        Step.DTMF: CALL_STATE_DIALING,
    },
    CALL_STATE_RINGING: {
        Step.ESTABLISHED: CALL_STATE_ESTABLISHED,
        Step.RELEASED: CALL_STATE_RELEASED,
        Step.USER_DATA: CALL_STATE_RINGING,
    },
    CALL_STATE_ESTABLISHED: {
        Step.RELEASED: CALL_STATE_RELEASED,
        Step.USER_DATA: CALL_STATE_ESTABLISHED,
        Step.DTMF: CALL_STATE_ESTABLISHED,
    },
    CALL_STATE_HELD: {
        Step.RELEASED: CALL_STATE_RELEASED,
        Step.USER_DATA: CALL_STATE_HELD,
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


def step_of(event: CallStep) -> Step:
    """What ``event`` does to a call."""
    match event:
        case CallAppeared():
            return Step.RINGING if event.ringing else Step.DIALING
        case CallEstablished():
            return Step.ESTABLISHED
        case CallReleased():
            return Step.RELEASED
        case UserDataChanged():
            return Step.USER_DATA
        case DtmfSent():
            return Step.DTMF
        case _:
            assert_never(event)


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
            pass
        case CallEstablished():
            call.establish_time.FromMicroseconds(now)
        case CallReleased():
            call.release_time.FromMicroseconds(now)
            call.release_cause = event.cause
            call.upstream_cause = event.upstream_cause
        case UserDataChanged():
            if event.user_data.pairs:
                call.user_data.CopyFrom(event.user_data)
            else:
                call.ClearField("user_data")
        case DtmfSent():
            change.dtmf_digits = event.digits
        case _:
            assert_never(event)
    call.state = after
    call.sequence += 1
    del call.capabilities[:]
    call.capabilities.extend(offered(after, operations))
    age(call, event.at)
    match event:
        case UserDataChanged():
            change.notification_type = NOTIFICATION_TYPE_ATTACHED_DATA_CHANGED
        case DtmfSent():
            change.notification_type = NOTIFICATION_TYPE_DTMF_SENT
        case _:
            change.notification_type = NOTIFICATION_TYPE_STATUS_CHANGE
    change.previous_state = before
    change.event_time.FromMicroseconds(now)
    if event.extensions is not None:
        change.extensions.CopyFrom(event.extensions)


def age(call: Call, now: float) -> None:
    """Set ``duration`` to what it is at ``now``; a clock that was set back gives zero, never less."""
    call.duration.FromMicroseconds(max(0, _microseconds(now) - call.create_time.ToMicroseconds()))


def _microseconds(seconds: float) -> int:
    return round(seconds * 1_000_000)
