"""Calls that are over, as rows of an export: one for each device that a call was at; from the changes of the
journal, which somebody else reads; pure."""

from collections.abc import Iterable, Iterator, Sequence

from google.protobuf.timestamp_pb2 import Timestamp

from dialbridge.v1.call_pb2 import CALL_STATE_RELEASED, Call, CallType, ReleaseCause
from dialbridge.v1.status_change_pb2 import StatusChange
from server.rows import Row, moment, plain

COLUMNS: Sequence[str] = (
    *("call_id", "device_number", "agent", "call_type", "ani", "dnis", "participants"),
    *("dialled", "answered", "released", "seconds_ringing", "seconds_talking", "release_cause", "upstream_cause"),
    *("campaign", "record_handle", "parent_call_id", "request_id", "user_data"),
)


def rows(changes: Iterable[StatusChange]) -> Iterator[Row]:
    """The calls that the changes end, in their order."""
    return (_row(change) for change in changes if change.call.state == CALL_STATE_RELEASED)


def _row(change: StatusChange) -> Row:
    call = change.call
    answered = call.HasField("establish_time")
    return {
        "call_id": call.id,
        "device_number": call.device_number,
        "agent": call.user_name,
        "call_type": CallType.Name(call.call_type).removeprefix("CALL_TYPE_").lower(),
        "ani": call.ani,
        "dnis": call.dnis,
        "participants": [party.digits or party.phone_number for party in call.participants],
        "dialled": _moment(call.create_time),
        "answered": _moment(call.establish_time) if answered else "",
        "released": _moment(call.release_time),
        "seconds_ringing": _between(call.create_time, call.establish_time if answered else call.release_time),
        "seconds_talking": _between(call.establish_time, call.release_time) if answered else 0.0,
        "release_cause": ReleaseCause.Name(call.release_cause).removeprefix("RELEASE_CAUSE_").lower(),
        "upstream_cause": call.upstream_cause,
        "campaign": call.campaign_name,
        "record_handle": _handle(call),
        "parent_call_id": call.parent_call_id,
        "request_id": change.request_id,
        "user_data": plain(call.user_data),
    }


def _handle(call: Call) -> int | str:
    return call.record_handle if call.HasField("record_handle") else ""


def _moment(time: Timestamp) -> str:
    return moment(time.ToMicroseconds() / 1_000_000)


def _between(one: Timestamp, other: Timestamp) -> float:
    return round(max(0, other.ToMicroseconds() - one.ToMicroseconds()) / 1_000_000, 3)
