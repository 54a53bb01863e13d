"""The server without its edges: puts engine, watchers and use cases together and runs the engine in the background."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from server.authentication import Authenticator
from server.call_engine import CallEngine
from server.call_ids import RandomPool
from server.call_operations import CallOperations
from server.call_reads import CallReads
from server.contact_server import OutboundContactServer
from server.device_operations import DeviceOperations
from server.dialing import Dialing
from server.directory import Directory
from server.journal import Journal
from server.metrics import ServerMetrics, ServerState
from server.outbound import Outbound
from server.published_calls import PublishedCalls
from server.published_devices import PublishedDevices
from server.published_outbound import PublishedOutbound
from server.recorder import Recorder
from server.services import Services
from server.supervising import Supervising
from server.switch import Switch
from server.time_source import SystemTime, TimeSource
from server.user_sessions import UserSessions
from server.watchers import Watchers


@dataclass(frozen=True, slots=True)
class House:
    """What stands between the edges and the switch."""

    services: Services
    dialing: Dialing
    devices: DeviceOperations
    calls: PublishedCalls
    watchers: Watchers
    engine: CallEngine
    authenticator: Authenticator

    async def drain(self) -> None:
        """Finish the dials that are under way, take no more, and end every watch."""
        await self.dialing.drain()
        self.watchers.drain()


@asynccontextmanager
async def running(
    directory: Directory,
    authenticator: Authenticator,
    switch: Switch,
    journal: Journal,
    contact_server: OutboundContactServer,
    time: TimeSource | None = None,
    registry: CollectorRegistry | None = None,
) -> AsyncIterator[House]:
    """A house whose engine runs for as long as the context; a defect of the engine ends the context with an error.

    It closes what it is given.
    """
    time = time or SystemTime()
    calls = PublishedCalls(time)
    outbound_news, devices = PublishedOutbound(), PublishedDevices(directory)
    watchers = Watchers(journal, time, [calls, outbound_news, devices])
    registry = registry or CollectorRegistry()
    metrics = ServerMetrics(registry)
    registry.register(ServerState(watchers, calls.live, journal, switch.links))
    recorder = Recorder(journal, watchers, metrics)
    engine = CallEngine(switch, recorder, calls, directory, metrics)
    device_operations = DeviceOperations(switch, devices, recorder, journal, time)
    outbound = Outbound(
        contact_server,
        directory=directory,
        devices=devices,
        recorder=recorder,
        journal=journal,
        calls=calls,
        time=time,
    )
    dialing = Dialing(
        directory=directory,
        devices=devices,
        switch=switch,
        engine=engine,
        journal=journal,
        watchers=watchers,
        time=time,
        random_bytes=RandomPool(),
        forbids=outbound.forbids,
    )
    services = Services(
        authenticator=authenticator,
        dialing=dialing,
        reads=CallReads(calls, time),
        operations=CallOperations(switch, calls, outbound.forbids),
        supervising=Supervising(switch, directory, device_operations),
        users=UserSessions(directory, devices, device_operations, authenticator),
        device_operations=device_operations,
        outbound=outbound,
        calls=calls,
        campaigns=outbound_news,
        devices=devices,
        watchers=watchers,
        metrics=metrics,
    )
    await switch.start()
    entries = await journal.live()
    await device_operations.restore(entries)
    await engine.restore(entries, time.now())
    async with asyncio.TaskGroup() as background:
        background.create_task(engine.run(), name="call engine")
        background.create_task(device_operations.follow(), name="device reports")
        background.create_task(outbound.follow(), name="outbound messages")
        try:
            yield House(services, dialing, device_operations, calls, watchers, engine, authenticator)
        finally:
            watchers.drain()
            await dialing.close()
            await outbound.close()
            await device_operations.close()
            await switch.close()  # ends the engine, once it has recorded what the switch told
    await recorder.close()
    await journal.close()
