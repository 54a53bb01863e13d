"""A power cut at any moment: whatever was on the disk then, it opens, and holds what was promised."""

import itertools
import random
import shutil

import pytest

from server.journal import Record
from server.journal.database import Database
from server.journal.sqlite import MIGRATIONS, Retention, SqliteJournal

COPIES = 25
CUTS_EACH = 8


def opened(directory):
    return SqliteJournal(Database(directory, MIGRATIONS), Retention(), lambda: 1000.0)


def payload(number):
    return f"change {number} ".encode() * (1 + number % 40)


async def contents(directory):
    """What a copy has: first position and payloads."""
    journal = opened(directory)
    try:
        assert journal.accepts
        entries = await journal.read(journal.oldest - 1, 10_000)
        # It takes new entries as if nothing had happened.
        position = await journal.append([Record(b"after the cut", "v", True)])
        assert position == journal.oldest + len(entries)
        return [(entry.position - journal.oldest, entry.payload) for entry in entries]
    finally:
        await journal.close()


async def copies_of(tmp_path, checkpoint):
    """Copies of the data directory between appends, each with how many entries were acknowledged by then.

    ``checkpoint``: pages of the log after which it goes into the file; 0: it never does.
    """
    chance = random.Random(3)
    journal = opened(tmp_path / "data")
    journal._database._writer.execute(f"PRAGMA wal_autocheckpoint = {checkpoint}")
    taken, number = [], 0
    for copy in range(COPIES):
        for _ in range(chance.randint(1, 12)):
            size = chance.randint(1, 5)
            await journal.append([Record(payload(number + each), f"c{each}/d", False) for each in range(size)])
            number += size
        to = tmp_path / f"copy{copy}"
        to.mkdir()
        for name in ("journal.db", "journal.db-wal"):
            if (tmp_path / "data" / name).exists():
                shutil.copy(tmp_path / "data" / name, to)
        taken.append((to, number))
    await journal.close()
    return taken


@pytest.mark.parametrize("checkpoint", [0, 5, 60])
async def test_what_was_acknowledged_is_in_every_copy(tmp_path, checkpoint):
    for copy, acknowledged in await copies_of(tmp_path, checkpoint):
        assert await contents(copy) == [(number, payload(number)) for number in range(acknowledged)]


async def test_a_write_that_was_cut_anywhere_leaves_what_was_acknowledged_before_it(tmp_path):
    chance = random.Random(4)
    for (before, acknowledged), (after, written) in itertools.pairwise(await copies_of(tmp_path, 0)):
        log, longer = ((copy / "journal.db-wal").read_bytes() for copy in (before, after))
        assert longer.startswith(log)
        for cut in range(CUTS_EACH):
            torn = tmp_path / "torn"
            shutil.copytree(before, torn)
            garbage = bytes(chance.randrange(256) for _ in range(300)) if cut % 2 else b""
            (torn / "journal.db-wal").write_bytes(longer[: chance.randint(len(log), len(longer))] + garbage)
            found = await contents(torn)
            assert found == [(number, payload(number)) for number in range(len(found))]
            assert acknowledged <= len(found) <= written
            shutil.rmtree(torn)
