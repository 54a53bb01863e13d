import pytest

from bridge.bayeux.limits import Limits
from bridge.bayeux.messages import Event, Request
from bridge.bayeux.session import Hold, HoldEnd, Session

LIMITS = Limits(queue_messages=3, queue_bytes=30)


@pytest.fixture
def session():
    return Session("c", "ann", "http", "", 0.0)


def events(*sizes):
    return [Event("/a", b"x" * size, number) for number, size in enumerate(sizes)]


@pytest.mark.parametrize(
    ("sizes", "taken"),
    [
        ((1, 1, 1), (True, True, True)),
        ((1, 1, 1, 1), (True, True, True, False)),
        ((30,), (True,)),
        ((31,), (False,)),
        ((10, 20, 1), (True, True, False)),
        ((10, 21, 20), (True, False, True)),
    ],
)
def test_a_queue_takes_what_its_messages_and_bytes_allow(session, sizes, taken):
    assert tuple(session.offer(event, LIMITS) for event in events(*sizes)) == taken
    assert session.queued_bytes == sum(len(event.payload) for event in session.queue) <= 30


@pytest.mark.parametrize(("room", "count"), [(None, 3), (30, 3), (29, 3), (20, 2), (11, 2), (10, 1), (1, 1), (0, 0)])
def test_what_is_taken_fills_the_room_and_the_rest_waits(session, room, count):
    waiting = events(10, 10, 10)
    for event in waiting:
        session.offer(event, LIMITS)
    assert session.take(room) == waiting[:count]
    assert list(session.queue) == waiting[count:]
    assert session.queued_bytes == 10 * (3 - count)


def test_what_is_given_back_comes_first(session):
    first, second, third = events(1, 1, 1)
    session.offer(third, LIMITS)
    assert session.give_back([first, second], LIMITS)
    assert session.take() == [first, second, third]


def test_what_is_given_back_must_fit_beside_what_came_meanwhile(session):
    for event in events(1, 1):
        session.offer(event, LIMITS)
    assert not session.give_back(events(1, 1), LIMITS)
    assert not session.give_back(events(29), LIMITS)


def test_nothing_is_taken_while_an_answer_is_being_written(session):
    first, second = events(1, 1)
    session.offer(first, LIMITS)
    assert session.take_to_write() == [first]
    session.offer(second, LIMITS)
    assert session.take() == session.take(100) == session.take_to_write() == []
    session.writing = False
    assert session.take() == [second]


def test_the_first_end_of_a_hold_counts_and_wakes_once(session):
    woken = []
    hold = Hold(session, Request("/meta/connect", "1", "c", {}), 30.0, wake=woken.append)
    hold.over(HoldEnd.EVENTS)
    hold.over(HoldEnd.DRAINED, pause=2.0)
    assert (hold.end, hold.pause, woken) == (HoldEnd.EVENTS, None, [hold])
