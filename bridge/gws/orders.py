"""Which of a device's new calls is the one that was ordered; pure.

GWS answers a Dial without the id of the call, and its messages do not name the request: an order and its call are
brought together by device and number, the oldest order first. An order is here before its request is sent, because the
message may come before the answer.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from dialbridge.v1.call_pb2 import CALL_STATE_RINGING, CALL_TYPE_INBOUND, Call


@dataclass(frozen=True, slots=True)
class Order:
    """A call that was asked for."""

    order_id: str
    device_id: str
    digits: str
    until: float
    """When nobody waits for its call any more; a call that comes later was dialled by somebody else."""


@dataclass(slots=True)
class Orders:
    """The orders whose call was not seen yet."""

    _orders: dict[str, Order] = field(default_factory=dict)

    def waits_for(self, order_id: str) -> bool:
        """Whether its call was not seen yet."""
        return order_id in self._orders

    def place(self, order: Order, now: float) -> None:
        """From now on its call may come."""
        for late in [each.order_id for each in self._orders.values() if each.until <= now]:
            del self._orders[late]
        self._orders[order.order_id] = order

    def withdraw(self, order_id: str) -> None:
        """Its call will not come."""
        self._orders.pop(order_id, None)

    def of(self, call: Call, now: float) -> str:
        """The order that a call, seen for the first time, is of; empty: nobody ordered it here. It is gone then."""
        if call.state == CALL_STATE_RINGING or call.call_type == CALL_TYPE_INBOUND:
            return ""
        numbers = {_digits(number) for number in _numbers(call)} - {""}
        for order in self._orders.values():
            if order.device_id == call.device_id and order.until > now and _reaches(_digits(order.digits), numbers):
                del self._orders[order.order_id]
                return order.order_id
        return ""


def _numbers(call: Call) -> Iterable[str]:
    yield call.dnis
    for party in call.participants:
        yield from (party.digits, party.phone_number, party.e164_number)


def _digits(number: str) -> str:
    return "".join(character for character in number if character in "0123456789*#")


def _reaches(ordered: str, numbers: set[str]) -> bool:
    """Whether one of the numbers is the ordered one, as it was given or with a prefix that the switch put before it."""
    return any(number.endswith(ordered) for number in numbers) if ordered else False
