"""Makes the ids of calls in the shapes that Genesys gives them; where the random bits come from is the caller's
business."""

from collections.abc import Callable

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUV"
_CALL_ID_CHARACTERS = 32
_CONN_ID_BYTES = 8
_CHARACTERS_OF_BYTE = [_ALPHABET[byte & 31] for byte in range(256)]

RandomBytes = Callable[[int], bytes]


def call_id(random_bytes: RandomBytes) -> str:
    """A call's id: 32 characters of 0-9 and A-V, 160 random bits."""
    return "".join([_CHARACTERS_OF_BYTE[byte] for byte in random_bytes(_CALL_ID_CHARACTERS)])


def conn_id(random_bytes: RandomBytes) -> str:
    """A connection id: 16 lower-case hexadecimal digits, the first of them 0 as T-Server's are."""
    return (b"\x00" + random_bytes(_CONN_ID_BYTES - 1)).hex()
