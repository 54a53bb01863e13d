"""The table of live calls against a plain model."""

from hypothesis import given
from hypothesis import strategies as st

from dialbridge.v1 import call_pb2 as pb
from dialbridge.v1.status_change_pb2 import StatusChange
from server.live_calls import LiveCalls

STATES = [pb.CALL_STATE_DIALING, pb.CALL_STATE_ESTABLISHED, pb.CALL_STATE_HELD, pb.CALL_STATE_RELEASED]


def change(call_id, device_id, state):
    return StatusChange(call=pb.Call(id=call_id, device_id=device_id, state=state))


def keys(views):
    return [(live.call.id, live.call.device_id) for live in views]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.sampled_from(STATES)), max_size=40))
def test_the_table_holds_what_was_put_and_not_released_in_the_order_of_appearance(puts):
    table, model = LiveCalls(), {}
    for call_id, device_id, state in puts:
        table.put(change(call_id, device_id, state))
        if state == pb.CALL_STATE_RELEASED:
            model.pop((call_id, device_id), None)
        else:
            model[call_id, device_id] = state
    assert keys(table) == list(model)
    assert len(table) == len(model)
    for call_id in "abc":
        assert keys(table.views(call_id)) == [key for key in model if key[0] == call_id]
    for device_id in "xyz":
        assert keys(table.of_devices([device_id])) == [key for key in model if key[1] == device_id]
        assert table.lines_in_use(device_id) == sum(
            key[1] == device_id and state != pb.CALL_STATE_HELD for key, state in model.items()
        )
    assert keys(table.of_devices("xyz")) == list(model)


def test_what_was_released_leaves_nothing_behind():
    table = LiveCalls()
    table.put(change("a", "x", pb.CALL_STATE_DIALING))
    table.put(change("a", "x", pb.CALL_STATE_RELEASED))
    assert (table._views, table._calls, table._devices) == ({}, {}, {})


def test_a_device_that_comes_to_a_call_again_goes_on_counting_while_others_are_on_it():
    table = LiveCalls()
    table.put(change("a", "x", pb.CALL_STATE_ESTABLISHED))
    table.put(change("a", "y", pb.CALL_STATE_ESTABLISHED))
    left = change("a", "y", pb.CALL_STATE_RELEASED)
    left.call.sequence = 7
    table.put(left)
    assert (table.sequence_before("a", "y"), table.sequence_before("a", "z")) == (7, 0)
    table.put(change("a", "x", pb.CALL_STATE_RELEASED))
    assert (table.sequence_before("a", "y"), table._left) == (0, {})
