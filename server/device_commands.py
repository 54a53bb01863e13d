"""What can be asked of a device, beside calls, and what a switch may tell of one; pure data."""

from dataclasses import dataclass

from dialbridge.v1.user_pb2 import UserState


@dataclass(frozen=True, slots=True)
class StartSession:
    """The agent logs in at the device."""


@dataclass(frozen=True, slots=True)
class EndSession:
    """The agent logs out."""


@dataclass(frozen=True, slots=True)
class SetAgentState:
    """The agent does something else."""

    user_state: UserState.ValueType


@dataclass(frozen=True, slots=True)
class SetDoNotDisturb:
    """Calls to the device find it busy, or not."""

    do_not_disturb: bool


@dataclass(frozen=True, slots=True)
class SetForwarding:
    """Calls to the device go elsewhere; empty: they stay."""

    forward_to: str


@dataclass(frozen=True, slots=True)
class DeviceReport:
    """How a device is now, by a switch that knows it better than the server."""

    device_id: str
    user_state: UserState.ValueType
    do_not_disturb: bool
    forward_to: str


DeviceCommand = StartSession | EndSession | SetAgentState | SetDoNotDisturb | SetForwarding
