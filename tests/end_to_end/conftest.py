"""The whole service in one process, as ``dialbridge serve`` runs it, on a clock that tests move."""

from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bridge.settings import BridgeSettings
from dialbridge_client import Basic, Client
from server.app import serving
from server.directory import Directory
from server.settings import Settings
from server.switches.scenario import Scenario
from server.switches.simulator import Simulator
from tests.fakes.legacy_client import legacy_client
from tests.fakes.manual_clock import ManualClock


class Service:
    """One running service."""

    def __init__(self, addresses, clock):
        self.url = addresses.http
        self.grpc = addresses.grpc
        self.clock = clock

    def legacy(self, user="agent1", password="demo"):
        return legacy_client(self.url, user, password)

    def client(self, user="agent1", password="demo"):
        return Client.connect(self.grpc, credentials=Basic(user, password))

    async def advance(self, seconds):
        """Let the simulated world live for a while."""
        await self.clock.advance(seconds)


@asynccontextmanager
async def service_of(data_dir: Path, http_port=0, **more):
    directory, clock = Directory.demo(), ManualClock()
    devices = directory.devices.values()
    switch = Simulator(
        Scenario.demo(),
        local_devices={device.phone_number: device.id for device in devices},
        lines={device.id: device.lines for device in devices},
        clock=clock,
    )
    settings = Settings(grpc_port=0, data_dir=data_dir, grace=2.0)
    async with serving(settings, BridgeSettings(port=http_port, **more), switch=switch) as addresses:
        yield Service(addresses, clock)


@pytest.fixture
def start():
    return service_of


@pytest.fixture
async def service(tmp_path):
    async with service_of(tmp_path / "data") as service:
        yield service
