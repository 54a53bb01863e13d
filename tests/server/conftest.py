"""A real grpc.aio server around a scripted switch, behind the names of pytest-grpc's fixtures.

The plugin builds a threaded server for a whole module; the facade is asyncio and has state, so each test gets a server
of its own.
"""

import base64

import grpc
import pytest

from dialbridge.v1.call_service_pb2_grpc import CallServiceStub
from dialbridge.v1.user_service_pb2_grpc import UserServiceStub
from server import grpc_edge
from server.authentication import Authenticator
from server.directory import Directory
from server.house import running
from server.journal.memory import MemoryJournal
from server.time_source import SystemTime
from tests.fakes.no_campaigns import NoCampaigns
from tests.fakes.scripted_switch import ScriptedSwitch


@pytest.fixture
def switch():
    return ScriptedSwitch()


@pytest.fixture
async def house(switch):
    directory, time = Directory.demo(), SystemTime()
    authenticator = Authenticator(directory, b"k" * 32, time)
    async with running(directory, authenticator, switch, MemoryJournal("00" * 8), NoCampaigns(), time) as house:
        yield house
    authenticator.close()


@pytest.fixture
def grpc_add_to_server():
    return grpc_edge.add_to_server


@pytest.fixture
def grpc_servicer(house):
    return house.services


@pytest.fixture
def grpc_stub_cls():
    return CallServiceStub


@pytest.fixture
async def grpc_server(grpc_add_to_server, grpc_servicer):
    server = grpc.aio.server(options=grpc_edge.OPTIONS)
    grpc_add_to_server(grpc_servicer, server)
    server.health = grpc_edge.HealthOfServices(server)
    server.bound_port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    await server.health.set_serving(True)
    yield server
    await server.stop(grace=None)


@pytest.fixture
def grpc_addr(grpc_server):
    return f"127.0.0.1:{grpc_server.bound_port}"


@pytest.fixture
async def grpc_channel(grpc_addr):
    async with grpc.aio.insecure_channel(grpc_addr) as channel:
        yield channel


@pytest.fixture
def grpc_stub(grpc_stub_cls, grpc_channel):
    return grpc_stub_cls(grpc_channel)


@pytest.fixture
def user_stub(grpc_channel):
    return UserServiceStub(grpc_channel)


@pytest.fixture
def as_():
    """The metadata of a demo user."""

    def metadata(name, password="demo"):
        return (("authorization", "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()),)

    return metadata
