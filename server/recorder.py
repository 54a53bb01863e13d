"""Takes changes of every topic into the journal in one order and publishes them in that order; makes none itself.

Changes that come while the journal writes are written together the next time.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog
from google.protobuf.message import Message

from server.journal import Journal, JournalUnavailable, Record
from server.metrics import ServerMetrics
from server.watchers import Journalled, Watchers

RETRY_AFTER = 1.0
"""Seconds between attempts while the journal does not take entries."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Change:
    """A change and what the journal is given of it."""

    record: Record
    message: Message


@dataclass(frozen=True, slots=True, eq=False)
class _Batch:
    changes: Sequence[Change]
    happened: bool
    first: asyncio.Future[int]


class Recorder:
    """The only writer of the journal."""

    def __init__(
        self,
        journal: Journal,
        watchers: Watchers,
        metrics: ServerMetrics,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._journal = journal
        self._watchers = watchers
        self._metrics = metrics
        self._sleep = sleep
        self._waiting: list[_Batch] = []
        self._writing: asyncio.Task[None] | None = None

    async def record(self, changes: Sequence[Change], *, happened: bool) -> int:
        """Record and publish all or none of some changes, at least one; the position of the first.

        What ``happened`` already, as at a switch, is recorded however long the journal refuses. What did not is given
        up with `JournalUnavailable`. A caller who goes away stops neither.
        """
        batch = _Batch(changes, happened, asyncio.get_running_loop().create_future())
        self._waiting.append(batch)
        if self._writing is None:
            self._writing = asyncio.create_task(self._write(), name="recorder")
        return await batch.first

    async def close(self) -> None:
        """Wait for what is being written."""
        if self._writing is not None:
            await self._writing

    async def _write(self) -> None:
        try:
            while self._waiting:
                batches, self._waiting = self._waiting, []
                await self._write_together(batches)
        finally:
            self._writing = None

    async def _write_together(self, batches: list[_Batch]) -> None:
        while batches:
            changes = [change for batch in batches for change in batch.changes]
            began = time.perf_counter()
            try:
                last = await self._journal.append([change.record for change in changes])
            except JournalUnavailable as unavailable:
                log.error("the journal takes no entries; nothing new is begun", reason=str(unavailable))
                for batch in batches:
                    if not batch.happened and not batch.first.done():
                        batch.first.set_exception(unavailable)
                batches = [batch for batch in batches if batch.happened]
                if batches:
                    await self._sleep(RETRY_AFTER)
                continue
            self._metrics.appended(len(changes), time.perf_counter() - began)
            position = first = last - len(changes) + 1
            self._watchers.publish(
                [Journalled(first + number, each.record, each.message) for number, each in enumerate(changes)]
            )
            for batch in batches:
                if not batch.first.done():  # else who waited has gone
                    batch.first.set_result(position)
                position += len(batch.changes)
            return
