"""Frames of a websocket server, encoded before anybody knows which sockets they are for; pure. RFC 6455, 5.2."""

_LONGEST_REASON = 123
"""Bytes; a control frame carries at most 125, and two are the code."""


def text_frame(payload: bytes) -> bytes:
    """An unmasked final text frame."""
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    if size < 1 << 16:
        return b"\x81\x7e" + size.to_bytes(2) + payload
    return b"\x81\x7f" + size.to_bytes(8) + payload


def close_frame(code: int, reason: str) -> bytes:
    """A close frame; a reason that is too long loses its end. RFC 6455, 5.5.1."""
    words = reason.encode()[:_LONGEST_REASON].decode(errors="ignore").encode()
    return bytes((0x88, 2 + len(words))) + code.to_bytes(2) + words
