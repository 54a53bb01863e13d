"""Remembers which request_id was used for what, so that a request that is sent again is not done again; pure.

A key belongs to the user who used it and is kept for a day with a fingerprint of its request. The same key with
another request is `Reused`. The table is bounded: where it is full of keys that are not a day old, a new one is
refused, never an old one forgotten.
"""

import hashlib
from dataclasses import dataclass
from typing import Generic, TypeVar

from google.protobuf.message import Message

KEEP = 24 * 3600.0
"""Seconds that a key is kept from its first use."""

Value = TypeVar("Value")


class Reused(Exception):
    """The key stands for another request."""


class Full(Exception):
    """No more keys can be kept."""


def fingerprint(request: Message) -> bytes:
    """What tells two requests apart; the caller takes out what may differ between repetitions."""
    return hashlib.sha256(request.SerializeToString(deterministic=True)).digest()


@dataclass(frozen=True, slots=True)
class _Use(Generic[Value]):
    fingerprint: bytes
    value: Value
    until: float


class Idempotency(Generic[Value]):
    """What was begun under each (user, request_id)."""

    def __init__(self, capacity: int = 200_000) -> None:
        self._capacity = capacity
        self._uses: dict[
            tuple[str, str], _Use[Value]
        ] = {}  # in the order of their end, since all are kept equally long

    def __len__(self) -> int:
        return len(self._uses)

    def find(self, user_name: str, request_id: str, print_: bytes, now: float) -> Value | None:
        """What was begun under this key; None: nothing. Raises `Reused`."""
        use = self._uses.get((user_name, request_id))
        if use is None or use.until <= now:
            return None
        if use.fingerprint != print_:
            raise Reused(request_id)
        return use.value

    def remember(self, user_name: str, request_id: str, print_: bytes, value: Value, now: float) -> None:
        """Keep ``value`` under a key that is not in use. Raises `Full`."""
        for key in list(self._ended(now)):
            del self._uses[key]
        if len(self._uses) >= self._capacity:
            raise Full
        self._uses[user_name, request_id] = _Use(print_, value, now + KEEP)

    def forget(self, user_name: str, request_id: str) -> None:
        """Let the key be used again, because nothing came of it."""
        self._uses.pop((user_name, request_id), None)

    def _ended(self, now: float) -> list[tuple[str, str]]:
        ended: list[tuple[str, str]] = []
        for key, use in self._uses.items():
            if use.until > now:
                break
            ended.append(key)
        return ended
