"""The composition root: from settings to a running process, and down again in order; decides nothing else.

Going down gracefully: say NOT_SERVING, finish the dials under way, send CometD clients elsewhere, end watches with
``SERVER_DRAINING``, let requests under way finish, close the switch and the journal. All of it within the grace period;
a second signal ends the process at once.
"""

import asyncio
import base64
import gc
import os
import signal
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import grpc
import structlog
from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    start_http_server,
)

from bridge.facade import Facade, Metadata
from bridge.gws.settings import GwsSettingsError, read_settings
from bridge.legacy.app import Bridge
from bridge.settings import BridgeSettings
from dialbridge.v1.call_service_pb2_grpc import CallServiceStub
from dialbridge.v1.device_service_pb2_grpc import DeviceServiceStub
from dialbridge.v1.outbound_service_pb2_grpc import OutboundServiceStub
from dialbridge.v1.user_service_pb2_grpc import UserServiceStub
from server import greeting, grpc_edge, tracing
from server.authentication import Authenticator
from server.campaigns import demo
from server.campaigns.contact_server import CampaignContactServer
from server.campaigns.store import CampaignStore
from server.contact_server import OutboundContactServer
from server.directory import Directory
from server.house import House, running
from server.in_process import (
    InProcessCallService,
    InProcessDeviceService,
    InProcessOutboundService,
    InProcessUserService,
)
from server.journal import Journal
from server.journal.database import Database
from server.journal.sqlite import MIGRATIONS, Retention, SqliteJournal
from server.settings import RemoteFacade, Settings, SettingsError, is_loopback
from server.switch import Switch
from server.switches.gws import GwsSwitch
from server.switches.scenario import Scenario
from server.switches.simulator import Simulator
from server.time_source import SystemTime
from server.tls import Tls

LOOK_EVERY = 0.5
"""Seconds between two looks at what health tells."""

log = structlog.get_logger()


class CannotListen(Exception):
    """An address that was asked for cannot be had."""


GARBAGE_EVERY = 100_000
"""Objects made beyond those freed between two looks for cycles: a request leaves none, so looking more often finds
nothing, and goes through what thousands of clients have under way each time."""


async def _at_once() -> None:
    """Nothing is waited for."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a process can be reached; None: not offered."""

    grpc: str | None
    http: str | None
    ready: Callable[[], Coroutine[Any, Any, None]] = _at_once
    """Waits until everything works that was begun."""


def serve(settings: Settings, bridge: BridgeSettings | None) -> int:
    """Run the server, with the bridge if its settings are given, until a signal; the exit status."""
    return asyncio.run(_until_signal(serving(settings, bridge), is_demo=settings.config is None))


def serve_bridge(facade: RemoteFacade, bridge: BridgeSettings, grace: float, tls: Tls | None) -> int:
    """Run the bridge alone until a signal; the exit status."""
    return asyncio.run(_until_signal(bridging(facade, bridge, grace, tls), is_demo=False))


