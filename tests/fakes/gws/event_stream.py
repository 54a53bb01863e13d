"""The way of an event from the switch to CometD: order against the answer of the request, and the faults of events."""

import asyncio
import copy
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from .faults import Faults, Kind

Json = dict[str, Any]
Deliver = Callable[[str, str, Json], None]


class EventStream:
    """Events per user, in order. While a request of the user is under way they wait for its answer."""

    def __init__(self, faults: Faults, deliver: Deliver):
        self._faults = faults
        self._deliver = deliver
        self._held: defaultdict[str, list[tuple[str, Json]]] = defaultdict(list)
        self._gates: defaultdict[str, int] = defaultdict(int)
        self._swapped: dict[str, tuple[str, Json]] = {}
        self._timers: set[asyncio.TimerHandle] = set()

    def close(self) -> None:
        """Forget what was held back."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self._held.clear()
        self._gates.clear()
        self._swapped.clear()

    def emit(self, user: str, channel: str, data: Json) -> None:
        """Send an event, or keep it until the gate is open."""
        self._held[user].append((channel, data))
        self._flush(user)

    def hold(self, user: str) -> None:
        """Close the gate: a request of this user begins."""
        self._gates[user] += 1

    def release(self, user: str, lag: float = 0.0) -> None:
        """Open the gate ``lag`` seconds from now: the answer is out."""
        if lag:
            self._later(lag, lambda: self.release(user))
            return
        self._gates[user] = max(0, self._gates[user] - 1)
        self._flush(user)

    def discard(self, user: str) -> None:
        """Lose what waits for the answer."""
        self._held[user].clear()

    def _flush(self, user: str) -> None:
        while not self._gates[user] and self._held[user]:
            self._send(user, *self._held[user].pop(0))

    def _send(self, user: str, channel: str, data: Json) -> None:
        call = data.get("call", {})
        names = {"event"} | {
            f"event:{name}"
            for name in (call.get("state"), data.get("notificationType"), data.get("messageType"))
            if name
        }
        hits = self._faults.take(names)
        data = disfigured(data, set(hits))
        if Kind.DROP in hits:
            return
        if Kind.SWAP in hits and user not in self._swapped:
            self._swapped[user] = (channel, data)
            return
        if Kind.HOLD_BACK in hits:
            self._later(hits[Kind.HOLD_BACK].value or 0.0, lambda: self._deliver(user, channel, data))
            return
        for _ in range(2 if Kind.DUPLICATE in hits else 1):
            self._deliver(user, channel, data)
        if user in self._swapped:
            self._deliver(user, *self._swapped.pop(user))

    def _later(self, seconds: float, action: Callable[[], None]) -> None:
        def fire() -> None:
            self._timers.discard(timer)
            action()

        timer = asyncio.get_running_loop().call_later(seconds, fire)
        self._timers.add(timer)


def disfigured(data: Json, kinds: set[Kind]) -> Json:
    """The message with values that no document knows."""
    if not kinds:
        return data
    data = copy.deepcopy(data)
    if Kind.UNKNOWN_STATE in kinds and "call" in data:
        data["call"]["state"] = "Pondering"
    if Kind.UNKNOWN_NOTIFICATION in kinds:
        data["notificationType"] = "SomethingElseHappened"
    if Kind.UNKNOWN_MESSAGE in kinds:
        data["messageType"] = "UnheardOfMessage"
    if Kind.UNKNOWN_CAPABILITY in kinds and "call" in data:
        data["call"]["capabilities"].append("Teleport")
    if Kind.EXTRA_MEMBERS in kinds:
        data["futureMember"] = {"nested": [1, None, "x"]}
        if "call" in data:
            data["call"]["futureMember"] = [{"deep": True}]
    return data
