"""Ends held connects whose time is over; what they are answered then, the exchange says.

One timer is for all that are due in the same quarter of a second: a timer each, among thousands, cost as much as the
messages of a poll, and nearly all of them are stopped before they ring.
"""

import asyncio
import math
from collections.abc import Callable

from bridge.bayeux.session import Hold, HoldEnd

STEP = 0.25
"""Seconds by which a connect may be answered later than it is due."""


class HoldClock:
    """The clock of a transport's holds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """``clock`` is the one that ``Hold.until`` is of."""
        self._clock = clock
        self._due: dict[int, dict[Hold, None]] = {}  # bounded by the longest time for which a connect is held

    def start(self, hold: Hold) -> None:
        """End ``hold`` when it is due, unless it is stopped before."""
        step = math.ceil(hold.until / STEP)
        of_step = self._due.get(step)
        if of_step is None:
            of_step = self._due[step] = {}
            asyncio.get_running_loop().call_later(max(0.0, step * STEP - self._clock()), self._ring, step)
        of_step[hold] = None

    def stop(self, hold: Hold) -> None:
        """The hold is over, or nobody waits for its end any more; stopping it twice is no error."""
        of_step = self._due.get(math.ceil(hold.until / STEP))
        if of_step is not None:
            of_step.pop(hold, None)

    def _ring(self, step: int) -> None:
        for hold in self._due.pop(step):
            hold.over(HoldEnd.TIMEOUT)
