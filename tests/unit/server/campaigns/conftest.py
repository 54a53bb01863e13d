"""A calling-list file in memory."""

import sqlite3

import pytest

from server.campaigns import calling_lists
from server.campaigns.schema import MIGRATIONS, Campaign, NewRecord, number_of

CAMPAIGN = Campaign("Autumn", 134, "Autumn@Agents", "", 60.0)


@pytest.fixture
def lists():
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for script in MIGRATIONS:
        connection.executescript(script)
    calling_lists.create(connection, CAMPAIGN, ["C"])
    yield connection
    connection.close()


@pytest.fixture
def put(lists):
    """Adds a record; its handle."""

    def put(phone, list_name="C", **more):
        return calling_lists.add(lists, list_name, NewRecord(phone, number_of(phone), **more))

    return put


@pytest.fixture
def pull(lists):
    """The handle of what an agent is given."""

    def pull(agent="ada", now=1000.0):
        record = calling_lists.next_record(lists, CAMPAIGN, agent, now)
        return None if record is None else record.handle

    return pull
