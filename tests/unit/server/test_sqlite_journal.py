"""The durable journal."""

import asyncio
import contextlib
import sqlite3

import pytest

from server.journal import JournalUnavailable, PositionExpired, Record, Topic, first_position, sqlite
from server.journal.database import Database, DatabaseDamaged, DatabaseInUse
from server.journal.sqlite import MIGRATIONS, PORTION, Retention, SqliteJournal
from tests.fakes.manual_time import ManualTime


def record(text="x", view="a/d1", ends=False):
    return Record(text.encode(), view, ends)


@pytest.fixture(autouse=True)
def _begins_at_one(monkeypatch):
    monkeypatch.setattr(sqlite, "first_position", lambda _: 1)


def opened(directory, retention=None, time=None):
    time = time or ManualTime()
    return SqliteJournal(Database(directory, MIGRATIONS), retention or Retention(), time.now)


@pytest.fixture
async def journal(tmp_path):
    journal = opened(tmp_path)
    yield journal
    await journal.close()


async def payloads(journal, after=0, limit=1000):
    return [(entry.position, entry.payload.decode()) for entry in await journal.read(after, limit)]


async def test_a_new_journal_is_empty(journal):
    assert (journal.oldest, journal.newest, journal.accepts) == (1, 0, True)
    assert await payloads(journal) == []


async def test_positions_count_up_from_one(journal):
    assert await journal.append([record("a"), record("b")]) == 2
    assert await journal.append([record("c")]) == 3
    assert await payloads(journal, 1) == [(2, "b"), (3, "c")]
    assert await payloads(journal, 0, 2) == [(1, "a"), (2, "b")]


async def test_what_was_acknowledged_is_there_after_a_restart_under_the_same_epoch(tmp_path):
    journal = opened(tmp_path)
    await journal.append([record("a"), record("b")])
    epoch = journal.epoch
    await journal.close()
    journal = opened(tmp_path)
    assert (journal.epoch, journal.oldest, journal.newest) == (epoch, 1, 2)
    assert await payloads(journal) == [(1, "a"), (2, "b")]
    await journal.close()


async def test_many_writers_at_once_get_positions_without_gap_or_overlap(journal):
    lasts = await asyncio.gather(
        *(journal.append([record(f"{number}"), record(f"{number}'")]) for number in range(300))
    )
    assert sorted(lasts) == list(range(2, 601, 2))
    texts = dict(await payloads(journal))
    for number, last in enumerate(lasts):
        assert (texts[last - 1], texts[last]) == (f"{number}", f"{number}'")


async def test_the_last_entry_of_every_view_that_has_not_ended_is_found_again(tmp_path):
    journal = opened(tmp_path)
    await journal.append([record("a1", "a"), record("b1", "b"), record("a2", "a")])
    await journal.append([record("b2", "b", ends=True), record("c1", "c"), record("c2", "c", ends=True)])
    await journal.close()
    journal = opened(tmp_path)
    assert [entry.payload for entry in await journal.live()] == [b"a2"]
    await journal.close()


async def until(condition, journal):
    while not condition():
        await journal.append([record()])


async def test_what_is_older_than_the_retention_goes_and_its_position_is_expired(tmp_path):
    time = ManualTime()
    journal = opened(tmp_path, Retention(seconds=100), time)
    await journal.append([record("old", f"view{number}", ends=True) for number in range(PORTION)])
    time.at += 101
    await until(lambda: journal.oldest == PORTION + 1, journal)
    with pytest.raises(PositionExpired) as expired:
        await journal.read(0, 10)
    assert expired.value.oldest == PORTION + 1
    assert (await journal.read(PORTION, 1))[0].position == PORTION + 1
    newest = journal.newest
    await journal.close()
    journal = opened(tmp_path, Retention(seconds=100), time)
    assert (journal.oldest, journal.newest) == (PORTION + 1, newest)
    await journal.close()


async def test_a_call_that_lives_longer_than_the_retention_is_found_again(tmp_path):
    time = ManualTime()
    journal = opened(tmp_path, Retention(seconds=100), time)
    await journal.append([record("long", "long"), *(record("short", "s", ends=True) for _ in range(PORTION))])
    time.at += 101
    await until(lambda: journal.oldest > 1, journal)
    assert b"long" in [entry.payload for entry in await journal.live()]
    await journal.close()


