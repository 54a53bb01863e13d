"""The operations on the user's devices, for both clients: what is asked, not how it is sent.

All raise `DialbridgeError`, with the reason ``DEVICE_NOT_REGISTERED`` for an agent state without a contact centre
session.
"""

from abc import ABC, abstractmethod
from typing import Any, Generic, TypeVar

from dialbridge.v1 import device_service_pb2 as devices
from dialbridge.v1.user_pb2 import UserState

Done = TypeVar("Done")
"""Nothing, or the wait for it."""


class DeviceOperations(ABC, Generic[Done]):
    """One method for each operation."""

    @abstractmethod
    def _do_at_device(self, operation: str, request: Any) -> Done: ...

    def set_agent_state(self, user_state: UserState.ValueType, device_id: str = "") -> Done:
        """Say what the agent is doing; ``device_id`` empty: at every device with a session."""
        request = devices.SetAgentStateRequest(device_id=device_id, user_state=user_state)
        return self._do_at_device("SetAgentState", request)

    def set_do_not_disturb(self, device_id: str, do_not_disturb: bool) -> Done:
        """Let calls to the device find it busy, or not."""
        request = devices.SetDoNotDisturbRequest(device_id=device_id, do_not_disturb=do_not_disturb)
        return self._do_at_device("SetDoNotDisturb", request)

    def set_forwarding(self, device_id: str, forward_to: str) -> Done:
        """Send calls to the device to another number; empty: they stay."""
        request = devices.SetForwardingRequest(device_id=device_id, forward_to=forward_to)
        return self._do_at_device("SetForwarding", request)
