"""The simulated switch: gives the exchange a clock and a reader; what happens in it, the exchange and its scenario say.

It satisfies ``server.switch.Switch``.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import Protocol, assert_never

from dialbridge.v1.call_pb2 import CAPABILITY_UNSPECIFIED, Capability
from server.call_commands import CallCommand
from server.call_events import CallEvent
from server.device_commands import (
    DeviceCommand,
    DeviceReport,
    EndSession,
    SetAgentState,
    SetDoNotDisturb,
    SetForwarding,
    StartSession,
)
from server.switch import CallView, DialOrder, SupervisionOrder
from server.switches.exchange import Exchange
from server.switches.scenario import Scenario

CAPABILITIES: frozenset[Capability.ValueType] = frozenset(Capability.values()) - {CAPABILITY_UNSPECIFIED}
"""All of them."""


class Clock(Protocol):
    """Time that the simulator lives in; a test lets hours of it pass in milliseconds."""

    def now(self) -> float:
        """Seconds since the epoch, never less than before."""
        ...

    async def wait(self, woken: asyncio.Event, until: float | None) -> None:
        """Return when ``woken`` is set or ``until`` has come; None: never comes."""
        ...


class SystemClock:
    """The machine's time, without the jumps of a wall clock that is set."""

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.monotonic() + self._offset

    async def wait(self, woken: asyncio.Event, until: float | None) -> None:
        """See `Clock.wait`."""
        try:
            async with asyncio.timeout(None if until is None else max(0.0, until - self.now())):
                await woken.wait()
        except TimeoutError:
            pass


class Simulator:
    """A switch that places no real call."""

    def __init__(
        self,
        scenario: Scenario,
        *,
        local_devices: Mapping[str, str],
        lines: Mapping[str, int],
        clock: Clock | None = None,
    ) -> None:
        """``local_devices``: device ids by number; ``lines``: by device id, how many calls each carries."""
        self._exchange = Exchange(
            scenario,
            local_devices=local_devices,
            lines=lines,
            chance=random.Random(scenario.seed),  # noqa: S311  a play, not a secret
        )
        self._clock = clock or SystemClock()
        self._pending: list[CallEvent] = []  # bounded by the commands in flight and by the calls of the exchange
        self._woken = asyncio.Event()
        self._closed = False

    @property
    def capabilities(self) -> frozenset[Capability.ValueType]:
        """The operations that the exchange knows."""
        return CAPABILITIES

    @property
    def names_calls(self) -> bool:
        """Calls have the ids of their orders."""
        return False

    def links(self) -> Mapping[str, bool]:
        """It depends on nothing."""
        return {}

    async def start(self) -> None:
        """Begin the load, if the scenario has one."""
        self._exchange.begin(self._clock.now())

    async def dial(self, order: DialOrder) -> None:
        """Place a call. Raises `server.switch.SwitchRejected` or `server.switch.SwitchUnavailable`."""
        self._tell(self._exchange.dial(order, self._clock.now()))

    async def control(self, call_id: str, device_id: str, command: CallCommand) -> None:
        """Do ``command``. Raises `server.switch.SwitchRejected`."""
        self._tell(self._exchange.control(call_id, device_id, command, self._clock.now()))

    async def supervise(self, device_id: str, order: SupervisionOrder) -> None:
        """Monitor. Raises `server.switch.SwitchRejected`."""
        self._tell(self._exchange.supervise(device_id, order, self._clock.now()))

    async def end_supervision(self, device_id: str) -> None:
        """Monitor nobody. Raises `server.switch.SwitchRejected`."""
        self._tell(self._exchange.end_supervision(device_id, self._clock.now()))

    async def command_device(self, device_id: str, command: DeviceCommand) -> None:
        """Do-not-disturb and forwarding decide where calls go; what the agent does, the exchange need not know."""
        match command:
            case SetDoNotDisturb(do_not_disturb):
                self._exchange.set_do_not_disturb(device_id, do_not_disturb)
            case SetForwarding(forward_to):
                self._exchange.set_forwarding(device_id, forward_to)
            case StartSession() | EndSession() | SetAgentState():
                pass
            case _:
                assert_never(command)

    @property
    def reports_devices(self) -> bool:
        """What is accepted is done."""
        return False

    async def device_reports(self) -> AsyncIterator[DeviceReport]:
        """None: what is accepted is done."""
        none: tuple[DeviceReport, ...] = ()
        for report in none:
            yield report

    async def restore_device(self, device_id: str, do_not_disturb: bool, forward_to: str) -> None:
        """The exchange begins anew with every process."""
        self._exchange.set_do_not_disturb(device_id, do_not_disturb)
        self._exchange.set_forwarding(device_id, forward_to)

    async def events(self) -> AsyncIterator[Sequence[CallEvent]]:
        """Everything that happens, in batches of what had piled up."""
        while True:
            self._pending += self._exchange.advance(self._clock.now())
            if self._pending:
                batch, self._pending = self._pending, []
                yield batch
            elif self._closed:
                return
            else:
                self._woken.clear()
                await self._clock.wait(self._woken, self._exchange.next_due)

    async def surviving(self, calls: Collection[CallView]) -> Collection[CallView]:
        """None in a new process, as simulated calls end with theirs."""
        return frozenset(self._exchange.views()) & frozenset(calls)

    async def close(self) -> None:
        """End; the calls end with the process."""
        self._closed = True
        self._woken.set()

    def _tell(self, events: Sequence[CallEvent]) -> None:
        self._pending += events
        self._woken.set()
