import itertools

import pytest

from bridge.bayeux.limits import Limits
from bridge.bayeux.messages import Event, Request
from bridge.bayeux.session import End, Hold, HoldEnd, Session
from bridge.bayeux.sessions import Sessions

LIMITS = Limits(sessions=4, sessions_per_principal=2, queue_messages=2, first_connect=10.0, max_interval=10.0)


@pytest.fixture
def ended():
    return []


@pytest.fixture
def sessions(ended):
    return Sessions(LIMITS, on_end=lambda session, why: ended.append((session.client_id, why)))


@pytest.fixture
def add(sessions):
    numbers = itertools.count(1)

    def add(principal="ann", http_session="h", now=0.0, subscriptions=("/a",)):
        session = Session(f"c{next(numbers)}", principal, http_session, "", 0.0, subscriptions=frozenset(subscriptions))
        sessions.add(session, now)
        return session

    return add


class Stream:
    def __init__(self, session):
        self.session, self.closed = session, None

    def flush(self):
        self.session.take()

    def ended(self, code, reason, /):
        self.closed = (code, reason)


def test_an_event_is_told_to_the_sessions_of_its_principal_that_want_it(sessions, add):
    wanting, other, _ = add(), add(subscriptions=["/b"]), add("bob")
    event = Event("/a", b"x")
    assert sessions.publish("ann", event) == [wanting]
    assert list(wanting.queue) == [event]
    assert not other.queue
    assert sessions.publish("nobody", event) == []


def test_one_event_too_many_ends_the_session_and_the_others_go_on(sessions, add, ended):
    slow, quick = add(), add()
    for _ in range(3):
        sessions.publish("ann", Event("/a", b"x"))
        quick.take()
    assert ended == [(slow.client_id, End.SLOW)]
    assert sessions.find(slow.client_id) is None
    assert sessions.find(quick.client_id) is quick
    assert not slow.queue


def test_a_socket_that_keeps_up_is_not_slow_however_many_events_one_turn_brings(sessions, add, ended):
    session = add()
    session.stream = Stream(session)
    for _ in range(100):
        assert sessions.publish("ann", Event("/a", b"x")) == [session]
    assert ended == []


@pytest.mark.parametrize("why", End)
def test_the_end_of_a_session_closes_its_socket_unless_the_disconnect_is_still_to_be_answered(
    sessions, add, why, ended
):
    session = add()
    stream = session.stream = Stream(session)
    sessions.end(session, why)
    sessions.end(session, End.EXPIRED)
    assert stream.closed == (None if why is End.DISCONNECTED else why.value)
    assert ended == [(session.client_id, why)]


def test_there_is_room_until_either_limit_is_reached(sessions, add):
    for principal, room in (("ann", True), ("ann", True), ("ann", False), ("bob", True)):
        assert sessions.has_room_for(principal) is room
        if room:
            add(principal)
    add("bob")
    assert not sessions.has_room_for("carl")


def test_a_session_ends_with_the_http_session_of_its_last_connect(sessions, add, ended):
    session = add(http_session="h1")
    sessions.attach(session, "h2")
    sessions.end_http_session("h1")
    assert ended == []
    sessions.end_http_session("h2")
    assert ended == [(session.client_id, End.SIGNED_OUT)]


def test_a_session_that_is_not_heard_of_ends_when_its_time_is_over_and_not_before(sessions, add, ended):
    session = add(now=100.0)
    sessions.sweep(109.9)
    assert ended == []
    sessions.await_connect(session, 109.0)
    sessions.sweep(118.9)
    assert ended == []
    sessions.sweep(119.0)
    assert ended == [(session.client_id, End.EXPIRED)]


def test_a_busy_session_is_planned_to_be_looked_at_once(sessions, add):
    session = add()
    for now in range(1000):
        sessions.expire(session, now + 40.0)
    sessions.sweep(1000.0)
    assert len(sessions._looks) == 1
    assert sessions.find(session.client_id) is session


def test_a_session_whose_end_comes_nearer_is_looked_at_in_time(sessions, add, ended):
    session = add()
    sessions.expire(session, 40.0)
    sessions.sweep(10.0)
    sessions.expire(session, 20.0)
    sessions.sweep(20.0)
    assert ended == [(session.client_id, End.EXPIRED)]


@pytest.mark.parametrize("held", [True, False])
def test_a_session_whose_socket_breaks_has_its_time_to_come_back(sessions, add, ended, held):
    session = add()
    stream = session.stream = Stream(session)
    session.hold = Hold(session, Request("/meta/connect", "1", session.client_id, {}), 30.0) if held else None
    sessions.unbind(session, stream, 9.0)
    assert session.stream is None and session.hold is None
    sessions.sweep(18.9)
    assert ended == []
    sessions.sweep(19.0)
    assert ended == [(session.client_id, End.EXPIRED)]


def test_an_answer_that_failed_is_told_again_by_the_connect_that_is_held_meanwhile(sessions, add):
    session, event = add(), Event("/a", b"x")
    sessions.publish("ann", event)
    taken = session.take_to_write()
    hold = session.hold = Hold(session, Request("/meta/connect", "2", session.client_id, {}), 30.0)
    sessions.tell(session)
    assert hold.end is None
    sessions.give_back(session, taken)
    assert hold.end is HoldEnd.EVENTS
    assert session.take() == [event]


def test_what_came_while_an_answer_was_written_is_told_when_it_is_out(sessions, add):
    session = add()
    sessions.publish("ann", Event("/a", b"1"))
    session.take_to_write()
    hold = session.hold = Hold(session, Request("/meta/connect", "2", session.client_id, {}), 30.0)
    sessions.publish("ann", Event("/a", b"2"))
    sessions.tell(session)
    assert hold.end is None
    sessions.written(session)
    assert hold.end is HoldEnd.EVENTS


def test_an_unknown_client_id_of_whatever_type_finds_nothing(sessions):
    for client_id in (None, 5, [], {}, "nobody"):
        assert sessions.find(client_id) is None
