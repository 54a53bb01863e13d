"""The preview loop of an agent on one campaign, for both clients: what is asked, not how it is sent.

All raise `DialbridgeError`, with the reason ``NO_PREVIEW_SESSION`` before `PreviewLoop.start`, and ``RECORD_NOT_FOUND``
for a record that the agent does not have, or no longer.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from dialbridge.v1 import outbound_service_pb2 as pb
from dialbridge.v1.outbound_record_pb2 import OutboundRecord

Done = TypeVar("Done")
"""Nothing, or the wait for it."""
Handed = TypeVar("Handed")
"""A record or None, or the wait for it."""
Chain = TypeVar("Chain")
"""Records, or the wait for them."""

Ask = Callable[[str, Any, Callable[[Any], Any]], Any]
"""Sends a request by the name of its RPC, and gives what is read from the answer."""


class PreviewLoop(Generic[Done, Handed, Chain]):
    """One agent's work on one campaign."""

    def __init__(self, ask: Ask, campaign: str, device_id: str, application_id: int = 0) -> None:
        self._ask = ask
        self._operation = pb.OutboundOperation(
            campaign_name=campaign, device_id=device_id, application_id=application_id
        )

    def start(self) -> Done:
        """Begin; beginning twice is beginning once."""
        return self._do("StartPreviewSession")

    def end(self) -> Done:
        """End; the records that the agent has go back."""
        return self._do("EndPreviewSession")

    def next(self) -> Handed:
        """The next record to call, or None when there is none now. It is the agent's for as long as the lease."""
        handed: Handed = self._asked("GetPreviewRecord", {}, _record)
        return handed

    def chain(self, record_handle: int) -> Chain:
        """The other records of the customer, which are the agent's then as well."""
        chain: Chain = self._asked(
            "GetChainedRecord", {"record_handle": record_handle}, lambda answer: list(answer.records)
        )
        return chain

    def complete(self, record_handle: int, call_result: str, phone_number: str = "") -> Done:
        """End the work on a record, with a result as Genesys spells it, such as "Answer" or "NoAnswer"."""
        return self._do(
            "CompleteRecord", record_handle=record_handle, call_result=call_result, phone_number=phone_number
        )

    def reject(self, record_handle: int) -> Done:
        """Give a record back unfinished."""
        return self._do("RejectRecord", record_handle=record_handle)

    def update(self, record: OutboundRecord) -> Done:
        """Change the fields that ``record`` has beside its handle."""
        return self._do("UpdateRecord", record=record)

    def reschedule(self, record_handle: int, at: datetime, *, personal: bool) -> Done:
        """Have a record called again: by this agent if ``personal``, else by any. ``at`` has a time zone."""
        if at.tzinfo is None:
            raise ValueError("a callback needs a time with its time zone, such as datetime.now(UTC)")
        kind = pb.CALLBACK_TYPE_PERSONAL if personal else pb.CALLBACK_TYPE_CAMPAIGN
        return self._do(
            "RescheduleRecord", record_handle=record_handle, callback_type=kind, callback_time=at.astimezone(UTC)
        )

    def do_not_call(self, record_handle: int, *, all_chain: bool = False) -> Done:
        """Have the number of a record, or of all of its chain, never called again."""
        return self._do("DoNotCallRecord", record_handle=record_handle, all_chain=all_chain)

    def do_not_call_number(self, phone_number: str) -> Done:
        """Have a number never called again."""
        return self._do("DoNotCallRecord", phone_number=phone_number)

    def add(self, record: OutboundRecord) -> Handed:
        """Add a record with at least ``calling_list`` and ``phone_number``; the record with its handle."""
        added: Handed = self._asked("AddRecord", {"record": record}, lambda answer: answer.record)
        return added

    def _do(self, name: str, **fields: object) -> Done:
        done: Done = self._asked(name, fields, lambda _: None)
        return done

    def _asked(self, name: str, fields: dict[str, Any], read: Callable[[Any], Any]) -> Any:
        return self._ask(name, getattr(pb, f"{name}Request")(operation=self._operation, **fields), read)


def _record(answer: pb.GetPreviewRecordResponse) -> OutboundRecord | None:
    return answer.record if answer.HasField("record") else None
