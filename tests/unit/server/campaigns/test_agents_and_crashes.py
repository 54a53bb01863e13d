"""A hundred agents, a long list, agents and servers that crash: nothing is handed out twice, and nothing is lost."""

import asyncio
import random
import sqlite3
from collections import Counter

import pytest

from server.campaigns import calling_lists
from server.campaigns.schema import Campaign, NewRecord, State
from server.campaigns.store import FILE, CampaignStore, prepared

RECORDS, AGENTS, LEASE = 10_000, 100, 60.0
CAMPAIGN = Campaign("Autumn", 134, "Autumn@Agents", "", LEASE)


@pytest.mark.parametrize("seed", [1, 2])
async def test_a_hundred_agents_work_through_a_list_under_random_crashes(tmp_path, seed):
    chance = random.Random(seed)
    forbidden = {f"{number}" for number in chance.sample(range(RECORDS), 500)}
    connection = prepared(tmp_path)
    connection.execute("BEGIN")
    calling_lists.create(connection, CAMPAIGN, ["C"])
    for number in range(RECORDS):
        chain = number // 3 if number % 10 < 3 else None
        calling_lists.add(connection, "C", NewRecord(f"{number}", f"{number}", chain=chain))
    calling_lists.forbid(connection, forbidden, 0.0)
    connection.execute("COMMIT")
    connection.close()

    store, now = CampaignStore(tmp_path), 1000.0
    held: dict[int, tuple[str, float]] = {}
    """Who was told to have a record, and until when."""
    completed = Counter()
    idle = 0
    while idle < 3:
        now += chance.choice([0.5, 0.5, 5.0])
        agents = chance.sample(range(AGENTS), 20)
        pulls = [
            store.change(
                lambda connection, name=f"a{agent}", now=now: calling_lists.next_record(connection, CAMPAIGN, name, now)
            )
            for agent in agents
        ]
        given = await asyncio.gather(*pulls)
        works = []
        idle = 0 if any(given) else idle + 1
        if not any(given):
            now += LEASE
        for agent, record in zip(agents, given, strict=True):
            if record is None:
                continue
            assert record.number not in forbidden
            assert not completed[record.handle]
            assert record.handle not in held or held[record.handle][1] <= now, "two agents had it at a time"
            held[record.handle] = (f"a{agent}", now + LEASE)
            match chance.random():
                case gone if gone < 0.1:
                    pass  # the agent crashes: the lease brings the record back
                case rejected if rejected < 0.15:
                    await store.change(
                        lambda connection, handle=record.handle, now=now: calling_lists.reject(connection, handle, now)
                    )
                    del held[record.handle]
                case _:
                    result = chance.choice(["Answer", "NoAnswer", "Busy"])

                    def complete(connection, record=record, agent=agent, result=result, now=now):
                        found = calling_lists.held(connection, record.handle, f"a{agent}", CAMPAIGN.name)
                        calling_lists.complete(connection, found, result, "", CAMPAIGN.name, now)

                    works.append(store.change(complete))
                    completed[record.handle] += 1
                    del held[record.handle]
        await asyncio.gather(*works)
        if chance.random() < 0.02:
            abandoned, store = store, CampaignStore(tmp_path)  # as after kill -9: nobody closed the file
            await abandoned.close()
    await store.close()

    with sqlite3.connect(tmp_path / FILE) as connection:
        states = Counter(row[0] for row in connection.execute("SELECT state FROM records"))
        attempts = Counter(row[0] for row in connection.execute("SELECT handle FROM attempts"))
        dialled = {row[0] for row in connection.execute("SELECT phone FROM attempts")}
    assert states == {State.DONE: RECORDS}
    assert attempts == completed
    assert set(attempts.values()) == {1}
    assert not dialled & forbidden
