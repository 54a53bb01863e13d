"""Kill -9 at random moments with clients of every wire attached: nothing is lost, told twice or dialled twice.

``make soak`` does it for longer and differently every time; DIALBRIDGE_SOAK_DIALS and DIALBRIDGE_SOAK_SEED say how.
"""

import asyncio
import json
import os
import random
import sys
import time
from collections import Counter, defaultdict
from contextlib import AsyncExitStack

import pytest

from dialbridge_client import Basic, Client, DialbridgeError
from tests.end_to_end.soak_clients import CometdFollower, EventsFollower, GrpcFollower
from tests.fakes.process import KILL, TERMINATE, serve

DIALS = int(os.environ.get("DIALBRIDGE_SOAK_DIALS", "200"))
SEED = int(os.environ.get("DIALBRIDGE_SOAK_SEED", "7"))
AGENTS = ("ann", "ben", "cleo")
DIALS_AT_ONCE = 8
HASH = "$argon2id$v=19$m=19456,t=2,p=1$9LGE38jBW8OQ0JA5VrFbnQ$uforL2TSQ05jACeFn2yc1gab0xD6fVE2jbaOgUcpPsg"
SETTLE_WITHIN = 60.0

DIRECTORY = '[contact_center]\nname = "Soak"\n' + "".join(
    f'[[users]]\nuser_name = "{name}"\npassword_hash = "{HASH}"\nroles = ["{role}"]\n'
    for name, role in [*((agent, "agent") for agent in AGENTS), ("boss", "supervisor")]
)
DIRECTORY += "".join(
    f'[[devices]]\nphone_number = "{100 + number}"\nuser_name = "{name}"\nlines = 1000\n'
    for number, name in enumerate(AGENTS)
)
SCENARIO = """
seed = 7
[[numbers]]
number = "*"
[[numbers.mix]]
weight = 2
outcome = "answer"
after = [0.01, 0.3]
hang_up_after = [0.01, 0.5]
[[numbers.mix]]
weight = 1
outcome = "busy"
after = [0.01, 0.2]
"""


class Dials:
    """Places the calls, each with a request_id of its own, and notes what came of each."""

    def __init__(self, chance):
        self._chance = chance
        self.accepted = {}
        self.unknown = set()
        self.left = DIALS

    async def run(self, address):
        async with AsyncExitStack() as stack:
            clients = [
                await stack.enter_async_context(Client.connect(address, credentials=Basic(name, "demo")))
                for name in AGENTS
            ]
            devices = [await self._device(client) for client in clients]
            async with asyncio.TaskGroup() as tasks:
                for worker in range(DIALS_AT_ONCE):
                    of = worker % len(AGENTS)
                    tasks.create_task(self._work(worker, clients[of], devices[of]))

    async def _device(self, client):
        while True:
            try:
                return (await client.current_user()).devices[0].id
            except DialbridgeError:
                await asyncio.sleep(0.1)

    async def _work(self, worker, client, device):
        number = 0
        while self.left > 0:
            self.left -= 1
            number += 1
            key = f"{worker}-{number}"
            while True:
                try:
                    answer = await client.dial(device, "5551234", request_id=key, timeout=5)
                except DialbridgeError as error:
                    if error.reason == "DIAL_OUTCOME_UNKNOWN":
                        self.unknown.add(key)
                        break
                    await asyncio.sleep(0.1)  # the server is away; the key makes it safe to ask again
                else:
                    self.accepted[key] = answer.call.id
                    break
            await asyncio.sleep(self._chance.uniform(0, 0.2))


async def export(data_dir):
    """Every change of the journal, in its order."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "dialbridge_client.command_line", "journal", "--data-dir", str(data_dir), "export"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return [json.loads(line) for line in out.decode().splitlines()]


@pytest.mark.timeout(60 + DIALS)
async def test_nothing_is_lost_told_twice_or_dialled_twice_when_the_process_is_killed(tmp_path):
    chance = random.Random(SEED)
    (tmp_path / "directory.toml").write_text(DIRECTORY)
    (tmp_path / "scenario.toml").write_text(SCENARIO)
    more = ("--config", tmp_path / "directory.toml", "--scenario", tmp_path / "scenario.toml", "--log-level", "error")
    data = tmp_path / "data"
    kills = 0
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(serve(data, 0, 0, *more))
        ports = (server.grpc_port, server.http_port)
        boss = GrpcFollower("boss")
        cometd = [CometdFollower(name) for name in AGENTS]
        events = [EventsFollower(name) for name in AGENTS]
        followers = [
            asyncio.create_task(boss.run(server.grpc)),
            *(asyncio.create_task(each.run(server.url)) for each in (*cometd, *events)),
        ]
        while not all(each.token for each in events):
            await asyncio.sleep(0.05)
        dials = Dials(chance)
        dialling = asyncio.create_task(dials.run(server.grpc))
        while not dialling.done():
            await asyncio.wait([dialling], timeout=chance.uniform(0.2, 2.0))
            server.send(KILL)
            await server.ended()
            kills += 1
            server = await stack.enter_async_context(serve(data, *ports, *more))
        await dialling

        # What is under way comes to its end, and everybody comes back.
        async def live():
            async with Client.connect(server.grpc, credentials=Basic("boss", "demo")) as client:
                try:
                    return await client.list_calls()
                except DialbridgeError:  # channels of one process share how long they wait for a server
                    return True

        ends = time.monotonic() + SETTLE_WITHIN
        while await live():
            assert time.monotonic() < ends
            await asyncio.sleep(0.1)
        complete = None
        while time.monotonic() < ends:
            counts = (len(boss.first), *(len(each.first) for each in cometd), *(len(set(e.changes)) for e in events))
            if counts == complete and boss.first and len(boss.first) == sum(counts[1 : 1 + len(cometd)]):
                break
            complete = counts
            await asyncio.sleep(1.5)
        for follower in followers:
            follower.cancel()
        await asyncio.gather(*followers, return_exceptions=True)
        server.send(TERMINATE)
        assert await server.ended() == 0

    journal = await export(data)
    positions = [int(change["position"]) for change in journal]
    assert kills >= 2
    assert positions == sorted(set(positions))

    # gRPC: every change, in the order of the journal. What it began with was a snapshot of nothing.
    assert list(boss.first) == positions
    owner = {change["call"]["id"]: change["call"]["userName"] for change in journal}
    of = defaultdict(list)
    for change in journal:
        of[change["call"]["userName"]].append(change)
    for follower in cometd:
        assert list(follower.first) == [int(change["position"]) for change in of[follower.name]], follower.name
    for follower in events:
        told = list(dict.fromkeys(follower.changes))
        assert [(call, state) for _, call, state in told] == [
            (change["call"]["id"], change["call"]["state"].removeprefix("CALL_STATE_").title())
            for change in of[follower.name]
        ], follower.name

    # Each accepted dial rang exactly once, one whose outcome is unknown at most once.
    rang = Counter(change["requestId"] for change in journal if change["call"]["sequence"] == "1")
    assert {key: rang[key] for key in dials.accepted} == dict.fromkeys(dials.accepted, 1)
    assert all(rang[key] <= 1 for key in dials.unknown)
    assert len(dials.accepted) + len(dials.unknown) == DIALS
    assert set(dials.accepted.values()) <= owner.keys()
    # Every call was ended, and after its end nothing more was said of it.
    last = {change["call"]["id"]: change["call"]["state"] for change in journal}
    assert set(last.values()) == {"CALL_STATE_RELEASED"}
    print(f"{kills} kills, {len(journal)} changes, {len(dials.accepted)} accepted, {len(dials.unknown)} unknown")
