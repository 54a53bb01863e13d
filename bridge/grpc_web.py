"""The framing of gRPC-Web: messages and trailers in the bodies of ordinary HTTP requests; pure.

PROTOCOL-WEB of gRPC. Two forms: ``application/grpc-web+proto`` is binary, ``application/grpc-web-text`` the same
in base64, for browsers that cannot read a binary answer while it comes.
"""

import base64
import binascii
import re
from collections.abc import Iterable
from urllib.parse import quote

BINARY, TEXT = "application/grpc-web", "application/grpc-web-text"
_MESSAGE, _TRAILERS = 0x00, 0x80
_TIMEOUT = re.compile(r"([0-9]{1,8})([HMSmun])")
_UNITS = {"H": 3600.0, "M": 60.0, "S": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9}


class Malformed(ValueError):
    """A body that is not a gRPC-Web request; the text says why."""


def is_text(content_type: str) -> bool:
    """Whether the base64 form is spoken. Raises `Malformed` for what is no gRPC-Web at all."""
    kind, _, message = content_type.partition("+")
    if kind not in (BINARY, TEXT) or message not in ("", "proto"):
        raise Malformed(f"the content type must be {BINARY}+proto or {TEXT}+proto")
    return kind == TEXT


def read_message(body: bytes, *, text: bool) -> bytes:
    """The one message of a request. Raises `Malformed`."""
    if text:
        try:
            body = base64.b64decode(body, validate=True)
        except binascii.Error as error:
            raise Malformed(f"the body is not base64: {error}") from None
    if len(body) < 5 or body[0] != _MESSAGE:
        raise Malformed("the body must be one frame of an uncompressed message")
    size = int.from_bytes(body[1:5])
    if len(body) != 5 + size:
        raise Malformed(f"the frame says {size} bytes, and {len(body) - 5} came")
    return body[5:]


def message(payload: bytes, *, text: bool) -> bytes:
    """A frame of an answer."""
    return _encoded(_frame(_MESSAGE, payload), text=text)


def trailers(code: int, details: str, more: Iterable[tuple[str, str | bytes]] = (), *, text: bool) -> bytes:
    """The last frame of an answer."""
    lines = [f"grpc-status: {code}"]
    if details:
        lines.append(f"grpc-message: {quote(details, safe=' !#$&()*+,-./:;<=>?@[]^_`{|}~')}")
    for key, value in more:
        if key.endswith("-bin") and isinstance(value, bytes):
            lines.append(f"{key}: {base64.b64encode(value).decode().rstrip('=')}")
    return _encoded(_frame(_TRAILERS, "\r\n".join([*lines, ""]).encode()), text=text)


def timeout(header: str) -> float | None:
    """Seconds of a ``grpc-timeout`` header; None where there is none. Raises `Malformed`."""
    if not header:
        return None
    match = _TIMEOUT.fullmatch(header)
    if match is None:
        raise Malformed("grpc-timeout must be up to 8 digits and one of H M S m u n")
    return int(match[1]) * _UNITS[match[2]]


def _frame(kind: int, payload: bytes) -> bytes:
    return bytes([kind]) + len(payload).to_bytes(4) + payload


def _encoded(frame: bytes, *, text: bool) -> bytes:
    return base64.b64encode(frame) if text else frame
