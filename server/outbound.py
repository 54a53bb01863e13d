"""The preview loop of agents: each operation is authorised, done in the campaigns and told to who watches; which record
is whose, the calling lists decide.

An operation is told once it is durable. One that is refused is told to the caller alone.
"""

import asyncio
import os
import sqlite3
from collections.abc import Callable, Sequence
from typing import TypeVar

import structlog
from google.protobuf.message import Message

from dialbridge.v1 import error_reason_pb2 as reasons
from dialbridge.v1 import outbound_service_pb2 as pb
from dialbridge.v1.outbound_record_pb2 import OutboundRecord
from server import call_ids
from server.call_ids import RandomBytes
from server.campaigns import calling_lists, previews
from server.campaigns.record_changes import changed, new_record
from server.campaigns.schema import CallingRecord, number_of
from server.campaigns.store import CampaignStore
from server.directory import Device, Directory
from server.features import VOICE_OUTBOUND, require_feature
from server.journal import Journal, JournalUnavailable
from server.principal import Principal
from server.published_calls import PublishedCalls
from server.published_devices import PublishedDevices
from server.published_outbound import journalled
from server.recorder import Recorder
from server.refusals import Refusal
from server.time_source import TimeSource
from server.validation import dialable, invalid, required
from server.workplaces import Asked, Workplace, held, no_campaign

MAX_REFERENCE = 128
MAX_CALL_RESULT = 64
FARTHEST_CALLBACK = 5 * 366 * 86_400.0
"""Seconds ahead that a callback may be at most."""

TALKING_LEASE = 60.0
"""Seconds that an agent who still talks with the customer keeps a record after somebody has asked for one."""

log = structlog.get_logger()

Response = TypeVar("Response", bound=Message)
Outcome = tuple[Response, Sequence[pb.OutboundMessage]]


