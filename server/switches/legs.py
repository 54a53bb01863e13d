"""What the simulated exchange is made of: calls, their parties and the consultations that tie two calls; moves
nothing."""

from dataclasses import dataclass, field
from enum import Enum

from dialbridge.v1.call_pb2 import (
    RECORDING_STATE_UNSPECIFIED,
    RELEASE_CAUSE_NETWORK_FAILURE,
    SUPERVISOR_ROLE_BARGE_IN,
    SUPERVISOR_ROLE_UNSPECIFIED,
    CallType,
    Party,
    RecordingState,
    ReleaseCause,
    SupervisorRole,
)
from dialbridge.v1.user_data_pb2 import UserData
from server.switches.scenario import Play


class LegState(Enum):
    """What a party does on its call."""

    DIALING = "dialing"
    RINGING = "ringing"
    TALKING = "talking"
    HELD = "held"


@dataclass(slots=True, eq=False)
class Leg:
    """One party on one call: a local device, or somebody outside whom the scenario plays."""

    call: "SimulatedCall"
    number: str
    state: LegState
    device_id: str = ""
    """Empty: outside."""
    play: Play | None = None
    """What somebody outside does."""
    failure: ReleaseCause.ValueType = RELEASE_CAUSE_NETWORK_FAILURE
    """Why the party is lost, should that become due."""
    is_muted: bool = False
    told_pair: str = ""
    """The last paired_call_id that the device was told."""
    role: SupervisorRole.ValueType = SUPERVISOR_ROLE_UNSPECIFIED
    """As what a supervisor is on the call."""
    monitors: "Leg | None" = None
    """The agent whom the supervisor is there for."""
    muted_by_supervisor: bool = False
    is_gone: bool = False

    @property
    def is_party(self) -> bool:
        """Whether the others hear it; a supervisor is no party until barging in."""
        return self.role in (SUPERVISOR_ROLE_UNSPECIFIED, SUPERVISOR_ROLE_BARGE_IN)


@dataclass(slots=True, eq=False)
class SimulatedCall:
    """One call: everybody on it, in the order in which they came."""

    call_id: str
    conn_id: str
    kind: CallType.ValueType
    dnis: str
    user_data: UserData = field(default_factory=UserData)
    legs: list[Leg] = field(default_factory=list)
    owner: str = ""
    """The device that made it a conference."""
    recording: RecordingState.ValueType = RECORDING_STATE_UNSPECIFIED
    consultations: list["Consultation"] = field(default_factory=list)

    def others(self, leg: Leg) -> tuple[Party, ...]:
        """The parties as ``leg`` sees them."""
        return tuple(party(each.number) for each in self.legs if each is not leg and each.is_party)

    def owned_by(self, leg: Leg) -> bool:
        """Whether it is a conference, and that of ``leg``."""
        return bool(leg.device_id) and self.owner == leg.device_id and len(self.others(leg)) > 1


@dataclass(slots=True, eq=False)
class Consultation:
    """One device on two calls, of which the one was started to transfer or join the other."""

    original: SimulatedCall
    consult: SimulatedCall
    device_id: str
    is_shown: bool
    """Whether the original call is told of it: while InitiateConference dials, it is not."""

    def pair_of(self, call: SimulatedCall) -> str:
        """The id of the other call, as the device is told it on ``call``."""
        if call is self.consult:
            return self.original.call_id
        return self.consult.call_id if self.is_shown else ""


def party(number: str) -> Party:
    """A party as T-Server shows it."""
    return Party(
        phone_number=number,
        e164_number=number if number.startswith("+") else "",
        formatted_phone_number=number,
        digits=number.removeprefix("+"),
    )
