"""Takes changes of every topic into the journal in one order and publishes them in that order; makes none itself.

Changes that come while the journal writes are written together the next time, in a busy process a little later than
they could be: see `server.pace`.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog
from google.protobuf.message import Message

from server.journal import Journal, Record
from server.metrics import ServerMetrics
from server.pace import Pace
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
        rest: Callable[[], float] | None = None,
    ) -> None:
        """``rest`` gives the seconds to wait for more changes; by default what `server.pace` says of this process."""
        self._journal = journal
        self._watchers = watchers
        self._metrics = metrics
        self._sleep = sleep
        self._rest = rest or _rest_of_this_process()
        self._waiting: list[_Batch] = []
        self._writing: asyncio.Future[int] | None = None
        self._pausing: asyncio.Task[None] | None = None
        """There between two writes of a busy process, and while the journal refuses what happened."""

    async def record(self, changes: Sequence[Change], *, happened: bool) -> int:
        """Record and publish all or none of some changes, at least one; the position of the first.

        What ``happened`` already, as at a switch, is recorded however long the journal refuses. What did not is given
        up with `JournalUnavailable`. A caller who goes away stops neither.
        """
        batch = _Batch(changes, happened, asyncio.get_running_loop().create_future())
        self._waiting.append(batch)
        if self._writing is None and self._pausing is None:
            self._write()
        return await batch.first

    async def close(self) -> None:
        """Wait for what is being written."""
        while work := self._writing or self._pausing:
            await asyncio.wait([work])

    def _write(self) -> None:
        """Begin to write what waits. No task: a change that comes alone would wait for it to begin."""
        batches, self._waiting = self._waiting, []
        began = time.perf_counter()
        self._writing = self._journal.append([change.record for batch in batches for change in batch.changes])
        self._writing.add_done_callback(lambda written: self._written(batches, written, time.perf_counter() - began))

    def _written(self, batches: list[_Batch], written: asyncio.Future[int], seconds: float) -> None:
        self._writing = None
        refused = written.exception()
        if refused is None:
            self._metrics.appended(sum(len(batch.changes) for batch in batches), seconds)
            self._publish(batches, written.result())
        else:
            self._refused(batches, refused)
        if self._pausing is None:
            self._go_on_after(self._rest())

    def _go_on_after(self, seconds: float) -> None:
        if seconds > 0.0:
            self._pausing = asyncio.create_task(self._pause(seconds), name="recorder")
        elif self._waiting:
            self._write()

    async def _pause(self, seconds: float) -> None:
        await self._sleep(seconds)
        self._pausing = None
        if self._waiting:
            self._write()

    def _publish(self, batches: Sequence[_Batch], last: int) -> None:
        changes = [change for batch in batches for change in batch.changes]
        position = last - len(changes) + 1
        self._watchers.publish(
            [Journalled(number, each.record, each.message) for number, each in enumerate(changes, start=position)]
        )
        for batch in batches:
            if not batch.first.done():  # else who waited has gone
                batch.first.set_result(position)
            position += len(batch.changes)

    def _refused(self, batches: Sequence[_Batch], why: BaseException) -> None:
        log.error("the journal takes no entries; nothing new is begun", reason=str(why))
        for batch in batches:
            if not batch.happened and not batch.first.done():
                batch.first.set_exception(why)
        happened = [batch for batch in batches if batch.happened]
        if happened:
            self._waiting[:0] = happened
            self._go_on_after(RETRY_AFTER)


def _rest_of_this_process() -> Callable[[], float]:
    pace = Pace()
    return lambda: pace.rest(time.perf_counter(), time.process_time())
