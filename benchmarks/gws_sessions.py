"""What the links of many agents to a GWS cost one process: ``python -m benchmarks.gws_sessions --agents 500``.

The upstream is dialbridge's own bridge in a process of its own, with a directory of as many agents. Printed: the time
until every link is up, resident memory and processor time per link, and the same while each link is idle.
"""

import argparse
import asyncio
import os
import re
import resource
import sys
import tempfile
import time
from pathlib import Path

from bridge.gws.agent_link import Agent
from bridge.gws.operations import OPERATIONS
from bridge.gws.rest import Credentials
from bridge.gws.settings import GwsSettings
from bridge.gws.upstream import Upstream
from server.logs import LogLevel, configure
from server.passwords import hash_password

PASSWORD = "bench"
IDLE_SECONDS = 20


def directory(agents: int) -> str:
    hashed = hash_password(PASSWORD)
    users = (f'[[users]]\nuser_name = "a{n}"\npassword_hash = "{hashed}"\n' for n in range(agents))
    devices = (f'[[devices]]\nphone_number = "{10000 + n}"\nuser_name = "a{n}"\n' for n in range(agents))
    return '[contact_center]\nname = "Bench"\n' + "".join(users) + "".join(devices)


def resident() -> int:
    """Bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


async def measure(agents: int, url: str) -> None:
    settings = GwsSettings(url=url, agents={f"a{n}": Credentials(f"a{n}", PASSWORD) for n in range(agents)})
    people = [Agent(f"a{n}", {str(10000 + n): f"d{n}"}) for n in range(agents)]
    upstream = Upstream(settings, people, frozenset(OPERATIONS))
    before, spent, begun = resident(), cpu(), time.monotonic()
    await upstream.start()
    while not all(upstream.links().values()):
        await asyncio.sleep(0.05)
        print(f"\r{sum(upstream.links().values())} of {agents} links up", end="", file=sys.stderr)
    took = time.monotonic() - begun
    print(file=sys.stderr)
    print(f"{agents} links up in {took:.1f} s, {(cpu() - spent) * 1000 / agents:.1f} ms of processor each")
    print(f"resident memory: {(resident() - before) / agents / 1024:.0f} KiB a link")
    spent = cpu()
    await asyncio.sleep(IDLE_SECONDS)
    print(f"idle: {(cpu() - spent) / IDLE_SECONDS * 100:.2f} % of one core for all")
    await upstream.close()


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("--agents", type=int, default=500)
    agents = parser.parse_args().agents
    configure(LogLevel.ERROR, json=False)
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "directory.toml")
        config.write_text(directory(agents))
        server = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "dialbridge_client.command_line", "serve", "--config", config),
            *("--data-dir", folder, "--grpc-port", "0", "--http-port", "0", "--log-level", "error"),
            stdout=asyncio.subprocess.PIPE,
        )
        assert server.stdout is not None
        ready = (await server.stdout.readline()).decode()
        url = re.search(r"http://\S+", ready)
        assert url, ready
        try:
            await measure(agents, url[0])
        finally:
            server.terminate()
            await server.wait()


if __name__ == "__main__":
    asyncio.run(main())
