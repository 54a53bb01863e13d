"""The calls that are not released, as their last change left them, findable by call and by device; pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dialbridge.v1.call_pb2 import CALL_STATE_HELD, CALL_STATE_RELEASED, Call
from dialbridge.v1.status_change_pb2 import StatusChange


@dataclass(frozen=True, slots=True)
class LiveCall:
    """One device's view of a call."""

    change: StatusChange
    """The last change; its call is the call as it is. Never modified."""
    appeared: int
    """A number that rises from one view to the next that appeared."""

    @property
    def call(self) -> Call:
        """The call as it is."""
        return self.change.call


class LiveCalls:
    """Views of calls by (call id, device id), in the order in which they appeared."""

    def __init__(self) -> None:
        self._views: dict[tuple[str, str], LiveCall] = {}
        self._calls: dict[str, list[str]] = {}
        self._devices: dict[str, dict[str, None]] = {}
        self._in_use: dict[str, int] = {}  # device -> calls that are not held
        self._appeared = 0
        self._left: dict[str, dict[str, int]] = {}  # call -> devices that left while others stayed, their last sequence

    def __len__(self) -> int:
        return len(self._views)

    def get(self, call_id: str, device_id: str) -> LiveCall | None:
        """The view of ``device_id``."""
        return self._views.get((call_id, device_id))

    def put(self, change: StatusChange) -> None:
        """Take what ``change`` says as the state of its view; a released call is forgotten."""
        call = change.call
        key = (call.id, call.device_id)
        known = self._views.get(key)
        self._count(call.device_id, _takes_a_line(call) - (known is not None and _takes_a_line(known.call)))
        if call.state == CALL_STATE_RELEASED:
            if known is not None:
                self._forget(key, call.sequence)
        elif known is not None:
            self._views[key] = LiveCall(change, known.appeared)
        else:
            self._appeared += 1
            self._views[key] = LiveCall(change, self._appeared)
            self._calls.setdefault(call.id, []).append(call.device_id)
            self._devices.setdefault(call.device_id, {})[call.id] = None

    def sequence_before(self, call_id: str, device_id: str) -> int:
        """The last sequence of a device that was on the call before and comes to it again; 0 for all others."""
        return self._left.get(call_id, {}).get(device_id, 0)

    def views(self, call_id: str) -> list[LiveCall]:
        """All views of a call, that of the device where it appeared first in front."""
        return [self._views[call_id, device_id] for device_id in self._calls.get(call_id, ())]

    def of_devices(self, device_ids: Iterable[str]) -> list[LiveCall]:
        """The calls of some devices, in the order in which they appeared; costs what these devices have, not all."""
        found = [
            self._views[call_id, device_id] for device_id in device_ids for call_id in self._devices.get(device_id, ())
        ]
        found.sort(key=lambda live: live.appeared)
        return found

    def __iter__(self) -> Iterator[LiveCall]:
        return iter(self._views.values())

    def lines_in_use(self, device_id: str) -> int:
        """How many calls that are not held the device carries."""
        return self._in_use.get(device_id, 0)

    def _count(self, device_id: str, more: int) -> None:
        if more:
            self._in_use[device_id] = self._in_use.get(device_id, 0) + more
            if not self._in_use[device_id]:
                del self._in_use[device_id]

    def _forget(self, key: tuple[str, str], sequence: int) -> None:
        call_id, device_id = key
        del self._views[key]
        self._calls[call_id].remove(device_id)
        if self._calls[call_id]:
            self._left.setdefault(call_id, {})[device_id] = sequence
        else:
            del self._calls[call_id]
            self._left.pop(call_id, None)
        del self._devices[device_id][call_id]
        if not self._devices[device_id]:
            del self._devices[device_id]


def _takes_a_line(call: Call) -> bool:
    return call.state not in (CALL_STATE_HELD, CALL_STATE_RELEASED)
