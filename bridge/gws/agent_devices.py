"""Which device of an agent at a GWS is which one here; pure. They are the same when their ids are, or their numbers."""

from collections.abc import Mapping
from typing import Any

from bridge.gws.errors import Refused
from bridge.gws.rest import NOT_FOUND
from dialbridge.v1.call_pb2 import Call


class AgentDevices:
    """The devices of one agent, as the upstream last listed them."""

    def __init__(self, numbers: Mapping[str, str]) -> None:
        """``numbers``: the device ids here, by phone number."""
        self._numbers = numbers
        self._ours: dict[str, str] = {}  # by upstream id
        self._theirs: dict[str, str] = {}

    @property
    def ours(self) -> set[str]:
        """Those that the upstream has, by our ids."""
        return set(self._theirs)

    def listed(self, user: Mapping[str, Any]) -> set[str]:
        """Take the upstream's list, of its resource of the agent; those of ours that it does not have."""
        own = set(self._numbers.values())
        self._ours, self._theirs = {}, {}
        for device in user.get("devices") or []:
            if not isinstance(device, dict):
                continue
            theirs, number = device.get("id"), device.get("phoneNumber")
            ours = theirs if theirs in own else self._numbers.get(number) if isinstance(number, str) else None
            if isinstance(theirs, str) and ours is not None:
                self._ours[theirs], self._theirs[ours] = ours, theirs
        return own - self._theirs.keys()

    def upstream_id(self, device_id: str) -> str:
        """The id that the upstream has for a device. Raises `Refused`."""
        device = self._theirs.get(device_id)
        if device is None:
            raise Refused(
                "the upstream does not know this device as the agent's", http_status=404, status_code=NOT_FOUND
            )
        return device

    def of(self, upstream_id: str) -> str:
        """Our id of a device of the upstream's; empty: we do not have it."""
        return self._ours.get(upstream_id, "")

    def of_call(self, call: Call) -> str:
        """Our id of the device that a call is at, where ``call.device_id`` is the upstream's; the only one where the
        upstream does not say."""
        return self.of(call.device_id) or self._numbers.get(call.device_number, "") or self.only()

    def only(self) -> str:
        """The only device; empty: there are several, or none."""
        return next(iter(self._theirs)) if len(self._theirs) == 1 else ""
