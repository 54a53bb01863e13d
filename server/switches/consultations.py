"""Two calls of one device in the simulated exchange: initiate, swap, transfer and join; single calls are the
exchange's.

GWS reference, Calls API: the order of what is told is that of its samples.
"""

from dialbridge.v1.call_pb2 import CALL_TYPE_CONSULT, RELEASE_CAUSE_REMOTE_HANGUP, RELEASE_CAUSE_TRANSFERRED
from server.call_commands import InitiateConference, InitiateTransfer
from server.switch import Rejection, SwitchRejected
from server.switches.legs import Consultation, Leg, LegState, SimulatedCall
from server.switches.switchroom import Switchroom


class Consultations:
    """The moves that concern two calls."""

    def __init__(self, room: Switchroom) -> None:
        self._room = room

    def begin(self, leg: Leg, command: InitiateTransfer | InitiateConference, now: float) -> Leg:
        """Hold the call; the device on the new one, where nobody has been called yet."""
        is_transfer = isinstance(command, InitiateTransfer)
        consult = SimulatedCall(
            command.consult_call_id,
            command.consult_conn_id,
            CALL_TYPE_CONSULT,
            command.destination,
            command.user_data,
        )
        consultation = Consultation(leg.call, consult, leg.device_id, is_shown=is_transfer)
        leg.call.consultations.append(consultation)
        consult.consultations.append(consultation)
        if leg.state is LegState.TALKING:
            self._room.hold(leg, now, extensions=None)
        else:
            self._room.tell_pair(leg, now)
        own = Leg(consult, leg.number, LegState.DIALING, leg.device_id)
        self._room.add(own)
        self._room.make_room(own, now)
        return own

    def swap(self, leg: Leg, other_call_id: str, now: float) -> None:
        """Retrieve the one that is held, then hold the other. Raises `SwitchRejected`."""
        consultation, own, other = self._pair(leg, other_call_id)
        consultation.is_shown = True
        held = own if own.state is LegState.HELD else other
        if held.state is LegState.HELD:
            self._room.retrieve(held, now)
        else:  # one is talked on, the other still dials
            self._room.hold(own if own.state is LegState.TALKING else other, now)

    def transfer(self, leg: Leg, other_call_id: str, now: float) -> None:
        """Leave both calls, the original first, and connect who stays. Raises `SwitchRejected`."""
        consultation, _, _ = self._pair(leg, other_call_id)
        original, consult = consultation.original, consultation.consult
        self._room.unlink(consultation)
        for call in (original, consult):
            own = self._room.leg(call.call_id, leg.device_id)
            if own is not None:
                self._room.remove(own, now, RELEASE_CAUSE_TRANSFERRED)
        self._merge(consult, original, now)

    def conference(self, leg: Leg, other_call_id: str, now: float) -> None:
        """Leave the consultation call and take its other parties into the original. Raises `SwitchRejected`."""
        consultation, own, other = self._pair(leg, other_call_id)
        original, consult = consultation.original, consultation.consult
        stays, goes = (own, other) if own.call is original else (other, own)
        original.owner = original.owner or stays.device_id
        self._room.unlink(consultation)
        self._room.remove(goes, now, RELEASE_CAUSE_TRANSFERRED)
        self._merge(consult, original, now, retrieved=stays)
        if not stays.is_gone:
            self._room.make_room(stays, now)

    def _merge(self, source: SimulatedCall, target: SimulatedCall, now: float, *, retrieved: Leg | None = None) -> None:
        """Move everybody from ``source`` to ``target``: to them the one call ends and the other begins."""
        moved = list(source.legs)
        held = [leg for leg in moved if leg.state is LegState.HELD]
        for leg in moved:
            if leg.is_gone:
                continue  # a supervisor of who was moved before
            for consultation in [each for each in source.consultations if each.device_id == leg.device_id]:
                self._room.end(consultation, now)
            self._room.remove(leg, now, RELEASE_CAUSE_TRANSFERRED)
            if leg.device_id and self._room.leg(target.call_id, leg.device_id):
                continue  # it was on both
            leg.call, leg.is_gone, leg.told_pair = target, False, ""
            leg.state = LegState.TALKING if leg.state is LegState.HELD else leg.state
            self._room.add(leg)
        if self._room.is_over(target):
            self._room.release(target, now, {}, RELEASE_CAUSE_REMOTE_HANGUP)
            return
        for leg in moved:
            if leg.device_id and not leg.is_gone:
                self._room.appear(leg, now, dnis=leg.number)
                if leg in held:
                    self._room.hold(leg, now)
        self._room.tell_participants(target, now, but=moved, retrieved=retrieved)

    def _pair(self, leg: Leg, other_call_id: str) -> tuple[Consultation, Leg, Leg]:
        """The consultation of the device on this call, its leg there and the other one. Raises `SwitchRejected`."""
        for consultation in reversed(leg.call.consultations):
            if consultation.device_id != leg.device_id:
                continue
            call = consultation.consult if leg.call is consultation.original else consultation.original
            other = self._room.leg(call.call_id, leg.device_id)
            if other is not None and other_call_id in ("", call.call_id):
                return consultation, leg, other
        raise SwitchRejected(
            "Invalid Connection ID: there is no such consultation", code="59", why=Rejection.NOT_ALLOWED_NOW
        )
