"""What agents do with their devices: each operation is authorised, asked of the switch and then told to who watches.

A device changes only here, one operation after the other, so that the order of the journal is the order in which the
switch was asked.
"""

import asyncio
import functools
from collections.abc import Callable, Sequence

from dialbridge.v1 import device_service_pb2 as pb
from dialbridge.v1 import error_reason_pb2 as reasons
from dialbridge.v1.user_pb2 import (
    USER_STATE_AFTER_CALL_WORK,
    USER_STATE_AUX_WORK,
    USER_STATE_LOGGED_IN,
    USER_STATE_LOGGED_OUT,
    USER_STATE_NOT_READY,
    USER_STATE_READY,
    Device,
    SupervisorMonitoring,
)
from server.call_operations import asked
from server.device_commands import (
    DeviceCommand,
    DeviceReport,
    EndSession,
    SetAgentState,
    SetDoNotDisturb,
    SetForwarding,
    StartSession,
)
from server.features import VOICE, require_feature
from server.journal import Entry, Journal, Topic
from server.principal import Principal
from server.published_devices import PublishedDevices, journalled
from server.recorder import Recorder
from server.refusals import Refusal
from server.switch import Switch
from server.time_source import TimeSource
from server.validation import dialable, invalid, required

CHOSEN = frozenset({USER_STATE_READY, USER_STATE_NOT_READY, USER_STATE_AFTER_CALL_WORK, USER_STATE_AUX_WORK})
"""The states that an agent chooses."""

Alter = Callable[[Device], None]


