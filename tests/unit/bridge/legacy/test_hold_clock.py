"""A held connect ends when it is due, and not before."""

import asyncio

import pytest

from bridge.bayeux.messages import Request
from bridge.bayeux.session import Hold, HoldEnd, Session
from bridge.legacy.hold_clock import STEP, HoldClock

NOW = 1000.0


def hold_until(until):
    return Hold(Session("c", "agent1", "h", "", 0.0), Request("/meta/connect", "1", "c", {}), until)


async def turns():
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.fixture
def clock():
    return HoldClock(lambda: NOW)


async def test_a_hold_that_is_due_ends(clock):
    hold, told = hold_until(NOW), []
    hold.wake = told.append
    clock.start(hold)
    await turns()
    assert (hold.end, told) == (HoldEnd.TIMEOUT, [hold])


async def test_all_that_are_due_together_end_together(clock):
    holds = [hold_until(NOW - STEP / 2), hold_until(NOW - STEP / 3), hold_until(NOW)]
    for hold in holds:
        clock.start(hold)
    await turns()
    assert [hold.end for hold in holds] == [HoldEnd.TIMEOUT] * 3


async def test_a_hold_is_not_over_before_it_is_due(clock):
    hold = hold_until(NOW + 30)
    clock.start(hold)
    await turns()
    assert hold.end is None


async def test_a_hold_that_was_stopped_does_not_end(clock):
    stopped, other = hold_until(NOW), hold_until(NOW)
    clock.start(stopped)
    clock.start(other)
    clock.stop(stopped)
    clock.stop(stopped)
    await turns()
    assert (stopped.end, other.end) == (None, HoldEnd.TIMEOUT)


async def test_a_hold_that_ended_for_another_reason_keeps_it(clock):
    hold = hold_until(NOW)
    clock.start(hold)
    hold.over(HoldEnd.EVENTS)
    await turns()
    assert hold.end is HoldEnd.EVENTS


async def test_what_is_answered_by_an_end_may_stop_and_start_holds(clock):
    first, second = hold_until(NOW), hold_until(NOW)

    def answer(hold):
        clock.stop(hold)
        clock.start(second)

    first.wake = answer
    clock.start(first)
    await turns()
    assert (first.end, second.end) == (HoldEnd.TIMEOUT, HoldEnd.TIMEOUT)
