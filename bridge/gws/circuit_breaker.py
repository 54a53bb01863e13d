"""Whether a GWS is worth asking now; pure. While it is not, callers are told at once instead of being kept waiting."""

from collections.abc import Callable

FAILURES = 5
"""In a row, after which it is left alone for a while."""
SHORTEST, LONGEST = 1.0, 30.0
"""Seconds that it is left alone: the first time, and at most."""


class CircuitBreaker:
    """Closed: everything passes. Open: nothing does, until one attempt may show whether it is back."""

    def __init__(self, spread: Callable[[], float]) -> None:
        """``spread`` gives a number from 0 to 1, so that many do not come back at once."""
        self._spread = spread
        self._failures = 0
        self._pause = SHORTEST
        self._open_until: float | None = None
        self._trying = False

    def is_open(self, now: float) -> bool:
        """Whether nothing passes now."""
        return self._open_until is not None and (now < self._open_until or self._trying)

    def enter(self, now: float) -> float:
        """Ask to pass: 0 if so, else the seconds after which asking again makes sense.

        Who passed says how it went, by `succeeded` or by `failed`.
        """
        if self._open_until is None:
            return 0.0
        if now < self._open_until:
            return self._open_until - now
        if self._trying:
            return SHORTEST
        self._trying = True
        return 0.0

    def succeeded(self) -> None:
        """It answered, whatever it answered."""
        self._failures, self._pause, self._open_until, self._trying = 0, SHORTEST, None, False

    def failed(self, now: float) -> None:
        """It gave no answer."""
        self._failures += 1
        if self._trying or self._failures >= FAILURES:
            self._open_until = now + self._pause * (0.5 + self._spread())
            self._pause = min(self._pause * 2, LONGEST)
            self._trying = False

    def left(self) -> None:
        """Who passed went away without having learned anything."""
        self._trying = False
