import pytest

from bridge.gws.orders import Order, Orders
from dialbridge.v1.call_pb2 import CALL_STATE_DIALING, CALL_STATE_RINGING, CALL_TYPE_INBOUND, Call, Party


def call(digits="5001", device="d", **more):
    return Call(id="c", device_id=device, state=CALL_STATE_DIALING, participants=[Party(digits=digits)], **more)


@pytest.fixture
def orders():
    orders = Orders()
    for name in ("first", "second"):
        orders.place(Order(name, "d", "5001", until=100), now=0)
    return orders


def test_the_oldest_order_of_device_and_number_gets_the_call(orders):
    assert [orders.of(call(), 1), orders.of(call(), 1), orders.of(call(), 1)] == ["first", "second", ""]


@pytest.mark.parametrize("number", ["5001", "95001", "+49 5001", "0-5001"])
def test_a_prefix_that_the_switch_put_before_the_number_does_not_matter(orders, number):
    assert orders.of(call(number), 1) == "first"


@pytest.mark.parametrize(
    "other",
    [
        call("5002"),
        call(device="e"),
        call(call_type=CALL_TYPE_INBOUND),
        Call(device_id="d", state=CALL_STATE_RINGING, dnis="5001"),
        Call(device_id="d", state=CALL_STATE_DIALING),
    ],
)
def test_a_call_of_somebody_else_takes_no_order(orders, other):
    assert orders.of(other, 1) == ""
    assert orders.waits_for("first")


def test_the_dialled_number_may_stand_in_dnis_alone(orders):
    assert orders.of(Call(device_id="d", state=CALL_STATE_DIALING, dnis="5001"), 1) == "first"


def test_an_order_that_was_withdrawn_or_is_too_old_gets_no_call(orders):
    orders.withdraw("first")
    assert orders.of(call(), 100) == ""
    orders.place(Order("third", "d", "7", until=300), now=200)
    assert not orders.waits_for("second")
