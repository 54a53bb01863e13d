"""Who waits for changes, and for how long."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.audience import Audience
from server.visibility import Sight
from tests.fakes.manual_time import ManualTime


def sight(device="d1", user="agent1", call="c1"):
    return Sight(call, device, user, 0)


class Room:
    """An audience whose newest position and time a test sets."""

    def __init__(self):
        self.newest = 0
        self.time = ManualTime()
        self.audience = Audience(lambda: self.newest, self.time.monotonic)

    async def wait(self, signs, due=None):
        listener = self.audience.join(signs)
        task = asyncio.ensure_future(listener.next(self.time.at + 15 if due is None else due))
        await asyncio.sleep(0)
        return listener, task


@pytest.mark.parametrize("signs", [None, {"d1"}, {"agent1"}, {"c1"}, {"d1", "d2", "agent1"}])
async def test_a_change_wakes_whom_it_concerns_and_says_that_nothing_before_it_did(signs):
    room = Room()
    _, task = await room.wait(signs and frozenset(signs))
    room.audience.tell(sight(), 7)
    room.audience.tell(sight(), 8)
    assert await task == 6


@pytest.mark.parametrize("signs", [set(), {"d2"}, {"d2", "agent2", "c2"}])
async def test_a_change_wakes_nobody_else(signs):
    room = Room()
    _, task = await room.wait(frozenset(signs))
    room.audience.tell(sight(), 7)
    await asyncio.sleep(0)
    assert not task.done()
    task.cancel()


async def test_who_goes_away_leaves_nothing_behind():
    room = Room()
    waits = [await room.wait(signs) for signs in (frozenset({"d1", "d2"}), frozenset({"d1"}), frozenset({"d1"}), None)]
    (_, woken), (_, gives_up), (_, another), (_, of_all) = waits
    gives_up.cancel()
    room.audience.tell(sight(), 1)
    assert await woken == await another == await of_all == 0
    with pytest.raises(asyncio.CancelledError):
        await gives_up
    for listener, _ in waits:
        listener.close()
    assert not room.audience._circles
    assert not room.audience._by_sign


async def test_who_stays_is_told_although_another_with_the_same_signs_has_gone():
    room = Room()
    gone, cancelled = await room.wait(frozenset({"d1"}))
    _, stays = await room.wait(frozenset({"d1"}))
    cancelled.cancel()
    gone.close()
    room.audience.tell(sight(), 3)
    assert await stays == 2


async def test_everybody_can_be_woken_at_once():
    room = Room()
    waits = [await room.wait(signs) for signs in (None, frozenset({"d1"}), frozenset({"d2", "c2"}))]
    room.newest = 5
    room.audience.wake_all()
    assert [await task for _, task in waits] == [5, 5, 5]


async def test_a_wait_ends_when_it_is_due_and_what_came_meanwhile_was_for_others():
    room = Room()
    listener, task = await room.wait(frozenset({"d1"}), due=room.time.at)
    room.newest = 9
    assert await task == 9
    listener.close()


async def test_a_timer_that_rings_before_a_later_wait_is_due_wakes_nobody():
    room = Room()
    listener, task = await room.wait(None, due=room.time.at)
    room.audience.tell(sight(), 1)
    assert await task == 0
    again = asyncio.ensure_future(listener.next(room.time.at + 15))
    await asyncio.sleep(0)
    listener._ring()
    await asyncio.sleep(0)
    assert not again.done()
    room.time.at += 15
    listener._ring()
    assert await again == 0
    listener.close()
    assert listener._timer is None or listener._timer.cancelled()


@given(st.lists(st.tuples(st.sets(st.sampled_from(["d1", "d2", "d3"])), st.booleans()), max_size=8), st.data())
def test_a_change_of_a_device_wakes_exactly_those_who_know_it_by_that(listeners, data):
    device = data.draw(st.sampled_from(["d1", "d2", "d3"]))

    async def told():
        room = Room()
        waits = [await room.wait(None if of_all else frozenset(signs)) for signs, of_all in listeners]
        room.audience.tell(sight(device=device), 1)
        await asyncio.sleep(0)
        done = [task.done() for _, task in waits]
        for listener, task in waits:
            listener.close()
            task.cancel()
        return done

    assert asyncio.run(told()) == [of_all or device in signs for signs, of_all in listeners]
