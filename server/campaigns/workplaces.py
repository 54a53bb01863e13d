"""Where an agent works in the preview loop: on which campaign, with which device; makes the messages that tell of it
and finds the records that are the agent's."""

import sqlite3
from dataclasses import dataclass

from dialbridge.v1 import error_reason_pb2 as reasons
from dialbridge.v1 import outbound_service_pb2 as pb
from dialbridge.v1.outbound_record_pb2 import OutboundRecord
from server import call_ids
from server.call_ids import RandomBytes
from server.campaigns import calling_lists, previews
from server.campaigns.schema import CallingRecord, Campaign
from server.directory import Device
from server.refusals import Refusal


@dataclass(frozen=True, slots=True)
class Workplace:
    """Who works where on what, and when."""

    user_name: str
    device: Device
    campaign: Campaign
    reference_id: str
    now: float
    random_bytes: RandomBytes

    def news(self, kind: pb.OutboundNotificationType.ValueType) -> pb.OutboundMessage:
        """A message about it."""
        message = pb.OutboundMessage(
            notification_type=kind,
            device_id=self.device.id,
            user_name=self.user_name,
            reference_id=self.reference_id,
        )
        message.event_time.FromMicroseconds(round(self.now * 1_000_000))
        return message

    def of_campaign(self, kind: pb.OutboundNotificationType.ValueType) -> pb.OutboundMessage:
        """A message about the campaign."""
        message = self.news(kind)
        message.campaign.CopyFrom(previews.contract_campaign(self.campaign))
        return message

    def of_record(self, kind: pb.OutboundNotificationType.ValueType, record: OutboundRecord) -> pb.OutboundMessage:
        """A message about a record."""
        message = self.news(kind)
        message.record.CopyFrom(record)
        return message

    def acknowledged(
        self, kind: pb.OutboundNotificationType.ValueType, operation: str, record: OutboundRecord
    ) -> pb.OutboundMessage:
        """The message that an operation on a record was done."""
        message = self.of_record(kind, record)
        message.user_event.CopyFrom(previews.user_event(operation, record))
        return message

    def preview(self, record: CallingRecord, event: str) -> OutboundRecord:
        """Everything that the agent is shown of a record, for a new attempt at it."""
        attempt = call_ids.call_id(self.random_bytes)
        return previews.preview(self.campaign, self.device.id, self.user_name, record, attempt, event, self.now)

    def named(self, record: CallingRecord | None) -> OutboundRecord:
        """What tells the record from others."""
        return previews.named(self.campaign, self.device.id, record)


def held(connection: sqlite3.Connection, at: Workplace, handle: int) -> CallingRecord:
    """A record, which must be the agent's. Raises `Refusal`."""
    record = calling_lists.held(connection, handle, at.user_name, at.campaign.name)
    if record is None:
        raise Refusal(
            reasons.ERROR_REASON_RECORD_NOT_FOUND,
            "the agent has no such record of this campaign; get one with GetPreviewRecord",
            metadata={"record_handle": str(handle)},
        )
    return record


def no_campaign(name: str) -> Refusal:
    """There is no campaign of that name."""
    return Refusal(
        reasons.ERROR_REASON_CAMPAIGN_NOT_FOUND,
        "there is no such campaign; `dialbridge campaign list` shows those that there are",
        metadata={"campaign_name": name[:64]},
    )
