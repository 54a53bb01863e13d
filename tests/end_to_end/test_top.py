"""``dialbridge top`` on the running service, driven as an operator drives it."""

import asyncio
import os
import sys

import pytest
from textual.widgets import DataTable, Static

from dialbridge_client import Basic, Client
from dialbridge_client.floor import Order
from dialbridge_client.top import Top
from tests.fakes.legacy_client import DEVICE

OTHER_DEVICE = "2b00393c-9ad3-418f-8b3d-a06cbe8af395"


@pytest.fixture
async def supervisor(service):
    async with Client.connect(service.grpc, credentials=Basic("supervisor1", "demo")) as client:
        yield client


@pytest.fixture
async def top(service, supervisor):
    top = Top(supervisor.watch, service.grpc)
    async with top.run_test(size=(140, 30)) as pilot:
        top.pilot = pilot
        yield top


def rows(top):
    table = top.query_one(DataTable)
    return [[str(cell) for cell in table.get_row_at(number)] for number in range(table.row_count)]


async def until(top, condition):
    async with asyncio.timeout(15):
        while not condition():
            await top.pilot.pause(0.05)
            top.draw()


def text(top, name):
    return str(top.query_one(name, Static).render())


async def test_calls_come_and_go_with_their_counts(service, top):
    await until(top, lambda: "live" in text(top, "#status"))
    async with service.client() as client:
        await client.dial(DEVICE, "5004")
    await until(top, lambda: rows(top))
    state, _, agent, device, other, *_ = rows(top)[0]
    assert (state, agent, device, other) == ("Dialing", "agent1", "5005", "5004")
    await service.advance(1)
    await until(top, lambda: rows(top) and rows(top)[0][0] == "Established")
    await service.advance(4)
    await until(top, lambda: not rows(top))
    assert "1 begun, 1 answered, 1 ended" in text(top, "#minute")
    assert "1 remote hangup" in text(top, "#causes")


async def test_keys_sort_filter_and_pause(service, top):
    async with service.client() as one, service.client("agent2") as other:
        await one.dial(DEVICE, "5551111")
        await other.dial(OTHER_DEVICE, "5552222")
    await until(top, lambda: len(rows(top)) == 2)
    await top.pilot.press("s")
    assert top.order is Order.LONGEST
    await top.pilot.press("slash", *"agent2", "enter")
    assert [row[2] for row in rows(top)] == ["agent2"]
    assert "1 with 'agent2'" in text(top, "#status")
    await top.pilot.press("escape")
    assert len(rows(top)) == 2
    await top.pilot.press("space")
    await service.advance(5)
    assert top.paused
    assert {row[0] for row in rows(top)} == {"Dialing"}
    await top.pilot.press("space")
    await until(top, lambda: {row[0] for row in rows(top)} == {"Established"})
    await top.pilot.press("q")
    assert top.return_value == 0


async def test_a_wrong_password_ends_it_with_the_reason(service):
    async with Client.connect(service.grpc, credentials=Basic("supervisor1", "wrong")) as client:
        top = Top(client.watch, service.grpc)
        async with top.run_test() as pilot, asyncio.timeout(10):
            while top.return_value is None:
                await pilot.pause(0.05)
    assert top.return_value == 1


async def test_it_says_when_it_is_not_live(start, tmp_path):
    async with start(tmp_path / "data") as service:
        address = service.grpc
        async with Client.connect(address, credentials=Basic("supervisor1", "demo")) as client:
            top = Top(client.watch, address)
            async with top.run_test(size=(140, 30)) as pilot:
                top.pilot = pilot
                await until(top, lambda: text(top, "#status").startswith("live"))
                top._live, top._trouble = False, "the server is away; trying again"
                top.draw()
                assert "NOT LIVE: the server is away" in text(top, "#status")
                assert top.query_one("#status").has_class("stale")


async def test_without_a_terminal_it_says_what_to_use():
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "dialbridge_client.command_line", "top"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ},
    )
    _, err = await process.communicate()
    assert (process.returncode, "dialbridge watch" in err.decode()) == (2, True)
