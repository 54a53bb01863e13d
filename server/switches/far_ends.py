"""Who is called in the simulated exchange: a local device, which rings, or a far end, which the scenario plays; what
becomes of a call that was answered, the exchange decides.
"""

import random
from collections.abc import Mapping

from dialbridge.v1.call_pb2 import (
    CALL_TYPE_INBOUND,
    CALL_TYPE_INTERNAL,
    CALL_TYPE_OUTBOUND,
    RELEASE_CAUSE_BUSY,
    RELEASE_CAUSE_INVALID_NUMBER,
    RELEASE_CAUSE_NETWORK_FAILURE,
    RELEASE_CAUSE_NO_ANSWER,
    RELEASE_CAUSE_REJECTED,
    CallType,
    ReleaseCause,
)
from server import call_ids
from server.switch import Rejection, SwitchRejected, SwitchUnavailable
from server.switches.legs import Leg, LegState, SimulatedCall
from server.switches.scenario import Delay, Outcome, Play, Scenario
from server.switches.switchroom import Due, Switchroom

MAX_CALLS = 200_000
BUSY_AFTER = 0.2
"""Seconds after which a busy local device is known to be."""
MAX_FORWARDS = 8

_FAILURES: Mapping[Outcome, ReleaseCause.ValueType] = {
    Outcome.BUSY: RELEASE_CAUSE_BUSY,
    Outcome.NO_ANSWER: RELEASE_CAUSE_NO_ANSWER,
    Outcome.REJECT: RELEASE_CAUSE_REJECTED,
    Outcome.INVALID_NUMBER: RELEASE_CAUSE_INVALID_NUMBER,
    Outcome.NETWORK_FAILURE: RELEASE_CAUSE_NETWORK_FAILURE,
}
_NO_SUCH_NUMBER = Play(Outcome.INVALID_NUMBER, Delay(0.2, 0.2))
"""What a scenario without a rule for a number plays."""