class DeviceOperations:
    """The operations of DeviceService, contact centre sessions, and what supervisors' devices do."""

    def __init__(
        self, switch: Switch, devices: PublishedDevices, recorder: Recorder, journal: Journal, time: TimeSource
    ) -> None:
        self._switch = switch
        self._devices = devices
        self._recorder = recorder
        self._journal = journal
        self._time = time
        self._locks: dict[str, asyncio.Lock] = {}  # bounded by the devices of the directory
        self._under_way: set[asyncio.Task[None]] = set()

    async def restore(self, entries: Sequence[Entry]) -> None:
        """Find again what was set when the process ended, and tell a switch that has forgotten it."""
        for device in self._devices.restore(entry.payload for entry in entries if entry.topic is Topic.DEVICE):
            await self._switch.restore_device(device.id, device.do_not_disturb, device.forward_to)

    async def follow(self) -> None:
        """Take down what a switch says of devices, until it is closed."""
        async for report in self._switch.device_reports():
            await self._told(report.device_id, None, [functools.partial(_as_reported, report)])

    async def list_devices(self, principal: Principal, _: pb.ListDevicesRequest) -> pb.ListDevicesResponse:
        """The devices that the caller may see. Raises `Refusal`."""
        require_feature(principal, VOICE)
        return pb.ListDevicesResponse(devices=self._devices.visible(principal))

    async def set_agent_state(
        self, principal: Principal, request: pb.SetAgentStateRequest, time_remaining: float | None
    ) -> pb.SetAgentStateResponse:
        """Say what the agent is doing. Raises `Refusal`."""
        require_feature(principal, VOICE)
        if request.user_state not in CHOSEN:
            raise required("user_state", "user_state is required: ready, not ready, after-call work or auxiliary work")
        wanted = [self._own(principal, request.device_id)] if request.device_id else sorted(principal.device_ids)
        at = [device_id for device_id in wanted if self._devices.has_session(device_id)]
        if not at:
            raise self._no_session(wanted)
        command = SetAgentState(request.user_state)

        def alter(device: Device) -> None:
            device.user_state = request.user_state

        for device_id in at:
            await self._perform("SetAgentState", device_id, command, [alter], time_remaining)
        return pb.SetAgentStateResponse()

    async def set_do_not_disturb(
        self, principal: Principal, request: pb.SetDoNotDisturbRequest, time_remaining: float | None
    ) -> pb.SetDoNotDisturbResponse:
        """Let calls find the device busy, or not. Raises `Refusal`."""
        require_feature(principal, VOICE)
        device_id = self._own(principal, request.device_id)

        def alter(device: Device) -> None:
            device.do_not_disturb = request.do_not_disturb

        command = SetDoNotDisturb(request.do_not_disturb)
        await self._perform("SetDoNotDisturb", device_id, command, [alter], time_remaining)
        return pb.SetDoNotDisturbResponse()

    async def set_forwarding(
        self, principal: Principal, request: pb.SetForwardingRequest, time_remaining: float | None
    ) -> pb.SetForwardingResponse:
        """Send calls elsewhere, or not. Raises `Refusal`."""
        require_feature(principal, VOICE)
        device_id = self._own(principal, request.device_id)
        digits = dialable(request.forward_to, "forward_to") if request.forward_to else ""
        if digits == self._devices.device(device_id).phone_number:
            raise invalid("forward_to", "must be another number than that of the device")

        def alter(device: Device) -> None:
            device.forward_to = digits

        await self._perform("SetForwarding", device_id, SetForwarding(digits), [alter], time_remaining)
        return pb.SetForwardingResponse()

    async def start_session(self, device_id: str, time_remaining: float | None) -> None:
        """Log the agent in at a device; who is in stays as they are. Raises `Refusal`."""
        command = StartSession()
        if self._devices.has_session(device_id):
            await self._perform("StartContactCenterSession", device_id, command, [lambda _: None], time_remaining)
            return

        def logged_in(device: Device) -> None:
            device.user_state = USER_STATE_LOGGED_IN

        def not_ready(device: Device) -> None:
            device.user_state = USER_STATE_NOT_READY

        steps = [logged_in, not_ready]
        await self._perform("StartContactCenterSession", device_id, command, steps, time_remaining)

    async def end_session(self, device_id: str, time_remaining: float | None) -> None:
        """Log the agent out, who need not be in. Raises `Refusal`."""
        if not self._devices.has_session(device_id):
            return

        def alter(device: Device) -> None:
            device.user_state = USER_STATE_LOGGED_OUT

        await self._perform("EndContactCenterSession", device_id, EndSession(), [alter], time_remaining)

    async def monitors(self, device_id: str, monitoring: SupervisorMonitoring | None) -> None:
        """Take down whom a supervisor's device monitors now; the switch was asked already."""

        def alter(device: Device) -> None:
            device.ClearField("supervisor_monitoring")
            if monitoring is not None:
                device.supervisor_monitoring.CopyFrom(monitoring)

        await self._told(device_id, None, [alter])

    async def close(self) -> None:
        """Wait for what is under way."""
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _perform(
        self,
        name: str,
        device_id: str,
        command: DeviceCommand,
        steps: Sequence[Alter],
        time_remaining: float | None,
    ) -> None:
        if not self._journal.accepts:
            raise Refusal(
                reasons.ERROR_REASON_JOURNAL_UNAVAILABLE,
                "the journal takes no entries; nothing was done",
                retry_after=1.0,
            )
        await asked(name, self._told(device_id, command, steps), time_remaining)

    async def _told(self, device_id: str, command: DeviceCommand | None, steps: Sequence[Alter]) -> None:
        """Ask the switch and record what became of it, also when the caller goes away meanwhile."""
        task = asyncio.create_task(self._change(device_id, command, steps))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        await asyncio.shield(task)

    async def _change(self, device_id: str, command: DeviceCommand | None, steps: Sequence[Alter]) -> None:
        async with self._locks.setdefault(device_id, asyncio.Lock()):
            if command is not None:
                await self._switch.command_device(device_id, command)
                if self._switch.reports_devices:
                    return
            changes = []
            before = device = self._devices.device(device_id)
            for alter in steps:
                change = pb.DeviceChange(device=device)
                alter(change.device)
                device = self._devices.completed(change.device)
                change.event_time.FromMicroseconds(round(self._time.now() * 1_000_000))
                changes.append(journalled(change))
            if command is not None or device != before:  # a report may say nothing new, an operation always counts
                await self._recorder.record(changes, happened=True)

    def _own(self, principal: Principal, device_id: str) -> str:
        if not device_id:
            raise required("device_id")
        if device_id not in principal.device_ids:
            raise Refusal(
                reasons.ERROR_REASON_DEVICE_NOT_FOUND,
                "there is no such device among the caller's",
                metadata={"device_id": device_id[:64]},
            )
        return device_id

    def _no_session(self, device_ids: Sequence[str]) -> Refusal:
        if not device_ids:
            return Refusal(reasons.ERROR_REASON_DEVICE_NOT_FOUND, "the caller has no device")
        number = self._devices.device(device_ids[0]).phone_number
        return Refusal(
            reasons.ERROR_REASON_DEVICE_NOT_REGISTERED,
            f"Device '{number}' is not registered.",
            metadata={"device_number": number},
        )


def _as_reported(report: DeviceReport, device: Device) -> None:
    device.user_state = report.user_state
    device.do_not_disturb = report.do_not_disturb
    device.forward_to = report.forward_to
