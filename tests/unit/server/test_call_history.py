from dialbridge.v1 import call_pb2
from dialbridge.v1.call_pb2 import Call, Party
from dialbridge.v1.status_change_pb2 import StatusChange
from server.call_history import COLUMNS, rows


def released(**more):
    call = Call(
        id="C",
        device_number="5005",
        user_name="agent1",
        state=call_pb2.CALL_STATE_RELEASED,
        call_type=call_pb2.CALL_TYPE_OUTBOUND,
        dnis="5001",
        participants=[Party(digits="5001")],
        release_cause=call_pb2.RELEASE_CAUSE_REMOTE_HANGUP,
        **more,
    )
    call.create_time.FromMilliseconds(1_000)
    call.release_time.FromMilliseconds(9_500)
    return StatusChange(call=call, request_id="R")


def test_a_call_that_is_over_is_one_row_with_every_column():
    change = released(record_handle=431, campaign_name="Autumn")
    change.call.establish_time.FromMilliseconds(3_000)
    change.call.user_data.pairs.add(key="tier").value.string_value = "gold"
    (row,) = rows([change])
    assert tuple(row) == COLUMNS
    assert (row["dialled"], row["answered"]) == ("1970-01-01T00:00:01.000+00:00", "1970-01-01T00:00:03.000+00:00")
    assert (row["seconds_ringing"], row["seconds_talking"]) == (2.0, 6.5)
    assert (row["call_type"], row["release_cause"]) == ("outbound", "remote_hangup")
    assert (row["participants"], row["user_data"], row["record_handle"]) == (["5001"], {"tier": "gold"}, 431)


def test_a_call_that_nobody_answered_has_rung_until_its_end():
    (row,) = rows([released()])
    assert (row["answered"], row["seconds_ringing"], row["seconds_talking"], row["record_handle"]) == ("", 8.5, 0.0, "")


def test_a_call_that_is_live_is_no_row():
    assert list(rows([StatusChange(call=Call(id="C", state=call_pb2.CALL_STATE_HELD))])) == []
