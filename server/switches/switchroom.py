"""The floor of the simulated exchange: who is on which call, what becomes due when, and what is told of every move;
which move is made and when it is allowed, others decide.
"""

import heapq
import itertools
from collections.abc import Collection, Mapping
from enum import Enum

from dialbridge.v1.call_pb2 import (
    CALL_STATE_DIALING,
    CALL_STATE_ESTABLISHED,
    CALL_STATE_RINGING,
    RECORDING_STATE_STOPPED,
    RECORDING_STATE_UNSPECIFIED,
    RELEASE_CAUSE_REMOTE_HANGUP,
    CallState,
    ReleaseCause,
)
from dialbridge.v1.user_data_pb2 import UserData, UserDataPair, Value
from server.call_events import (
    CallAppeared,
    CallEstablished,
    CallEvent,
    CallHeld,
    CallPaired,
    CallReleased,
    CallRetrieved,
    MonitoredUserMuted,
    MonitoringChanged,
    ParticipantsChanged,
    UserDataChanged,
)
from server.switches.legs import Consultation, Leg, LegState, SimulatedCall


def _extensions(**members: int) -> UserData:
    return UserData(pairs=[UserDataPair(key=key, value=Value(int_value=value)) for key, value in members.items()])


AT_BEGIN = _extensions(WrapUpTime=0, BusinessCall=0)
LATER = _extensions(BusinessCall=0)

_APPEARS_AS: Mapping[LegState, CallState.ValueType] = {
    LegState.DIALING: CALL_STATE_DIALING,
    LegState.RINGING: CALL_STATE_RINGING,
    LegState.TALKING: CALL_STATE_ESTABLISHED,
}


class Due(Enum):
    """What a timer does to its party."""

    ANSWER = "answer"
    RING_OUT = "ring-out"
    FAR_END_HANGS_UP = "far-end-hangs-up"
    FAIL = "fail"


