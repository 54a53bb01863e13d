"""The simulated telephone exchange: dials, operations and timers, played by a scenario; pure, time and chance are
arguments.

Everything that happens is returned as events, in the order in which it happened. A call that is over leaves nothing
behind but timers that find nothing when they are due.
"""

import random
from collections.abc import Callable, Mapping
from typing import assert_never

from dialbridge.v1.call_pb2 import (
    RECORDING_STATE_PAUSED,
    RECORDING_STATE_RECORDING,
    RECORDING_STATE_STOPPED,
    RELEASE_CAUSE_LOCAL_HANGUP,
    RELEASE_CAUSE_NO_ANSWER,
    RELEASE_CAUSE_REMOTE_HANGUP,
    RELEASE_CAUSE_TRANSFERRED,
    SUPERVISOR_ROLE_BARGE_IN,
    SUPERVISOR_ROLE_COACH,
    SUPERVISOR_ROLE_LISTEN_IN,
    RecordingState,
    SupervisorRole,
)
from dialbridge.v1.user_data_pb2 import UserData, UserDataPair, Value
from server import user_data
from server.call_commands import (
    Answer,
    AttachUserData,
    CallCommand,
    ClearCall,
    CompleteConference,
    CompleteTransfer,
    DeleteUserData,
    DeleteUserDataPair,
    Hangup,
    Hold,
    InitiateConference,
    InitiateTransfer,
    MuteCall,
    MuteMonitoredUser,
    PauseCallRecording,
    RemoveParticipantFromConference,
    ResumeCallRecording,
    Retrieve,
    SendDtmf,
    SingleStepConference,
    SingleStepTransfer,
    StartCallRecording,
    StopCallRecording,
    SwapCalls,
    SwitchToBargeIn,
    SwitchToCoach,
    SwitchToListenIn,
    UnmuteCall,
    UnmuteMonitoredUser,
    UpdateUserData,
)
from server.call_events import CallEvent, CallMuted, DtmfSent, RecordingChanged, UserDataChanged
from server.switch import CallView, DialOrder, Rejection, SupervisionOrder, SwitchRejected
from server.switches.consultations import Consultations
from server.switches.far_ends import MAX_CALLS, FarEnds
from server.switches.legs import Leg, LegState, SimulatedCall
from server.switches.scenario import Play, Scenario
from server.switches.supervision import Supervision
from server.switches.switchroom import LATER, Due, Switchroom

RecordingStates = frozenset[RecordingState.ValueType]
_RING_TIMEOUT = 60.0
"""Seconds that a party rings who was called by a transfer or into a conference."""


