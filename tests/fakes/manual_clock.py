"""The time of a simulator, moved by a test: hours pass in milliseconds."""

import asyncio

SETTLE = 30
"""Turns of the event loop in which whatever was woken comes to rest."""


class ManualClock:
    """Satisfies ``server.switches.simulator.Clock``."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self._now = now
        self._until: float | None = None
        self._moved = asyncio.Event()

    def now(self) -> float:
        return self._now

    async def wait(self, woken: asyncio.Event, until: float | None) -> None:
        self._until = until
        while not woken.is_set() and (until is None or self._now < until):
            self._moved.clear()
            waits = [asyncio.ensure_future(woken.wait()), asyncio.ensure_future(self._moved.wait())]
            try:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for wait in waits:
                    wait.cancel()
        self._until = None

    async def advance(self, seconds: float) -> None:
        """Let time pass, stopping wherever something is due on the way."""
        target = self._now + seconds
        await settle()
        while self._now < target:
            self._now = target if self._until is None else min(target, max(self._until, self._now))
            self._moved.set()
            await settle()
            if self._until is not None and self._until <= self._now:
                await settle()


async def settle() -> None:
    for _ in range(SETTLE):
        await asyncio.sleep(0)
