"""Supervisors in the simulated exchange: who monitors whom, and as what they are on which call; the calls are the
exchange's.

GWS reference, Devices API and Calls API. A supervisor's device gets a view of the agent's call for as long as both
are on it.
"""

from dataclasses import dataclass

from dialbridge.v1.call_pb2 import RELEASE_CAUSE_LOCAL_HANGUP, SUPERVISOR_ROLE_BARGE_IN, SupervisorRole
from server.call_events import MonitoredUserMuted, SupervisorRoleChanged
from server.switch import Rejection, SupervisionOrder, SwitchRejected
from server.switches.legs import Leg, LegState, SimulatedCall
from server.switches.switchroom import LATER, Switchroom


@dataclass(slots=True, eq=False)
class _Supervision:
    """One supervisor's device and whom it is for."""

    device_id: str
    order: SupervisionOrder
    is_spent: bool = False
    """Whether it was for one call, and that has come."""


class Supervision:
    """All supervisors, by device; each monitors one other device."""

    def __init__(self, room: Switchroom) -> None:
        self._room = room
        self._by_device: dict[str, _Supervision] = {}
        self._by_target: dict[str, list[_Supervision]] = {}

    def begin(self, device_id: str, order: SupervisionOrder, now: float) -> None:
        """Monitor the call that is there, and those that come. Raises `SwitchRejected`."""
        if device_id == order.target_device_id:
            raise SwitchRejected("Invalid target: the device itself", code="71", why=Rejection.INVALID)
        if device_id in self._by_device:
            self.end(device_id, now)
        supervision = _Supervision(device_id, order)
        self._by_device[device_id] = supervision
        self._by_target.setdefault(order.target_device_id, []).append(supervision)
        for leg in self._room.legs_at(order.target_device_id):
            if leg.state is LegState.TALKING and not leg.role:
                self._join(supervision, leg, now)
                break

    def end(self, device_id: str, now: float) -> None:
        """Monitor no more. Raises `SwitchRejected`."""
        supervision = self._by_device.pop(device_id, None)
        if supervision is None:
            raise SwitchRejected("Invalid state: the device monitors nobody", code="96", why=Rejection.NOT_ALLOWED_NOW)
        supervisions = self._by_target[supervision.order.target_device_id]
        supervisions.remove(supervision)
        if not supervisions:
            del self._by_target[supervision.order.target_device_id]
        for leg in self._room.legs_at(device_id):
            if leg.role:
                self._room.leave(leg, now, RELEASE_CAUSE_LOCAL_HANGUP)

    def established(self, call: SimulatedCall, now: float) -> None:
        """Let the supervisors of whoever talks on ``call`` come to it."""
        for leg in list(call.legs):
            if leg.state is LegState.TALKING and not leg.role:
                for supervision in self._by_target.get(leg.device_id, ()):
                    if not supervision.is_spent and not any(each.monitors is leg for each in call.legs):
                        self._join(supervision, leg, now)

    def switch(self, leg: Leg, role: SupervisorRole.ValueType, now: float) -> None:
        """Go on as something else. Raises `SwitchRejected`."""
        _agent_of(leg)
        was_party = leg.is_party
        leg.role = role
        self._room.told.append(
            SupervisorRoleChanged(
                call_id=leg.call.call_id, device_id=leg.device_id, at=now, extensions=LATER, role=role
            )
        )
        if leg.is_party is not was_party:
            self._room.tell_participants(leg.call, now, but=[leg])

    def mute(self, leg: Leg, now: float, *, muted: bool) -> None:
        """Mute or unmute the agent; both are told. Raises `SwitchRejected`."""
        agent = _agent_of(leg)
        agent.muted_by_supervisor = muted
        self._room.told.extend(
            MonitoredUserMuted(
                call_id=leg.call.call_id, device_id=each.device_id, at=now, extensions=LATER, muted=muted
            )
            for each in (leg, agent)
        )

    def _join(self, supervision: _Supervision, agent: Leg, now: float) -> None:
        is_on_it = self._room.leg(agent.call.call_id, supervision.device_id) is not None
        if is_on_it or not self._room.has_free_line(supervision.device_id):
            return  # busy with a call of their own: the next one
        supervision.is_spent = not supervision.order.every_call
        call = agent.call
        leg = Leg(
            call,
            self._room.number(supervision.device_id),
            LegState.TALKING,
            supervision.device_id,
            role=supervision.order.role,
            monitors=agent,
        )
        self._room.add(leg)
        self._room.appear(leg, now, dnis=leg.number)
        self._room.tell_monitoring(agent, now)
        if supervision.order.role == SUPERVISOR_ROLE_BARGE_IN:
            self._room.tell_participants(call, now, but=[leg])


def _agent_of(leg: Leg) -> Leg:
    if leg.monitors is None:
        raise SwitchRejected(
            "Invalid call state: the device monitors nobody on this call", code="96", why=Rejection.NOT_ALLOWED_NOW
        )
    return leg.monitors
