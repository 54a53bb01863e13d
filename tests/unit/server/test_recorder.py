"""What several producers record at once is in one order, in the journal and for watchers alike."""

import asyncio

import pytest
from prometheus_client import CollectorRegistry

from dialbridge.v1.call_pb2 import Call
from dialbridge.v1.status_change_pb2 import StatusChange
from server.journal import JournalUnavailable, Record
from server.journal.memory import MemoryJournal
from server.metrics import ServerMetrics
from server.recorder import Change, Recorder


class Published:
    """Stands where the watchers do."""

    def __init__(self):
        self.entries = []

    def publish(self, journalled):
        self.entries.extend((each.position, each.change.request_id) for each in journalled)


class Journal(MemoryJournal):
    """Takes a moment to write, and refuses while it is told to."""

    def __init__(self):
        super().__init__("00" * 8)
        self.writes = []
        self.refuse = False
        self.gate = asyncio.Event()
        self.gate.set()

    def append(self, records):
        return asyncio.ensure_future(self.append_later(records))

    async def append_later(self, records):
        await self.gate.wait()
        if self.refuse:
            raise JournalUnavailable("full")
        self.writes.append(len(records))
        return await super().append(records)


class Rig:
    def __init__(self):
        self.journal = Journal()
        self.published = Published()
        self.slept = asyncio.Event()
        metrics = ServerMetrics(CollectorRegistry())
        self.rest, self.sleeps = 0.0, []
        self.recorder = Recorder(self.journal, self.published, metrics, self.sleep, lambda: self.rest)

    async def sleep(self, seconds):
        self.sleeps.append(seconds)
        self.slept.set()
        await asyncio.sleep(0)

    async def record(self, *names, happened=True):
        changes = []
        for name in names:
            message = StatusChange(request_id=name, call=Call(id=name))
            changes.append(Change(Record(message.SerializeToString(), name, False), message))
        return await self.recorder.record(changes, happened=happened)


async def test_what_comes_while_the_journal_writes_is_written_together_and_in_order():
    rig = Rig()
    rig.journal.gate.clear()
    works = [asyncio.create_task(rig.record("a"))]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    works += [asyncio.create_task(rig.record("b", "c")), asyncio.create_task(rig.record("d"))]
    await asyncio.sleep(0)
    rig.journal.gate.set()
    assert await asyncio.gather(*works) == [1, 2, 4]
    assert rig.journal.writes == [1, 3]
    assert rig.published.entries == [(1, "a"), (2, "b"), (3, "c"), (4, "d")]


async def test_who_goes_away_stops_nothing():
    rig = Rig()
    rig.journal.gate.clear()
    work = asyncio.create_task(rig.record("a"))
    await asyncio.sleep(0)
    work.cancel()
    rig.journal.gate.set()
    assert await rig.record("b") == 2
    assert rig.published.entries == [(1, "a"), (2, "b")]


async def test_what_happened_is_kept_while_the_journal_refuses_and_what_did_not_is_given_up():
    rig = Rig()
    rig.journal.refuse = True
    happened = asyncio.create_task(rig.record("a"))
    with pytest.raises(JournalUnavailable):
        await rig.record("b", happened=False)
    await rig.slept.wait()
    rig.journal.refuse = False
    assert await happened == 1
    await rig.recorder.close()
    assert rig.published.entries == [(1, "a")]


async def test_what_comes_while_the_journal_refuses_follows_what_happened_before():
    rig = Rig()
    rig.journal.refuse = True
    first = asyncio.create_task(rig.record("a"))
    await rig.slept.wait()
    second = asyncio.create_task(rig.record("b"))
    rig.journal.refuse = False
    assert await asyncio.gather(first, second) == [1, 2]
    assert rig.published.entries == [(1, "a"), (2, "b")]
    assert sum(rig.journal.writes) == 2


async def test_a_change_that_comes_alone_is_with_the_journal_at_once():
    rig = Rig()
    append, asked = rig.journal.append, []
    rig.journal.append = lambda records: asked.append(len(records)) or append(records)
    work = rig.record("a")
    work.send(None)  # its first step, before the event loop does anything else
    assert asked == [1]
    work.close()
    await rig.recorder.close()
    assert rig.published.entries == [(1, "a")]


async def test_a_busy_process_gathers_changes_between_two_writes():
    rig = Rig()
    rig.rest = 0.004
    await rig.record("a")
    assert await asyncio.gather(rig.record("b"), rig.record("c")) == [2, 3]
    await rig.recorder.close()
    assert (rig.journal.writes, rig.sleeps) == ([1, 2], [0.004, 0.004])


async def test_closing_writes_what_was_being_gathered():
    rig = Rig()
    rig.rest = 0.004
    await rig.record("a")
    work = asyncio.create_task(rig.record("b"))
    await asyncio.sleep(0)
    await rig.recorder.close()
    assert rig.published.entries == [(1, "a"), (2, "b")]
    assert await work == 2


async def test_closing_waits_for_what_is_written_and_for_what_the_journal_refused():
    rig = Rig()
    rig.journal.refuse = True
    work = asyncio.create_task(rig.record("a"))
    await rig.slept.wait()
    rig.journal.refuse = False
    await rig.recorder.close()
    assert rig.published.entries == [(1, "a")]
    assert await work == 1
