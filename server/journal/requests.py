"""What was begun under a request_id, so that a request that is sent again is not done again; pure but for its protocol.

A key belongs to the user who used it and is kept for a day with a fingerprint of its request. It is settled by the
journal itself, in the transaction that records the call's first change: there is no moment at which the call is known
and its request is not.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from google.protobuf.message import Message

KEEP = 24 * 3600.0
"""Seconds that a key is kept from its first use."""


class RequestKey(NamedTuple):
    """One use of a request_id."""

    user_name: str
    request_id: str


@dataclass(frozen=True, slots=True)
class Remembered:
    """What became of a request that was begun before. Neither a change nor a refusal: nobody knows."""

    fingerprint: bytes
    position: int = 0
    """Where the journal has the call's first change; 0: it has none."""
    payload: bytes = b""
    """That change, serialised."""
    refusal: bytes = b""
    """With what the request was refused, as who refused it wrote it down."""


class RequestsFull(Exception):
    """No more keys can be kept."""


class Requests(Protocol):
    """The keys of the last day. Every method raises `server.journal.JournalUnavailable`."""

    async def begin(self, key: RequestKey, print_: bytes) -> Remembered | None:
        """What was begun under ``key``; None: nothing, and from now on it counts as begun. Raises `RequestsFull`."""
        ...

    async def refuse(self, key: RequestKey, refusal: bytes) -> None:
        """The request was refused, for good."""
        ...

    async def forget(self, key: RequestKey) -> None:
        """Nothing happened, and the key may be used again."""
        ...


def fingerprint(request: Message) -> bytes:
    """What tells two requests apart; the caller takes out what may differ between repetitions."""
    return hashlib.sha256(request.SerializeToString(deterministic=True)).digest()


class MemoryRequests:
    """Keys in memory, for the journal in memory."""

    def __init__(self, now: Callable[[], float], capacity: int = 100_000) -> None:
        self._now = now
        self._capacity = capacity
        self._uses: dict[RequestKey, tuple[float, Remembered]] = {}  # by their end, since all are kept equally long

    def __len__(self) -> int:
        return len(self._uses)

    async def begin(self, key: RequestKey, print_: bytes) -> Remembered | None:
        """See `Requests.begin`."""
        now = self._now()
        for ended in self._ended(now):
            del self._uses[ended]
        if key in self._uses:
            return self._uses[key][1]
        if len(self._uses) >= self._capacity:
            raise RequestsFull
        self._uses[key] = (now + KEEP, Remembered(print_))
        return None

    async def refuse(self, key: RequestKey, refusal: bytes) -> None:
        """See `Requests.refuse`."""
        if key in self._uses:
            until, known = self._uses[key]
            self._uses[key] = (until, Remembered(known.fingerprint, refusal=refusal))

    async def forget(self, key: RequestKey) -> None:
        """See `Requests.forget`."""
        self._uses.pop(key, None)

    def settle(self, key: RequestKey, position: int, payload: bytes) -> None:
        """The journal recorded the first change of the call."""
        if key in self._uses:
            until, known = self._uses[key]
            self._uses[key] = (until, Remembered(known.fingerprint, position, payload))

    def _ended(self, now: float) -> list[RequestKey]:
        ended: list[RequestKey] = []
        for key, (until, _) in self._uses.items():
            if until > now:
                break
            ended.append(key)
        return ended
