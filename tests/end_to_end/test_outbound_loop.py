"""Agents in the preview loop over every wire, and a service that is killed under them."""

import asyncio
import csv
import io
import random
import sys
from collections import Counter

import pytest

from dialbridge_client import Basic, Client, DialbridgeError
from tests.end_to_end.outbound_day import DEVICE, grpc_day, journalled, legacy_day
from tests.fakes.process import KILL, serve


async def test_the_same_loop_over_cometd_and_over_grpc_is_the_same_journal(start, tmp_path):
    journals = []
    for day in (legacy_day, grpc_day):
        async with start(tmp_path / day.__name__) as service:
            await day(service)
            journals.append(await journalled(service))
    legacy, grpc = journals
    for one, other in zip(legacy, grpc, strict=True):
        assert one == other
    assert len(legacy) == 14


async def test_a_number_that_an_agent_forbade_is_not_dialled_over_any_wire(service):
    async with service.client() as client, service.legacy() as rest:
        loop = client.preview_loop("Campaign1", DEVICE)
        await loop.start()
        await loop.do_not_call_number("5088")
        with pytest.raises(DialbridgeError, match="do-not-call"):
            await client.dial(DEVICE, "50-88")
        assert (await rest.dial("5088"))[1].startswith('{"statusCode":2,"statusMessage":"the number is on the do-not')


HASH = "$argon2id$v=19$m=19456,t=2,p=1$9LGE38jBW8OQ0JA5VrFbnQ$uforL2TSQ05jACeFn2yc1gab0xD6fVE2jbaOgUcpPsg"
AGENTS = [f"a{number}" for number in range(10)]
DIRECTORY = '[contact_center]\nname = "Crowd"\n' + "".join(
    f'[[users]]\nuser_name = "{name}"\npassword_hash = "{HASH}"\n[[devices]]\nphone_number = "{100 + number}"\n'
    f'user_name = "{name}"\n'
    for number, name in enumerate(AGENTS)
)
RECORDS, KILLS, LEASE = 300, 3, 2


async def command(*arguments):
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "dialbridge_client.command_line",
        "campaign",
        *map(str, arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def test_agents_whose_service_is_killed_lose_no_record_and_complete_none_twice(tmp_path):
    data, chance = tmp_path / "data", random.Random(7)
    (tmp_path / "directory.toml").write_text(DIRECTORY)
    (tmp_path / "list.csv").write_text("phone\n" + "".join(f"{6000 + number}\n" for number in range(RECORDS)) + "x\n")
    (tmp_path / "never.txt").write_text("6000\n6150\n")
    at = ("--data-dir", data)
    assert (await command(*at, "create", "Autumn", "--list", "C", "--lease", LEASE))[0] == 0
    status, out, _ = await command(*at, "import", "C", tmp_path / "list.csv", "--rejected", tmp_path / "no.jsonl")
    assert (status, out) == (1, f"{RECORDS} records added to C, 1 rows rejected\n")
    assert '"line": 302' in (tmp_path / "no.jsonl").read_text()
    assert (await command(*at, "do-not-call", tmp_path / "never.txt"))[0] == 0
    acknowledged = Counter()

    async def work(name, ports):
        async with Client.connect(f"127.0.0.1:{ports['grpc']}", credentials=Basic(name, "demo")) as client:
            loop = client.preview_loop("Autumn")
            while True:
                try:
                    await loop.start()
                    while (record := await loop.next()) is not None:
                        if chance.random() < 0.05:
                            continue  # left lying: the lease brings it back
                        await loop.complete(record.record_handle, "NoAnswer")
                        acknowledged[record.record_handle] += 1
                    if sum(acknowledged.values()) and await finished(at):
                        return
                    await asyncio.sleep(0.2)
                except DialbridgeError as error:
                    if error.reason not in ("", "RECORD_NOT_FOUND"):  # the channel, or a completion that got through
                        raise
                    await asyncio.sleep(0.05)

    ports = {"grpc": 0, "http": 0}
    options = ("--config", tmp_path / "directory.toml")
    async with asyncio.timeout(90):
        agents = None
        for kill in range(KILLS + 1):
            async with serve(data, ports["grpc"], ports["http"], *options) as process:
                ports.update(grpc=process.grpc_port, http=process.http_port)
                agents = agents or [asyncio.create_task(work(name, ports)) for name in AGENTS]
                if kill < KILLS:
                    begun = sum(acknowledged.values())
                    while sum(acknowledged.values()) < min(begun + chance.randint(10, 50), RECORDS - 50):
                        await asyncio.sleep(0.01)
                    process.send(KILL)
                    await process.ended()
                else:
                    await asyncio.gather(*agents)
    rows = list(csv.DictReader(io.StringIO((await command(*at, "export", "C"))[1])))
    assert Counter(row["state"] for row in rows) == {"done": RECORDS}
    assert {row["phone"] for row in rows if row["call_result"] == "DoNotCall"} == {"6000", "6150"}
    attempts = Counter(
        int(row["handle"]) for row in csv.DictReader(io.StringIO((await command(*at, "export", "C", "--attempts"))[1]))
    )
    assert set(attempts.values()) == {1}
    assert set(acknowledged.values()) == {1}
    assert set(acknowledged) <= set(attempts)
    assert len(attempts) == RECORDS - 2


async def finished(at):
    _, out, _ = await command(*at, "export", "C")
    return all(row["state"] == "done" for row in csv.DictReader(io.StringIO(out)))
