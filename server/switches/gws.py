"""A real GWS as a switch: orders and commands become its documented requests, its news become reports.

How a GWS is spoken to is ``bridge.gws``'s. It satisfies ``server.switch.Switch``.
"""

import time
from collections.abc import AsyncIterator, Collection, Mapping, Sequence

from bridge.gws.agent_link import Agent
from bridge.gws.errors import GwsError
from bridge.gws.operations import OPERATIONS, command_body, device_request, dial_body, supervision_body
from bridge.gws.settings import GwsSettings
from bridge.gws.upstream import Upstream
from bridge.gws.upstream_calls import News
from dialbridge.v1.call_pb2 import Capability
from server.call_commands import CallCommand
from server.call_events import CallEvent, CallReported
from server.device_commands import DeviceCommand, DeviceReport
from server.directory import Directory
from server.switch import CallView, DialOrder, SupervisionOrder
from server.switches.gws_contact_server import GwsContactServer
from server.switches.gws_errors import translated

COMMAND_WITHIN = 30.0
"""Seconds that the GWS has to accept an operation."""


class GwsSwitch:
    """Every agent of the directory who has a device is signed in to the GWS."""

    def __init__(self, settings: GwsSettings, directory: Directory) -> None:
        agents = [
            Agent(name, {device.phone_number: device.id for device in directory.devices_of(name)})
            for name in directory.users
            if directory.devices_of(name)
        ]
        self._url = settings.url
        self._upstream = Upstream(settings, agents, self.capabilities)
        self.contact_server = GwsContactServer(self._upstream)
        """The campaigns there."""

    @property
    def capabilities(self) -> frozenset[Capability.ValueType]:
        """The operations that are passed on."""
        return frozenset(OPERATIONS)

    @property
    def names_calls(self) -> bool:
        """A GWS gives calls their ids, and clients see the same ones that its own see."""
        return True

    def links(self) -> Mapping[str, bool]:
        """The agents' links."""
        return self._upstream.links()

    def signed_in(self, user_name: str, password: str) -> None:
        """See ``bridge.gws.upstream.Upstream.signed_in``."""
        self._upstream.signed_in(user_name, password)

    async def start(self) -> None:
        """Begin to sign in; a GWS that is not there yet is waited for in the background."""
        await self._upstream.start()

    async def dial(self, order: DialOrder) -> None:
        """Post the Dial. Raises `SwitchRejected`, `SwitchUnavailable` or `OutcomeUnknown`."""
        body = dial_body(order.destination, order.record, order.user_data, order.location)
        try:
            await self._upstream.dial(
                order.call_id, order.device_id, order.destination, body, order.timeout or COMMAND_WITHIN
            )
        except GwsError as error:
            raise translated(error) from None

    async def control(self, call_id: str, device_id: str, command: CallCommand) -> None:
        """Post the operation. Raises `SwitchRejected`, `SwitchUnavailable` or `OutcomeUnknown`."""
        try:
            await self._upstream.control(call_id, device_id, command_body(command, self._url), COMMAND_WITHIN)
        except GwsError as error:
            raise translated(error) from None

    async def supervise(self, device_id: str, order: SupervisionOrder) -> None:
        """Post the operation. Raises `SwitchRejected`, `SwitchUnavailable` or `OutcomeUnknown`."""
        try:
            target = self._upstream.device_uri(order.target_device_id)
            body = supervision_body(order.role, target, every_call=order.every_call)
            await self._upstream.operate(device_id, body, COMMAND_WITHIN)
        except GwsError as error:
            raise translated(error) from None

    async def end_supervision(self, device_id: str) -> None:
        """Post the operation. Raises `SwitchRejected`, `SwitchUnavailable` or `OutcomeUnknown`."""
        try:
            await self._upstream.operate(device_id, {"operationName": "CancelSupervisorMonitoring"}, COMMAND_WITHIN)
        except GwsError as error:
            raise translated(error) from None

    async def command_device(self, device_id: str, command: DeviceCommand) -> None:
        """Post the operation. Raises `SwitchRejected`, `SwitchUnavailable` or `OutcomeUnknown`."""
        path, body = device_request(command)
        try:
            if path:
                await self._upstream.operate_user(device_id, path, body, COMMAND_WITHIN)
            else:
                await self._upstream.operate(device_id, body, COMMAND_WITHIN)
        except GwsError as error:
            raise translated(error) from None

    @property
    def reports_devices(self) -> bool:
        """The GWS tells, also of what was done elsewhere."""
        return True

    async def device_reports(self) -> AsyncIterator[DeviceReport]:
        """What the GWS says of its agents' devices."""
        async for device in self._upstream.device_news():
            yield DeviceReport(device.id, device.user_state, device.do_not_disturb, device.forward_to)

    async def restore_device(self, device_id: str, do_not_disturb: bool, forward_to: str) -> None:
        """A GWS keeps what was set."""

    async def events(self) -> AsyncIterator[Sequence[CallEvent]]:
        """What the GWS says, as it says it."""
        async for batch in self._upstream.news():
            now = time.time()
            yield [_report(news, now) for news in batch]

    async def surviving(self, calls: Collection[CallView]) -> Collection[CallView]:
        """All of them: the first reading of each agent's calls tells which are over."""
        for call_id, device_id in calls:
            self._upstream.assume(call_id, device_id)
        return calls

    async def close(self) -> None:
        """Sign out of notifications; calls go on."""
        await self._upstream.close()


def _report(news: News, now: float) -> CallReported:
    change = news.change
    return CallReported(
        call_id=change.call.id,
        device_id=change.call.device_id,
        at=now,
        extensions=change.extensions if change.HasField("extensions") else None,
        call=change.call,
        notification_type=change.notification_type,
        upstream_notification_type=change.upstream_notification_type,
        order_id=news.order_id,
    )
