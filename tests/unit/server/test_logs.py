"""Log lines."""

import json
import logging

import pytest
import structlog

from server.logs import LogLevel, configure


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
