"""How long to wait before trying to connect again; pure."""

from collections.abc import Callable

SHORTEST, LONGEST = 0.5, 30.0
"""Seconds before the second attempt, and at most."""


def pause(failures: int, spread: Callable[[], float], advised: float = 0.0) -> float:
    """Seconds after ``failures`` attempts in a row: doubling, spread, and never less than the peer ``advised``."""
    if failures == 0:
        return advised
    longest: float = min(LONGEST, SHORTEST * 2.0 ** min(failures - 1, 10))
    return max(advised, longest * (0.5 + spread() / 2))
