"""A call and its parties as the switch sees them, and what may be done with it; neither JSON nor time nor users."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from .directory import Device


class State(StrEnum):
    """State of one party in one call."""

    DIALING = "Dialing"
    RINGING = "Ringing"
    ESTABLISHED = "Established"
    HELD = "Held"
    RELEASED = "Released"


@dataclass(eq=False)
class Party:
    """One end of a call; an agent's end has a device."""

    number: str
    state: State
    since: float
    device: Device | None = None
    last_others: tuple[str, ...] = ()  # who was there when this party left

    @property
    def here(self) -> bool:
        """Whether this party has not left."""
        return self.state is not State.RELEASED


@dataclass(eq=False)
class Call:
    """A call. ``rang`` says whether the far end really rang, ``answered`` whether anybody answered."""

    call_uuid: str
    conn_id: str
    dialled: str
    call_type: str
    parties: list[Party]
    user_data: dict[str, Any] = field(default_factory=dict)
    ani: str | None = None
    outbound_record: dict[str, Any] | None = None
    parent: "Call | None" = None  # the call that this one consults about
    consult: "Call | None" = None  # the open consultation about this one
    owner: Party | None = None  # of the conference
    rang: bool = False
    answered: bool = False

    @property
    def released(self) -> bool:
        """Whether everybody has left."""
        return not any(party.here for party in self.parties)

    def party(self, device: Device) -> Party | None:
        """The end at this device."""
        return next((party for party in self.parties if party.device == device and party.here), None)

    def others(self, party: Party) -> tuple[str, ...]:
        """The numbers of all other parties that are there; for one that left, of those that were."""
        if not party.here:
            return party.last_others
        return tuple(other.number for other in self.parties if other is not party and other.here)

    def leave(self, party: Party) -> None:
        """This party is out, and remembers whom it talked to."""
        party.last_others = self.others(party)
        party.state = State.RELEASED


_DATA = ("UpdateUserData", "DeleteUserData", "DeleteUserDataPair", "AttachUserData")
_DIALING = ("DeleteUserDataPair", "AttachUserData", "Hangup", "DeleteUserData", "SendDtmf", "UpdateUserData")
_ESTABLISHED = (
    "SingleStepTransfer", "InitiateConference", "Hold", "SingleStepConference", "InitiateTransfer", "SendDtmf",
    "DeleteUserData", "AttachUserData", "DeleteUserDataPair", "Hangup", "UpdateUserData",
)  # fmt: skip
_HELD = (
    "SingleStepTransfer", "InitiateConference", "Retrieve", "SingleStepConference", "InitiateTransfer",
    "DeleteUserData", "AttachUserData", "DeleteUserDataPair", "Hangup", "UpdateUserData",
)  # fmt: skip
_HELD_WITH_CONSULT = (
    "UpdateUserData", "SwapCalls", "InitiateConference", "SingleStepTransfer", "InitiateTransfer", "AttachUserData",
    "DeleteUserDataPair", "SingleStepConference", "DeleteUserData", "Hangup", "CompleteTransfer",
)  # fmt: skip


def capabilities(call: Call, party: Party) -> tuple[str, ...]:
    """The operations that this party may ask for now."""
    paired = call.parent is not None or call.consult is not None
    match party.state:
        case State.DIALING:
            return (*_DIALING, "CompleteTransfer") if call.parent else _DIALING
        case State.RINGING:
            return ("Answer", *_DATA)
        case State.ESTABLISHED:
            more = ("SwapCalls", "CompleteConference", "CompleteTransfer") if paired else ()
            owner = ("RemoveParticipantFromConference",) if call.owner is party else ()
            return (*_ESTABLISHED, *more, *owner)
        case State.HELD:
            return _HELD_WITH_CONSULT if paired else _HELD
        case State.RELEASED:
            return ()
