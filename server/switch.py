"""What the server asks of a telephone switch and what a switch tells it; which switch it is, is app's choice alone."""

import enum
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from dialbridge.v1.call_pb2 import Call, CallType, Capability, Party, ReleaseCause
from dialbridge.v1.outbound_record_pb2 import OutboundRecord
from dialbridge.v1.status_change_pb2 import NotificationType
from dialbridge.v1.user_data_pb2 import UserData

# ---------------------------------------------------------------- what is asked


@dataclass(frozen=True, slots=True)
class DialOrder:
    """A call to place. The ids are chosen by the server, so an event that outruns the answer finds its Dial."""

    call_id: str
    """32 characters of 0-9 and A-V."""
    conn_id: str
    """16 lower-case hexadecimal digits."""
    device_id: str
    device_number: str
    destination: str
    """The number to dial: an optional ``+``, then digits, ``*`` and ``#``."""
    ring_timeout: float
    """Seconds after which a call that nobody answers is given up."""
    user_data: UserData = field(default_factory=UserData)
    caller_id: str = ""
    """The number to show to the called party; empty: the switch's own choice."""
    location: str = ""
    record: OutboundRecord | None = None
    """The record that is dialled, for a switch that passes it on; what of it concerns the call stands above as well."""
    timeout: float | None = None
    """Seconds that the switch has to accept, from the caller's deadline; None: no deadline."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer a ringing call."""


@dataclass(frozen=True, slots=True)
class Hangup:
    """Hang up."""


@dataclass(frozen=True, slots=True)
class SendDtmf:
    """Send digits to the other party."""

    digits: str


@dataclass(frozen=True, slots=True)
class AttachUserData:
    """Add pairs, also where a key is there already."""

    user_data: UserData


@dataclass(frozen=True, slots=True)
class UpdateUserData:
    """Add pairs and overwrite those whose key is there already."""

    user_data: UserData


@dataclass(frozen=True, slots=True)
class DeleteUserData:
    """Remove all user data."""


@dataclass(frozen=True, slots=True)
class DeleteUserDataPair:
    """Remove the pairs with one key."""

    key: str


CallCommand = Answer | Hangup | SendDtmf | AttachUserData | UpdateUserData | DeleteUserData | DeleteUserDataPair


# ---------------------------------------------------------------- what is told


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEventFacts:
    """What every event of a call has."""

    call_id: str
    device_id: str
    """The device whose view of the call changed."""
    at: float
    """When the switch saw it, in seconds since the epoch."""
    extensions: UserData | None = None
    """Facts that the switch added, such as ``WrapUpTime``; None: none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAppeared(CallEventFacts):
    """The call now exists at the device: the device dials (``Dialing``), or it rings there (``Ringing``)."""

    conn_id: str
    ringing: bool
    call_type: CallType.ValueType
    participants: tuple[Party, ...]
    ani: str = ""
    dnis: str = ""
    user_data: UserData = field(default_factory=UserData)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEstablished(CallEventFacts):
    """The call was answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallReleased(CallEventFacts):
    """The call is over at the device. The last event of a call."""

    cause: ReleaseCause.ValueType
    upstream_cause: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserDataChanged(CallEventFacts):
    """The data on the call changed; ``user_data`` is all of it after the change."""

    user_data: UserData


@dataclass(frozen=True, slots=True, kw_only=True)
class DtmfSent(CallEventFacts):
    """Digits went out to the other party."""

    digits: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallReported(CallEventFacts):
    """The whole call as it is now, from a switch that runs call control of its own and tells the result.

    It may be the first event of a call in any state, it may repeat what is known, and after a gap it says at once what
    happened meanwhile. State, capabilities, parties and data are the switch's word; times and sequence are not.
    """

    call: Call
    notification_type: NotificationType.ValueType
    upstream_notification_type: str = ""
    dtmf_digits: str = ""
    order_id: str = ""
    """The ``call_id`` of the `DialOrder` that the call is of, where the switch names calls itself."""


CallStep = CallAppeared | CallEstablished | CallReleased | UserDataChanged | DtmfSent
"""What happened to a call."""
CallEvent = CallStep | CallReported


class CallView(NamedTuple):
    """A call as one device sees it."""

    call_id: str
    device_id: str


# ---------------------------------------------------------------- how a switch says no


class Rejection(enum.Enum):
    """Why a switch refused, as far as it matters to who asked."""

    OTHER = enum.auto()
    NOT_FOUND = enum.auto()
    """The switch does not know the call or the device."""
    NOT_ALLOWED_NOW = enum.auto()
    """Not in the state that the call is in."""
    INVALID = enum.auto()
    """A value is missing or out of range."""
    NOT_REGISTERED = enum.auto()
    """The device has no session at the switch."""


class SwitchRejected(Exception):
    """The switch understood and refused; nothing happened."""

    def __init__(self, message: str, *, code: str = "", why: Rejection = Rejection.OTHER) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        """The switch's own code, verbatim; empty when it gave none."""
        self.why = why


class SwitchUnavailable(Exception):
    """The switch could not be asked; nothing happened."""

    def __init__(self, message: str, *, retry_after: float = 1.0) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after = retry_after
        """Seconds after which trying again makes sense."""


class OutcomeUnknown(Exception):
    """The switch was asked and did not answer: what was asked may have happened. Never to be repeated."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Switch(Protocol):
    """Places and controls calls.

    A command returns when the switch has accepted it; what happens to a call comes only from ``events``, and events may
    come before the command returns. Events of one call come in order. ``dial`` and ``control`` raise `SwitchRejected`,
    `SwitchUnavailable` or `OutcomeUnknown`.
    """

    @property
    def capabilities(self) -> frozenset[Capability.ValueType]:
        """The operations that ``control`` knows; no other is ever offered to a client."""
        ...

    @property
    def names_calls(self) -> bool:
        """Whether calls have ids of the switch's own, which only its events tell, and not those of their orders."""
        ...

    def links(self) -> Mapping[str, bool]:
        """What the switch depends on elsewhere, by name, and whether it is there now; for health."""
        ...

    async def start(self) -> None:
        """Begin; ``events`` may be read afterwards."""
        ...

    async def dial(self, order: DialOrder) -> None:
        """Place a call."""
        ...

    async def control(self, call_id: str, device_id: str, command: CallCommand) -> None:
        """Do ``command`` on the call as ``device_id``."""
        ...

    def events(self) -> AsyncIterator[Sequence[CallEvent]]:
        """Everything that happens, in batches of what had piled up; ends after ``close``. One reader only."""
        ...

    async def surviving(self, calls: Collection[CallView]) -> Collection[CallView]:
        """After `start`: which of the calls that were live when the process ended are not known to be over.

        A switch that cannot tell yet says that all are, and tells of the end of the others by ``events``.
        """
        ...

    async def close(self) -> None:
        """End; calls in progress are not announced as released."""
        ...