class Exchange:
    """All calls of the simulated switch."""

    def __init__(
        self,
        scenario: Scenario,
        *,
        local_devices: Mapping[str, str],
        lines: Mapping[str, int],
        chance: random.Random,
        max_calls: int = MAX_CALLS,
    ) -> None:
        """``local_devices``: device ids by number; ``lines``: by device id, how many calls each carries."""
        numbers = {device_id: number for number, device_id in local_devices.items()}
        self._room = Switchroom(numbers, lines, records=scenario.recording)
        self._far_ends = FarEnds(scenario, self._room, local_devices, chance, max_calls)
        self._consultations = Consultations(self._room)
        self._supervision = Supervision(self._room)

    def begin(self, now: float) -> None:
        """Start the load of the scenario, if it has one."""
        self._far_ends.begin_load(now)

    @property
    def next_due(self) -> float | None:
        """When `advance` next has something to do."""
        due = [each for each in (self._room.next_due, self._far_ends.next_load_call) if each is not None]
        return min(due, default=None)

    def views(self) -> list[CallView]:
        """Every call at every local device."""
        return [
            CallView(call.call_id, leg.device_id)
            for call in self._room.calls.values()
            for leg in call.legs
            if leg.device_id
        ]

    def dial(self, order: DialOrder, now: float) -> list[CallEvent]:
        """Place a call. Raises `SwitchRejected` or `SwitchUnavailable`."""
        play = self._far_ends.play_of(order.destination)
        kind = self._far_ends.kind_of(order.destination)
        call = SimulatedCall(order.call_id, order.conn_id, kind, order.destination, order.user_data)
        caller = Leg(call, self._room.number(order.device_id), LegState.DIALING, order.device_id)
        self._room.add(caller)
        self._call(caller, order.destination, play, now, order.ring_timeout)
        return self._told()

    def control(self, call_id: str, device_id: str, command: CallCommand, now: float) -> list[CallEvent]:
        """Do ``command`` on the call as ``device_id``. Raises `SwitchRejected` or `SwitchUnavailable`."""
        leg = self._room.leg(call_id, device_id)
        if leg is None:
            raise SwitchRejected("Invalid Connection ID", code="59", why=Rejection.NOT_FOUND)
        self._do(leg, command, now)
        return self._told()

    def supervise(self, device_id: str, order: SupervisionOrder, now: float) -> list[CallEvent]:
        """Let a supervisor's device monitor another one. Raises `SwitchRejected`."""
        self._supervision.begin(device_id, order, now)
        return self._told()

    def end_supervision(self, device_id: str, now: float) -> list[CallEvent]:
        """Let a supervisor's device monitor nobody. Raises `SwitchRejected`."""
        self._supervision.end(device_id, now)
        return self._told()

    def set_do_not_disturb(self, device_id: str, do_not_disturb: bool) -> None:
        """Calls to the device find it busy, or not."""
        self._far_ends.set_do_not_disturb(device_id, do_not_disturb)

    def set_forwarding(self, device_id: str, forward_to: str) -> None:
        """Calls to the device go to another number; empty: they stay."""
        self._far_ends.set_forwarding(device_id, forward_to)

    def advance(self, now: float) -> list[CallEvent]:
        """Everything that is due by ``now``, each event at the time at which it was due."""
        while (due := self.next_due) is not None and due <= now:
            if due == self._far_ends.next_load_call:
                self._far_ends.load_call(due)
            else:
                _, what, leg = self._room.pop_due()
                if not leg.is_gone:
                    self._let(what, leg, due)
        return self._told()

    def _told(self) -> list[CallEvent]:
        told, self._room.told = self._room.told, []
        return told

    def _do(self, leg: Leg, command: CallCommand, now: float) -> None:
        room, call = self._room, leg.call
        if leg.role and not isinstance(command, _OF_SUPERVISORS):
            raise _not_now("the device is there to monitor")
        match command:
            case Answer():
                _require(leg, LegState.RINGING)
                room.answer(leg, now)
                self._supervision.established(call, now)
            case Hangup():
                _require(leg, LegState.DIALING, LegState.TALKING, LegState.HELD)
                room.leave(leg, now, RELEASE_CAUSE_LOCAL_HANGUP)
            case ClearCall():
                _require(leg, LegState.TALKING, LegState.HELD)
                room.release(call, now, {leg: RELEASE_CAUSE_LOCAL_HANGUP}, RELEASE_CAUSE_REMOTE_HANGUP)
            case Hold():
                _require(leg, LegState.TALKING)
                room.hold(leg, now)
            case Retrieve():
                _require(leg, LegState.HELD)
                room.retrieve(leg, now)
            case SendDtmf():
                _require(leg, LegState.DIALING, LegState.TALKING)
                self._tell(DtmfSent, leg, now, digits=command.digits)
            case MuteCall() | UnmuteCall():
                _require(leg, LegState.TALKING)
                leg.is_muted = isinstance(command, MuteCall)
                self._tell(CallMuted, leg, now, muted=leg.is_muted)
            case AttachUserData():
                room.set_data(call, user_data.attached(call.user_data, command.user_data), now)
            case UpdateUserData():
                room.set_data(call, user_data.updated(call.user_data, command.user_data), now)
            case DeleteUserData():
                room.set_data(call, UserData(), now)
            case DeleteUserDataPair():
                room.set_data(call, user_data.without_key(call.user_data, command.key), now)
            case StartCallRecording() | PauseCallRecording() | ResumeCallRecording() | StopCallRecording():
                _require(leg, LegState.TALKING)
                self._record(call, *_RECORDING[type(command)], now)
            case InitiateTransfer() | InitiateConference():
                _require(leg, LegState.TALKING, LegState.HELD)
                play = self._far_ends.play_of(command.destination, but=leg.number)
                self._call(self._consultations.begin(leg, command, now), command.destination, play, now, _RING_TIMEOUT)
            case SwapCalls():
                self._consultations.swap(leg, command.other_call_id, now)
            case CompleteTransfer():
                self._consultations.transfer(leg, command.other_call_id, now)
            case CompleteConference():
                self._consultations.conference(leg, command.other_call_id, now)
            case SingleStepTransfer() | SingleStepConference():
                _require(leg, LegState.TALKING, LegState.HELD)
                self._single_step(leg, command, now)
            case RemoveParticipantFromConference():
                if not call.owned_by(leg) and not leg.role:
                    raise _not_now("only the owner of a conference takes parties out")
                room.leave(self._participant(leg, command.participant), now, RELEASE_CAUSE_REMOTE_HANGUP)
            case MuteMonitoredUser() | UnmuteMonitoredUser():
                self._supervision.mute(leg, now, muted=isinstance(command, MuteMonitoredUser))
            case SwitchToListenIn() | SwitchToCoach() | SwitchToBargeIn():
                self._supervision.switch(leg, _ROLES[type(command)], now)
            case _:
                assert_never(command)

    def _let(self, what: Due, leg: Leg, now: float) -> None:
        match what:
            case Due.ANSWER if leg.state is LegState.RINGING:
                self._far_ends.answers(leg, now)
                self._room.answer(leg, now)
                self._supervision.established(leg.call, now)
            case Due.RING_OUT if leg.state is LegState.RINGING:
                self._room.leave(leg, now, RELEASE_CAUSE_NO_ANSWER, alone=RELEASE_CAUSE_NO_ANSWER)
            case Due.FAR_END_HANGS_UP:
                self._room.leave(leg, now, RELEASE_CAUSE_LOCAL_HANGUP)
            case Due.FAIL:
                self._room.leave(leg, now, leg.failure, alone=leg.failure)
            case _:
                pass  # answered meanwhile

    def _call(self, caller: Leg, number: str, play: Play | None, now: float, ring_timeout: float) -> None:
        """Let a new call begin at the device that dials, and ring at ``number``."""
        parent = next((each.original.call_id for each in caller.call.consultations), "")
        called = self._far_ends.add(caller.call, number, play)
        self._room.appear(caller, now, parent_call_id=parent)
        self._far_ends.ring(called, caller.number, now, ring_timeout)

    def _single_step(self, leg: Leg, command: SingleStepTransfer | SingleStepConference, now: float) -> None:
        call = leg.call
        play = self._far_ends.play_of(command.destination, but=leg.number)
        called = self._far_ends.add(call, command.destination, play)
        if isinstance(command, SingleStepTransfer):
            self._room.remove(leg, now, RELEASE_CAUSE_TRANSFERRED)
            if self._room.is_over(call):
                self._room.release(call, now, {}, RELEASE_CAUSE_REMOTE_HANGUP)  # from outside to outside
                return
        else:
            call.owner = call.owner or leg.device_id
        if command.user_data.pairs:
            call.user_data = user_data.updated(call.user_data, command.user_data)
        self._far_ends.ring(called, leg.number, now, _RING_TIMEOUT)
        self._room.tell_participants(call, now, but=[called])
        if command.user_data.pairs:
            self._room.set_data(call, call.user_data, now)

    def _participant(self, leg: Leg, number: str) -> Leg:
        for each in leg.call.legs:
            if each is not leg and each.is_party and each.number == number:
                return each
        raise SwitchRejected(
            f"Invalid participant: nobody on the call has the number {number}", code="71", why=Rejection.INVALID
        )

    def _record(
        self, call: SimulatedCall, before: RecordingStates, after: RecordingState.ValueType, word: str, now: float
    ) -> None:
        if call.recording not in before:
            raise _not_now("recording is not in the state for that")
        call.recording = after
        said = UserData(pairs=[UserDataPair(key=_RECORD_KEY, value=Value(string_value=word))])
        call.user_data = user_data.updated(call.user_data, said)
        for leg in call.legs:
            if leg.device_id and leg.state in (LegState.TALKING, LegState.HELD):
                self._tell(RecordingChanged, leg, now, extensions=None, state=after, user_data=call.user_data)
            elif leg.device_id:
                self._tell(UserDataChanged, leg, now, extensions=None, user_data=call.user_data)

    def _tell(
        self,
        event: Callable[..., CallEvent],
        leg: Leg,
        now: float,
        extensions: UserData | None = LATER,
        **facts: object,
    ) -> None:
        self._room.told.append(
            event(call_id=leg.call.call_id, device_id=leg.device_id, at=now, extensions=extensions, **facts)
        )


