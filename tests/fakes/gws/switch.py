"""A tiny switch: places calls, lets them ring, be answered and end; two-call operations are in ``consultation``."""

import asyncio
import itertools
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from .calls import Call, Party, State
from .directory import Device, Directory
from .number_plan import Behaviour, Outcome, behaviour

Told = Callable[[Call, Party, str, bool], None]
Refused = Callable[[Device, str, int, Call | None], None]

_BASE32 = "0123456789ABCDEFGHIJKLMNOPQRSTUV"
INVALID_NUMBER = ("Invalid Called DN", 71)
NOT_ROUTABLE_DIGITS = 5  # numbers up to this length are internal


class Switch:
    """The calls of all devices.

    ``tell(call, party, notification type, with extensions)`` is called for every change that the agent at ``party``
    is told of, ``refuse(device, text, code, call)`` when an accepted operation fails. Delays of the number plan are
    divided by ``speed``; with ``manual`` nothing happens by itself, the test drives calls with ``answer`` and ``end``.
    """

    def __init__(
        self,
        directory: Directory,
        plan: Mapping[str, Behaviour],
        *,
        speed: float,
        manual: bool,
        clock: Callable[[], float],
        tell: Told,
        refuse: Refused,
    ):
        self.calls: list[Call] = []
        self.registered: set[Device] = set()
        self._directory = directory
        self._plan = plan
        self._speed = speed
        self._manual = manual
        self._clock = clock
        self.tell = tell
        self.refuse = refuse
        self._timers: set[asyncio.TimerHandle] = set()
        self._serial = itertools.count(1)
        self.next_ids: list[tuple[str, str]] = []

    def close(self) -> None:
        """No timer fires after this."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def of(self, device: Device) -> list[tuple[Call, Party]]:
        """The calls that this device is in."""
        return [(call, party) for call in self.calls if (party := call.party(device))]

    def active(self, device: Device) -> bool:
        """Whether this device is in a call that is not held."""
        return any(party.state is not State.HELD for _, party in self.of(device))

    # -- placing calls

    def dial(
        self,
        device: Device,
        number: str,
        user_data: dict[str, Any],
        *,
        outbound_record: dict[str, Any] | None = None,
        parent: Call | None = None,
    ) -> Call | None:
        """A call from a device to a number; ``None`` where the switch refuses the number at once."""
        called = self._directory.at(number)
        plan = behaviour(number, self._plan)
        if called is None and plan.outcome is Outcome.REFUSED:
            self.refuse(device, *INVALID_NUMBER, None)
            return None
        caller = Party(device.number, State.DIALING, self._clock(), device)
        far = Party(number, State.RINGING, self._clock())
        call = self._new(number, self._type(number, parent), [caller, far], user_data)
        call.outbound_record, call.parent = outbound_record, parent
        if parent:
            parent.consult = call
        self._status(call, caller)
        self.reach(call, far)
        return call

    def call_in(self, device: Device, from_number: str, user_data: dict[str, Any]) -> Call:
        """A call from outside to a device: it rings there until the agent answers."""
        caller = Party(from_number, State.ESTABLISHED, self._clock())
        called = Party(device.number, State.RINGING, self._clock(), device)
        call = self._new(device.number, "Inbound", [caller, called], user_data)
        call.ani, call.rang = from_number, True
        self._status(call, called)
        return call

    def reach(self, call: Call, far: Party) -> None:
        """Let the far end ring, and do what the number plan says of it."""
        called = self._directory.at(far.number)
        if called is not None:
            if called.device not in self.registered:
                return  # nobody is there: it goes on ringing
            if self.active(called.device):
                self._later(0.2, call, lambda: self.end(call))
                return
            far.device, call.rang = called.device, True
            self._status(call, far)
            return
        plan = behaviour(far.number, self._plan)
        call.rang = plan.rings
        match plan.outcome:
            case Outcome.ANSWER:
                self._later(plan.after, call, lambda: self._answered(call, far, plan.talk))
            case Outcome.BUSY | Outcome.NO_ANSWER:
                self._later(plan.after, call, lambda: self.drop(call, far))
            case Outcome.INVALID | Outcome.REFUSED:
                self._later(plan.after, call, lambda: self._failed(call, far))

    # -- what a party or the test does

    def answer(self, call: Call, party: Party | None = None) -> None:
        """The ringing party (by default the first that rings) answers."""
        party = party or next((one for one in call.parties if one.state is State.RINGING), None)
        if party is None:
            raise ValueError(f"nobody rings in the call to {call.dialled}")
        party.state, call.answered = State.ESTABLISHED, True
        if party.device:
            self._status(call, party)
        for other in call.parties:
            if other.state is State.DIALING:
                other.state = State.ESTABLISHED
                self._status(call, other)
            elif other is not party and other.device and other.here:
                self.tell(call, other, "ParticipantsUpdated", True)

    def drop(self, call: Call, party: Party) -> None:
        """One party leaves; a call with one party left ends."""
        if not party.here:
            return
        staying = [other for other in call.parties if other is not party and other.here]
        if len(staying) < 2:
            self.end(call, first=party)
            return
        call.leave(party)
        if party.device:
            self._status(call, party)
        for other in staying:
            if other.device:
                self.tell(call, other, "ParticipantsUpdated", True)

    def end(self, call: Call, first: Party | None = None) -> None:
        """Everybody leaves; ``first`` is told first."""
        leaving = sorted((party for party in call.parties if party.here), key=lambda party: party is not first)
        for party in leaving:
            party.last_others = call.others(party)
        for party in leaving:
            party.state = State.RELEASED
        self._unpair(call)
        for party in leaving:
            if party.device:
                self._status(call, party)

    def hold(self, call: Call, party: Party, *, extensions: bool = True) -> None:
        """The party puts the call on hold."""
        party.state = State.HELD
        self.tell(call, party, "StatusChange", extensions)

    def retrieve(self, call: Call, party: Party) -> None:
        """The party takes the call back."""
        party.state = State.ESTABLISHED
        self._status(call, party)

    def data_changed(self, call: Call) -> None:
        """The user data was changed: every agent on the call learns of it."""
        for party in call.parties:
            if party.device and party.here:
                self.tell(call, party, "AttachedDataChanged", False)

    # -- inside

    def _status(self, call: Call, party: Party) -> None:
        self.tell(call, party, "StatusChange", True)

    def _answered(self, call: Call, far: Party, talk: float | None) -> None:
        if far.state is State.RINGING:
            self.answer(call, far)
            if talk is not None:
                self._later(talk, call, lambda: self.drop(call, far))

    def _failed(self, call: Call, far: Party) -> None:
        for party in call.parties:
            if party.device and party.here:
                self.refuse(party.device, *INVALID_NUMBER, call)
        self.drop(call, far)

    def _unpair(self, call: Call) -> None:
        if call.parent and call.parent.consult is call:
            call.parent.consult = None
        if call.consult:
            call.consult.parent = None
            call.consult = None

    def _new(self, dialled: str, call_type: str, parties: list[Party], user_data: dict[str, Any]) -> Call:
        if self.next_ids:
            call_uuid, conn_id = self.next_ids.pop(0)
        else:
            call_uuid = "".join(secrets.choice(_BASE32) for _ in range(24)) + f"{next(self._serial):08d}"
            conn_id = f"0071{secrets.token_hex(6)}"
        call = Call(call_uuid, conn_id, dialled, call_type, parties, dict(user_data))
        self.calls.append(call)
        return call

    def _type(self, number: str, parent: Call | None) -> str:
        if parent:
            return "Consult"
        internal = self._directory.at(number) is not None or len(number) <= NOT_ROUTABLE_DIGITS
        return "Internal" if internal else "Outbound"

    def _later(self, seconds: float, call: Call, action: Callable[[], None]) -> None:
        if self._manual:
            return

        def fire() -> None:
            self._timers.discard(timer)
            if not call.released:
                action()

        timer = asyncio.get_running_loop().call_later(seconds / self._speed, fire)
        self._timers.add(timer)
