"""One agent at a GWS: signs in, listens on CometD, reads what was missed, dials and controls; one task keeps it up.

What the upstream says goes through `UpstreamCalls`, and comes out as news in order. After every gap, however it came
about, the client is built anew and the calls are read again: what happened meanwhile is told as the difference.
"""

import asyncio
import contextlib
import math
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import aiohttp
import structlog

from bridge.gws import back_off
from bridge.gws.acknowledgements import Acknowledgements
from bridge.gws.agent_devices import AgentDevices
from bridge.gws.circuit_breaker import CircuitBreaker
from bridge.gws.errors import GwsError, Refused, Unanswered, Unreachable
from bridge.gws.notifications import Gap, Notifications
from bridge.gws.orders import Order, Orders
from bridge.gws.outbound import outbound_request, read_outbound
from bridge.gws.resources import CALL_STATE_CHANGE, ERROR, NotACall, read_call, read_change
from bridge.gws.rest import PARTIAL, Credentials, RestSession
from bridge.gws.settings import GwsSettings
from bridge.gws.upstream_calls import News, UpstreamCalls
from bridge.gws.upstream_devices import DEVICE_STATE_CHANGE, read_device
from bridge.requests import DEVICE_PATH
from dialbridge.v1.call_pb2 import Call, Capability
from dialbridge.v1.outbound_service_pb2 import GetChainedRecordRequest, OutboundMessage, OutboundOperation
from dialbridge.v1.user_pb2 import Device

REFUSED_PAUSE = 300.0
"""Seconds between attempts with a password that was refused: accounts are locked after some. New credentials end it."""
STEADY_AFTER = 10.0
"""Seconds after which a link that was up counts as having worked."""
READ_WITHIN = 10.0
"""Seconds for signing in, and for reading calls."""
SETTLE_WITHIN = 120.0
"""Seconds after which a call that was ordered is no longer expected."""
LOOK_AFTER = 3.0
"""Seconds after an accepted Dial in which its message should have come; then the calls are read."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Agent:
    """Whose link it is."""

    user_name: str
    """The login name here."""
    numbers: Mapping[str, str]
    """The agent's device ids here, by phone number."""


