"""Resume tokens: an opaque, versioned text for "(epoch, position), and I have everything up to there"; pure.

The epoch names the history that the position counts in. Without it a client of a journal that was lost would go on in
the new one from a position that means something else, and miss changes without knowing.
"""

import base64
import binascii
import struct
from dataclasses import dataclass

_LAYOUT = struct.Struct(">BB8sQ")
_VERSION = 1
_RESUME = 0
_BEGIN_ANEW = 1


@dataclass(frozen=True, slots=True)
class ResumePoint:
    """What a token says."""

    epoch: str
    """16 hexadecimal digits."""
    position: int
    begin_anew: bool = False
    """The holder has only part of a snapshot: give it a new one."""


class MalformedToken(ValueError):
    """The text was never a token of ours."""


class ResumeTokens:
    """Makes and reads the tokens of one journal."""

    def __init__(self, epoch: str) -> None:
        self._epoch = bytes.fromhex(epoch)

    def at(self, position: int) -> bytes:
        """The token of a client that has everything up to ``position``, as ASCII."""
        return base64.urlsafe_b64encode(_LAYOUT.pack(_VERSION, _RESUME, self._epoch, position))

    def begin_anew(self) -> bytes:
        """The token of a client that has only part of a snapshot, as ASCII."""
        return base64.urlsafe_b64encode(_LAYOUT.pack(_VERSION, _BEGIN_ANEW, self._epoch, 0))


def read(token: str) -> ResumePoint:
    """What ``token`` says. Raises `MalformedToken`."""
    try:
        version, kind, epoch, position = _LAYOUT.unpack(base64.b64decode(token, altchars=b"-_", validate=True))
    except (binascii.Error, struct.error, ValueError):
        raise MalformedToken(token) from None
    if version != _VERSION or kind not in (_RESUME, _BEGIN_ANEW):
        raise MalformedToken(token)
    return ResumePoint(epoch.hex(), position, begin_anew=kind == _BEGIN_ANEW)
