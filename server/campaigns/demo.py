"""The campaign for trying things out, which the demo directory's agents find; put in once."""

import csv
import sqlite3
from importlib import resources

from server.campaigns import calling_lists
from server.campaigns.importing import record_of
from server.campaigns.schema import Campaign, NewRecord

CALLING_LIST = "CallingList1"
CAMPAIGN = Campaign("Campaign1", 134, "Campaign1@AgentGroup1", "", 1800.0)

_FILE = "demo_calling_list.csv"


def put_in(connection: sqlite3.Connection) -> None:
    """Put the campaign and its list in, unless there is a campaign."""
    if connection.execute("SELECT 1 FROM campaigns").fetchone() is not None:
        return
    calling_lists.create(connection, CAMPAIGN, [CALLING_LIST])
    text = resources.files("server.campaigns").joinpath(_FILE).read_text(encoding="utf-8")
    for number, row in enumerate(csv.DictReader(text.splitlines()), start=2):
        record = record_of(number, row)
        assert isinstance(record, NewRecord)  # noqa: S101  the file is our own
        calling_lists.add(connection, CALLING_LIST, record)
