"""Watching: snapshot, replay, live, cut-off, drain."""

import asyncio
from contextlib import aclosing

import pytest

from dialbridge.v1 import call_pb2 as pb
from dialbridge.v1 import error_reason_pb2 as reasons
from dialbridge.v1.call_service_pb2 import CallFilter, WatchCallsRequest, WatchCallsResponse
from dialbridge.v1.status_change_pb2 import StatusChange
from dialbridge.v1.user_pb2 import ROLE_AGENT, ROLE_SUPERVISOR
from server.call_engine import record_of
from server.journal import Topic
from server.journal.memory import MemoryJournal
from server.principal import Principal
from server.published_calls import PublishedCalls
from server.refusals import Refusal
from server.resume_tokens import read
from server.watchers import Journalled, Watchers
from tests.fakes.manual_time import ManualTime

SUPERVISOR = Principal("supervisor1", frozenset({ROLE_SUPERVISOR}), frozenset(), frozenset({"api-voice"}))
AGENT = Principal("agent1", frozenset({ROLE_AGENT}), frozenset({"d1"}), frozenset({"api-voice"}))
EPOCH = "0123456789abcdef"


class House:
    """Watchers with a journal, and the means to let calls change."""

    def __init__(self, retain=16_384, journal_retain=100_000):
        self.journal = MemoryJournal(EPOCH, journal_retain)
        self.time = ManualTime()
        self.calls = PublishedCalls(self.time)
        self.watchers = Watchers(self.journal, self.time, [self.calls], retain=retain)

    async def change(self, call_id, *, device="d1", state=pb.CALL_STATE_DIALING, sequence=1):
        change = StatusChange(call=pb.Call(id=call_id, device_id=device, state=state, sequence=sequence))
        change.call.create_time.FromSeconds(990)
        record = record_of(change)
        position = await self.journal.append([record])
        self.watchers.publish([Journalled(position, record, change)])
        return position

    def waiting(self):
        """Whether a watcher has nothing to read and waits."""
        return any(circle.waiting for circle in self.watchers._audiences[Topic.CALL]._circles.values())

    def watch(self, principal=SUPERVISOR, unstick=lambda: None, **request):
        return aclosing(self.follow(principal, WatchCallsRequest(**request), unstick))

    def follow(self, principal, request, unstick=lambda: None):
        return self.watchers.watch(self.calls.watch(principal, request), request, unstick=unstick)


async def take(stream, count):
    return [WatchCallsResponse.FromString(await anext(stream)) for _ in range(count)]


def arms(messages):
    return [message.WhichOneof("message") for message in messages]


def changed(message):
    return [(each.call.id, each.position) for each in message.changes.status_changes]


async def test_a_watch_begins_with_the_calls_as_they_are_and_goes_on_without_a_gap():
    house = House()
    await house.change("a")
    await house.change("b")
    await house.change("b", state=pb.CALL_STATE_RELEASED)
    async with house.watch() as stream:
        started, snapshot, end = await take(stream, 3)
        assert arms([started, snapshot, end]) == ["started", "snapshot", "snapshot_end"]
        assert not started.started.resumed
        assert started.started.heartbeat_interval.ToSeconds() == 15
        assert [call.id for call in snapshot.snapshot.calls] == ["a"]
        assert snapshot.snapshot.calls[0].duration.ToSeconds() == 10
        await house.change("c")
        assert changed((await take(stream, 1))[0]) == [("c", 4)]


async def test_a_change_that_happens_while_the_snapshot_is_being_read_comes_right_after_it():
    house = House()
    await house.change("a")
    async with house.watch() as stream:
        await take(stream, 1)
        await house.change("b")
        snapshot, _, live = await take(stream, 3)
        assert [call.id for call in snapshot.snapshot.calls] == ["a"]
        assert changed(live) == [("b", 2)]


async def test_what_piled_up_comes_as_one_message():
    house = House()
    async with house.watch() as stream:
        await take(stream, 2)
        for call_id in "abc":
            await house.change(call_id)
        assert changed((await take(stream, 1))[0]) == [("a", 1), ("b", 2), ("c", 3)]


async def test_a_watcher_that_waits_is_woken_by_a_change():
    house = House()
    async with house.watch() as stream:
        await take(stream, 2)
        waiting = asyncio.ensure_future(anext(stream))
        while not house.waiting():
            await asyncio.sleep(0)
        await house.change("a")
        assert changed(WatchCallsResponse.FromString(await waiting)) == [("a", 1)]


