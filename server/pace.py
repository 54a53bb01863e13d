"""How long a busy process waits for more changes before it writes again; pure, readings of clocks are arguments.

A commit costs as much as half a Dial, whatever is in it. While the processor is idle now and then, that is nobody's
loss, and a change is written at once. When it is not, each commit takes the time of somebody who waits already: then
changes are gathered, and everybody is served sooner.
"""

LONGEST = 0.004
"""Seconds; in that time enough gathers to make the cost of a commit small beside that of its changes."""
EASY, BUSY = 0.9, 0.98
"""The share of one core below which nothing is waited for, and the one from which on the wait is the longest."""
WINDOW = 0.05
"""Seconds over which the share is measured: some dozens of commits."""


class Pace:
    """Follows how busy the process is."""

    def __init__(self) -> None:
        self._since = 0.0
        self._used = 0.0
        self._rest = 0.0

    def rest(self, now: float, used: float) -> float:
        """Seconds to wait, at most `LONGEST`. ``now`` and the processor time ``used`` so far are seconds too."""
        passed = now - self._since
        if passed >= WINDOW:
            share = (used - self._used) / passed
            wanted = LONGEST * min(1.0, max(0.0, (share - EASY) / (BUSY - EASY)))
            self._rest = (self._rest + wanted) / 2  # half a step at a time: what is gathered makes less work itself
            self._since, self._used = now, used
        return self._rest