async def test_positions_go_on_without_a_gap_after_a_group_that_could_not_be_written(journal):
    await journal.append([record()])

    def fails(_):
        raise sqlite3.OperationalError("disk I/O error")

    begun = [asyncio.ensure_future(journal.append([record()])), journal._database.submit(fails)]
    outcomes = await asyncio.gather(*begun, return_exceptions=True)
    assert isinstance(outcomes[1], JournalUnavailable)
    while not journal.accepts:
        await asyncio.sleep(0.01)
    expected = journal.newest + 1
    assert await journal.append([record(), record()]) == expected + 1
    assert [entry.position for entry in await journal.read(0, 10)] == list(range(1, expected + 2))


async def test_a_file_that_grows_too_large_loses_its_oldest_entries(tmp_path):
    journal = opened(tmp_path, Retention(bytes=1 << 20))
    while journal.oldest == 1:
        await journal.append([Record(b"x" * 2000, "v", True) for _ in range(PORTION)])
    entries = None
    while entries is None:
        with contextlib.suppress(PositionExpired):  # it may be trimmed once more while it is read
            entries = await journal.read(journal.oldest - 1, 10_000)
    first = journal.newest - len(entries) + 1
    assert first > PORTION
    assert [entry.position for entry in entries] == list(range(first, journal.newest + 1))
    await journal.close()


async def test_two_processes_cannot_have_one_data_directory(tmp_path):
    journal = opened(tmp_path)
    with pytest.raises(DatabaseInUse, match="in use by another"):
        opened(tmp_path)
    await journal.close()
    await opened(tmp_path).close()


async def test_a_file_of_a_newer_version_is_left_alone(tmp_path):
    await opened(tmp_path).close()
    connection = sqlite3.connect(tmp_path / "journal.db")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(DatabaseDamaged, match="newer dialbridge"):
        opened(tmp_path)


async def test_a_damaged_file_is_a_clear_error(tmp_path):
    (tmp_path / "journal.db").write_bytes(b"this is no database " * 1000)
    with pytest.raises(DatabaseDamaged, match="Move it away"):
        opened(tmp_path)


async def test_an_older_schema_is_migrated_and_keeps_its_entries(tmp_path):
    journal = opened(tmp_path)
    await journal.append([record("a")])
    await journal.close()
    newer = (*MIGRATIONS, "ALTER TABLE entries ADD COLUMN note TEXT")
    database = Database(tmp_path, newer)
    assert database.blocking(lambda connection: connection.execute("SELECT payload, note FROM entries").fetchall()) == [
        (b"a", None)
    ]
    await database.close()


async def test_a_disk_that_refuses_is_an_error_and_writing_goes_on_by_itself_when_there_is_room(tmp_path):
    database = Database(tmp_path, MIGRATIONS)
    journal = SqliteJournal(database, Retention(), ManualTime().now)
    await journal.append([record("a")])
    pages = database._reader.execute("PRAGMA page_count").fetchone()[0]
    database._writer.execute(f"PRAGMA max_page_count = {pages + 1}")
    with pytest.raises(JournalUnavailable, match="full"):
        await journal.append([Record(b"x" * 100_000, "v", False)])
    assert not journal.accepts
    assert journal.newest == 1
    database._writer.execute("PRAGMA max_page_count = 1000000")
    while not journal.accepts:
        await asyncio.sleep(0.01)
    assert await journal.append([record("b")]) == 2
    assert await payloads(journal) == [(1, "a"), (2, "b")]
    await journal.close()


def test_journals_begin_far_apart_and_javascript_can_hold_their_positions():
    assert first_position(lambda bits: 0) == 1
    assert first_position(lambda bits: 2**bits - 1) + 2**40 < 2**53
    assert first_position(lambda bits: 1) - first_position(lambda bits: 0) == 2**40


async def test_a_journal_of_the_first_schema_has_calls_only(tmp_path):
    database = Database(tmp_path, MIGRATIONS[:1])
    database.blocking(lambda connection: connection.execute("INSERT INTO entries VALUES (1, 0.0, x'61')"))
    database.blocking(lambda connection: connection.execute("INSERT INTO facts VALUES ('oldest', 1)"))
    await database.close()
    journal = opened(tmp_path)
    assert [(entry.payload, entry.topic) for entry in await journal.read(0, 10)] == [(b"a", Topic.CALL)]
    await journal.close()