class FarEnds:
    """Everybody who can be called, and the callers of the scenario's load."""

    def __init__(
        self,
        scenario: Scenario,
        room: Switchroom,
        local_devices: Mapping[str, str],
        chance: random.Random,
        max_calls: int,
    ) -> None:
        """``local_devices``: device ids by number."""
        self._scenario = scenario
        self._room = room
        self._devices = local_devices
        self._chance = chance
        self._max_calls = max_calls
        self._undisturbed: set[str] = set()
        self._forwarded: dict[str, str] = {}
        self._load_calls = 0
        self.next_load_call: float | None = None
        """When the load's next caller calls; None: there is no load."""

    def kind_of(self, number: str) -> CallType.ValueType:
        """What kind of call a call to ``number`` is."""
        internal = number in self._devices or len(number) <= self._scenario.internal_digits
        return CALL_TYPE_INTERNAL if internal else CALL_TYPE_OUTBOUND

    def play_of(self, number: str, *, but: str = "") -> Play | None:
        """What happens to who calls ``number``; None: it is a local device. Raises what an order is refused with."""
        if len(self._room.calls) >= self._max_calls:
            raise SwitchRejected("All trunks busy", code="AllTrunksBusy")
        if number == but:
            raise SwitchRejected("Invalid destination: the device itself", code="71", why=Rejection.INVALID)
        end = self._end_of(number)
        if end in self._devices:
            return None
        play = self._choose(end)
        if play.outcome is Outcome.REFUSE_ORDER:
            raise SwitchRejected(play.message or "Invalid destination", code=play.code or "71")
        if play.outcome is Outcome.UNREACHABLE:
            raise SwitchUnavailable(play.message or "no connection to the switch")
        return play

    def add(self, call: SimulatedCall, number: str, play: Play | None) -> Leg:
        """Let who has ``number`` come to the call, where it will ring."""
        end = self._end_of(number)
        device_id = self._devices.get(end, "")
        is_on_it = any(each.device_id == device_id for each in call.legs)
        if device_id and (is_on_it or not self._takes_calls(device_id)):
            leg = Leg(call, end, LegState.RINGING, failure=RELEASE_CAUSE_BUSY)
        else:
            leg = Leg(call, end, LegState.RINGING, device_id, play)
        self._room.add(leg)
        return leg

    def ring(self, leg: Leg, caller: str, now: float, ring_timeout: float) -> None:
        """Let it ring there, for at most ``ring_timeout`` seconds."""
        if leg.play is not None:
            self._begin_play(leg, leg.play, now, ring_timeout)
        elif leg.device_id:
            self._room.appear(leg, now, ani=caller, dnis=leg.number)
            self._room.at(now + ring_timeout, Due.RING_OUT, leg)
        else:
            self._room.at(now + BUSY_AFTER, Due.FAIL, leg)

    def answers(self, leg: Leg, now: float) -> None:
        """A far end that answers will hang up when the scenario says so."""
        if leg.play is not None and leg.play.hang_up_after is not None:
            self._room.at(now + self._draw(leg.play.hang_up_after), Due.FAR_END_HANGS_UP, leg)

    def set_do_not_disturb(self, device_id: str, do_not_disturb: bool) -> None:
        """Calls to the device find it busy, or not."""
        (self._undisturbed.add if do_not_disturb else self._undisturbed.discard)(device_id)

    def set_forwarding(self, device_id: str, forward_to: str) -> None:
        """Calls to the device go to another number; empty: they stay."""
        if forward_to:
            self._forwarded[device_id] = forward_to
        else:
            self._forwarded.pop(device_id, None)

    def begin_load(self, now: float) -> None:
        """Start the load of the scenario, if it has one."""
        if self._scenario.load is not None:
            self.next_load_call = now

    def load_call(self, now: float) -> None:
        """One more caller from outside."""
        load = self._scenario.load
        assert load is not None  # noqa: S101  only its own timer comes here
        self.next_load_call = now + 1 / load.calls_per_second
        number = load.to[self._load_calls % len(load.to)]
        device_id = self._devices.get(self._end_of(number))
        self._load_calls += 1
        if device_id is None or len(self._room.calls) >= self._max_calls or not self._takes_calls(device_id):
            return  # a caller who hears the busy tone and goes away
        call_id = call_ids.call_id(self._chance.randbytes)
        caller_number = f"+1410555{self._chance.randrange(10_000):04}"
        call = SimulatedCall(call_id, call_ids.conn_id(self._chance.randbytes), CALL_TYPE_INBOUND, number)
        caller = Leg(call, caller_number, LegState.DIALING)
        called = Leg(call, number, LegState.RINGING, device_id)
        self._room.add(caller)
        self._room.add(called)
        self._room.appear(called, now, ani=caller_number)
        if load.answer_after is not None:
            self._room.at(now + self._draw(load.answer_after), Due.ANSWER, called)
        self._room.at(now + self._draw(load.hang_up_after), Due.FAR_END_HANGS_UP, caller)

    def _end_of(self, number: str) -> str:
        """Where a call to ``number`` ends up; who is sent round in a circle finds the last one busy."""
        for _ in range(MAX_FORWARDS):
            forward_to = self._forwarded.get(self._devices.get(number, ""), "")
            if not forward_to:
                return number
            number = forward_to
        return number

    def _takes_calls(self, device_id: str) -> bool:
        is_forwarded = device_id in self._forwarded  # and still the end: a circle
        return not is_forwarded and device_id not in self._undisturbed and self._room.has_free_line(device_id)

    def _begin_play(self, leg: Leg, play: Play, now: float, ring_timeout: float) -> None:
        after = self._draw(play.after)
        if play.outcome is Outcome.ANSWER and after < ring_timeout:
            self._room.at(now + after, Due.ANSWER, leg)
        elif play.outcome in (Outcome.ANSWER, Outcome.NO_ANSWER):
            leg.failure = RELEASE_CAUSE_NO_ANSWER
            self._room.at(now + min(after, ring_timeout), Due.FAIL, leg)
        else:
            leg.failure = _FAILURES[play.outcome]
            self._room.at(now + after, Due.FAIL, leg)

    def _choose(self, number: str) -> Play:
        rule = self._scenario.rule_for(number)
        if rule is None:
            return _NO_SUCH_NUMBER
        if len(rule.plays) == 1:
            return rule.plays[0]
        return self._chance.choices(rule.plays, [play.weight for play in rule.plays])[0]

    def _draw(self, delay: Delay) -> float:
        return delay.least if delay.least == delay.most else self._chance.uniform(delay.least, delay.most)
