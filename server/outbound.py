"""The preview loop of agents: each operation is authorised, checked, passed to the Outbound Contact Server and told to
who watches; what a campaign is, that server knows.

An operation is told once it is durable. One that is refused is told to the caller alone.
"""

import asyncio
from collections.abc import Sequence

from google.protobuf.message import Message

from dialbridge.v1 import error_reason_pb2 as reasons
from dialbridge.v1.outbound_service_pb2 import OutboundMessage
from server.contact_server import Asked, Asker, OutboundContactServer
from server.directory import Device, Directory
from server.features import VOICE_OUTBOUND, require_feature
from server.journal import Journal
from server.outbound_requests import check, is_about_record
from server.principal import Principal
from server.published_calls import PublishedCalls
from server.published_devices import PublishedDevices
from server.published_outbound import journalled
from server.recorder import Recorder
from server.refusals import Refusal
from server.switch import OutcomeUnknown, SwitchRejected, SwitchUnavailable
from server.switch_refusals import rejected_outbound, unavailable, unknown_outcome
from server.time_source import TimeSource


class Outbound:
    """The operations of OutboundService."""

    def __init__(
        self,
        contact_server: OutboundContactServer,
        *,
        directory: Directory,
        devices: PublishedDevices,
        recorder: Recorder,
        journal: Journal,
        calls: PublishedCalls,
        time: TimeSource,
    ) -> None:
        """It closes ``contact_server``."""
        self._contact_server = contact_server
        self._directory = directory
        self._devices = devices
        self._recorder = recorder
        self._journal = journal
        self._calls = calls
        self._time = time
        self._under_way: set[asyncio.Task[Message]] = set()

    def forbids(self, digits: str) -> bool:
        """Whether a number must not be dialled."""
        return self._contact_server.forbids(digits)

    async def perform(self, principal: Principal, request: Asked) -> Message:
        """Do it and tell of it, also when the caller goes away meanwhile. Raises `Refusal`."""
        require_feature(principal, VOICE_OUTBOUND)
        now = self._time.now()
        check(request, now)
        if not self._journal.accepts:
            raise Refusal(
                reasons.ERROR_REASON_JOURNAL_UNAVAILABLE,
                "nothing was done: the journal takes no entries; try again",
                retry_after=1.0,
            )
        device = self._device(principal, request.operation.device_id)
        asker = Asker(principal.user_name, device, now, self._records_of_calls)
        task = asyncio.create_task(self._perform(request, asker))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return await asyncio.shield(task)

    async def follow(self) -> None:
        """Tell what the contact server tells by itself, until it is closed."""
        async for message in self._contact_server.messages():
            await self._tell([message])

    async def close(self) -> None:
        """Wait for what is under way."""
        await asyncio.gather(*self._under_way, return_exceptions=True)
        await self._contact_server.close()

    async def _perform(self, request: Asked, asker: Asker) -> Message:
        try:
            response, messages = await self._contact_server.perform(request, asker)
        except SwitchRejected as rejected:
            raise rejected_outbound(rejected, about_record=is_about_record(request)) from None
        except SwitchUnavailable as error:
            raise unavailable(error) from None
        except OutcomeUnknown as unknown:
            raise unknown_outcome(unknown) from None
        await self._tell(messages)
        return response

    async def _tell(self, messages: Sequence[OutboundMessage]) -> None:
        await self._recorder.record([journalled(message) for message in messages], happened=True)

    def _device(self, principal: Principal, device_id: str) -> Device:
        owned = self._directory.devices_of(principal.user_name)
        device = next((each for each in owned if device_id in ("", each.id)), None)
        if device is None:
            raise Refusal(
                reasons.ERROR_REASON_DEVICE_NOT_FOUND,
                "there is no such device among the caller's",
                metadata={"device_id": device_id[:64]},
            )
        if not self._devices.is_registered(device.id):
            raise Refusal(
                reasons.ERROR_REASON_DEVICE_NOT_REGISTERED,
                f"Device '{device.phone_number}' is not registered.",
                metadata={"device_number": device.phone_number},
            )
        return device

    def _records_of_calls(self, user_name: str) -> set[int]:
        devices = [device.id for device in self._directory.devices_of(user_name)]
        return {live.call.record_handle for live in self._calls.live.of_devices(devices)}
