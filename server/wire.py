"""Puts messages of watches together from parts that are encoded already; the tests hold it against the real encoder.

A protobuf message is the concatenation of its fields, so a ``StatusChange`` that was encoded once is an element of
any number of ``WatchCallsResponse`` without being encoded again. The responses of all watches number their arms alike,
and so do their changes position and resume_token; WatchCalls stands for all of them here.
"""

from collections.abc import Iterable

from dialbridge.v1.call_service_pb2 import Heartbeat, Started, StatusChanges, WatchCallsResponse
from dialbridge.v1.status_change_pb2 import StatusChange

_LENGTH_DELIMITED = 2
_VARINT = 0


def _tag(number: int, wire_type: int) -> bytes:
    return bytes([number << 3 | wire_type])  # one byte is enough for field numbers up to 15


_ELEMENT = _tag(StatusChanges.STATUS_CHANGES_FIELD_NUMBER, _LENGTH_DELIMITED)
_POSITION = _tag(StatusChange.POSITION_FIELD_NUMBER, _VARINT)
_CHANGE_TOKEN = _tag(StatusChange.RESUME_TOKEN_FIELD_NUMBER, _LENGTH_DELIMITED)
_TOKEN = _tag(WatchCallsResponse.RESUME_TOKEN_FIELD_NUMBER, _LENGTH_DELIMITED)
_STARTED = _tag(WatchCallsResponse.STARTED_FIELD_NUMBER, _LENGTH_DELIMITED)
_SNAPSHOT = _tag(WatchCallsResponse.SNAPSHOT_FIELD_NUMBER, _LENGTH_DELIMITED)
_SNAPSHOT_END = _tag(WatchCallsResponse.SNAPSHOT_END_FIELD_NUMBER, _LENGTH_DELIMITED)
_CHANGES = _tag(WatchCallsResponse.CHANGES_FIELD_NUMBER, _LENGTH_DELIMITED)
_HEARTBEAT = _tag(WatchCallsResponse.HEARTBEAT_FIELD_NUMBER, _LENGTH_DELIMITED)
_HEARTBEAT_POSITION = _tag(Heartbeat.POSITION_FIELD_NUMBER, _VARINT)


def element(payload: bytes, position: int, token: bytes) -> bytes:
    """A serialised change with its position and token, as an element of the message that tells several."""
    placed = b"".join((payload, _CHANGE_TOKEN, varint(len(token)), token, _POSITION, varint(position)))
    return _ELEMENT + varint(len(placed)) + placed


def started(token: bytes, body: Started) -> bytes:
    """The first message of a watch."""
    return _response(_STARTED, body.SerializeToString(), token)


def snapshot(token: bytes, body: bytes) -> bytes:
    """A message with a serialised ``Snapshot``, or what the topic has in its place."""
    return _response(_SNAPSHOT, body, token)


def snapshot_end(token: bytes) -> bytes:
    """The message after the snapshot."""
    return _response(_SNAPSHOT_END, b"", token)


def changes(elements: Iterable[bytes], token: bytes) -> bytes:
    """A message with these changes."""
    return _response(_CHANGES, b"".join(elements), token)


def heartbeat(token: bytes, position: int) -> bytes:
    """A message that is a heartbeat."""
    return _response(_HEARTBEAT, _HEARTBEAT_POSITION + varint(position) if position else b"", token)  # zero is absence


def _response(arm: bytes, body: bytes, token: bytes) -> bytes:
    return b"".join((_TOKEN, varint(len(token)), token, arm, varint(len(body)), body))


def varint(value: int) -> bytes:
    """A number as protobuf's base-128 varint."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
