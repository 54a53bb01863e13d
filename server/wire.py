"""Puts messages of WatchCalls together from parts that are encoded already; the tests hold it against the real encoder.

A protobuf message is the concatenation of its fields, so a ``StatusChange`` that was encoded once is an element of
any number of ``WatchCallsResponse`` without being encoded again.
"""

from collections.abc import Iterable

from dialbridge.v1.call_service_pb2 import Heartbeat, StatusChanges, WatchCallsResponse
from dialbridge.v1.status_change_pb2 import StatusChange

_LENGTH_DELIMITED = 2
_VARINT = 0


def _tag(number: int, wire_type: int) -> bytes:
    return bytes([number << 3 | wire_type])  # one byte is enough for field numbers up to 15


_ELEMENT = _tag(StatusChanges.STATUS_CHANGES_FIELD_NUMBER, _LENGTH_DELIMITED)
_POSITION = _tag(StatusChange.POSITION_FIELD_NUMBER, _VARINT)
_CHANGE_TOKEN = _tag(StatusChange.RESUME_TOKEN_FIELD_NUMBER, _LENGTH_DELIMITED)
_TOKEN = _tag(WatchCallsResponse.RESUME_TOKEN_FIELD_NUMBER, _LENGTH_DELIMITED)
_CHANGES = _tag(WatchCallsResponse.CHANGES_FIELD_NUMBER, _LENGTH_DELIMITED)
_HEARTBEAT = _tag(WatchCallsResponse.HEARTBEAT_FIELD_NUMBER, _LENGTH_DELIMITED)
_HEARTBEAT_POSITION = _tag(Heartbeat.POSITION_FIELD_NUMBER, _VARINT)


def element(payload: bytes, position: int, token: bytes) -> bytes:
    """A serialised ``StatusChange`` with its position and token, as an element of ``StatusChanges``."""
    placed = b"".join((payload, _CHANGE_TOKEN, varint(len(token)), token, _POSITION, varint(position)))
    return _ELEMENT + varint(len(placed)) + placed


def changes(elements: Iterable[bytes], token: bytes) -> bytes:
    """A ``WatchCallsResponse`` with these changes."""
    body = b"".join(elements)
    return b"".join((_TOKEN, varint(len(token)), token, _CHANGES, varint(len(body)), body))


def heartbeat(token: bytes, position: int) -> bytes:
    """A ``WatchCallsResponse`` that is a heartbeat."""
    body = _HEARTBEAT_POSITION + varint(position) if position else b""  # zero is what absence means
    return b"".join((_TOKEN, varint(len(token)), token, _HEARTBEAT, varint(len(body)), body))


def varint(value: int) -> bytes:
    """A number as protobuf's base-128 varint."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
