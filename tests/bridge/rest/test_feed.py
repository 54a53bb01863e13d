import asyncio
from dataclasses import dataclass, field
from typing import Any

import grpc
import pytest
from structlog.testing import capture_logs

from bridge.legacy.feed import LONGEST_PAUSE, Feed, pause_before
from bridge.legacy.followed import calls_of
from bridge.legacy.translations import Translations
from bridge.settings import BridgeSettings
from dialbridge.v1.call_pb2 import Call
from dialbridge.v1.call_service_pb2 import (
    Heartbeat,
    Snapshot,
    SnapshotEnd,
    Started,
    StatusChanges,
    WatchCallsResponse,
)
from dialbridge.v1.status_change_pb2 import StatusChange


def started(*, resumed: bool = False, interval: float = 15.0) -> WatchCallsResponse:
    message = WatchCallsResponse(resume_token="t0", started=Started(resumed=resumed))
    message.started.heartbeat_interval.FromMilliseconds(round(interval * 1000))
    return message


def changes(token: str, *positions: int) -> WatchCallsResponse:
    return WatchCallsResponse(
        resume_token=token,
        changes=StatusChanges(
            status_changes=[
                StatusChange(position=position, call=Call(id=f"C{position}", user_name=f"agent{position % 2}"))
                for position in positions
            ]
        ),
    )


@dataclass
class Followed:
    """A feed under way, what it published, and how long it would have slept."""

    feed: Feed
    published: list[tuple[str, str, bytes, int | None]] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    until: asyncio.Event = field(default_factory=asyncio.Event)

    async def positions(self, count: int) -> list[int | None]:
        """The positions of what was published, when there are ``count``."""
        async with asyncio.timeout(5):
            while len(self.published) < count:
                self.until.clear()
                await self.until.wait()
        return [position for _, _, _, position in self.published]


@pytest.fixture
async def followed(script: Any):
    """Follows ``script`` with pauses that take no time."""
    published: list[tuple[str, str, bytes, int | None]] = []

    def publish(principal: str, channel: str, payload: bytes, position: int | None = None, /) -> None:
        published.append((principal, channel, payload, position))
        one.until.set()

    async def sleep(seconds: float) -> None:
        one.pauses.append(seconds)
        one.until.set()
        await asyncio.sleep(0)

    following_feed = Feed(
        calls_of(script.facade(), Translations(BridgeSettings())),
        publish,
        service_metadata=lambda: (("authorization", "Bearer service"),),
        sleep=sleep,
        spread=lambda: 1.0,
    )
    one = Followed(following_feed, published)
    following = asyncio.create_task(following_feed.run())
    yield one
    following.cancel()
    with pytest.raises(asyncio.CancelledError):
        await following


async def test_every_change_is_published_once_to_its_owner_with_its_position(script, followed) -> None:
    snapshot = WatchCallsResponse(resume_token="t0", snapshot=Snapshot(calls=[Call(id="OLD", user_name="agent1")]))
    end = WatchCallsResponse(resume_token="t1", snapshot_end=SnapshotEnd())
    script.streams.put_nowait([started(), snapshot, end, changes("t3", 2, 3), changes("t4", 4), None])
    assert await followed.positions(3) == [2, 3, 4]
    assert [principal for principal, *_ in followed.published] == ["agent0", "agent1", "agent0"]
    assert {channel for _, channel, *_ in followed.published} == {"/v2/me/calls"}
    assert followed.published[0][2].startswith(b'{"data":{"notificationType":"StatusChange","call":{"id":"C2",')
    assert followed.published[0][2].endswith(b',"messageType":"CallStateChangeMessage"},"channel":"/v2/me/calls"}')
    assert followed.feed.connected


async def test_a_broken_stream_is_resumed_from_the_last_token(script, followed, break_off) -> None:
    script.streams.put_nowait([started(), changes("t2", 2), break_off(grpc.StatusCode.UNAVAILABLE)])
    heartbeat = WatchCallsResponse(resume_token="t9", heartbeat=Heartbeat())
    script.streams.put_nowait([started(resumed=True), heartbeat])
    script.streams.put_nowait([started(resumed=True), changes("t10", 10), None])
    assert await followed.positions(2) == [2, 10]
    assert [request.resume_token for request in script.watched] == ["", "t2", "t9"]
    assert followed.pauses == [0.1, 0.1]


async def test_silence_of_two_and_a_half_heartbeats_is_the_end_of_a_stream(script, followed) -> None:
    script.streams.put_nowait([started(interval=0.01), changes("t2", 2), None])
    script.streams.put_nowait([started(), changes("t3", 3), None])
    assert await followed.positions(2) == [2, 3]
    assert script.watched[1].resume_token == "t2"


async def test_after_an_expired_token_the_feed_goes_on_from_now_and_says_so(script, followed, refuse) -> None:
    with capture_logs() as lines:
        script.streams.put_nowait([started(), changes("t2", 2), refuse("SLOW_CONSUMER")])
        script.streams.put_nowait([refuse("RESUME_TOKEN_EXPIRED", oldest_position="7")])
        script.streams.put_nowait([started(), changes("t8", 8), None])
        assert await followed.positions(2) == [2, 8]
    assert [request.resume_token for request in script.watched] == ["", "t2", ""]
    assert [line["event"] for line in lines if line["log_level"] == "error"] == ["feed lost changes"]


async def test_a_facade_that_stays_away_is_asked_less_and_less_often(script, followed, break_off) -> None:
    for _ in range(10):
        script.streams.put_nowait([break_off(grpc.StatusCode.UNAVAILABLE)])
    script.streams.put_nowait([started(), changes("t2", 2), None])
    await followed.positions(1)
    assert followed.pauses == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0, 10.0]


async def test_the_feed_is_not_connected_while_the_facade_is_away(script, followed, break_off) -> None:
    assert not followed.feed.connected
    script.streams.put_nowait([started(), changes("t2", 2), break_off(grpc.StatusCode.UNAVAILABLE)])
    await followed.positions(1)
    async with asyncio.timeout(5):
        while not followed.pauses:
            followed.until.clear()
            await followed.until.wait()
    assert not followed.feed.connected


async def test_one_change_that_cannot_be_told_does_not_keep_the_others(script, followed, monkeypatch) -> None:
    tell = Translations.of

    def stumble(self: Translations, change: StatusChange) -> bytes:
        if change.position == 2:
            raise ZeroDivisionError
        return tell(self, change)

    monkeypatch.setattr(Translations, "of", stumble)
    script.streams.put_nowait([started(), changes("t4", 1, 2, 3), None])
    with capture_logs() as lines:
        assert await followed.positions(2) == [1, 3]
    assert [(line["event"], line["position"]) for line in lines if line["log_level"] == "error"] == [
        ("change not told", 2)
    ]


@pytest.mark.parametrize("attempt", [1, 2, 5, 50, 10_000])
def test_pauses_are_spread_and_never_longer_than_the_longest(attempt: int) -> None:
    assert pause_before(attempt, 0.0) * 2 == pytest.approx(pause_before(attempt, 1.0))
    assert 0 < pause_before(attempt, 1.0) <= LONGEST_PAUSE
