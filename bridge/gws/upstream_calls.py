"""What an upstream last said of its calls, and so what is news and what happened while nobody listened; pure."""

from collections import OrderedDict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from bridge.gws.orders import Orders
from dialbridge.v1.call_pb2 import (
    CALL_STATE_DIALING,
    CALL_STATE_RELEASED,
    CALL_STATE_RINGING,
    RELEASE_CAUSE_LOCAL_HANGUP,
    RELEASE_CAUSE_LOST,
    Call,
)
from dialbridge.v1.status_change_pb2 import (
    NOTIFICATION_TYPE_ATTACHED_DATA_CHANGED,
    NOTIFICATION_TYPE_STATUS_CHANGE,
    StatusChange,
)

RELEASED_REMEMBERED = 10_000
"""Calls that are over are remembered, so that a message that comes late does not bring one back."""
_SAYS_WHAT_IS = frozenset({NOTIFICATION_TYPE_STATUS_CHANGE, NOTIFICATION_TYPE_ATTACHED_DATA_CHANGED})
_BEGINNING = frozenset({CALL_STATE_DIALING, CALL_STATE_RINGING})


@dataclass(frozen=True, slots=True)
class News:
    """A change of a call that was not known before."""

    change: StatusChange
    """Without times and sequence."""
    order_id: str = ""
    """The order that the call is of, with its first news."""


class UpstreamCalls:
    """The live calls of one agent's devices, by (call id, device id)."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self._live: dict[tuple[str, str], Call | None] = {}
        self._released: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._hung_up: set[tuple[str, str]] = set()

    def assume(self, call_id: str, device_id: str) -> None:
        """The call was live when the process ended; what became of it, the next reading tells."""
        self._live.setdefault((call_id, device_id), None)

    def hung_up(self, call_id: str, device_id: str) -> None:
        """The upstream accepted a hang-up, so the release that follows is ours."""
        if (call_id, device_id) in self._live:
            self._hung_up.add((call_id, device_id))

    def told(self, change: StatusChange, now: float) -> News | None:
        """Take a message; None when it says nothing new, or comes after what it says was over."""
        call = change.call
        key = (call.id, call.device_id)
        if key in self._released:
            return None
        known = self._live.get(key)
        if known is not None:
            if call.state in _BEGINNING and known.state not in _BEGINNING:
                return None
            if change.notification_type in _SAYS_WHAT_IS and _same(call, known):
                return None
        order_id = "" if key in self._live else self._orders.of(call, now)
        if key not in self._live and call.state == CALL_STATE_RELEASED and not order_id:
            self._remember_released(key)
            return None  # over before anybody here knew of it
        self._take(key, call)
        return News(change, order_id)

    def read(self, calls: Iterable[Call], device_ids: Collection[str], now: float) -> list[News]:
        """Take a complete list of the calls of ``device_ids``: what changed since, and what is gone."""
        news = []
        present = set()
        for call in calls:
            present.add((call.id, call.device_id))
            if (fresh := self.told(_status(call), now)) is not None:
                news.append(fresh)
        for key, known in list(self._live.items()):
            if key[1] in device_ids and key not in present:
                gone = Call(id=key[0], device_id=key[1])
                if known is not None:
                    gone.CopyFrom(known)
                gone.state = CALL_STATE_RELEASED
                gone.upstream_state = "Released"
                gone.release_cause = RELEASE_CAUSE_LOST
                gone.ClearField("duration")
                del gone.capabilities[:]
                del gone.upstream_capabilities[:]
                self._take(key, gone)
                news.append(News(_status(gone)))
        return news

    def _take(self, key: tuple[str, str], call: Call) -> None:
        if call.state != CALL_STATE_RELEASED:
            self._live[key] = call
            return
        self._live.pop(key, None)
        self._remember_released(key)
        if key in self._hung_up:
            self._hung_up.discard(key)
            call.release_cause = RELEASE_CAUSE_LOCAL_HANGUP

    def _remember_released(self, key: tuple[str, str]) -> None:
        self._released[key] = None
        if len(self._released) > RELEASED_REMEMBERED:
            self._released.popitem(last=False)


def _status(call: Call) -> StatusChange:
    return StatusChange(call=call, notification_type=NOTIFICATION_TYPE_STATUS_CHANGE)


def _same(call: Call, known: Call) -> bool:
    one, other = Call(), Call()
    one.CopyFrom(call)
    other.CopyFrom(known)
    for each in (one, other):
        each.ClearField("duration")
        each.ClearField("device_number")  # messages have it beside the call, lists do not
    return one == other
