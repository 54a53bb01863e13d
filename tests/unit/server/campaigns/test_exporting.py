import csv
import io
import json

from dialbridge.v1.user_data_pb2 import UserData, UserDataPair, Value
from server.campaigns import calling_lists, exporting
from server.rows import write
from tests.unit.server.campaigns.conftest import CAMPAIGN


def fields(**values):
    return UserData(pairs=[UserDataPair(key=key, value=Value(string_value=value)) for key, value in values.items()])


def exported(of, lists, *, as_csv):
    rows, columns = of(lists, "C")
    file = io.StringIO(newline="")
    write(rows, columns, file, as_csv=as_csv)
    return file.getvalue()


def worked_through(lists, put, pull):
    put("5001", other_fields=fields(customer="Ada, A."))
    put("5002", other_fields=fields(product="Drums"))
    put("5003")
    pull(), pull()
    calling_lists.complete(lists, calling_lists.read(lists, 1), "Answer", "5009", CAMPAIGN.name, 1000.0)
    calling_lists.reschedule(lists, calling_lists.read(lists, 2), 86_400.0, "ada", CAMPAIGN.name, 1000.0)


def test_the_records_of_a_list_come_with_all_of_their_fields_and_what_became_of_them(lists, put, pull):
    worked_through(lists, put, pull)
    rows = list(csv.DictReader(io.StringIO(exported(exporting.records, lists, as_csv=True))))
    assert [row["customer"] for row in rows] == ["Ada, A.", "", ""]
    assert [(row["state"], row["attempts"], row["call_result"]) for row in rows] == [
        ("done", "1", "Answer"),
        ("personal", "0", ""),
        ("ready", "0", ""),
    ]
    assert (rows[1]["callback_time"], rows[1]["callback_agent"]) == ("1970-01-02T00:00:00.000+00:00", "ada")
    assert "product" in rows[0]


def test_json_lines_have_the_same(lists, put, pull):
    worked_through(lists, put, pull)
    rows = [json.loads(line) for line in exported(exporting.records, lists, as_csv=False).splitlines()]
    assert [row["phone"] for row in rows] == ["5001", "5002", "5003"]
    assert rows[1]["product"] == "Drums"


def test_each_attempt_is_a_row(lists, put, pull):
    worked_through(lists, put, pull)
    (row,) = csv.DictReader(io.StringIO(exported(exporting.attempts, lists, as_csv=True)))
    assert (row["handle"], row["agent"], row["phone"], row["call_result"]) == ("1", "ada", "5009", "Answer")
    assert row["time"] == "1970-01-01T00:16:40.000+00:00"


def test_how_far_a_campaign_is_is_counted_by_list(lists, put, pull):
    worked_through(lists, put, pull)
    assert exporting.progress(lists) == [("Autumn", 134, "C", 1, 1, 0, 1, 1)]
