"""The time of a simulator, moved by a test: hours pass in milliseconds."""

import asyncio

SETTLE = 30
"""Turns of the event loop in which whatever was woken comes to rest."""
REST_WITHIN = 10.0
"""Seconds in which the simulator comes back to its clock, whatever it waits for elsewhere."""


class ManualClock:
    """Satisfies ``server.switches.simulator.Clock``."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self._now = now
        self._until: float | None = None
        self._moved = asyncio.Event()
        self._waiting = asyncio.Event()

    def now(self) -> float:
        return self._now

    async def wait(self, woken: asyncio.Event, until: float | None) -> None:
        self._until = until
        self._waiting.set()
        try:
            while not woken.is_set() and (until is None or self._now < until):
                self._moved.clear()
                waits = [asyncio.ensure_future(woken.wait()), asyncio.ensure_future(self._moved.wait())]
                try:
                    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for wait in waits:
                        wait.cancel()
        finally:
            self._waiting.clear()

    async def advance(self, seconds: float) -> None:
        """Let time pass, stopping wherever something is due on the way."""
        target = self._now + seconds
        await settle()
        while self._now < target:
            await self._rest()
            self._now = target if self._until is None else min(target, max(self._until, self._now))
            self._moved.set()
            await settle()

    async def _rest(self) -> None:
        await settle()
        async with asyncio.timeout(REST_WITHIN):
            await self._waiting.wait()
        await settle()


async def settle() -> None:
    for _ in range(SETTLE):
        await asyncio.sleep(0)