@asynccontextmanager
async def serving(
    settings: Settings,
    bridge_settings: BridgeSettings | None,
    *,
    switch: Switch | None = None,
    journal: Journal | None = None,
) -> AsyncGenerator[Addresses]:
    """A server that listens, and its bridge; drained when the context is left. A defect in it ends the context."""
    directory = settings.directory()
    if switch is None:
        switch = _switch(settings, directory)
    registry = process_metrics()
    signed_in = switch.signed_in if isinstance(switch, GwsSwitch) else _nothing
    authenticator = Authenticator(directory, settings.token_key(), SystemTime(), signed_in)
    async with AsyncExitStack() as stack:
        if journal is None:
            journal = SqliteJournal(Database(settings.data_dir, MIGRATIONS), Retention())
        contact_server = await _contact_server(settings, directory, switch)
        house = await stack.enter_async_context(
            running(directory, authenticator, switch, journal, contact_server, registry=registry)
        )
        server = grpc.aio.server(options=grpc_edge.OPTIONS)
        grpc_edge.add_to_server(house.services, server)
        health = grpc_edge.HealthOfServices(server)
        try:
            port = grpc_edge.listen(server, f"{settings.host}:{settings.grpc_port}", settings.tls)
        except RuntimeError:
            raise CannotListen(
                f"cannot listen on {settings.host}:{settings.grpc_port} for gRPC; is it in use? Another one is chosen"
                " with --grpc-port (DIALBRIDGE_GRPC_PORT)"
            ) from None
        await server.start()
        stack.push_async_callback(server.stop, None)
        bridge: Bridge | None = None
        http: str | None = None
        if bridge_settings is not None:
            bridge, http = await _started(
                stack, _beside(house), bridge_settings, _token_of_service(house), settings.tls, registry
            )
        elif settings.metrics_port is not None:
            _serve_metrics(stack, settings, registry)
        if settings.tls is None and not is_loopback(settings.host):
            log.warning("passwords and calls travel in the clear", remedy="--tls-certificate and --tls-key, or a proxy")
        background = await stack.enter_async_context(asyncio.TaskGroup())
        watching = [background.create_task(_tell_health(health, journal, switch))]
        if bridge is not None:
            watching.append(background.create_task(bridge.run()))
        try:
            yield Addresses(f"{settings.host}:{port}", http, _at_once if bridge is None else bridge.first_connection)
        finally:
            for task in watching:
                task.cancel()
            await _drain(settings.grace, house, server, health, bridge)


@asynccontextmanager
async def bridging(
    facade: RemoteFacade, settings: BridgeSettings, grace: float, tls: Tls | None = None
) -> AsyncGenerator[Addresses]:
    """A bridge that listens, before a server elsewhere; drained when the context is left."""
    credentials = base64.b64encode(f"{facade.user_name}:{facade.password}".encode()).decode()
    async with AsyncExitStack() as stack:
        channel = await stack.enter_async_context(grpc_edge.channel(facade.address, facade.ca))
        remote = Facade(
            CallServiceStub(channel),
            UserServiceStub(channel),
            OutboundServiceStub(channel),
            DeviceServiceStub(channel),
        )
        service = (("authorization", f"Basic {credentials}"),)
        bridge, http = await _started(stack, remote, settings, lambda: service, tls, process_metrics())
        background = await stack.enter_async_context(asyncio.TaskGroup())
        running_bridge = background.create_task(bridge.run())
        try:
            yield Addresses(None, http, bridge.first_connection)
        finally:
            running_bridge.cancel()
            await _within(grace, "bridge", bridge.drain(grace))


def process_metrics() -> CollectorRegistry:
    """A registry with what Prometheus knows of every process: memory, processor time, open files, garbage."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    GCCollector(registry=registry)
    PlatformCollector(registry=registry)
    return registry


def _serve_metrics(stack: AsyncExitStack, settings: Settings, registry: CollectorRegistry) -> None:
    """For a server without the bridge, which has the page otherwise."""
    try:
        server, thread = start_http_server(settings.metrics_port or 0, settings.host, registry)
    except OSError as error:
        raise CannotListen(
            f"cannot listen on {settings.host}:{settings.metrics_port} for metrics: {error.strerror}. Another port is"
            " chosen with --metrics-port (DIALBRIDGE_METRICS_PORT)"
        ) from None
    stack.callback(thread.join)
    stack.callback(server.server_close)
    stack.callback(server.shutdown)
    log.info("metrics offered", url=f"http://{settings.host}:{server.server_port}/metrics")


def settle() -> None:
    """What is there once a process has started stays: the collector need not look at it, nor often at the rest."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_EVERY, 10, 10)


def _nothing(_user_name: str, _password: str) -> None:
    """Most switches do not know users."""


def _switch(settings: Settings, directory: Directory) -> Switch:
    if settings.gws_config is None:
        return _simulator(settings, directory)
    try:
        return GwsSwitch(read_settings(settings.gws_config), directory)
    except GwsSettingsError as error:
        raise SettingsError(f"--gws-config (DIALBRIDGE_GWS_CONFIG) {error}") from None


