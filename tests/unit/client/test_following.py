import grpc
import pytest

from dialbridge.v1.call_pb2 import Call
from dialbridge.v1.call_service_pb2 import CallFilter, Heartbeat, Snapshot, SnapshotEnd, Started, StatusChanges
from dialbridge.v1.call_service_pb2 import WatchCallsResponse as Message
from dialbridge.v1.status_change_pb2 import StatusChange
from dialbridge_client.errors import DialbridgeError
from dialbridge_client.following import FIRST_MESSAGE_WITHIN, Changed, Following, Interrupted, Replaced, Resumed, silent


def call(sequence, call_id="c"):
    return Call(id=call_id, device_id="d", sequence=sequence)


def changes(*sequences, token="t"):
    return Message(
        resume_token=token,
        changes=StatusChanges(
            status_changes=[StatusChange(call=call(each), resume_token=f"after {each}") for each in sequences]
        ),
    )


def started(resumed=False, interval=4):
    message = Message(resume_token="begin", started=Started(resumed=resumed))
    message.started.heartbeat_interval.FromSeconds(interval)
    return message


@pytest.fixture
def following():
    return Following(CallFilter(call_ids=["c"]), "", 4.0)


def take(following, *messages):
    return [event for message in messages for event in following.take(message)]


def test_it_begins_with_what_there_is_and_tells_what_changes(following):
    events = take(
        following,
        started(),
        Message(resume_token="begin", snapshot=Snapshot(calls=[call(1)])),
        Message(resume_token="begin", snapshot=Snapshot(calls=[call(7, "other")])),
        Message(resume_token="level", snapshot_end=SnapshotEnd()),
        changes(2, 3),
    )
    assert events[0] == Replaced((call(1), call(7, "other")), "level")
    assert [(event.change.call.sequence, event.token) for event in events[1:]] == [(2, "after 2"), (3, "after 3")]
    assert all(isinstance(event, Changed) for event in events[1:])


def test_what_was_told_before_is_not_told_again(following):
    take(following, changes(1, 2))
    assert take(following, changes(1, 2)) == []
    assert len(take(following, changes(2, 3))) == 1


def test_the_next_request_goes_on_after_the_last_message(following):
    take(following, started(), changes(1, token="one"), Message(resume_token="two", heartbeat=Heartbeat()))
    request = following.request()
    assert (request.resume_token, request.filter.call_ids, request.heartbeat_interval.seconds) == ("two", ["c"], 4)


def test_half_a_snapshot_is_forgotten(following):
    take(following, started(), Message(resume_token="begin", snapshot=Snapshot(calls=[call(1)])))
    following.request()
    events = take(following, started(), Message(resume_token="level", snapshot_end=SnapshotEnd()))
    assert events == [Replaced((), "level")]


def test_silence_is_two_and_a_half_intervals_once_the_server_has_said_them(following):
    assert following.silence == FIRST_MESSAGE_WITHIN
    take(following, started(interval=4))
    assert following.silence == 10.0
    following.request()
    assert following.silence == FIRST_MESSAGE_WITHIN


def test_an_interruption_is_told_and_then_that_nothing_was_lost(following):
    take(following, started(), changes(1, token="one"))
    interrupted = following.broke(silent(10.0), 0.0)
    assert isinstance(interrupted, Interrupted)
    assert interrupted.pause > 0
    assert following.request().resume_token == "one"
    assert take(following, started(resumed=True)) == [Resumed()]
    assert take(following, started(resumed=True)) == []


def test_an_expired_token_begins_anew_and_the_state_is_replaced(following):
    take(following, started(), changes(1, token="one"))
    expired = DialbridgeError(grpc.StatusCode.OUT_OF_RANGE, "RESUME_TOKEN_EXPIRED", "gone")
    assert following.broke(expired, 0.0).pause == 0
    assert following.request().resume_token == ""
    assert take(following, started(), Message(resume_token="x", snapshot_end=SnapshotEnd())) == [Replaced((), "x")]


def test_what_trying_again_does_not_mend_is_raised(following):
    refused = DialbridgeError(grpc.StatusCode.UNAUTHENTICATED, "NOT_AUTHENTICATED", "no")
    with pytest.raises(DialbridgeError, match="NOT_AUTHENTICATED"):
        following.broke(refused, 0.0)


def test_pauses_grow_until_something_is_heard(following):
    pauses = [following.broke(silent(1.0), 1.0).pause for _ in range(4)]
    assert pauses == sorted(set(pauses))
    take(following, started(resumed=True))
    assert following.broke(silent(1.0), 1.0).pause == pauses[0]
