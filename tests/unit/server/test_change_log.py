"""The log of changes and the cursors that read it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialbridge.v1.call_service_pb2 import WatchCallsResponse
from dialbridge.v1.status_change_pb2 import StatusChange
from server.change_log import Change, ChangeLog
from server.journal import Topic
from server.resume_tokens import ResumeTokens, read
from server.subscription import MAX_BYTES, FellBehind, Subscription
from server.visibility import Sight

TOKENS = ResumeTokens("00" * 8)


def change(position, user="agent1", text=""):
    message = StatusChange(request_id=text)
    message.call.user_name = user
    return Change.of(position, Topic.CALL, message.SerializeToString(), Sight("", "", user, 0), TOKENS)


def subscription(log, *, sees=None, position=0, heartbeat=15.0):
    return Subscription(log, TOKENS, Topic.CALL, sees, position=position, heartbeat=heartbeat, now=0.0)


def positions(message):
    return [each.position for each in WatchCallsResponse.FromString(message).changes.status_changes]


@given(st.lists(st.integers(1, 7), max_size=30), st.integers(1, 5))
def test_the_log_keeps_at_least_what_it_retains_and_at_most_twice_as_much(batches, retain):
    log = ChangeLog(0, retain)
    newest = 0
    for size in batches:
        log.add([change(newest + number + 1) for number in range(size)])
        newest += size
        assert log.newest == newest
        kept = log.newest - log.oldest + 1
        assert min(newest, retain) <= kept <= max(2 * retain, size)
        assert [each.position for each in log.after(log.oldest - 1, 1000)] == list(range(log.oldest, newest + 1))


def test_all_that_piled_up_comes_as_one_message_with_the_token_of_the_last():
    log = ChangeLog(0)
    watcher = subscription(log)
    log.add([change(1), change(2)])
    log.add([change(3)])
    message = watcher.poll(1.0)
    assert positions(message) == [1, 2, 3]
    response = WatchCallsResponse.FromString(message)
    assert read(response.resume_token).position == 3
    assert [read(each.resume_token).position for each in response.changes.status_changes] == [1, 2, 3]
    assert watcher.poll(1.0) is None


def test_two_watchers_are_given_the_same_bytes_of_a_change():
    log = ChangeLog(0)
    log.add([change(1)])
    first, second = log.after(0, 1), log.after(0, 1)
    assert first[0].element is second[0].element


def test_a_heartbeat_comes_when_nothing_was_said_for_an_interval():
    log = ChangeLog(7)
    watcher = subscription(log, position=7, heartbeat=15.0)
    assert watcher.poll(14.9) is None
    message = WatchCallsResponse.FromString(watcher.poll(15.0))
    assert message.WhichOneof("message") == "heartbeat"
    assert watcher.due == 30.0


def test_a_heartbeat_advances_the_token_of_a_watcher_who_sees_nothing():
    log = ChangeLog(0)
    watcher = subscription(log, sees=lambda sight: sight.user_name == "agent2")
    log.add([change(1), change(2)])
    assert watcher.poll(1.0) is None
    assert read(WatchCallsResponse.FromString(watcher.poll(15.0)).resume_token).position == 2


def test_a_change_that_was_sent_puts_the_heartbeat_off():
    log = ChangeLog(0)
    watcher = subscription(log)
    log.add([change(1)])
    assert watcher.poll(10.0) is not None
    assert watcher.due == 25.0


def test_a_watcher_whose_place_is_gone_fell_behind():
    log = ChangeLog(0, retain=2)
    watcher = subscription(log)
    log.add([change(position) for position in range(1, 6)])
    assert watcher.fell_behind
    with pytest.raises(FellBehind):
        watcher.poll(1.0)


def test_a_message_stays_below_the_limit_and_the_rest_follows():
    log = ChangeLog(0)
    watcher = subscription(log)
    log.add([change(position, text="x" * 60_000) for position in range(1, 41)])
    first, second = watcher.poll(1.0), watcher.poll(1.0)
    third = watcher.poll(1.0)
    assert len(first) < MAX_BYTES + 70_000
    assert positions(first) + positions(second) + positions(third) == list(range(1, 41))


@given(st.lists(st.sampled_from(["agent1", "agent2"]), max_size=60), st.lists(st.integers(0, 59), max_size=10))
def test_a_filtered_watcher_gets_exactly_its_own_in_order_however_it_polls(users, polls):
    log = ChangeLog(0)
    watcher = subscription(log, sees=lambda sight: sight.user_name == "agent1")
    seen = []
    for index, user in enumerate(users):
        log.add([change(index + 1, user)])
        if index in polls and (message := watcher.poll(1.0)):
            seen += positions(message)
    while message := watcher.poll(1.0):
        seen += positions(message)
    assert seen == [index + 1 for index, user in enumerate(users) if user == "agent1"]


def test_changes_of_another_topic_are_passed_over_and_the_token_advances():
    log = ChangeLog(0)
    other = StatusChange(request_id="other").SerializeToString()
    watcher = subscription(log)
    log.add([change(1), Change(2, "another topic", other, Sight("", "", "", 0))])
    assert positions(watcher.poll(1.0)) == [1]
    assert watcher.poll(1.0) is None
    assert watcher.position == 2
    beat = WatchCallsResponse.FromString(watcher.poll(16.0))
    assert (beat.WhichOneof("message"), read(beat.resume_token).position) == ("heartbeat", 2)
