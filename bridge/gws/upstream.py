"""A GWS as all its agents here see it: a link for each, one breaker for all; what the server makes of it is not known.

Commands raise `bridge.gws.errors.GwsError`. News come in batches and in the order of each link.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import aiohttp

from bridge.gws.agent_link import SETTLE_WITHIN, Agent, AgentLink
from bridge.gws.circuit_breaker import CircuitBreaker
from bridge.gws.errors import Refused, Unreachable
from bridge.gws.orders import Order
from bridge.gws.rest import NOT_FOUND, Credentials
from bridge.gws.settings import CredentialsFrom, GwsSettings
from bridge.gws.upstream_calls import News
from dialbridge.v1.call_pb2 import Capability
from dialbridge.v1.outbound_service_pb2 import OutboundMessage
from dialbridge.v1.user_pb2 import Device

Item = TypeVar("Item")

OPENING_AT_ONCE = 20
"""Links that sign in at the same time."""
NEWS_WAITING = 1_000
"""Batches of news that nobody took yet; beyond, nothing more is read from the upstream."""


class Upstream:
    """Runs the links of all agents."""

    def __init__(
        self, settings: GwsSettings, agents: Iterable[Agent], operations: frozenset[Capability.ValueType]
    ) -> None:
        self._settings = settings
        self._operations = operations
        self._agents = tuple(agents)
        self._links: dict[str, AgentLink] = {}
        self._by_device: dict[str, AgentLink] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._news: asyncio.Queue[Sequence[News]] = asyncio.Queue(NEWS_WAITING)
        self._device_news: asyncio.Queue[Device] = asyncio.Queue(NEWS_WAITING)
        self._outbound_news: asyncio.Queue[OutboundMessage] = asyncio.Queue(NEWS_WAITING)
        self._connector: aiohttp.TCPConnector | None = None
        self._closed = asyncio.Event()

    async def start(self) -> None:
        """Begin to bring the links up; does not wait for any."""
        # One connection a request: what is sent on a kept one that the peer just closes has an unknown outcome.
        self._connector = aiohttp.TCPConnector(limit=0, force_close=True)
        breaker = CircuitBreaker(random.random)
        opening = asyncio.Semaphore(OPENING_AT_ONCE)
        for agent in self._agents:
            link = AgentLink(
                agent,
                self._settings,
                connector=self._connector,
                breaker=breaker,
                opening=opening,
                operations=self._operations,
                tell=self._news.put,
                tell_device=self._device_news.put,
                tell_outbound=self._outbound_news.put,
            )
            self._links[agent.user_name] = link
            self._by_device |= dict.fromkeys(agent.numbers.values(), link)
            if (credentials := self._settings.agents.get(agent.user_name)) is not None:
                link.use(credentials)
            self._tasks.append(asyncio.create_task(link.run(), name=f"gws link of {agent.user_name}"))

    async def close(self) -> None:
        """Take the links down; calls go on without them."""
        self._closed.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._connector is not None:
            await self._connector.close()

    def links(self) -> Mapping[str, bool]:
        """Every agent's link, and whether it is up."""
        return {user_name: link.is_up for user_name, link in self._links.items()}

    def signed_in(self, user_name: str, password: str) -> None:
        """Somebody proved who they are here; where the deployment says so, that is how the upstream is signed in to."""
        link = self._links.get(user_name)
        if link is not None and self._settings.credentials_from is CredentialsFrom.CALLER:
            link.use(Credentials(user_name, password))

    def assume(self, call_id: str, device_id: str) -> None:
        """The call was live when the process ended; the first reading tells what became of it."""
        if (link := self._by_device.get(device_id)) is not None:
            link.assume(call_id, device_id)

    async def news(self) -> AsyncIterator[Sequence[News]]:
        """What happens, until closed; what had piled up comes as one batch."""
        closed = asyncio.create_task(self._closed.wait())
        try:
            while True:
                first = asyncio.create_task(self._news.get())
                await asyncio.wait([first, closed, *self._tasks], return_when=asyncio.FIRST_COMPLETED)
                if not first.done():
                    first.cancel()
                    if closed.done():
                        return
                    for task in self._tasks:
                        if task.done():
                            task.result()  # a defect: a link runs until it is cancelled
                batch = list(first.result())
                while not self._news.empty():
                    batch += self._news.get_nowait()
                yield batch
        finally:
            closed.cancel()

    def device_news(self) -> AsyncIterator[Device]:
        """How devices are, with our ids, as often as that is told; until closed."""
        return self._each(self._device_news)

    def outbound_news(self) -> AsyncIterator[OutboundMessage]:
        """What is told of campaigns and records, with our ids; until closed."""
        return self._each(self._outbound_news)

    async def _each(self, news: asyncio.Queue[Item]) -> AsyncIterator[Item]:
        closed = asyncio.create_task(self._closed.wait())
        try:
            while True:
                next_one = asyncio.create_task(news.get())
                await asyncio.wait([next_one, closed], return_when=asyncio.FIRST_COMPLETED)
                if not next_one.done():
                    next_one.cancel()
                    return
                yield next_one.result()
        finally:
            closed.cancel()

    async def dial(
        self, order_id: str, device_id: str, digits: str, body: Mapping[str, object], timeout: float
    ) -> None:
        """Post the body of a Dial on the device; its call comes as news with ``order_id``."""
        order = Order(order_id, device_id, digits, time.monotonic() + timeout + SETTLE_WITHIN)
        await self._link(device_id).dial(order, body, timeout)

    async def control(self, call_id: str, device_id: str, body: Mapping[str, object], timeout: float) -> None:
        """Post an operation on a call as the device's agent."""
        await self._link(device_id).control(call_id, device_id, body, timeout)

    async def operate(self, device_id: str, body: Mapping[str, object], timeout: float) -> None:
        """Post an operation on a device as its agent."""
        await self._link(device_id).operate(device_id, body, timeout)

    async def operate_user(self, device_id: str, path: str, body: Mapping[str, object], timeout: float) -> None:
        """Post an operation of the agent who has the device; ``path`` begins with ``/me``."""
        await self._link(device_id).operate_user(path, body, timeout)

    async def perform_outbound(self, device_id: str, request: Any, timeout: float) -> list[OutboundMessage]:
        """Post a request of OutboundService as the device's agent; what is said about it."""
        return await self._link(device_id).perform_outbound(device_id, request, timeout)

    def device_uri(self, device_id: str) -> str:
        """Where the upstream has a device of one of its agents."""
        return f"{self._settings.url}/devices/{self._link(device_id).devices.upstream_id(device_id)}"

    def _link(self, device_id: str) -> AgentLink:
        link = self._by_device.get(device_id)
        if link is None:
            raise Refused("no agent at the GWS has this device", http_status=404, status_code=NOT_FOUND)
        if link.is_up or self._settings.credentials_from is CredentialsFrom.FILE:
            return link
        if not link.has_credentials:
            raise Unreachable(f"{link.agent.user_name} has not signed in since the start, so nobody is signed in there")
        return link
