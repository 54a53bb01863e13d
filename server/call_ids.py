"""Makes the ids of calls in the shapes that Genesys gives them, from random bytes that the caller has."""

import os
from collections.abc import Callable

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUV"
_CALL_ID_CHARACTERS = 32
_CONN_ID_BYTES = 8
_CHARACTERS_OF_BYTE = [_ALPHABET[byte & 31] for byte in range(256)]

_AT_ONCE = 4096

RandomBytes = Callable[[int], bytes]


class RandomPool:
    """The system's random bytes, fetched many at a time; for one thread.

    Each question to the system lets another thread have the interpreter, and waits to get it back.
    """

    def __init__(self, source: RandomBytes = os.urandom) -> None:
        self._source = source
        self._bytes = b""
        self._used = 0

    def __call__(self, count: int) -> bytes:
        """``count`` bytes that were never given before; at most 4096."""
        end = self._used + count
        if end > len(self._bytes):
            self._bytes, self._used, end = self._source(_AT_ONCE), 0, count
        taken = self._bytes[self._used : end]
        self._used = end
        return taken


def call_id(random_bytes: RandomBytes) -> str:
    """A call's id: 32 characters of 0-9 and A-V, 160 random bits."""
    return "".join([_CHARACTERS_OF_BYTE[byte] for byte in random_bytes(_CALL_ID_CHARACTERS)])


def conn_id(random_bytes: RandomBytes) -> str:
    """A connection id: 16 lower-case hexadecimal digits, the first of them 0 as T-Server's are."""
    return (b"\x00" + random_bytes(_CONN_ID_BYTES - 1)).hex()