_RECORD_KEY = "GSIP_RECORD"
"""The key under which the switch says in the user data what it records. GWS reference, recording."""
_RECORDING: Mapping[type[CallCommand], tuple[RecordingStates, RecordingState.ValueType, str]] = {
    StartCallRecording: (frozenset({RECORDING_STATE_STOPPED}), RECORDING_STATE_RECORDING, "ON"),
    PauseCallRecording: (frozenset({RECORDING_STATE_RECORDING}), RECORDING_STATE_PAUSED, "PAUSED"),
    ResumeCallRecording: (frozenset({RECORDING_STATE_PAUSED}), RECORDING_STATE_RECORDING, "ON"),
    StopCallRecording: (frozenset({RECORDING_STATE_RECORDING, RECORDING_STATE_PAUSED}), RECORDING_STATE_STOPPED, "OFF"),
}
"""From which states, to which, and what the switch says."""
_ROLES: Mapping[type[CallCommand], SupervisorRole.ValueType] = {
    SwitchToListenIn: SUPERVISOR_ROLE_LISTEN_IN,
    SwitchToCoach: SUPERVISOR_ROLE_COACH,
    SwitchToBargeIn: SUPERVISOR_ROLE_BARGE_IN,
}


_OF_SUPERVISORS = (
    Hangup
    | AttachUserData
    | UpdateUserData
    | DeleteUserData
    | DeleteUserDataPair
    | RemoveParticipantFromConference
    | MuteMonitoredUser
    | UnmuteMonitoredUser
    | SwitchToListenIn
    | SwitchToCoach
    | SwitchToBargeIn
)
"""What a supervisor does on the call of an agent."""


def _require(leg: Leg, *states: LegState) -> None:
    if leg.state not in states:
        raise _not_now(f"the call is {leg.state.value} here")


def _not_now(why: str) -> SwitchRejected:
    return SwitchRejected(f"Invalid call state: {why}", code="96", why=Rejection.NOT_ALLOWED_NOW)