class AgentLink:
    """The link of one agent. Commands raise `GwsError`."""

    def __init__(
        self,
        agent: Agent,
        settings: GwsSettings,
        *,
        connector: aiohttp.BaseConnector,
        breaker: CircuitBreaker,
        opening: asyncio.Semaphore,
        operations: frozenset[Capability.ValueType],
        tell: Callable[[Sequence[News]], Awaitable[None]],
        tell_device: Callable[[Device], Awaitable[None]],
        tell_outbound: Callable[[OutboundMessage], Awaitable[None]],
    ) -> None:
        """``opening`` limits how many links sign in at once; while ``tell``, ``tell_device`` or ``tell_outbound``
        waits, nothing more is read."""
        self.agent = agent
        self._settings = settings
        self._connector = connector
        self._breaker = breaker
        self._opening = opening
        self._operations = operations
        self._tell = tell
        self._tell_device = tell_device
        self._tell_outbound = tell_outbound
        self._acknowledgements = Acknowledgements()
        self._orders = Orders()
        self._calls = UpstreamCalls(self._orders)
        self.devices = AgentDevices(agent.numbers)
        self._rest: RestSession | None = None
        self._up = False
        self._up_since = math.inf
        self._again_at = 0.0
        self._order_of_things = asyncio.Lock()  # a reading is taken before the messages that came during it
        self._look = asyncio.Event()
        self._credentials: Credentials | None = None
        self._fresh_credentials = asyncio.Event()

    @property
    def is_up(self) -> bool:
        """Whether the agent is signed in and listened to."""
        return self._up

    @property
    def has_credentials(self) -> bool:
        """Whether there is anything to sign in with."""
        return self._credentials is not None

    def use(self, credentials: Credentials) -> None:
        """Sign in with these; a link without any waits for them."""
        if credentials != self._credentials:
            self._credentials = credentials
            self._fresh_credentials.set()

    def assume(self, call_id: str, device_id: str) -> None:
        """The call was live when the process ended."""
        self._calls.assume(call_id, device_id)

    async def run(self) -> None:
        """Keep the link up, until cancelled."""
        failures = 0
        while True:
            if self._credentials is None:
                await self._fresh_credentials.wait()
            self._fresh_credentials.clear()
            why, wait = await self._once(failures)
            self._up = False
            failures = 1 if time.monotonic() - self._up_since > STEADY_AFTER else failures + 1
            self._again_at = time.monotonic() + wait
            log.warning("gws link down", user=self.agent.user_name, why=why, again_in_seconds=round(wait, 2))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._fresh_credentials.wait()

    async def _once(self, failures: int) -> tuple[str, float]:
        """Be up for as long as it goes; why it ended, and the seconds to wait."""
        self._up_since = math.inf
        try:
            async with self._opened():
                self._up_since = time.monotonic()
                gap = await self._listen()
            steady = time.monotonic() - self._up_since > STEADY_AFTER
            return str(gap), back_off.pause(0 if steady else failures, random.random, gap.interval)
        except Refused as refused:
            return refused.message, REFUSED_PAUSE
        except Unreachable as unreachable:
            return unreachable.message, back_off.pause(failures + 1, random.random, unreachable.retry_after)
        except GwsError as error:
            return error.message, back_off.pause(failures + 1, random.random)

    async def dial(self, order: Order, body: Mapping[str, object], timeout: float) -> None:
        """Post a Dial; its call comes as news that names the order, maybe before this returns."""
        rest = self._session()
        device = self.devices.upstream_id(order.device_id)
        self._orders.place(order, time.monotonic())
        try:
            await rest.post(f"/me/devices/{device}/calls", body, timeout)
        except (Refused, Unreachable):
            self._orders.withdraw(order.order_id)
            raise
        except Unanswered:
            self._look.set()
            raise
        except asyncio.CancelledError:
            self._look.set()  # nobody waits any more, but the call may come
            raise
        asyncio.get_running_loop().call_later(LOOK_AFTER, self._look_for, order)

    async def control(self, call_id: str, device_id: str, body: Mapping[str, object], timeout: float) -> None:
        """Post an operation on a call."""
        await self._session().post(f"/me/calls/{call_id}", body, timeout)
        if body["operationName"] == "Hangup":
            self._calls.hung_up(call_id, device_id)

    async def operate(self, device_id: str, body: Mapping[str, object], timeout: float) -> None:
        """Post an operation on a device."""
        await self._session().post(f"/me/devices/{self.devices.upstream_id(device_id)}", body, timeout)

    async def operate_user(self, path: str, body: Mapping[str, object], timeout: float) -> None:
        """Post an operation of the agent."""
        await self._session().post(path, body, timeout)

    async def perform_outbound(self, device_id: str, request: Any, timeout: float) -> list[OutboundMessage]:
        """Post a request of OutboundService, and wait for what is said about it, which is told as well."""
        ends = time.monotonic() + timeout
        rest, device_path = self._session(), f"{DEVICE_PATH}{self.devices.upstream_id(device_id)}"
        operation: OutboundOperation = request.operation
        calling_list = operation.calling_list
        if not calling_list:
            calling_list = self._acknowledgements.calling_list(getattr(request, "record_handle", 0))
        is_chain = isinstance(request, GetChainedRecordRequest)
        with self._acknowledgements.awaiting(operation.reference_id, is_chain=is_chain) as awaited:
            path, body = outbound_request(
                request, device_path=device_path, reference=awaited.reference, calling_list=calling_list
            )
            await rest.post(path, body, timeout)
            return await awaited.complete(ends - time.monotonic())

    def _session(self) -> RestSession:
        if self._rest is None or not self._up:
            raise Unreachable(
                f"the link of {self.agent.user_name} to the GWS is down",
                retry_after=max(0.1, self._again_at - time.monotonic()),
            )
        return self._rest

    def _look_for(self, order: Order) -> None:
        if self._orders.waits_for(order.order_id):
            self._look.set()

    @contextlib.asynccontextmanager
    async def _opened(self) -> AsyncGenerator[None]:
        assert self._credentials is not None  # noqa: S101  run waits for them
        rest = RestSession(self._settings.url, self._credentials, self._connector, self._breaker)
        try:
            async with self._opening:
                user = await rest.sign_in(READ_WITHIN)
                if missing := self.devices.listed(user):
                    log.warning("gws does not have these devices", user=self.agent.user_name, devices=sorted(missing))
                if self._settings.start_session:
                    await self._start_session(rest)
                notifications = await Notifications.open(self._settings, rest)
            self._notifications, self._rest = notifications, rest
            try:
                await self._read_calls()
                await self._read_devices()
                self._up = True
                log.info("gws link up", user=self.agent.user_name, transport=notifications.transport)
                yield
            finally:
                self._up, self._rest = False, None
                self._acknowledgements.lose()
                await notifications.close()
        finally:
            await rest.close()

    async def _start_session(self, rest: RestSession) -> None:
        """GWS reference, StartContactCenterSession."""
        body = {"operationName": "StartContactCenterSession", "channels": ["voice"]}
        try:
            answer = await rest.post("/me", body, READ_WITHIN)
        except Refused as refused:
            log.warning("no contact centre session", user=self.agent.user_name, why=refused.message)
            return
        if answer["statusCode"] == PARTIAL:
            log.warning("no contact centre session for some channels", user=self.agent.user_name)

    async def _listen(self) -> Gap:
        """Take messages, and read the calls when somebody asks for it, until there is a gap."""
        reader = asyncio.create_task(self._read_when_asked())
        try:
            await self._take_messages()
        except Gap as gap:
            return gap
        finally:
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)

    async def _take_messages(self) -> NoReturn:
        while True:
            data = await self._notifications.next()
            async with self._order_of_things:
                await self._take(data)

    async def _read_when_asked(self) -> None:
        while True:
            await self._look.wait()
            self._look.clear()
            try:
                await self._read_calls()
            except GwsError as error:
                log.warning("gws calls not read", user=self.agent.user_name, why=error.message)
                self._notifications.give_up("the calls could not be read")

    async def _read_calls(self) -> None:
        assert self._rest is not None  # noqa: S101  only while open
        async with self._order_of_things:
            answer = await self._rest.read("/me/calls?fields=*", READ_WITHIN)
            listed = answer.get("calls")
            if not isinstance(listed, list):
                raise Unanswered("the answer has no 'calls'; is this a GWS?")
            calls = [call for each in listed if (call := self._call(each)) is not None]
            news = self._calls.read(calls, self.devices.ours, time.monotonic())
            if news:
                await self._tell(news)

    async def _read_devices(self) -> None:
        assert self._rest is not None  # noqa: S101  only while open
        async with self._order_of_things:
            answer = await self._rest.read("/me/devices?fields=*", READ_WITHIN)
            await self._devices_told(answer.get("devices"))

    async def _devices_told(self, resources: object) -> None:
        for resource in resources if isinstance(resources, list) else []:
            device = read_device(resource if isinstance(resource, dict) else {})
            if ours := self.devices.of(device.id):
                device.id = ours
                await self._tell_device(device)

    def _call(self, resource: object) -> Call | None:
        try:
            call = read_call(resource if isinstance(resource, dict) else {}, self._operations)
        except NotACall as error:
            log.warning("gws call not understood", user=self.agent.user_name, why=str(error))
            return None
        call.device_id = self.devices.of_call(call)
        return call if call.device_id else None

    async def _take(self, data: Mapping[str, Any]) -> None:
        match data.get("messageType"):
            case str(kind) if kind == CALL_STATE_CHANGE:
                try:
                    change = read_change(data, self._operations)
                except NotACall as error:
                    log.warning("gws message not understood", user=self.agent.user_name, why=str(error))
                    return
                change.call.device_id = self.devices.of_call(change.call)
                if change.call.device_id:
                    news = self._calls.told(change, time.monotonic())
                    if news is not None:
                        await self._tell([news])
            case str(kind) if kind == ERROR:
                log.warning(
                    "gws reports an error",
                    user=self.agent.user_name,
                    code=data.get("errorCode"),
                    text=data.get("errorMessage"),
                    device=data.get("devicePath"),
                )
                self._look.set()
            case str(kind) if kind == DEVICE_STATE_CHANGE:
                await self._devices_told(data.get("devices"))
            case _:
                await self._take_outbound(data)

    async def _take_outbound(self, data: Mapping[str, Any]) -> None:
        message = read_outbound(data)
        if message is None:
            return
        message.user_name = self.agent.user_name
        message.device_id = self.devices.of(message.device_id) or self.devices.only()
        if message.HasField("record") and message.record.device_path:
            message.record.device_path = f"{DEVICE_PATH}{message.device_id}"
        self._acknowledgements.take(message)
        await self._tell_outbound(message)