async def test_a_watcher_that_waits_is_not_woken_by_what_it_may_not_see():
    house = House()
    async with house.watch(AGENT) as stream:
        await take(stream, 2)
        waiting = asyncio.ensure_future(anext(stream))
        while not house.waiting():
            await asyncio.sleep(0)
        await house.change("foreign", device="d2")
        assert house.waiting()
        await house.change("own")
        assert not house.waiting()
        assert changed(WatchCallsResponse.FromString(await waiting)) == [("own", 2)]
        house.time.at += 15
        await house.change("foreign", device="d2", sequence=2)
        beat = (await take(stream, 1))[0]
        assert read(beat.resume_token).position == 3


async def test_who_waits_keeps_the_place_that_the_log_lets_go():
    house = House(retain=2)
    async with house.watch(AGENT) as stream:
        await take(stream, 2)
        waiting = asyncio.ensure_future(anext(stream))
        while not house.waiting():
            await asyncio.sleep(0)
        for number in range(9):
            await house.change(f"foreign{number}", device="d2")
        await house.change("own")
        assert changed(WatchCallsResponse.FromString(await waiting)) == [("own", 10)]
    assert house.watchers.cut_off == 0


async def test_a_watcher_that_is_being_cancelled_does_not_disturb_who_tells_it():
    house = House()
    async with house.watch() as stream:
        await take(stream, 2)
        waiting = asyncio.ensure_future(anext(stream))
        while not house.waiting():
            await asyncio.sleep(0)
        waiting.cancel()
        await house.change("a")
        with pytest.raises(asyncio.CancelledError):
            await waiting


async def test_every_token_resumes_exactly_after_its_message():
    house = House()
    async with house.watch() as stream:
        _, end = await take(stream, 2)
        await house.change("a")
        first = (await take(stream, 1))[0]
        await house.change("b")
        second = (await take(stream, 1))[0]
    for token, expected in (
        (end.resume_token, [("a", 1), ("b", 2)]),
        (first.resume_token, [("b", 2)]),
    ):
        async with house.watch(resume_token=token) as stream:
            started, replayed = await take(stream, 2)
            assert started.started.resumed
            assert started.resume_token == token
            assert changed(replayed) == expected
    async with house.watch(resume_token=second.resume_token) as stream:
        await take(stream, 1)
        await house.change("c")
        assert changed((await take(stream, 1))[0]) == [("c", 3)]


async def test_the_token_of_half_a_snapshot_gives_a_whole_one():
    house = House()
    await house.change("a")
    async with house.watch() as stream:
        token = (await take(stream, 2))[1].resume_token
    async with house.watch(resume_token=token) as stream:
        assert arms(await take(stream, 3)) == ["started", "snapshot", "snapshot_end"]


async def test_what_the_log_no_longer_has_is_read_from_the_journal():
    house = House(retain=4)
    async with house.watch() as stream:
        token = (await take(stream, 2))[1].resume_token
    for number in range(30):
        await house.change(f"call{number}")
    async with house.watch(resume_token=token) as stream:
        messages = await take(stream, 1)
        seen = []
        while len(seen) < 30:
            seen += changed((await take(stream, 1))[0])
        assert messages[0].started.resumed
        assert [position for _, position in seen] == list(range(1, 31))
        await house.change("last")
        assert changed((await take(stream, 1))[0]) == [("last", 31)]


@pytest.mark.parametrize("foreign", [False, True])
async def test_an_expired_or_foreign_token_is_answered_with_the_oldest_position_and_the_remedy(foreign):
    house = House(retain=2, journal_retain=2)
    async with house.watch() as stream:
        token = (await take(stream, 2))[1].resume_token
    if foreign:
        house = House()
        house.journal._epoch = "f" * 16
    for number in range(10):
        await house.change(f"call{number}")
    with pytest.raises(Refusal) as refused:
        async with house.watch(resume_token=token) as stream:
            await take(stream, 1)
    assert refused.value.reason == reasons.ERROR_REASON_RESUME_TOKEN_EXPIRED
    assert refused.value.metadata["oldest_position"] == str(house.journal.oldest)
    assert "without a resume_token" in refused.value.text


async def test_a_token_of_the_future_is_refused():
    house = House()
    with pytest.raises(Refusal) as refused:
        async with house.watch(resume_token=house.watchers.token_before(100)) as stream:
            await take(stream, 1)
    assert refused.value.reason == reasons.ERROR_REASON_RESUME_TOKEN_EXPIRED


