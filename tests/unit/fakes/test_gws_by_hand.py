"""The fake started by hand, and its independence."""

import asyncio
import signal
import sys
from contextlib import asynccontextmanager

from tests.fakes.gws_agent import Agent


@asynccontextmanager
async def by_hand(*options):
    """The process, and what it printed up to the last line of its guide."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.fakes.gws",
        *options,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_it_prints_its_address_and_serves_until_it_is_interrupted():
    async with by_hand("--port", "0", "--fault", "/me:error=5") as process:
        async with asyncio.timeout(20):
            first = (await process.stdout.readline()).decode()
        assert first.startswith("fake GWS at http://127.0.0.1:")

        class Address:
            api_url = first.split()[3]

        async with Agent(Address) as agent:
            assert (await agent.get("/me"))[1]["statusCode"] == 5
            assert (await agent.start())[0] == 200
            assert (await agent.dial())[0] == 200
        process.send_signal(signal.SIGTERM)
        _, errors = await asyncio.wait_for(process.communicate(), 10)
        assert process.returncode == 0 and errors == b""


async def test_a_fault_that_does_not_exist_is_refused_at_the_start():
    async with by_hand("--fault", "Dial:explode") as process:
        _, errors = await asyncio.wait_for(process.communicate(), 20)
        assert process.returncode == 2 and b"'explode' is not one of" in errors


async def test_the_fake_loads_nothing_of_dialbridge():
    program = (
        "import sys, tests.fakes.gws, tests.fakes.gws.__main__, tests.fakes.gws_node;"
        "ours = ('bridge', 'server', 'dialbridge', 'dialbridge_client');"
        "print(sorted(name for name in sys.modules if name.split('.')[0] in ours))"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE)
    out, _ = await asyncio.wait_for(process.communicate(), 20)
    assert out == b"[]\n"
