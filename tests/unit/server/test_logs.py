"""Log lines."""

import asyncio
import io
import json
import logging

import pytest
import structlog

from server.logs import LineWriter, LogLevel, configure


@pytest.fixture(autouse=True)
def _as_before():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def lines(capsys):
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_line_is_json_with_level_time_and_facts(capsys):
    configure(LogLevel.INFO, json=True)
    structlog.get_logger().info("call dialled", call_id="c1")
    (line,) = lines(capsys)
    assert (line["event"], line["level"], line["call_id"]) == ("call dialled", "info", "c1")
    assert line["timestamp"].endswith("Z")


def test_secrets_are_never_written(capsys):
    configure(LogLevel.INFO, json=True)
    structlog.get_logger().info("x", authorization="Basic abc", password="p", Cookie="JSESSIONID=1", access_token="t")
    text = capsys.readouterr().err
    assert text.count("[redacted]") == 4
    assert "abc" not in text


def test_what_libraries_log_has_the_same_form(capsys):
    configure(LogLevel.INFO, json=True)
    logging.getLogger("aiohttp.server").warning("something %s", "odd")
    (line,) = lines(capsys)
    assert (line["event"], line["level"]) == ("something odd", "warning")


def test_what_is_below_the_level_is_not_written(capsys):
    configure(LogLevel.WARNING, json=True)
    structlog.get_logger().info("x")
    assert lines(capsys) == []


def test_people_get_a_line_that_they_can_read(capsys):
    configure(LogLevel.INFO, json=False)
    structlog.get_logger().info("call dialled", call_id="c1")
    text = capsys.readouterr().err
    assert "call dialled" in text
    assert "call_id=c1" in text


async def test_the_lines_of_one_turn_are_written_together_and_in_order(capsys):
    configure(LogLevel.INFO, json=True)
    for number in range(3):
        structlog.get_logger().info("x", number=number)
    assert lines(capsys) == []
    await asyncio.sleep(0)
    assert [line["number"] for line in lines(capsys)] == [0, 1, 2]


async def test_a_line_of_another_thread_is_written_at_once(capsys):
    configure(LogLevel.INFO, json=True)
    structlog.get_logger().info("in the loop")
    await asyncio.to_thread(structlog.get_logger().info, "in a thread")
    assert [line["event"] for line in lines(capsys)] == ["in the loop", "in a thread"]


def test_a_line_of_a_loop_that_ends_is_written_by_the_next():
    written = io.StringIO()
    writer = LineWriter(written)

    loop = asyncio.new_event_loop()
    loop.call_soon(loop.stop)
    loop.call_soon(writer.info, "first")
    loop.run_forever()
    loop.close()
    assert written.getvalue() == ""
    writer.info("second")
    assert written.getvalue() == "first\nsecond\n"
