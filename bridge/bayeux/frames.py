"""The websocket protocol of a server, apart from sockets: frames encoded before anybody knows which sockets they are
for, and messages read from bytes as they come; pure. RFC 6455.

The opening handshake is not here, nor are extensions: none is negotiated.
"""

import enum
from collections.abc import Iterator
from dataclasses import dataclass

_LONGEST_REASON = 123
"""Bytes; a control frame carries at most 125, and two are the code."""
_LONGEST_CONTROL = 125
_CLOSE_CODES = frozenset({1000, 1001, 1002, 1003, *range(1007, 1015), *range(3000, 5000)})
"""What a peer may close with. RFC 6455, 7.4."""


class Opcode(enum.IntEnum):
    """Kinds of frames. RFC 6455, 5.2."""

    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


_OPCODES: dict[int, Opcode] = {int(opcode): opcode for opcode in Opcode}


@dataclass(frozen=True, slots=True)
class Message:
    """A whole message, or a control frame."""

    opcode: Opcode
    """Never `Opcode.CONTINUATION`."""
    payload: bytes


@dataclass(frozen=True, slots=True)
class Broken:
    """The peer does not keep to the protocol, or to what it may send; nothing is read after it."""

    code: int
    """To close with. RFC 6455, 7.4.1."""
    why: str


def text_frame(payload: bytes) -> bytes:
    """An unmasked final text frame."""
    return _frame(Opcode.TEXT, payload)


def pong_frame(payload: bytes) -> bytes:
    """The answer to a ping with that payload, of at most 125 bytes."""
    return _frame(Opcode.PONG, payload)


def close_frame(code: int, reason: str) -> bytes:
    """A close frame; a reason that is too long loses its end. RFC 6455, 5.5.1."""
    words = reason.encode()[:_LONGEST_REASON].decode(errors="ignore").encode()
    return _frame(Opcode.CLOSE, code.to_bytes(2) + words)


def close_code(payload: bytes) -> int:
    """The code to answer a close with: its own, 1000 for one without, 1002 for one that may not be sent."""
    if not payload:
        return 1000
    code = int.from_bytes(payload[:2]) if len(payload) > 1 else 0
    return code if code in _CLOSE_CODES else 1002


class FrameReader:
    """Reads what one client sends; keeps at most one message that is not whole yet."""

    __slots__ = ("_begun", "_broken", "_buffer", "_limit", "_opcode")

    def __init__(self, limit: int) -> None:
        """``limit``: bytes of a message at most."""
        self._limit = limit
        self._buffer = bytearray()
        self._broken = False
        # Of a message that came in part: what it is, and what there is of it.
        self._opcode: Opcode | None = None
        self._begun = bytearray()

    def feed(self, data: bytes) -> Iterator[Message | Broken]:
        """What has become whole with ``data``; to be read to its end."""
        if self._broken:
            return
        self._buffer += data
        while (found := self._next()) is not None:
            if isinstance(found, Broken):
                self._broken = True
                self._buffer.clear()
                yield found
                return
            if message := self._joined(*found):
                yield message

    def _next(self) -> tuple[Opcode, bool, bytes] | Broken | None:
        """The next frame: its opcode, whether it is final, its payload; None when it has not all come."""
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        first, second = buffer[0], buffer[1]
        opcode, is_final, size = _OPCODES.get(first & 0x0F), bool(first & 0x80), second & 0x7F
        if opcode is None or first & 0x70 or not second & 0x80:
            return Broken(1002, "no frame of a client without extensions")
        if opcode >= Opcode.CLOSE:
            if not is_final or size > _LONGEST_CONTROL:
                return Broken(1002, "a control frame is in parts or too long")
        elif (opcode is Opcode.CONTINUATION) is (self._opcode is None):
            return Broken(1002, "a frame does not continue the message that has begun")
        mask = {126: 4, 127: 10}.get(size, 2)
        if mask > 2:
            if len(buffer) < mask:
                return None
            size = int.from_bytes(buffer[2:mask])
        if opcode < Opcode.CLOSE and len(self._begun) + size > self._limit:
            return Broken(1009, f"a message must not be larger than {self._limit} bytes")
        start, end = mask + 4, mask + 4 + size
        if len(buffer) < end:
            return None
        payload = _unmasked(buffer[start:end], buffer[mask:start])
        del buffer[:end]
        return opcode, is_final, payload

    def _joined(self, opcode: Opcode, is_final: bool, payload: bytes) -> Message | None:
        """The message that a frame completes, if it does."""
        if opcode >= Opcode.CLOSE:
            return Message(opcode, payload)
        if self._opcode is None and is_final:
            return Message(opcode, payload)
        self._opcode = self._opcode or opcode
        self._begun += payload
        if not is_final:
            return None
        message = Message(self._opcode, bytes(self._begun))
        self._opcode = None
        self._begun.clear()
        return message


def _frame(opcode: Opcode, payload: bytes) -> bytes:
    size = len(payload)
    first = 0x80 | opcode
    if size < 126:
        return bytes((first, size)) + payload
    if size < 1 << 16:
        return bytes((first, 126)) + size.to_bytes(2) + payload
    return bytes((first, 127)) + size.to_bytes(8) + payload


def _unmasked(payload: bytearray, key: bytearray) -> bytes:
    """RFC 6455, 5.3; as two large numbers, since a loop over bytes costs a hundred times as much."""
    size = len(payload)
    repeated = (bytes(key) * (size // 4 + 1))[:size]
    return (int.from_bytes(payload) ^ int.from_bytes(repeated)).to_bytes(size)