def _simulator(settings: Settings, directory: Directory) -> Simulator:
    if settings.scenario is None:
        scenario = Scenario.demo()
    else:
        try:
            scenario = Scenario.from_toml(settings.scenario.read_text(encoding="utf-8"), str(settings.scenario))
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"--scenario (DIALBRIDGE_SCENARIO) {settings.scenario}: {error}") from None
    devices = directory.devices.values()
    return Simulator(
        scenario,
        local_devices={device.phone_number: device.id for device in devices},
        lines={device.id: device.lines for device in devices},
    )


async def _contact_server(settings: Settings, directory: Directory, switch: Switch) -> OutboundContactServer:
    """That of the GWS where there is one; the campaigns of the data directory otherwise."""
    if isinstance(switch, GwsSwitch):
        return switch.contact_server
    campaigns = CampaignStore(settings.data_dir)
    if directory.is_demo:
        await campaigns.change(demo.put_in)
    return CampaignContactServer(campaigns)


def _beside(house: House) -> Facade:
    services = house.services
    return Facade(
        InProcessCallService(services),
        InProcessUserService(services),
        InProcessOutboundService(services),
        InProcessDeviceService(services),
    )


def _token_of_service(house: House) -> Callable[[], Metadata]:
    """The identity under which the bridge of this process follows all calls."""
    return lambda: (("authorization", f"Bearer {house.authenticator.token_of_process()}"),)


async def _started(
    stack: AsyncExitStack,
    facade: Facade,
    settings: BridgeSettings,
    service_metadata: Callable[[], Metadata],
    tls: Tls | None,
    registry: CollectorRegistry,
) -> tuple[Bridge, str]:
    """A bridge that listens, and where."""
    context = tls.context if tls is not None else None
    bridge = Bridge(facade, settings, service_metadata=service_metadata, tls=context, registry=registry)
    try:
        port = await bridge.start()
    except OSError as error:
        raise CannotListen(
            f"cannot listen on {settings.host}:{settings.port} for HTTP: {error.strerror}. Another port is chosen with"
            " --http-port (DIALBRIDGE_HTTP_PORT)"
        ) from None
    stack.push_async_callback(bridge.close)
    return bridge, f"{'https' if tls else 'http'}://{settings.host}:{port}"


async def _tell_health(health: grpc_edge.HealthOfServices, journal: Journal, switch: Switch) -> None:
    """Say SERVING as long as the journal takes entries, and of every link of the switch whether it is up."""
    told: bool | None = None
    told_links: dict[str, bool] = {}
    while True:
        if journal.accepts is not told:
            told = journal.accepts
            await health.set_serving(told)
            if not told:
                log.error("not serving", why="the journal takes no entries")
        for name, is_up in switch.links().items():
            if told_links.get(name) is not is_up:
                told_links[name] = is_up
                await health.set_link(name, is_up)
        await asyncio.sleep(LOOK_EVERY)


async def _drain(
    grace: float,
    house: House,
    server: grpc.aio.Server,
    health: grpc_edge.HealthOfServices,
    bridge: Bridge | None,
) -> None:
    log.info("draining", seconds=grace, watchers=len(house.watchers))
    ends = asyncio.get_running_loop().time() + grace
    await health.shut_down()
    await _within(grace, "dials", house.dialing.drain())
    if bridge is not None:
        await _within(grace, "bridge", bridge.drain(grace / 2))
    house.watchers.drain()
    await server.stop(max(0.1, ends - asyncio.get_running_loop().time()))
    log.info("drained")


async def _within(grace: float, what: str, work: Awaitable[None]) -> None:
    try:
        async with asyncio.timeout(grace):
            await work
    except TimeoutError:
        log.warning("did not drain in time", what=what)


async def _announce(addresses: Addresses, *, is_demo: bool) -> None:
    await addresses.ready()
    settle()
    print(greeting.text(addresses.grpc, addresses.http, is_demo=is_demo), flush=True)


async def _until_signal(process: AbstractAsyncContextManager[Addresses], *, is_demo: bool) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def on_signal(number: int) -> None:
        if stop.is_set():
            os._exit(128 + number)  # asked twice: what was acknowledged is durable
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal, number)
    stop_tracing = tracing.configure()
    async with process as addresses, asyncio.TaskGroup() as background:
        announcing = background.create_task(_announce(addresses, is_demo=is_demo))
        await stop.wait()
        announcing.cancel()
    stop_tracing()
    return 0
