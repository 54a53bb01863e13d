"""The one ordered log of everything that changes: what a journal guarantees; one implementation a module."""

import asyncio
import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from server.journal.requests import RequestKey, Requests


class Topic(enum.IntEnum):
    """What an entry is about, and so of which message its payload is. The numbers are in the files of journals."""

    CALL = 0
    """A ``StatusChange``."""
    OUTBOUND = 1
    """An ``OutboundMessage``."""
    DEVICE = 2
    """A ``DeviceChange``."""


@dataclass(frozen=True, slots=True)
class Record:
    """What is appended: a change, and what the journal has to know of it to find what still lives."""

    payload: bytes
    """The serialised message of the topic, without its ``position``."""
    view: str
    """Names what changed, such as one device's view of a call; the last entry of a view is the view as it is."""
    ends: bool
    """Whether the view ends with this change."""
    settles: RequestKey | None = None
    """The request whose call this is the first change of."""
    topic: Topic = Topic.CALL


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the journal."""

    position: int
    """`first_position` for the first entry of a journal, one more for each that follows."""
    payload: bytes
    """The serialised message of the topic, without its ``position``."""
    topic: Topic = Topic.CALL


def first_position(random_bits: Callable[[int], int]) -> int:
    """Where a new journal begins: so far apart that a position of one journal is almost never one of another.

    Room for 2^40 entries after it, and all of them below 2^53, which JavaScript can hold.
    """
    return (random_bits(12) << 40) + 1


class PositionExpired(Exception):
    """Entries after the asked position are no longer retained, or never were."""

    def __init__(self, oldest: int) -> None:
        super().__init__(f"the oldest retained position is {oldest}")
        self.oldest = oldest


class JournalUnavailable(Exception):
    """The journal does not take entries; none of those given was appended."""


class Journal(Protocol):
    """An append-only log with retention. The order of ``append`` calls is the order of positions."""

    @property
    def accepts(self) -> bool:
        """False while entries are refused, so that nothing should be begun that would have to be recorded."""
        ...

    @property
    def requests(self) -> Requests:
        """What was begun under which request_id."""
        ...

    @property
    def epoch(self) -> str:
        """Names this history, 16 hexadecimal digits: positions of another epoch mean nothing here."""
        ...

    @property
    def newest(self) -> int:
        """The position of the newest entry; 0 when there never was one."""
        ...

    @property
    def oldest(self) -> int:
        """The position of the oldest retained entry; ``newest + 1`` when none is."""
        ...

    def append(self, records: Sequence[Record]) -> asyncio.Future[int]:
        """Append all or none; the position of the last, once they are durable. Fails with `JournalUnavailable`."""
        ...

    async def live(self) -> Sequence[Entry]:
        """The last entry of every view that has not ended, by position, however old."""
        ...

    async def read(self, after: int, limit: int) -> Sequence[Entry]:
        """At most ``limit`` entries that follow position ``after``. Raises `PositionExpired`."""
        ...

    async def close(self) -> None:
        """Finish what was begun."""
        ...
