"""The whole service in front of a fake GWS: clients on one side, the upstream and its faults on the other."""

import asyncio
from contextlib import asynccontextmanager

from bridge.gws.rest import Credentials
from bridge.gws.settings import GwsSettings
from bridge.settings import BridgeSettings
from dialbridge_client import Basic, Changed, Client, Replaced
from server.app import serving
from server.directory import Directory
from server.settings import Settings
from server.switches.gws import GwsSwitch
from tests.fakes.legacy_client import legacy_client

WITHIN = 20.0
AGENTS = {name: Credentials(name, "demo") for name in ("agent1", "agent2", "agent3")}


class GwsService:
    """One running service, and everything that a supervisor's watch told of it."""

    def __init__(self, addresses, switch, watch):
        self.url = addresses.http
        self.grpc = addresses.grpc
        self.switch = switch
        self._watch = watch
        self.changes = []

    def legacy(self, user="agent1", password="demo"):
        return legacy_client(self.url, user, password)

    def client(self, user="agent1", password="demo"):
        return Client.connect(self.grpc, credentials=Basic(user, password))

    def states(self, call_id=None):
        """The words of the upstream, in order."""
        return [change.call.upstream_state for change in self.changes if call_id is None or change.call.id == call_id]

    async def until(self, condition):
        """Watch until ``condition`` of this service holds."""
        async with asyncio.timeout(WITHIN):
            while not condition(self):
                event = await anext(self._watch)
                if isinstance(event, Changed):
                    self.changes.append(event.change)
        return self

    async def link(self, user="agent1", *, up=True):
        """Wait until the link of an agent is up, or down."""
        async with asyncio.timeout(WITHIN):
            while self.switch.links()[user] is not up:
                await asyncio.sleep(0.005)


@asynccontextmanager
async def gws_service(data_dir, gws, *users, **more):
    """In front of ``gws``, with the links of ``users`` up; of agent1 unless given."""
    agents = {name: AGENTS[name] for name in users or ("agent1",)}
    settings = GwsSettings(url=gws.api_url, **({"agents": agents} | more))
    switch = GwsSwitch(settings, Directory.demo())
    own = Settings(grpc_port=0, data_dir=data_dir, grace=2.0)
    async with (
        serving(own, BridgeSettings(port=0), switch=switch) as addresses,
        Client.connect(addresses.grpc, credentials=Basic("supervisor1", "demo")) as supervisor,
    ):
        watch = supervisor.watch()
        assert isinstance(await anext(watch), Replaced)
        service = GwsService(addresses, switch, watch)
        for name in settings.agents:
            await service.link(name)
        try:
            yield service
        finally:
            await watch.aclose()
