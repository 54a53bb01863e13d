"""The simulated switch with a clock."""

import asyncio

import pytest

from server.call_commands import Hangup
from server.call_events import CallEstablished, CallReleased
from server.switch import CallView, DialOrder
from server.switches.scenario import Scenario
from server.switches.simulator import Simulator, SystemClock
from tests.fakes.manual_clock import ManualClock

ORDER = DialOrder(
    call_id="c1", conn_id="0" * 16, device_id="d5", device_number="5005", destination="5003", ring_timeout=60.0
)


class Told:
    """Reads what a simulator tells."""

    def __init__(self, simulator):
        self.simulator, self.events = simulator, []

    async def read(self):
        async for batch in self.simulator.events():
            self.events += batch


@pytest.fixture
async def told():
    clock = ManualClock()
    simulator = Simulator(Scenario.demo(), local_devices={"5005": "d5"}, lines={"d5": 1}, clock=clock)
    await simulator.start()
    told = Told(simulator)
    told.clock = clock
    reading = asyncio.create_task(told.read())
    yield told
    await simulator.close()
    await asyncio.wait_for(reading, 5)


async def test_hours_pass_in_milliseconds(told):
    await told.simulator.dial(ORDER)
    await told.clock.advance(19.9)
    assert len(told.events) == 1
    await told.clock.advance(3600)
    assert isinstance(told.events[-1], CallReleased)
    assert round(told.events[-1].at - told.events[0].at, 3) == 20


async def test_what_is_done_is_told_at_once(told):
    await told.simulator.dial(ORDER)
    both = {CallView("c1", "d5"), CallView("c0", "d5")}
    assert set(await told.simulator.surviving(both)) == {CallView("c1", "d5")}
    await told.simulator.control("c1", "d5", Hangup())
    await told.clock.advance(0)
    assert [type(event).__name__ for event in told.events] == ["CallAppeared", "CallReleased"]
    assert not await told.simulator.surviving(both)


async def test_closing_ends_the_events_after_what_was_told(told):
    await told.simulator.dial(ORDER)
    await told.simulator.close()
    await told.clock.advance(0)
    assert len(told.events) == 1


async def test_the_machines_clock_wakes_when_something_is_due():
    simulator = Simulator(
        Scenario.from_toml('[[numbers]]\nnumber="*"\nafter=0.01', "s"), local_devices={}, lines={}, clock=SystemClock()
    )
    await simulator.start()
    await simulator.dial(ORDER)
    seen = []
    async with asyncio.timeout(5):
        async for batch in simulator.events():
            seen += batch
            if isinstance(seen[-1], CallEstablished):
                break
    assert seen[1].at - seen[0].at == pytest.approx(0.01)
    await simulator.close()
