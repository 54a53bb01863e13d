"""What can be asked of a device, beside calls; pure data. What a switch makes of it, the switch says."""

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


DeviceCommand = StartSession | EndSession | SetAgentState | SetDoNotDisturb | SetForwarding
