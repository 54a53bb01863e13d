"""The embedded Outbound Contact Server: the preview loop on the calling lists of this data directory; which record is
whose, the lists decide.

Satisfies ``server.contact_server.OutboundContactServer``. Every operation is one transaction, and what it changed is
durable when it is answered.
"""

import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from typing import Any

import structlog
from google.protobuf.message import Message

from dialbridge.v1 import error_reason_pb2 as reasons
from dialbridge.v1 import outbound_service_pb2 as pb
from server.call_ids import RandomBytes
from server.campaigns import calling_lists
from server.campaigns.record_changes import changed, new_record
from server.campaigns.schema import number_of
from server.campaigns.store import CampaignStore
from server.campaigns.workplaces import Workplace, held, no_campaign
from server.contact_server import Asked, Asker, Outcome
from server.journal import JournalUnavailable
from server.outbound_requests import callback_time
from server.refusals import Refusal
from server.validation import invalid

TALKING_LEASE = 60.0
"""Seconds that an agent who still talks with the customer keeps a record after somebody has asked for one."""

log = structlog.get_logger()


class CampaignContactServer:
    """The campaigns of a store."""

    def __init__(self, store: CampaignStore, random_bytes: RandomBytes = os.urandom) -> None:
        """It closes the store."""
        self._store = store
        self._random_bytes = random_bytes

    def forbids(self, digits: str) -> bool:
        """Whether a number is on the do-not-call list."""
        return self._store.forbids(digits)

    async def perform(self, request: Asked, asker: Asker) -> Outcome:
        """Do it in one transaction. Raises `Refusal`."""
        operation = request.operation
        work = _WORK[type(request)]

        def transaction(connection: sqlite3.Connection) -> Outcome:
            campaign = calling_lists.campaign(connection, operation.campaign_name)
            if campaign is None:
                raise no_campaign(operation.campaign_name)
            if operation.application_id not in (0, campaign.application_id):
                raise invalid("operation.application_id", f"must be {campaign.application_id} for this campaign")
            in_session = calling_lists.has_session(connection, asker.user_name, campaign.name)
            if not in_session and work is not _start_preview_session:
                raise Refusal(
                    reasons.ERROR_REASON_NO_PREVIEW_SESSION,
                    "there is no preview session on this campaign; start one with StartPreviewSession",
                    metadata={"campaign_name": campaign.name},
                )
            at = Workplace(
                asker.user_name, asker.device, campaign, operation.reference_id, asker.now, self._random_bytes
            )
            return work(connection, at, request)

        try:
            if isinstance(request, pb.GetPreviewRecordRequest):
                await self._renew_where_agents_talk(asker.talking_about, asker.now)
            response, messages = await self._store.change(transaction)
        except JournalUnavailable as unavailable:
            raise Refusal(
                reasons.ERROR_REASON_JOURNAL_UNAVAILABLE,
                f"nothing was done: {unavailable}; try again",
                retry_after=1.0,
            ) from None
        return response, messages

    async def messages(self) -> AsyncIterator[pb.OutboundMessage]:
        """Nothing happens but what is asked for."""
        return
        yield

    async def close(self) -> None:
        """Close the store."""
        await self._store.close()

    async def _renew_where_agents_talk(self, talking_about: Callable[[str], Collection[int]], now: float) -> None:
        """An agent who still talks with the customer keeps the record, however long the call is."""
        expired = await self._store.read(lambda connection: calling_lists.expired(connection, now))
        talking = [handle for handle, user_name in expired if handle in talking_about(user_name)]
        if talking:
            await self._store.change(lambda connection: calling_lists.renew(connection, talking, now + TALKING_LEASE))


def _start_preview_session(connection: sqlite3.Connection, at: Workplace, _: pb.StartPreviewSessionRequest) -> Outcome:
    calling_lists.begin_session(connection, at.user_name, at.campaign.name, at.device.id)
    message = at.of_campaign(pb.OUTBOUND_NOTIFICATION_TYPE_PREVIEW_SESSION_STARTED)
    return pb.StartPreviewSessionResponse(campaign=message.campaign), [message]


def _end_preview_session(connection: sqlite3.Connection, at: Workplace, _: pb.EndPreviewSessionRequest) -> Outcome:
    calling_lists.end_session(connection, at.user_name, at.campaign.name)
    return pb.EndPreviewSessionResponse(), [at.of_campaign(pb.OUTBOUND_NOTIFICATION_TYPE_PREVIEW_SESSION_ENDED)]


def _get_preview_record(connection: sqlite3.Connection, at: Workplace, _: pb.GetPreviewRecordRequest) -> Outcome:
    record = calling_lists.next_record(connection, at.campaign, at.user_name, at.now)
    if record is None:
        message = at.of_record(pb.OUTBOUND_NOTIFICATION_TYPE_ERROR, at.named(None))
        message.error_message = "No record is to be called now."
        return pb.GetPreviewRecordResponse(error_message=message.error_message), [message]
    response = pb.GetPreviewRecordResponse(record=at.preview(record, "PreviewRecord"))
    response.lease_end_time.FromMicroseconds(round(record.lease_end * 1_000_000))
    return response, [at.of_record(pb.OUTBOUND_NOTIFICATION_TYPE_PREVIEW_RECORD, response.record)]