class Switchroom:
    """All calls. Every move appends to ``told`` what the devices see of it."""

    def __init__(self, numbers: Mapping[str, str], lines: Mapping[str, int], *, records: bool) -> None:
        """``numbers``: by local device id; ``lines``: how many calls each carries; ``records``: calls can be."""
        self._numbers = numbers
        self._lines = lines
        self._records = records
        self._at: dict[str, list[Leg]] = {}
        self._timers: list[tuple[float, int, Due, Leg]] = []
        self._count = itertools.count()
        self.calls: dict[str, SimulatedCall] = {}
        self.told: list[CallEvent] = []

    # ------------------------------------------------------------ looking

    def number(self, device_id: str) -> str:
        """The number of a local device."""
        return self._numbers.get(device_id, "")

    def leg(self, call_id: str, device_id: str) -> Leg | None:
        """The device on the call."""
        return next((leg for leg in self._at.get(device_id, ()) if leg.call.call_id == call_id), None)

    def legs_at(self, device_id: str) -> list[Leg]:
        """Everything that the device is on, in the order in which it came."""
        return list(self._at.get(device_id, ()))

    def has_free_line(self, device_id: str) -> bool:
        """Whether the device could carry one more call that is not held."""
        return self._in_use(device_id) < self._lines.get(device_id, 1)

    def _in_use(self, device_id: str) -> int:
        return sum(leg.state is not LegState.HELD for leg in self._at.get(device_id, ()))

    # ------------------------------------------------------------ timers

    def at(self, due: float, what: Due, leg: Leg) -> None:
        """Let something become due for a party."""
        heapq.heappush(self._timers, (due, next(self._count), what, leg))

    @property
    def next_due(self) -> float | None:
        """When the next timer is due; it may find nothing to do."""
        return self._timers[0][0] if self._timers else None

    def pop_due(self) -> tuple[float, Due, Leg]:
        """The next timer."""
        due, _, what, leg = heapq.heappop(self._timers)
        return due, what, leg

    # ------------------------------------------------------------ coming

    def add(self, leg: Leg) -> None:
        """Let a party come to its call; tells nothing."""
        leg.call.legs.append(leg)
        self.calls.setdefault(leg.call.call_id, leg.call)
        if leg.device_id:
            self._at.setdefault(leg.device_id, []).append(leg)

    def appear(self, leg: Leg, now: float, *, ani: str = "", dnis: str = "", parent_call_id: str = "") -> None:
        """Tell a local device that it is on the call."""
        call = leg.call
        self.told.append(
            CallAppeared(
                call_id=call.call_id,
                device_id=leg.device_id,
                at=now,
                extensions=AT_BEGIN,
                conn_id=call.conn_id,
                state=_APPEARS_AS[leg.state],
                call_type=call.kind,
                participants=call.others(leg),
                ani=ani,
                dnis=dnis or call.dnis,
                user_data=call.user_data,
                parent_call_id=parent_call_id,
                recording_state=call.recording if leg.state is LegState.TALKING else RECORDING_STATE_UNSPECIFIED,
                supervisor_role=leg.role,
                paired_call_id=self._pair(leg),
            )
        )

    def answer(self, leg: Leg, now: float) -> None:
        """A party that rings talks, and with it those who waited for the first to answer."""
        call = leg.call
        leg.state = LegState.TALKING
        if self._records and call.recording == RECORDING_STATE_UNSPECIFIED:
            call.recording = RECORDING_STATE_STOPPED
        for each in call.legs:
            if each is leg or each.state is LegState.DIALING:
                each.state = LegState.TALKING
                if each.device_id:
                    self.told.append(
                        CallEstablished(
                            call_id=call.call_id,
                            device_id=each.device_id,
                            at=now,
                            extensions=AT_BEGIN,
                            recording_state=call.recording,
                            paired_call_id=self._pair(each),
                        )
                    )
        for each in list(call.legs):
            if each.state is LegState.TALKING:
                self.make_room(each, now)

    # ------------------------------------------------------------ holding

    def hold(self, leg: Leg, now: float, *, extensions: UserData | None = LATER) -> None:
        """Put a call that is talked on on hold."""
        leg.state = LegState.HELD
        self.told.append(
            CallHeld(
                call_id=leg.call.call_id,
                device_id=leg.device_id,
                at=now,
                extensions=extensions,
                paired_call_id=self._pair(leg),
            )
        )

    def retrieve(self, leg: Leg, now: float) -> None:
        """Take a call off hold, and hold another one for it if there must be."""
        leg.state = LegState.TALKING
        self.told.append(
            CallRetrieved(
                call_id=leg.call.call_id,
                device_id=leg.device_id,
                at=now,
                extensions=LATER,
                paired_call_id=self._pair(leg),
            )
        )
        self.make_room(leg, now)

    def make_room(self, leg: Leg, now: float) -> None:
        """Hold what else the device talks on: the other call of a consultation, and what is more than its lines."""
        for other in self.legs_at(leg.device_id):
            if other is leg or leg.role or other.state is not LegState.TALKING or other.role:
                continue
            is_pair = any(leg.call in (each.original, each.consult) for each in other.call.consultations)
            if is_pair or self._in_use(leg.device_id) > self._lines.get(leg.device_id, 1):
                self.hold(other, now)

    # ------------------------------------------------------------ going

    def leave(
        self,
        leg: Leg,
        now: float,
        cause: ReleaseCause.ValueType,
        *,
        alone: ReleaseCause.ValueType = RELEASE_CAUSE_REMOTE_HANGUP,
    ) -> None:
        """A party leaves for ``cause``. Where that leaves nobody to talk to, the call is over, for who is ``alone``."""
        call = leg.call
        if self.is_over(call, without=leg):
            self.release(call, now, {leg: cause}, alone)
            return
        self.remove(leg, now, cause)
        self.tell_participants(call, now)

    def is_over(self, call: SimulatedCall, *, without: Leg | None = None) -> bool:
        """Whether nobody is left who talks to somebody, or nobody of whom we would tell."""
        parties = [each for each in call.legs if each is not without and each.monitors is None]
        return len(parties) < 2 or not any(each.device_id for each in parties)

    def release(
        self,
        call: SimulatedCall,
        now: float,
        causes: Mapping[Leg, ReleaseCause.ValueType],
        cause: ReleaseCause.ValueType,
    ) -> None:
        """The call is over: for some for a cause of their own, for all others for ``cause``."""
        for leg in list(call.legs):
            if not leg.is_gone:
                self.remove(leg, now, causes.get(leg, cause))

    def remove(self, leg: Leg, now: float, cause: ReleaseCause.ValueType) -> None:
        """Take a party out, and the supervisors who are there for it; of those who stay only a monitored agent is
        told."""
        call = leg.call
        call.legs.remove(leg)
        leg.is_gone = True
        for each in [each for each in call.legs if each.monitors is leg]:
            self.remove(each, now, RELEASE_CAUSE_REMOTE_HANGUP)
        if call.owner and call.owner == leg.device_id:
            call.owner = ""
        if not call.legs:
            self.calls.pop(call.call_id, None)
        if not leg.device_id:
            return
        legs = self._at[leg.device_id]
        legs.remove(leg)
        if not legs:
            del self._at[leg.device_id]
        self.told.append(
            CallReleased(
                call_id=call.call_id, device_id=leg.device_id, at=now, extensions=LATER, cause=cause, paired_call_id=""
            )
        )
        if leg.monitors is not None and not leg.monitors.is_gone:
            self.tell_monitoring(leg.monitors, now)
        for consultation in [each for each in call.consultations if each.device_id == leg.device_id]:
            self.end(consultation, now)

    def unlink(self, consultation: Consultation) -> None:
        """The two calls of a consultation have nothing to do with each other any more; tells nothing."""
        for call in (consultation.original, consultation.consult):
            call.consultations.remove(consultation)

    def end(self, consultation: Consultation, now: float) -> None:
        """Unlink the two calls, and tell the device on the one that is left."""
        self.unlink(consultation)
        for leg in self.legs_at(consultation.device_id):
            if leg.call in (consultation.original, consultation.consult):
                self.tell_pair(leg, now)

    # ------------------------------------------------------------ telling

    def tell_pair(self, leg: Leg, now: float) -> None:
        """Tell a device of the other call of its consultation, if it does not know."""
        before = leg.told_pair
        pair = self._pair(leg)
        if pair != before:
            self.told.append(
                CallPaired(
                    call_id=leg.call.call_id, device_id=leg.device_id, at=now, extensions=LATER, paired_call_id=pair
                )
            )

    def tell_participants(
        self, call: SimulatedCall, now: float, *, but: Collection[Leg] = (), retrieved: Leg | None = None
    ) -> None:
        """Tell everybody, ``but`` some, who is on the call now; ``retrieved`` talks from now on."""
        if retrieved is not None:
            retrieved.state = LegState.TALKING
        for leg in call.legs:
            if leg.device_id and leg not in but:
                self.told.append(
                    ParticipantsChanged(
                        call_id=call.call_id,
                        device_id=leg.device_id,
                        at=now,
                        extensions=LATER,
                        participants=call.others(leg),
                        conference_owner=call.owned_by(leg),
                        retrieved=leg is retrieved,
                        paired_call_id=self._pair(leg),
                    )
                )

    def tell_monitoring(self, leg: Leg, now: float) -> None:
        """Tell an agent whether a supervisor is on the call, and take the mute of one who is not off."""
        is_monitored = any(each.monitors is leg for each in leg.call.legs)
        facts = {"call_id": leg.call.call_id, "device_id": leg.device_id}
        if leg.muted_by_supervisor and not is_monitored:
            leg.muted_by_supervisor = False
            self.told.append(MonitoredUserMuted(**facts, at=now, extensions=LATER, muted=False))
        self.told.append(
            MonitoringChanged(**facts, at=now, extensions=LATER, listening_in=is_monitored, monitored=is_monitored)
        )

    def set_data(self, call: SimulatedCall, data: UserData, now: float) -> None:
        """Put data in the place of what is on the call."""
        call.user_data = data
        self.told.extend(
            UserDataChanged(call_id=call.call_id, device_id=leg.device_id, at=now, user_data=data)
            for leg in call.legs
            if leg.device_id
        )

    def _pair(self, leg: Leg) -> str:
        """What the device is told as the other call, from now on."""
        pairs = (each.pair_of(leg.call) for each in reversed(leg.call.consultations) if each.device_id == leg.device_id)
        leg.told_pair = next(pairs, "")
        return leg.told_pair
