"""The simulated telephone exchange: calls, parties and timers, played by a scenario; pure, time and chance are
arguments.

Everything that happens is returned as events, in the order in which it happened. A call that is over leaves nothing
behind but timers that find nothing when they are due.
"""

import heapq
import itertools
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import assert_never

from dialbridge.v1.call_pb2 import (
    CALL_TYPE_INBOUND,
    CALL_TYPE_INTERNAL,
    CALL_TYPE_OUTBOUND,
    RELEASE_CAUSE_BUSY,
    RELEASE_CAUSE_INVALID_NUMBER,
    RELEASE_CAUSE_LOCAL_HANGUP,
    RELEASE_CAUSE_NETWORK_FAILURE,
    RELEASE_CAUSE_NO_ANSWER,
    RELEASE_CAUSE_REJECTED,
    RELEASE_CAUSE_REMOTE_HANGUP,
    CallType,
    Party,
    ReleaseCause,
)
from dialbridge.v1.user_data_pb2 import UserData, UserDataPair, Value
from server import call_ids, user_data
from server.switch import (
    Answer,
    AttachUserData,
    CallAppeared,
    CallCommand,
    CallEstablished,
    CallEvent,
    CallReleased,
    CallView,
    DeleteUserData,
    DeleteUserDataPair,
    DialOrder,
    DtmfSent,
    Hangup,
    SendDtmf,
    SwitchRejected,
    SwitchUnavailable,
    UpdateUserData,
    UserDataChanged,
)
from server.switches.scenario import Delay, Outcome, Play, Scenario

MAX_CALLS = 200_000


def _extensions(**members: int) -> UserData:
    return UserData(pairs=[UserDataPair(key=key, value=Value(int_value=value)) for key, value in members.items()])


_AT_BEGIN = _extensions(WrapUpTime=0, BusinessCall=0)
_LATER = _extensions(BusinessCall=0)


class _Due(Enum):
    """What a timer does to its call."""

    ANSWER = "answer"
    RING_OUT = "ring-out"
    FAR_END_HANGS_UP = "far-end-hangs-up"
    FAIL = "fail"
    NEXT_LOAD_CALL = "next-load-call"


_FAILURES: Mapping[Outcome, ReleaseCause.ValueType] = {
    Outcome.BUSY: RELEASE_CAUSE_BUSY,
    Outcome.NO_ANSWER: RELEASE_CAUSE_NO_ANSWER,
    Outcome.REJECT: RELEASE_CAUSE_REJECTED,
    Outcome.INVALID_NUMBER: RELEASE_CAUSE_INVALID_NUMBER,
    Outcome.NETWORK_FAILURE: RELEASE_CAUSE_NETWORK_FAILURE,
}