def _get_chained_record(connection: sqlite3.Connection, at: Workplace, request: pb.GetChainedRecordRequest) -> Outcome:
    first = held(connection, at, request.record_handle)
    records = calling_lists.chained(connection, first, at.campaign, at.now)
    chain = [at.preview(each, "ChainedRecord") for each in records]
    kind = pb.OUTBOUND_NOTIFICATION_TYPE_CHAINED_RECORD
    end = at.of_record(pb.OUTBOUND_NOTIFICATION_TYPE_CHAINED_RECORDS_DATA_END, at.named(first))
    return pb.GetChainedRecordResponse(records=chain), [*(at.of_record(kind, each) for each in chain), end]


def _complete_record(connection: sqlite3.Connection, at: Workplace, request: pb.CompleteRecordRequest) -> Outcome:
    record = held(connection, at, request.record_handle)
    result = request.call_result or record.call_result
    calling_lists.complete(connection, record, result, request.phone_number, at.campaign.name, at.now)
    kind = pb.OUTBOUND_NOTIFICATION_TYPE_RECORD_PROCESSED_ACKNOWLEDGE
    return pb.CompleteRecordResponse(), [at.acknowledged(kind, "CompleteRecord", at.named(record))]


def _reject_record(connection: sqlite3.Connection, at: Workplace, request: pb.RejectRecordRequest) -> Outcome:
    record = held(connection, at, request.record_handle)
    calling_lists.reject(connection, record.handle, at.now)
    kind = pb.OUTBOUND_NOTIFICATION_TYPE_RECORD_REJECT_ACKNOWLEDGE
    return pb.RejectRecordResponse(), [at.acknowledged(kind, "RejectRecord", at.named(record))]


def _update_record(connection: sqlite3.Connection, at: Workplace, request: pb.UpdateRecordRequest) -> Outcome:
    record = held(connection, at, request.record.record_handle)
    fields = changed(record, request.record)
    calling_lists.update(connection, record, fields, request.record.call_result or record.call_result)
    calling_lists.renew(connection, [record.handle], at.now + at.campaign.lease)
    kind = pb.OUTBOUND_NOTIFICATION_TYPE_UPDATE_CALL_COMPLETION_STATS_ACKNOWLEDGE
    return pb.UpdateRecordResponse(), [at.acknowledged(kind, "UpdateRecord", at.named(record))]


def _reschedule_record(connection: sqlite3.Connection, at: Workplace, request: pb.RescheduleRecordRequest) -> Outcome:
    record = held(connection, at, request.record_handle)
    callback_for = at.user_name if request.callback_type == pb.CALLBACK_TYPE_PERSONAL else ""
    calling_lists.reschedule(connection, record, callback_time(request), callback_for, at.campaign.name, at.now)
    kind = pb.OUTBOUND_NOTIFICATION_TYPE_SCHEDULED_RECORD_RESCHEDULE_ACKNOWLEDGE
    return pb.RescheduleRecordResponse(), [at.acknowledged(kind, "RescheduleRecord", at.named(record))]


def _do_not_call_record(connection: sqlite3.Connection, at: Workplace, request: pb.DoNotCallRecordRequest) -> Outcome:
    if request.HasField("phone_number"):
        calling_lists.forbid(connection, [number_of(request.phone_number)], at.now)
        told = at.named(None)
        told.phone_number = request.phone_number
    else:
        record = held(connection, at, request.record_handle)
        calling_lists.finish_forbidden(connection, record, all_chain=request.all_chain, now=at.now)
        told = at.named(record)
    kind = pb.OUTBOUND_NOTIFICATION_TYPE_DO_NOT_CALL_ACKNOWLEDGE
    return pb.DoNotCallRecordResponse(), [at.acknowledged(kind, "DoNotCallRecord", told)]


def _add_record(connection: sqlite3.Connection, at: Workplace, request: pb.AddRecordRequest) -> Outcome:
    record = new_record(request.record)
    if request.record.calling_list not in calling_lists.lists_of(connection, at.campaign.name):
        raise invalid("record.calling_list", "must be a calling list of the campaign")
    handle = calling_lists.add(connection, request.record.calling_list, record)
    told = at.named(calling_lists.read(connection, handle))
    response = pb.AddRecordResponse(record=request.record)
    response.record.MergeFrom(told)
    kind = pb.OUTBOUND_NOTIFICATION_TYPE_ADD_RECORD_ACKNOWLEDGE
    return response, [at.acknowledged(kind, "AddRecord", told)]


_WORK: Mapping[type[Message] | type[Asked], Callable[[sqlite3.Connection, Workplace, Any], Outcome]] = {
    pb.StartPreviewSessionRequest: _start_preview_session,
    pb.EndPreviewSessionRequest: _end_preview_session,
    pb.GetPreviewRecordRequest: _get_preview_record,
    pb.GetChainedRecordRequest: _get_chained_record,
    pb.CompleteRecordRequest: _complete_record,
    pb.RejectRecordRequest: _reject_record,
    pb.UpdateRecordRequest: _update_record,
    pb.RescheduleRecordRequest: _reschedule_record,
    pb.DoNotCallRecordRequest: _do_not_call_record,
    pb.AddRecordRequest: _add_record,
}
