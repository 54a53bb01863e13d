"""What the server asks of an Outbound Contact Server, which has the campaigns; which one it is, is app's
choice alone."""

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from google.protobuf.message import Message

from dialbridge.v1.outbound_service_pb2 import OutboundMessage, OutboundOperation
from server.directory import Device


class Asked(Protocol):
    """Any request of OutboundService."""

    @property
    def operation(self) -> OutboundOperation: ...


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, at which device, and when."""

    user_name: str
    device: Device
    now: float
    talking_about: Callable[[str], Collection[int]]
    """The records that an agent, by login name, has calls about."""


Outcome = tuple[Message, Sequence[OutboundMessage]]
"""The answer of the RPC, and what is to be told, in order; nothing where `OutboundContactServer.messages` tells it."""


class OutboundContactServer(Protocol):
    """The campaigns."""

    def forbids(self, digits: str) -> bool:
        """Whether a number must not be dialled. Must not block."""
        ...

    async def perform(self, request: Asked, asker: Asker) -> Outcome:
        """Do what a request says; it was checked as far as the request alone shows. What it did is durable then.

        Raises `server.refusals.Refusal`, `server.switch.SwitchRejected`, `server.switch.SwitchUnavailable` or
        `server.switch.OutcomeUnknown`.
        """
        ...

    def messages(self) -> AsyncIterator[OutboundMessage]:
        """What it tells by itself, until it is closed."""
        ...

    async def close(self) -> None:
        """Finish what was begun."""
        ...
