import csv
import io
import json

from dialbridge.v1.user_data_pb2 import UserData
from server.rows import plain, write

ROWS = [{"a": 'text, with "quotes"\nand lines', "b": {"c": [1, True]}}, {"a": "", "b": True}]


def written(*, as_csv):
    file = io.StringIO()
    write(iter(ROWS), ["a", "b"], file, as_csv=as_csv)
    return file.getvalue()


def test_a_row_comes_out_of_csv_as_it_went_in_and_what_is_no_text_as_json():
    rows = list(csv.DictReader(io.StringIO(written(as_csv=True), newline="")))
    assert [row["a"] for row in rows] == [row["a"] for row in ROWS]
    assert [json.loads(row["b"]) for row in rows] == [row["b"] for row in ROWS]


def test_json_lines_are_one_object_a_line():
    assert [json.loads(line) for line in written(as_csv=False).splitlines()] == ROWS


def test_user_data_is_written_as_json_has_it():
    data = UserData()
    data.pairs.add(key="nothing").value.SetInParent()
    data.pairs.add(key="list").value.list_value.values.add(double_value=1.5)
    data.pairs.add(key="pairs").value.pairs_value.pairs.add(key="deep").value.bool_value = True
    assert plain(data) == {"nothing": None, "list": [1.5], "pairs": {"deep": True}}
