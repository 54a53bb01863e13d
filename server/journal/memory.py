"""A journal in memory: what it holds ends with the process; for tests, and for who wants no disk."""

import asyncio
import time
from collections.abc import Callable, Sequence

from server.journal import Entry, PositionExpired, Record, Topic
from server.journal.requests import MemoryRequests


class MemoryJournal:
    """Keeps the newest ``retain`` entries."""

    def __init__(self, epoch: str, retain: int = 100_000, now: Callable[[], float] = time.time) -> None:
        self.requests = MemoryRequests(now)
        self._epoch = epoch
        self._retain = retain
        self._payloads: list[tuple[bytes, Topic]] = []
        self._before = 0  # the position just before the first payload
        self._live: dict[str, Entry] = {}

    @property
    def epoch(self) -> str:
        """Names this history."""
        return self._epoch

    @property
    def newest(self) -> int:
        """The position of the newest entry."""
        return self._before + len(self._payloads)

    @property
    def oldest(self) -> int:
        """The position of the oldest retained entry."""
        return self._before + 1

    @property
    def accepts(self) -> bool:
        """Always."""
        return True

    def append(self, records: Sequence[Record]) -> asyncio.Future[int]:
        """Append; the position of the last."""
        for position, record in enumerate(records, start=self.newest + 1):
            self._live.pop(record.view, None)  # so that the dictionary stays in the order of positions
            if record.settles is not None:
                self.requests.settle(record.settles, position, record.payload)
            if not record.ends:
                self._live[record.view] = Entry(position, record.payload, record.topic)
        self._payloads.extend((record.payload, record.topic) for record in records)
        # Trimming in steps of a whole retention keeps the cost of an append constant.
        if len(self._payloads) > 2 * self._retain:
            surplus = len(self._payloads) - self._retain
            del self._payloads[:surplus]
            self._before += surplus
        appended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        appended.set_result(self.newest)
        return appended

    async def read(self, after: int, limit: int) -> Sequence[Entry]:
        """At most ``limit`` entries that follow ``after``."""
        if not self._before <= after <= self.newest:
            raise PositionExpired(self.oldest)
        start = after - self._before
        return [
            Entry(after + number, payload, topic)
            for number, (payload, topic) in enumerate(self._payloads[start : start + limit], start=1)
        ]

    async def live(self) -> Sequence[Entry]:
        """The last entry of every view that has not ended."""
        return list(self._live.values())

    async def close(self) -> None:
        """Nothing to finish."""
