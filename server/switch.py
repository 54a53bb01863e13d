"""What the server asks of a telephone switch and what a switch tells it; which switch it is, is app's choice alone."""

import enum
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from dialbridge.v1.call_pb2 import Capability, SupervisorRole
from dialbridge.v1.outbound_record_pb2 import OutboundRecord
from dialbridge.v1.user_data_pb2 import UserData
from server.call_commands import CallCommand
from server.call_events import CallEvent
from server.device_commands import DeviceCommand, DeviceReport


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
class SupervisionOrder:
    """Monitor the calls of a device."""

    target_device_id: str
    role: SupervisorRole.ValueType
    """As what the supervisor is on them."""
    every_call: bool
    """Else the one that is there, or the next."""


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

    async def supervise(self, device_id: str, order: SupervisionOrder) -> None:
        """Let a supervisor's device monitor another one, and no other than that. Raises what ``control`` raises."""
        ...

    async def end_supervision(self, device_id: str) -> None:
        """Let a supervisor's device monitor nobody, and leave the call. Raises what ``control`` raises."""
        ...

    async def command_device(self, device_id: str, command: DeviceCommand) -> None:
        """Do ``command`` at the device. Raises what ``control`` raises."""
        ...

    @property
    def reports_devices(self) -> bool:
        """Whether ``device_reports`` tells what becomes of a command at a device; else it is done once accepted."""
        ...

    def device_reports(self) -> AsyncIterator[DeviceReport]:
        """How devices are, as often as they change; ends after ``close``. One reader only."""
        ...

    async def restore_device(self, device_id: str, do_not_disturb: bool, forward_to: str) -> None:
        """After `start`: what was set at the device before, for a switch that forgets it with the process."""
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