class Outbound:
    """The operations of OutboundService."""

    def __init__(
        self,
        *,
        store: CampaignStore | None,
        directory: Directory,
        devices: PublishedDevices,
        recorder: Recorder,
        journal: Journal,
        calls: PublishedCalls,
        time: TimeSource,
        random_bytes: RandomBytes = os.urandom,
    ) -> None:
        """``store``: None where there are no campaigns."""
        self._store = store
        self._directory = directory
        self._devices = devices
        self._recorder = recorder
        self._journal = journal
        self._calls = calls
        self._time = time
        self._random_bytes = random_bytes
        self._under_way: set[asyncio.Task[Message]] = set()

    def forbids(self, digits: str) -> bool:
        """Whether a number is on the do-not-call list."""
        return self._store is not None and self._store.forbids(digits)

    async def start_preview_session(
        self, principal: Principal, request: pb.StartPreviewSessionRequest
    ) -> pb.StartPreviewSessionResponse:
        """Begin to work on a campaign. Raises `Refusal`."""

        def work(connection: sqlite3.Connection, at: Workplace) -> Outcome[pb.StartPreviewSessionResponse]:
            calling_lists.begin_session(connection, at.user_name, at.campaign.name, at.device.id)
            message = at.of_campaign(pb.OUTBOUND_NOTIFICATION_TYPE_PREVIEW_SESSION_STARTED)
            return pb.StartPreviewSessionResponse(campaign=message.campaign), [message]

        return await self._do(principal, request, work, in_session=False)

    async def end_preview_session(
        self, principal: Principal, request: pb.EndPreviewSessionRequest
    ) -> pb.EndPreviewSessionResponse:
        """Work on a campaign no more. Raises `Refusal`."""

        def work(connection: sqlite3.Connection, at: Workplace) -> Outcome[pb.EndPreviewSessionResponse]:
            calling_lists.end_session(connection, at.user_name, at.campaign.name)
            return pb.EndPreviewSessionResponse(), [at.of_campaign(pb.OUTBOUND_NOTIFICATION_TYPE_PREVIEW_SESSION_ENDED)]

        return await self._do(principal, request, work)

    async def get_preview_record(
        self, principal: Principal, request: pb.GetPreviewRecordRequest
    ) -> pb.GetPreviewRecordResponse:
        """The next record. Raises `Refusal`."""

        def work(connection: sqlite3.Connection, at: Workplace) -> Outcome[pb.GetPreviewRecordResponse]:
            record = calling_lists.next_record(connection, at.campaign, at.user_name, at.now)
            if record is None:
                message = at.of_record(pb.OUTBOUND_NOTIFICATION_TYPE_ERROR, at.named(None))
                message.error_message = "No record is to be called now."
                return pb.GetPreviewRecordResponse(), [message]
            response = pb.GetPreviewRecordResponse(record=self._preview(at, record, "PreviewRecord"))
            response.lease_end_time.FromMicroseconds(round(record.lease_end * 1_000_000))
            return response, [at.of_record(pb.OUTBOUND_NOTIFICATION_TYPE_PREVIEW_RECORD, response.record)]

        await self._renew_where_agents_talk()
        return await self._do(principal, request, work)

    async def get_chained_record(
        self, principal: Principal, request: pb.GetChainedRecordRequest
    ) -> pb.GetChainedRecordResponse:
        """The other records of a chain. Raises `Refusal`."""

        def work(connection: sqlite3.Connection, at: Workplace) -> Outcome[pb.GetChainedRecordResponse]:
            first = held(connection, at, request)
            chain = [
                self._preview(at, each, "ChainedRecord")
                for each in calling_lists.chained(connection, first, at.campaign, at.now)
            ]
            kind = pb.OUTBOUND_NOTIFICATION_TYPE_CHAINED_RECORD
            end = at.of_record(pb.OUTBOUND_NOTIFICATION_TYPE_CHAINED_RECORDS_DATA_END, at.named(first))
            return pb.GetChainedRecordResponse(records=chain), [*(at.of_record(kind, each) for each in chain), end]

        return await self._do(principal, request, work)

    async def complete_record(
        self, principal: Principal, request: pb.CompleteRecordRequest
    ) -> pb.CompleteRecordResponse:
        """End the work on a record. Raises `Refusal`."""
        if len(request.call_result) > MAX_CALL_RESULT:
            raise invalid("call_result", f"must have at most {MAX_CALL_RESULT} characters")
        if request.phone_number:
            dialable(request.phone_number, "phone_number")

        def work(connection: sqlite3.Connection, at: Workplace) -> Outcome[pb.CompleteRecordResponse]:
            record = held(connection, at, request)
            result = request.call_result or record.call_result
            calling_lists.complete(connection, record, result, request.phone_number, at.campaign.name, at.now)
            kind = pb.OUTBOUND_NOTIFICATION_TYPE_RECORD_PROCESSED_ACKNOWLEDGE
            return pb.CompleteRecordResponse(), [at.acknowledged(kind, "CompleteRecord", at.named(record))]

        return await self._do(principal, request, work)

    async def reject_record(self, principal: Principal, request: pb.RejectRecordRequest) -> pb.RejectRecordResponse:
        """Give a record back. Raises `Refusal`."""

        def work(connection: sqlite3.Connection, at: Workplace) -> Outcome[pb.RejectRecordResponse]:
            record = held(connection, at, request)
            calling_lists.reject(connection, record.handle, at.now)
            kind = pb.OUTBOUND_NOTIFICATION_TYPE_RECORD_REJECT_ACKNOWLEDGE
            return pb.RejectRecordResponse(), [at.acknowledged(kind, "RejectRecord", at.named(record))]

        return await self._do(principal, request, work)

    async def update_record(self, principal: Principal, request: pb.UpdateRecordRequest) -> pb.UpdateRecordResponse:
        """Change a record. Raises `Refusal`."""

        def work(connection: sqlite3.Connection, at: Workplace) -> Outcome[pb.UpdateRecordResponse]:
            record = held(connection, at, request.record, "record.record_handle")
            fields = changed(record, request.record)
            result = request.record.call_result or record.call_result
            calling_lists.update(connection, record, fields, result)
            calling_lists.renew(connection, [record.handle], at.now + at.campaign.lease)
            kind = pb.OUTBOUND_NOTIFICATION_TYPE_UPDATE_CALL_COMPLETION_STATS_ACKNOWLEDGE
            return pb.UpdateRecordResponse(), [at.acknowledged(kind, "UpdateRecord", at.named(record))]

        return await self._do(principal, request, work)

    async def reschedule_record(
        self, principal: Principal, request: pb.RescheduleRecordRequest
    ) -> pb.RescheduleRecordResponse:
        """Have a record called again. Raises `Refusal`."""
        if request.callback_type not in (pb.CALLBACK_TYPE_PERSONAL, pb.CALLBACK_TYPE_CAMPAIGN):
            raise required("callback_type", "callback_type is required: personal or campaign")
        if not request.HasField("callback_time"):
            raise required("callback_time")
        due = request.callback_time.seconds + request.callback_time.nanos / 1e9
        ahead = due - self._time.now()
        if not 0 <= ahead <= FARTHEST_CALLBACK:
            raise invalid("callback_time", "must be in the future, in seconds since 1970, and within five years")
        callback_for = principal.user_name if request.callback_type == pb.CALLBACK_TYPE_PERSONAL else ""

        def work(connection: sqlite3.Connection, at: Workplace) -> Outcome[pb.RescheduleRecordResponse]:
            record = held(connection, at, request)
            calling_lists.reschedule(connection, record, due, callback_for, at.campaign.name, at.now)
            kind = pb.OUTBOUND_NOTIFICATION_TYPE_SCHEDULED_RECORD_RESCHEDULE_ACKNOWLEDGE
            return pb.RescheduleRecordResponse(), [at.acknowledged(kind, "RescheduleRecord", at.named(record))]

        return await self._do(principal, request, work)

    async def do_not_call_record(
        self, principal: Principal, request: pb.DoNotCallRecordRequest
    ) -> pb.DoNotCallRecordResponse:
        """Have a number never called again. Raises `Refusal`."""
        number = ""
        match request.WhichOneof("target"):
            case "phone_number":
                number = number_of(dialable(request.phone_number, "phone_number"))
            case "record_handle":
                pass
            case _:
                raise required("target", "target is required: either record_handle or phone_number")
        kind = pb.OUTBOUND_NOTIFICATION_TYPE_DO_NOT_CALL_ACKNOWLEDGE

        def work(connection: sqlite3.Connection, at: Workplace) -> Outcome[pb.DoNotCallRecordResponse]:
            if number:
                calling_lists.forbid(connection, [number], at.now)
                told = at.named(None)
                told.phone_number = request.phone_number
            else:
                record = held(connection, at, request)
                calling_lists.finish_forbidden(connection, record, all_chain=request.all_chain, now=at.now)
                told = at.named(record)
            return pb.DoNotCallRecordResponse(), [at.acknowledged(kind, "DoNotCallRecord", told)]

        return await self._do(principal, request, work)

    async def add_record(self, principal: Principal, request: pb.AddRecordRequest) -> pb.AddRecordResponse:
        """Put a record on a calling list. Raises `Refusal`."""
        record = new_record(request.record)

        def work(connection: sqlite3.Connection, at: Workplace) -> Outcome[pb.AddRecordResponse]:
            if request.record.calling_list not in calling_lists.lists_of(connection, at.campaign.name):
                raise invalid("record.calling_list", "must be a calling list of the campaign")
            handle = calling_lists.add(connection, request.record.calling_list, record)
            added = calling_lists.read(connection, handle)
            told = at.named(added)
            response = pb.AddRecordResponse(record=request.record)
            response.record.MergeFrom(told)
            kind = pb.OUTBOUND_NOTIFICATION_TYPE_ADD_RECORD_ACKNOWLEDGE
            return response, [at.acknowledged(kind, "AddRecord", told)]

        return await self._do(principal, request, work)

    async def close(self) -> None:
        """Wait for what is under way."""
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _do(
        self,
        principal: Principal,
        request: Asked,
        work: Callable[[sqlite3.Connection, Workplace], Outcome[Response]],
        *,
        in_session: bool = True,
    ) -> Response:
        """Do it in one transaction and tell of it, also when the caller goes away meanwhile. Raises `Refusal`."""
        operation = request.operation
        store = self._check(principal, operation)
        device = self._device(principal, operation.device_id)
        now = self._time.now()

        def transaction(connection: sqlite3.Connection) -> Outcome[Response]:
            campaign = calling_lists.campaign(connection, operation.campaign_name)
            if campaign is None:
                raise no_campaign(operation.campaign_name)
            if operation.application_id not in (0, campaign.application_id):
                raise invalid("operation.application_id", f"must be {campaign.application_id} for this campaign")
            if in_session and not calling_lists.has_session(connection, principal.user_name, campaign.name):
                raise Refusal(
                    reasons.ERROR_REASON_NO_PREVIEW_SESSION,
                    "there is no preview session on this campaign; start one with StartPreviewSession",
                    metadata={"campaign_name": campaign.name},
                )
            return work(connection, Workplace(principal.user_name, device, campaign, operation.reference_id, now))

        async def done_and_told() -> Response:
            try:
                response, messages = await store.change(transaction)
            except JournalUnavailable as unavailable:
                raise _unavailable(str(unavailable)) from None
            await self._recorder.record([journalled(message) for message in messages], happened=True)
            return response

        task = asyncio.create_task(done_and_told())
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return await asyncio.shield(task)

    def _check(self, principal: Principal, operation: pb.OutboundOperation) -> CampaignStore:
        require_feature(principal, VOICE_OUTBOUND)
        if not operation.campaign_name:
            raise required("operation.campaign_name")
        if len(operation.reference_id) > MAX_REFERENCE:
            raise invalid("operation.reference_id", f"must have at most {MAX_REFERENCE} characters")
        if self._store is None:
            raise no_campaign(operation.campaign_name)
        if not self._journal.accepts:
            raise _unavailable("the journal takes no entries")
        return self._store

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

    def _preview(self, at: Workplace, record: CallingRecord, event: str) -> OutboundRecord:
        attempt = call_ids.call_id(self._random_bytes)
        return previews.preview(at.campaign, at.device.id, at.user_name, record, attempt, event, at.now)

    async def _renew_where_agents_talk(self) -> None:
        """An agent who still talks with the customer keeps the record, however long the call is."""
        if self._store is None:
            return
        now = self._time.now()
        try:
            expired = await self._store.read(lambda connection: calling_lists.expired(connection, now))
            talking = [handle for handle, name in expired if handle in self._handles_of_calls(name)]
            if talking:
                await self._store.change(
                    lambda connection: calling_lists.renew(connection, talking, now + TALKING_LEASE)
                )
        except JournalUnavailable as unavailable:
            log.warning("leases not looked at", why=str(unavailable))

    def _handles_of_calls(self, user_name: str) -> set[int]:
        devices = [device.id for device in self._directory.devices_of(user_name)]
        return {live.call.record_handle for live in self._calls.live.of_devices(devices)}


def _unavailable(why: str) -> Refusal:
    return Refusal(reasons.ERROR_REASON_JOURNAL_UNAVAILABLE, f"nothing was done: {why}; try again", retry_after=1.0)
