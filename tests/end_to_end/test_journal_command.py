"""``dialbridge journal`` beside a server that is writing."""

import asyncio
import csv
import io
import json
import sys

import pytest

from tests.fakes.legacy_client import DEVICE


async def journal(data_dir, *arguments):
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "dialbridge_client.command_line", "journal", "--data-dir", data_dir, *map(str, arguments)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


@pytest.fixture
async def data_dir(service, tmp_path):
    """Of a service that has led one call to its end, and leads another."""
    async with service.client() as client:
        call = (await client.dial(DEVICE, "5001", request_id="first")).call
        await service.advance(1)
        await client.hangup(call.id)
        await client.set_do_not_disturb(DEVICE, True)
        await client.dial(DEVICE, "5001")
        yield tmp_path / "data"


@pytest.mark.parametrize(
    ("form", "read"),
    [
        ("csv", lambda text: list(csv.DictReader(io.StringIO(text, newline="")))),
        ("jsonl", lambda text: [json.loads(line) for line in text.splitlines()]),
    ],
)
async def test_the_history_of_calls_has_those_that_are_over(data_dir, form, read):
    status, out, _ = await journal(data_dir, "calls", "--format", form)
    (row,) = read(out)
    assert status == 0
    assert (row["agent"], row["dnis"], row["release_cause"]) == ("agent1", "5001", "local_hangup")
    assert float(row["seconds_ringing"]) == 1.0
    assert row["request_id"] == "first"


async def test_every_change_is_exported_and_a_part_of_them_by_position(data_dir):
    status, out, _ = await journal(data_dir, "export")
    positions = [int(json.loads(line)["position"]) for line in out.splitlines()]
    assert status == 0
    assert positions == list(range(positions[0], positions[0] + 5))
    _, out, _ = await journal(data_dir, "export", "--after", positions[0], "--until", positions[2])
    assert [int(json.loads(line)["position"]) for line in out.splitlines()] == positions[1:3]


async def test_it_is_sound_and_says_what_is_in_it(data_dir):
    status, out, _ = await journal(data_dir, "verify")
    assert (status, "are sound" in out) == (0, True)
    status, out, _ = await journal(data_dir, "info")
    assert "live calls       1\n" in out


async def test_the_last_changes_are_shown(data_dir):
    _, out, _ = await journal(data_dir, "tail", "-n", "1")
    assert json.loads(out)["call"]["state"] == "CALL_STATE_DIALING"


async def test_a_directory_without_a_journal_is_named_with_the_remedy(tmp_path):
    status, _, err = await journal(tmp_path, "info")
    assert status == 2
    assert "--data-dir" in err
