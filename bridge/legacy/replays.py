"""Gives CometD sessions what they missed before they subscribed; when a session may ask for it, the exchange says.

What was missed is read page by page and offered to the session as its queue has room. When it has reached what is
published now, the session goes on with that: nothing comes twice and nothing is left out.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import structlog

from bridge.bayeux.exchange import Exchange, Expired, Origin, Outcome, Past, Start
from bridge.bayeux.messages import Event, Request
from bridge.bayeux.session import End, Session
from bridge.bayeux.sessions import Sessions

LOOK_UP_WITHIN = 5.0
"""Seconds in which the beginning of a replay must be found."""
ROOM_EVERY = 0.05
"""Seconds between two looks whether a client has made room for more."""

log = structlog.get_logger()


class PastExpired(Exception):
    """What follows the beginning of a replay is no longer there."""

    def __init__(self, oldest: int) -> None:
        super().__init__(f"the oldest position is {oldest}")
        self.oldest = oldest


class HistoryBroken(Exception):
    """The past cannot be read now."""


class Reading(Protocol):
    """The past from one beginning on, for one principal."""

    async def page(self) -> tuple[Sequence[Event], int | None]:
        """The next events, and the position up to which everything was read, if it is everything there was.

        Waits for more when there is none. Raises `HistoryBroken`.
        """
        ...

    async def close(self) -> None:
        """Read no more."""
        ...


class History(Protocol):
    """Everything that was published on one channel and is retained."""

    @property
    def channel(self) -> str:
        """The channel."""
        ...

    @property
    def published(self) -> int | None:
        """The position up to which events were published here as they happened; None before the first connection."""
        ...

    async def read(self, principal: str, start: Start) -> Reading:
        """Begin to read. Raises `PastExpired` or `HistoryBroken`."""
        ...


class Replays:
    """The replays that are going on."""

    def __init__(
        self,
        exchange: Exchange,
        sessions: Sessions,
        history: History | None,
        tell: Callable[[Sequence[Session]], None],
    ) -> None:
        """``tell`` is given a session that has something new in its queue."""
        self._exchange = exchange
        self._sessions = sessions
        self._history = history
        self._tell = tell
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    async def look_up(self, requests: Sequence[Request], origin: Origin) -> Mapping[int, Past | Expired]:
        """The past for each message of a batch that wants one; where it cannot be read, there is none to be had."""
        found: dict[int, Past | Expired] = {}
        if self._history is None:
            return found
        for number, request in enumerate(requests):
            start = self._exchange.replay_wanted(request, origin)
            if start is None or found:
                continue
            try:
                async with asyncio.timeout(LOOK_UP_WITHIN):
                    found[number] = await self._history.read(origin.principal, start)
            except PastExpired as expired:
                found[number] = Expired(expired.oldest)
            except (HistoryBroken, TimeoutError) as broken:
                log.warning("replay not begun", user=origin.principal, why=str(broken) or "not in time")
                found[number] = _Broken()
        return found

    def begin(self, outcome: Outcome, pasts: Mapping[int, Past | Expired]) -> None:
        """Replay what the exchange granted, and drop the rest."""
        for past in pasts.values():
            if isinstance(past, Expired):
                continue
            if past is outcome.replay and outcome.session is not None:
                self._run(self._replay(outcome.session, past))  # type: ignore[arg-type]  # what look_up gave
            else:
                self._run(past.close())  # type: ignore[attr-defined]

    async def close(self) -> None:
        """End every replay; the clients begin again elsewhere."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _run(self, work: object) -> None:
        task = asyncio.ensure_future(work)  # type: ignore[call-overload]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _replay(self, session: Session, reading: Reading) -> None:
        assert self._history is not None  # noqa: S101  it gave the reading
        try:
            while session.end is None and session.live_after >= 0:
                events, level = await reading.page()
                for event in events:
                    if not await self._offered(session, event):
                        return
                published = self._history.published
                if level is not None and published is not None and level >= published:
                    session.live_after = level
                    return
        except HistoryBroken as broken:
            log.warning("replay broke off", user=session.principal, why=str(broken))
            self._sessions.end(session, End.REPLAY_BROKEN)
        finally:
            await reading.close()

    async def _offered(self, session: Session, event: Event) -> bool:
        """Queue an event as soon as there is room; False when the session needs it no more."""
        while session.end is None and session.live_after >= 0:
            if not session.wants_past(event):
                return True
            if session.offer(event, self._sessions.limits):
                self._tell([session])
                return True
            await asyncio.sleep(ROOM_EVERY)
        return False


class _Broken:
    """A past that cannot be read: the session ends and its client begins again."""

    async def page(self) -> tuple[Sequence[Event], int | None]:
        raise HistoryBroken("the past cannot be read now")

    async def close(self) -> None:
        """Nothing was opened."""
