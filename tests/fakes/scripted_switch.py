"""A switch that does what a test says, event by event."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence

from dialbridge.v1.call_pb2 import CALL_STATE_DIALING, CALL_TYPE_INTERNAL, RELEASE_CAUSE_LOCAL_HANGUP, Capability, Party
from server.call_commands import Answer, AttachUserData, CallCommand, Hangup
from server.call_events import CallAppeared, CallEstablished, CallEvent, CallReleased, UserDataChanged
from server.device_commands import DeviceCommand, DeviceReport
from server.switch import CallView, DialOrder


def appeared(order: DialOrder, at: float = 1000.0) -> CallAppeared:
    """The first event of an ordered call."""
    return CallAppeared(
        call_id=order.call_id,
        device_id=order.device_id,
        at=at,
        conn_id=order.conn_id,
        state=CALL_STATE_DIALING,
        call_type=CALL_TYPE_INTERNAL,
        participants=(Party(phone_number=order.destination),),
        dnis=order.destination,
        user_data=order.user_data,
    )


class ScriptedSwitch:
    """Accepts every order and shows the call at once, until told otherwise."""

    def __init__(self) -> None:
        self.orders: list[DialOrder] = []
        self.commands: list[tuple[str, str, CallCommand]] = []
        self.known: set[CallView] = set()
        self.on_dial: Callable[[DialOrder], Awaitable[None]] = self.accept
        self.on_control: Callable[[str, str, CallCommand], Awaitable[None]] = self.obey
        self.device_commands: list[tuple[str, DeviceCommand]] = []
        self.restored_devices: list[tuple[str, bool, str]] = []
        self.reports: asyncio.Queue[DeviceReport | None] | None = None
        self.on_device: Callable[[str, DeviceCommand], Awaitable[None]] = self.take
        self._events: asyncio.Queue[Sequence[CallEvent] | None] = asyncio.Queue()

    @property
    def capabilities(self) -> frozenset[Capability.ValueType]:
        return frozenset(Capability.values())

    @property
    def names_calls(self) -> bool:
        return False

    def links(self):
        return {}

    async def start(self) -> None:
        pass

    async def command_device(self, device_id: str, command: DeviceCommand) -> None:
        await self.on_device(device_id, command)

    @property
    def reports_devices(self) -> bool:
        return self.reports is not None

    async def device_reports(self) -> AsyncIterator[DeviceReport]:
        while self.reports is not None and (report := await self.reports.get()) is not None:
            yield report

    async def restore_device(self, device_id: str, do_not_disturb: bool, forward_to: str) -> None:
        self.restored_devices.append((device_id, do_not_disturb, forward_to))

    async def take(self, device_id: str, command: DeviceCommand) -> None:
        self.device_commands.append((device_id, command))

    def tell(self, *events: CallEvent) -> None:
        """Let events happen, in one batch."""
        self._events.put_nowait(events)

    async def accept(self, order: DialOrder) -> None:
        self.tell(appeared(order))

    async def obey(self, call_id: str, device_id: str, command: CallCommand) -> None:
        facts = {"call_id": call_id, "device_id": device_id, "at": 1001.0}
        match command:
            case Hangup():
                self.tell(CallReleased(**facts, cause=RELEASE_CAUSE_LOCAL_HANGUP))
            case Answer():
                self.tell(CallEstablished(**facts))
            case AttachUserData():
                self.tell(UserDataChanged(**facts, user_data=command.user_data))
            case _:
                pass

    async def dial(self, order: DialOrder) -> None:
        self.orders.append(order)
        await self.on_dial(order)

    async def control(self, call_id: str, device_id: str, command: CallCommand) -> None:
        self.commands.append((call_id, device_id, command))
        await self.on_control(call_id, device_id, command)

    async def events(self) -> AsyncIterator[Sequence[CallEvent]]:
        while (batch := await self._events.get()) is not None:
            yield batch

    async def surviving(self, calls: Collection[CallView]) -> Collection[CallView]:
        return self.known & set(calls)

    async def close(self) -> None:
        self._events.put_nowait(None)
