"""The campaigns of a data directory, and what other processes write into them."""

import asyncio
import sys

import pytest

from server.campaigns import calling_lists, change_mark, store
from server.campaigns.change_mark import ChangeMark
from server.campaigns.store import FILE, CampaignStore, prepared


@pytest.fixture
async def campaigns(tmp_path):
    campaigns = CampaignStore(tmp_path)
    yield campaigns
    await campaigns.close()


@pytest.fixture
def elsewhere(tmp_path, campaigns):
    """Another connection to the same file."""
    connection = prepared(tmp_path)
    yield connection
    connection.close()


async def test_a_number_that_is_forbidden_elsewhere_is_forbidden_at_once(campaigns, elsewhere):
    assert [campaigns.forbids("5001") for _ in range(2)] == [False, False]
    calling_lists.forbid(elsewhere, ["5001"], 1000.0)
    assert campaigns.forbids("5001")
    assert not campaigns.forbids("5002")
    calling_lists.allow(elsewhere, ["5001"])
    assert not campaigns.forbids("5001")
    calling_lists.forbid(elsewhere, ["5002"], 1000.0)
    assert campaigns.forbids("5002")


async def test_a_number_that_another_process_forbids_is_forbidden_at_once(campaigns, tmp_path):
    assert not campaigns.forbids("5001")
    code = f"import sqlite3; c = sqlite3.connect({str(tmp_path / FILE)!r}); "
    code += "c.execute('INSERT INTO do_not_call VALUES (5001, 0)'); c.commit()"
    other = await asyncio.create_subprocess_exec(sys.executable, "-c", code)
    assert await other.wait() == 0
    assert campaigns.forbids("5001")


async def test_a_list_that_was_emptied_into_the_file_itself_is_followed_on(campaigns, elsewhere):
    calling_lists.forbid(elsewhere, ["5001"], 1000.0)
    elsewhere.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert campaigns.forbids("5001")
    calling_lists.allow(elsewhere, ["5001"])
    elsewhere.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert not campaigns.forbids("5001")
    calling_lists.forbid(elsewhere, ["5001"], 1000.0)
    assert campaigns.forbids("5001")


async def test_an_empty_list_is_not_looked_up_until_something_is_written(campaigns, elsewhere, monkeypatch):
    campaigns.forbids("5001")
    asked = []
    real = calling_lists.is_forbidden
    monkeypatch.setattr(calling_lists, "is_forbidden", lambda *given: asked.append(given[1]) or real(*given))
    campaigns.forbids("5001")
    assert asked == []
    calling_lists.forbid(elsewhere, ["5002"], 1000.0)
    campaigns.forbids("5001")
    assert asked == ["5001"]


async def test_without_shared_memory_every_number_is_looked_up(tmp_path, monkeypatch):
    def none(_path):
        raise FileNotFoundError

    monkeypatch.setattr(store, "ChangeMark", none)
    campaigns = CampaignStore(tmp_path)
    connection = prepared(tmp_path)
    assert not campaigns.forbids("5001")
    calling_lists.forbid(connection, ["5001"], 1000.0)
    assert campaigns.forbids("5001")
    connection.close()
    await campaigns.close()


def test_the_mark_changes_with_every_transaction_and_with_nothing_else(tmp_path):
    writer, reader = prepared(tmp_path), prepared(tmp_path)
    calling_lists.is_forbidden(reader, "")
    mark = ChangeMark(tmp_path / FILE)
    seen = {mark.read()}
    for number in range(100):
        calling_lists.is_forbidden(reader, "5001")
        assert mark.read() in seen
        calling_lists.forbid(writer, [str(number)], 1000.0)
        assert mark.read() not in seen
        seen.add(mark.read())
    mark.close()
    writer.close()
    reader.close()


def test_a_file_without_an_index_has_no_mark(tmp_path):
    with pytest.raises(FileNotFoundError):
        change_mark.ChangeMark(tmp_path / "none.db")
