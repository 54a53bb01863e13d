"""Outbound records of requests as records of a calling list: what a list takes, and what is left as it was; pure."""

from dialbridge.v1.outbound_record_pb2 import OutboundRecord
from server.campaigns.call_windows import ALWAYS, DAY, CallWindow, zone
from server.campaigns.schema import PHONE_TYPES, CallingRecord, NewRecord, number_of
from server.user_data import updated
from server.validation import invalid


def new_record(record: OutboundRecord) -> NewRecord:
    """A record to be added. Raises `server.refusals.Refusal`."""
    _check(record)
    return NewRecord(
        phone=record.phone_number,
        number=number_of(record.phone_number),
        phone_type=record.phone_type,
        caller_id=record.outbound_caller_id,
        window=_window(record, ALWAYS),
        chain=record.chain_id or None,
        other_fields=record.other_fields,
    )


def changed(known: CallingRecord, record: OutboundRecord) -> NewRecord:
    """A known record with the fields that ``record`` has; the others stay. Raises `server.refusals.Refusal`."""
    _check(record)
    phone = record.phone_number or known.phone
    return NewRecord(
        phone=phone,
        number=number_of(phone),
        phone_type=record.phone_type or known.phone_type,
        caller_id=record.outbound_caller_id or known.caller_id,
        window=_window(record, known.window),
        other_fields=updated(known.other_fields, record.other_fields),
    )


def _check(record: OutboundRecord) -> None:
    if record.phone_type and record.phone_type not in PHONE_TYPES:
        raise invalid("record.phone_type", f"must be one of {', '.join(PHONE_TYPES)}")


def _window(record: OutboundRecord, otherwise: CallWindow) -> CallWindow:
    if record.time_zone:
        try:
            zone(record.time_zone)
        except ValueError as error:
            raise invalid("record.time_zone", f"is unknown: {error}") from None
    for seconds, field in ((record.from_seconds, "from_seconds"), (record.until_seconds, "until_seconds")):
        if not 0 <= seconds <= DAY:
            raise invalid(f"record.{field}", f"must be 0 to {DAY} seconds after midnight")
    name = record.time_zone or otherwise.time_zone
    if not record.from_seconds and not record.until_seconds:
        return CallWindow(name, otherwise.since, otherwise.until)
    return CallWindow(name, record.from_seconds, min(record.until_seconds or DAY, DAY - 1))