async def test_a_watch_can_go_on_after_a_position_or_begin_with_the_oldest_change():
    house = House()
    for call_id in "abc":
        await house.change(call_id)
    async with house.watch(after_position=1) as stream:
        assert changed((await take(stream, 2))[1]) == [("b", 2), ("c", 3)]
    async with house.watch(earliest=True) as stream:
        assert changed((await take(stream, 2))[1]) == [("a", 1), ("b", 2), ("c", 3)]
    with pytest.raises(Refusal) as refused:
        async with house.watch(after_position=4) as stream:
            await take(stream, 1)
    assert refused.value.reason == reasons.ERROR_REASON_RESUME_TOKEN_EXPIRED


async def test_garbage_is_no_token():
    house = House()
    with pytest.raises(Refusal) as refused:
        async with house.watch(resume_token="garbage") as stream:
            await take(stream, 1)
    assert refused.value.reason == reasons.ERROR_REASON_FIELD_INVALID


async def test_an_agent_sees_only_the_calls_of_their_own_devices():
    house = House()
    await house.change("own")
    await house.change("foreign", device="d2")
    async with house.watch(AGENT) as stream:
        _, snapshot, _ = await take(stream, 3)
        assert [call.id for call in snapshot.snapshot.calls] == ["own"]
        await house.change("foreign", device="d2", state=pb.CALL_STATE_ESTABLISHED)
        await house.change("own", state=pb.CALL_STATE_ESTABLISHED)
        assert changed((await take(stream, 1))[0]) == [("own", 4)]


async def test_a_filter_narrows_what_is_seen_in_the_snapshot_and_after():
    house = House()
    await house.change("a")
    await house.change("b")
    async with house.watch(filter=CallFilter(call_ids=["b"])) as stream:
        _, snapshot, _ = await take(stream, 3)
        assert [call.id for call in snapshot.snapshot.calls] == ["b"]
        await house.change("a", state=pb.CALL_STATE_ESTABLISHED)
        await house.change("b", state=pb.CALL_STATE_ESTABLISHED)
        assert changed((await take(stream, 1))[0]) == [("b", 4)]


@pytest.mark.parametrize(("asked", "granted"), [(0.1, 1), (5, 5), (1000, 60)])
async def test_the_heartbeat_interval_is_what_was_asked_for_within_bounds(asked, granted):
    house = House()
    request = WatchCallsRequest()
    request.heartbeat_interval.FromMicroseconds(int(asked * 1_000_000))
    async with aclosing(house.follow(SUPERVISOR, request)) as stream:
        started = (await take(stream, 1))[0].started
        assert started.heartbeat_interval.ToSeconds() == granted


async def test_a_watcher_hears_a_heartbeat_when_nothing_happens():
    house = House()
    async with house.watch() as stream:
        await take(stream, 2)
        house.time.at += 15
        assert arms(await take(stream, 1)) == ["heartbeat"]


async def test_a_reader_that_fell_behind_is_told_at_its_next_step():
    house = House(retain=2)
    async with house.watch() as stream:
        await take(stream, 2)
        for number in range(5):
            await house.change(f"call{number}")
        with pytest.raises(Refusal) as refused:
            await take(stream, 1)
    assert refused.value.reason == reasons.ERROR_REASON_SLOW_CONSUMER
    assert refused.value.retry_after == 0.0


async def test_a_reader_that_does_not_come_back_is_cut_off_and_the_others_are_not():
    house = House(retain=2)
    stuck = []
    async with house.watch(unstick=lambda: stuck.append("slow")) as slow:
        async with house.watch(unstick=lambda: stuck.append("quick")) as quick:
            await take(slow, 2)
            await take(quick, 2)
            await house.change("first")
            await take(slow, 1)
            seen = await take(quick, 1)
            for number in range(8):
                await house.change(f"call{number}")
                seen += await take(quick, 1)
            assert len(seen) == 9
    assert stuck == ["slow"]
    assert house.watchers.cut_off == 1
    assert len(house.watchers) == 0


async def test_draining_ends_every_watch_and_refuses_new_ones():
    house = House()
    async with house.watch() as stream:
        await take(stream, 2)
        waiting = asyncio.ensure_future(anext(stream))
        while not house.waiting():
            await asyncio.sleep(0)
        house.watchers.drain()
        with pytest.raises(Refusal) as refused:
            await waiting
        assert refused.value.reason == reasons.ERROR_REASON_SERVER_DRAINING
    with pytest.raises(Refusal):
        async with house.watch() as stream:
            await take(stream, 1)


async def test_a_watcher_that_goes_away_leaves_nothing_behind():
    house = House()
    async with house.watch() as stream:
        await take(stream, 2)
        waiting = asyncio.ensure_future(anext(stream))
        while not house.waiting():
            await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    assert len(house.watchers) == 0
    assert not house.waiting()
