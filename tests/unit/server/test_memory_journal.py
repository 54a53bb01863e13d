"""The journal in memory."""

import pytest

from server.journal import PositionExpired, Record
from server.journal.memory import MemoryJournal


def record(payload, view="a/d1", ends=False):
    return Record(payload, view, ends)


async def test_positions_count_up_from_one():
    journal = MemoryJournal("00" * 8)
    assert (journal.oldest, journal.newest) == (1, 0)
    assert await journal.append([record(b"a"), record(b"b")]) == 2
    assert await journal.append([record(b"c")]) == 3
    assert [(entry.position, entry.payload) for entry in await journal.read(1, 10)] == [(2, b"b"), (3, b"c")]
    assert [entry.position for entry in await journal.read(0, 2)] == [1, 2]
    assert list(await journal.read(3, 10)) == []


async def test_what_was_trimmed_is_expired_and_names_the_oldest():
    journal = MemoryJournal("00" * 8, retain=2)
    for number in range(10):
        await journal.append([record(bytes([number]))])
    assert journal.newest == 10
    with pytest.raises(PositionExpired) as expired:
        await journal.read(0, 10)
    assert expired.value.oldest == journal.oldest
    entries = await journal.read(journal.oldest - 1, 100)
    assert [entry.position for entry in entries] == list(range(journal.oldest, 11))
    assert len(entries) >= 2


async def test_a_position_that_never_was_is_expired():
    with pytest.raises(PositionExpired):
        await MemoryJournal("00" * 8).read(5, 1)


async def test_the_last_entry_of_every_view_that_has_not_ended_is_kept():
    journal = MemoryJournal("00" * 8)
    await journal.append([record(b"a1", "a"), record(b"b1", "b"), record(b"a2", "a"), record(b"b2", "b", ends=True)])
    assert [(entry.position, entry.payload) for entry in await journal.live()] == [(3, b"a2")]
