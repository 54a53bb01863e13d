"""Runs the whole of dialbridge for a measure: `server.app.serving` with its durable journal, and a switch that can be
told from outside to change a call.

It prints one line of JSON with its addresses. A line that comes on the control port becomes one change of one call,
which takes the way of every change: life cycle, journal, watchers, bridge. Limits that would keep one user from having
thousands of sessions are lifted, as the load generator is one user.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from bridge.bayeux.limits import Limits
from bridge.legacy.cometd import CometdEndpoint
from bridge.settings import BridgeSettings
from dialbridge.v1.user_data_pb2 import UserData, UserDataPair, Value
from server import logs
from server.app import serving, settle
from server.call_events import DtmfSent
from server.directory import Directory
from server.journal import Journal
from server.journal.database import Database
from server.journal.memory import MemoryJournal
from server.journal.sqlite import MIGRATIONS, Retention, SqliteJournal
from server.settings import Settings
from server.switch import DialOrder
from server.switches.scenario import Scenario
from server.switches.simulator import Simulator

SCENARIO = """
[[numbers]]
number = "5*"
outcome = "answer"
after = 0.01

[[numbers]]
number = "6*"
outcome = "busy"
after = 0.2
"""
DEVICES = 64
"""Devices of the user that dials; each has lines for any load."""
CHANGED_CALL = "C" * 32


def directory() -> str:
    """One user with many devices, one who watches all, and one who has nothing to do with any of it; as TOML."""
    password_hash = Directory.demo().users["agent1"].password_hash
    users = "".join(
        f'[[users]]\nuser_name = "{name}"\npassword_hash = "{password_hash}"\nroles = ["{role}"]\n'
        for name, role in (("bench", "agent"), ("watch", "supervisor"), ("bystander", "agent"))
    )
    devices = "".join(
        f'[[devices]]\nphone_number = "{7000 + number}"\nuser_name = "bench"\nlines = 1000\n'
        for number in range(DEVICES)
    )
    devices += '[[devices]]\nphone_number = "6999"\nuser_name = "bystander"\n'
    return f'[contact_center]\nname = "Bench"\n{users}{devices}'


class ChangeableSimulator(Simulator):
    """The simulated switch, with calls from the start and one that changes when asked."""

    def __init__(self, scenario: Scenario, device_ids: Sequence[str], live: int, data: UserData) -> None:
        super().__init__(scenario, local_devices={}, lines={})
        self._changed_device = device_ids[0]
        self._live = live
        self._data = data

    async def start(self) -> None:
        """Place the calls that are there from the start, each at a device of its own."""
        await super().start()
        await self.dial(self._order(CHANGED_CALL, self._changed_device))
        for number in range(self._live):
            await self.dial(self._order(f"{number:032d}", f"live-{number}"))

    def change(self, count: int) -> None:
        """One change for each of ``count``, of one call."""
        for _ in range(count):
            self._tell(
                [
                    DtmfSent(
                        call_id=CHANGED_CALL,
                        device_id=self._changed_device,
                        at=self._clock.now(),
                        extensions=UserData(),
                        digits="1",
                    )
                ]
            )

    def _order(self, call_id: str, device_id: str) -> DialOrder:
        return DialOrder(
            call_id=call_id,
            conn_id="0" * 16,
            device_id=device_id,
            device_number="7000",
            destination="5001",
            ring_timeout=60.0,
            user_data=self._data,
        )


async def until(journal: Journal, position: int) -> None:
    """Wait until the calls that are there from the start have said all they have to say."""
    while journal.newest < position:
        await asyncio.sleep(0.05)


async def serve(arguments: argparse.Namespace) -> None:
    """Run until standard input ends."""
    limits = Limits(sessions=100_000, sessions_per_principal=100_000)
    CometdEndpoint.__init__.__kwdefaults__["limits"] = limits
    data = UserData(pairs=[UserDataPair(key="Filler", value=Value(string_value="x" * arguments.filler))])
    config = arguments.data_dir / "directory.toml"
    config.write_text(directory())
    settings = Settings(grpc_port=arguments.grpc_port, data_dir=arguments.data_dir, config=config)
    ids = [device.id for device in settings.directory().devices.values() if device.user_name == "bench"]
    switch = ChangeableSimulator(Scenario.from_toml(SCENARIO, "benchmark"), ids, arguments.live, data)

    async def control(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while lines := await reader.read(65536):
            switch.change(lines.count(b"\n"))
        writer.close()

    journal: Journal
    if arguments.journal == "memory":
        journal = MemoryJournal("00" * 8)
    else:
        journal = SqliteJournal(Database(arguments.data_dir, MIGRATIONS), Retention())
    before = journal.newest
    async with serving(settings, BridgeSettings(port=0), switch=switch, journal=journal) as addresses:
        server = await asyncio.start_server(control, "127.0.0.1", 0)
        http = (addresses.http or "").removeprefix("http://")
        port = server.sockets[0].getsockname()[1]
        if arguments.live:
            await until(journal, before + 2 * arguments.live)  # each appeared and was answered
        settle()
        facts = {"grpc": addresses.grpc, "http": http, "control": f"127.0.0.1:{port}", "devices": ids}
        print(json.dumps(facts), flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        server.close()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--grpc-port", type=int, default=0)
    parser.add_argument("--live", type=int, default=0, help="calls that are there from the start")
    parser.add_argument("--filler", type=int, default=0, help="bytes of user data on each of these calls")
    parser.add_argument("--journal", choices=("sqlite", "memory"), default="sqlite")
    parser.add_argument("--log-level", default="info")
    arguments = parser.parse_args()
    arguments.data_dir.mkdir(parents=True, exist_ok=True)
    logs.configure(logs.LogLevel[arguments.log_level.upper()], json=True)
    asyncio.run(serve(arguments))


if __name__ == "__main__":
    main()
