"""Where an agent works in the preview loop: on which campaign, with which device; makes the messages that tell of it
and finds the records that are the agent's."""

import sqlite3
from dataclasses import dataclass
from typing import Protocol

from dialbridge.v1 import error_reason_pb2 as reasons
from dialbridge.v1 import outbound_service_pb2 as pb
from dialbridge.v1.outbound_record_pb2 import OutboundRecord
from server.campaigns import calling_lists, previews
from server.campaigns.schema import CallingRecord, Campaign
from server.directory import Device
from server.refusals import Refusal
from server.validation import required


class Asked(Protocol):
    """Any request of the service."""

    @property
    def operation(self) -> pb.OutboundOperation: ...


class AboutRecord(Asked, Protocol):
    """A request about a record that the agent has."""

    @property
    def record_handle(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Workplace:
    """Who works where on what, and when."""

    user_name: str
    device: Device
    campaign: Campaign
    reference_id: str
    now: float

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

    def named(self, record: CallingRecord | None) -> OutboundRecord:
        """What tells the record from others."""
        return previews.named(self.campaign, self.device.id, record)


def held(
    connection: sqlite3.Connection,
    at: Workplace,
    asked: "AboutRecord | OutboundRecord",
    field: str = "record_handle",
) -> CallingRecord:
    """The record that a request is about, which must be the agent's. Raises `Refusal`."""
    if not asked.record_handle:
        raise required(field)
    record = calling_lists.held(connection, asked.record_handle, at.user_name, at.campaign.name)
    if record is None:
        raise Refusal(
            reasons.ERROR_REASON_RECORD_NOT_FOUND,
            "the agent has no such record of this campaign; get one with GetPreviewRecord",
            metadata={"record_handle": str(asked.record_handle)},
        )
    return record


def no_campaign(name: str) -> Refusal:
    """There is no campaign of that name."""
    return Refusal(
        reasons.ERROR_REASON_CAMPAIGN_NOT_FOUND,
        "there is no such campaign; `dialbridge campaign list` shows those that there are",
        metadata={"campaign_name": name[:64]},
    )