@dataclass(slots=True, eq=False)
class _Call:
    """One call: the local devices on it, and what it will do."""

    call_id: str
    legs: list[str]
    """The local devices, the one that dialled in front."""
    ringing: str = ""
    """The local device at which it rings."""
    user_data: UserData = field(default_factory=UserData)
    answered: bool = False
    play: Play | None = None
    """What the far end does; None where the other party is a local device."""
    failure: ReleaseCause.ValueType = RELEASE_CAUSE_NETWORK_FAILURE


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
        self._scenario = scenario
        self._devices = local_devices
        self._numbers = {device_id: number for number, device_id in local_devices.items()}
        self._lines = lines
        self._chance = chance
        self._max_calls = max_calls
        self._calls: dict[str, _Call] = {}
        self._carried: dict[str, int] = {}
        self._timers: list[tuple[float, int, _Due, str]] = []
        self._count = itertools.count()
        self._load_calls = 0

    def begin(self, now: float) -> None:
        """Start the load of the scenario, if it has one."""
        if self._scenario.load is not None:
            self._at(now, _Due.NEXT_LOAD_CALL, "")

    @property
    def next_due(self) -> float | None:
        """When `advance` next has something to do."""
        return self._timers[0][0] if self._timers else None

    def views(self) -> list[CallView]:
        """Every call at every local device."""
        return [CallView(call.call_id, device_id) for call in self._calls.values() for device_id in call.legs]

    def dial(self, order: DialOrder, now: float) -> list[CallEvent]:
        """Place a call. Raises `SwitchRejected` or `SwitchUnavailable`."""
        if len(self._calls) >= self._max_calls:
            raise SwitchRejected("All trunks busy", code="AllTrunksBusy")
        called = self._devices.get(order.destination)
        play = None if called else self._choose(order.destination)
        if play is not None and play.outcome is Outcome.REFUSE_ORDER:
            raise SwitchRejected(play.message or "Invalid destination", code=play.code or "71")
        if play is not None and play.outcome is Outcome.UNREACHABLE:
            raise SwitchUnavailable(play.message or "no connection to the switch")
        call = _Call(order.call_id, [order.device_id], user_data=order.user_data, play=play)
        self._calls[order.call_id] = call
        self._take_line(order.device_id)
        internal = called is not None or len(order.destination) <= self._scenario.internal_digits
        kind = CALL_TYPE_INTERNAL if internal else CALL_TYPE_OUTBOUND
        events: list[CallEvent] = [
            CallAppeared(
                call_id=order.call_id,
                device_id=order.device_id,
                at=now,
                extensions=_AT_BEGIN,
                conn_id=order.conn_id,
                ringing=False,
                call_type=kind,
                participants=(party(order.destination),),
                dnis=order.destination,
                user_data=order.user_data,
            )
        ]
        if called is None:
            assert play is not None  # noqa: S101  a number that is no device has a play
            self._begin_play(call, play, now, order.ring_timeout)
        elif self._carried.get(called, 0) >= self._lines.get(called, 1):
            call.failure = RELEASE_CAUSE_BUSY
            self._at(now + 0.2, _Due.FAIL, call.call_id)
        else:
            events.append(self._ring(call, called, now, order.conn_id, self._number(order.device_id), kind))
            self._at(now + order.ring_timeout, _Due.RING_OUT, call.call_id)
        return events

    def control(self, call_id: str, device_id: str, command: CallCommand, now: float) -> list[CallEvent]:
        """Do ``command`` on the call as ``device_id``. Raises `SwitchRejected`."""
        call = self._calls.get(call_id)
        if call is None or device_id not in call.legs:
            raise SwitchRejected("Invalid Connection ID", code="59")
        rings = call.ringing == device_id
        match command:
            case Answer():
                if not rings:
                    raise SwitchRejected("Invalid call state: the call does not ring here", code="96")
                return self._answer(call, now)
            case Hangup():
                if rings:
                    raise SwitchRejected("Invalid call state: a ringing call is answered or left to ring", code="96")
                return self._release(call, now, RELEASE_CAUSE_REMOTE_HANGUP, by=device_id)
            case SendDtmf():
                if rings:
                    raise SwitchRejected("Invalid call state: the call rings", code="96")
                return [
                    DtmfSent(call_id=call_id, device_id=device_id, at=now, extensions=_LATER, digits=command.digits)
                ]
            case AttachUserData():
                return self._set_data(call, user_data.attached(call.user_data, command.user_data), now)
            case UpdateUserData():
                return self._set_data(call, user_data.updated(call.user_data, command.user_data), now)
            case DeleteUserData():
                return self._set_data(call, UserData(), now)
            case DeleteUserDataPair():
                return self._set_data(call, user_data.without_key(call.user_data, command.key), now)
            case _:
                assert_never(command)

    def advance(self, now: float) -> list[CallEvent]:
        """Everything that is due by ``now``, each event at the time at which it was due."""
        events: list[CallEvent] = []
        while self._timers and self._timers[0][0] <= now:
            due, _, what, call_id = heapq.heappop(self._timers)
            if what is _Due.NEXT_LOAD_CALL:
                events += self._load_call(due)
            elif (call := self._calls.get(call_id)) is not None:
                events += self._do(what, call, due)
        return events

    def _do(self, what: _Due, call: _Call, now: float) -> list[CallEvent]:
        match what:
            case _Due.ANSWER:
                return [] if call.answered else self._answer(call, now)
            case _Due.RING_OUT:
                return [] if call.answered else self._release(call, now, RELEASE_CAUSE_NO_ANSWER)
            case _Due.FAR_END_HANGS_UP:
                return self._release(call, now, RELEASE_CAUSE_REMOTE_HANGUP)
            case _Due.FAIL:
                return self._release(call, now, call.failure)
            case _Due.NEXT_LOAD_CALL:
                return []
            case _:
                assert_never(what)

    def _choose(self, number: str) -> Play:
        rule = self._scenario.rule_for(number)
        if rule is None:
            return _NO_SUCH_NUMBER
        if len(rule.plays) == 1:
            return rule.plays[0]
        return self._chance.choices(rule.plays, [play.weight for play in rule.plays])[0]

    def _begin_play(self, call: _Call, play: Play, now: float, ring_timeout: float) -> None:
        after = self._draw(play.after)
        if play.outcome is Outcome.ANSWER and after < ring_timeout:
            self._at(now + after, _Due.ANSWER, call.call_id)
        elif play.outcome in (Outcome.ANSWER, Outcome.NO_ANSWER):
            call.failure = RELEASE_CAUSE_NO_ANSWER
            self._at(now + min(after, ring_timeout), _Due.FAIL, call.call_id)
        else:
            call.failure = _FAILURES[play.outcome]
            self._at(now + after, _Due.FAIL, call.call_id)

    def _ring(
        self, call: _Call, device_id: str, now: float, conn_id: str, caller: str, kind: CallType.ValueType
    ) -> CallAppeared:
        call.legs.append(device_id)
        call.ringing = device_id
        self._take_line(device_id)
        return CallAppeared(
            call_id=call.call_id,
            device_id=device_id,
            at=now,
            extensions=_AT_BEGIN,
            conn_id=conn_id,
            ringing=True,
            call_type=kind,
            participants=(party(caller),),
            ani=caller,
            dnis=self._number(device_id),
            user_data=call.user_data,
        )

    def _answer(self, call: _Call, now: float) -> list[CallEvent]:
        call.answered = True
        call.ringing = ""
        if call.play is not None and call.play.hang_up_after is not None:
            self._at(now + self._draw(call.play.hang_up_after), _Due.FAR_END_HANGS_UP, call.call_id)
        return [
            CallEstablished(call_id=call.call_id, device_id=device_id, at=now, extensions=_AT_BEGIN)
            for device_id in call.legs
        ]

    def _release(self, call: _Call, now: float, cause: ReleaseCause.ValueType, *, by: str = "") -> list[CallEvent]:
        del self._calls[call.call_id]
        for device_id in call.legs:
            self._free_line(device_id)
        return [
            CallReleased(
                call_id=call.call_id,
                device_id=device_id,
                at=now,
                extensions=_LATER,
                cause=RELEASE_CAUSE_LOCAL_HANGUP if device_id == by else cause,
            )
            for device_id in call.legs
        ]

    def _set_data(self, call: _Call, data: UserData, now: float) -> list[CallEvent]:
        call.user_data = data
        return [
            UserDataChanged(call_id=call.call_id, device_id=device_id, at=now, user_data=data)
            for device_id in call.legs
        ]

    def _load_call(self, now: float) -> list[CallEvent]:
        load = self._scenario.load
        assert load is not None  # noqa: S101  only its own timer comes here
        self._at(now + 1 / load.calls_per_second, _Due.NEXT_LOAD_CALL, "")
        device_id = self._devices.get(load.to[self._load_calls % len(load.to)])
        self._load_calls += 1
        if (
            device_id is None
            or len(self._calls) >= self._max_calls
            or self._carried.get(device_id, 0) >= self._lines.get(device_id, 1)
        ):
            return []  # a caller who hears the busy tone and goes away
        call = _Call(call_ids.call_id(self._chance.randbytes), [])
        self._calls[call.call_id] = call
        caller = f"+1410555{self._chance.randrange(10_000):04}"
        conn_id = call_ids.conn_id(self._chance.randbytes)
        event = self._ring(call, device_id, now, conn_id, caller, CALL_TYPE_INBOUND)
        if load.answer_after is not None:
            self._at(now + self._draw(load.answer_after), _Due.ANSWER, call.call_id)
        self._at(now + self._draw(load.hang_up_after), _Due.FAR_END_HANGS_UP, call.call_id)
        return [event]

    def _at(self, due: float, what: _Due, call_id: str) -> None:
        heapq.heappush(self._timers, (due, next(self._count), what, call_id))

    def _draw(self, delay: Delay) -> float:
        return delay.least if delay.least == delay.most else self._chance.uniform(delay.least, delay.most)

    def _number(self, device_id: str) -> str:
        return self._numbers.get(device_id, "")

    def _take_line(self, device_id: str) -> None:
        self._carried[device_id] = self._carried.get(device_id, 0) + 1

    def _free_line(self, device_id: str) -> None:
        left = self._carried[device_id] - 1
        if left:
            self._carried[device_id] = left
        else:
            del self._carried[device_id]


_NO_SUCH_NUMBER = Play(Outcome.INVALID_NUMBER, Delay(0.2, 0.2))
"""What a scenario without a rule for a number plays."""


def party(number: str) -> Party:
    """The other party as T-Server shows it."""
    return Party(
        phone_number=number,
        e164_number=number if number.startswith("+") else "",
        formatted_phone_number=number,
        digits=number.removeprefix("+"),
    )
