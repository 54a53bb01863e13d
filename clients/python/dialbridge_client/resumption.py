"""What to do when a watch or a dial was interrupted: go on, begin anew, or give up; pure, chance is an argument."""

import enum
from dataclasses import dataclass

import grpc

from dialbridge_client.errors import DialbridgeError

SHORTEST_PAUSE, LONGEST_PAUSE = 0.1, 10.0
"""Seconds."""


class Next(enum.Enum):
    """What follows an interruption."""

    RESUME = "resume"
    """Go on with the last token: nothing was lost."""
    BEGIN_ANEW = "begin-anew"
    """The token is of no use any more: begin with a snapshot, which replaces what was known."""
    GIVE_UP = "give-up"
    """Trying again gives the same answer."""


@dataclass(frozen=True, slots=True)
class Step:
    """What to do, and after how many seconds."""

    next: Next
    pause: float


_PASSING = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.CANCELLED,
    }
)


def pause_before(attempt: int, spread: float) -> float:
    """Seconds before attempt 1, 2, …; ``spread``, between 0 and 1, keeps many clients from coming back at once."""
    longest = min(SHORTEST_PAUSE * 2.0 ** min(attempt - 1, 16), LONGEST_PAUSE)
    return longest * (0.5 + spread / 2)


def after_watch(error: DialbridgeError, attempt: int, spread: float) -> Step:
    """How a watch goes on; ``attempt`` counts the failures since anything was heard, from 1."""
    if error.reason == "RESUME_TOKEN_EXPIRED":
        return Step(Next.BEGIN_ANEW, 0.0)
    if error.code not in _PASSING:
        return Step(Next.GIVE_UP, 0.0)
    pause = pause_before(attempt, spread)
    if error.retry_after is not None:
        # The server knows best, but a server that says "at once" again and again is not asked without end.
        pause = error.retry_after + (pause if attempt > 1 else 0.0)
    return Step(Next.RESUME, pause)


def after_dial(error: DialbridgeError, attempt: int, spread: float) -> Step:
    """Whether the same Dial may be sent again; only ever with its request_id, which makes it safe."""
    unanswered = not error.reason and error.code is grpc.StatusCode.UNAVAILABLE
    if not unanswered and error.reason not in ("SWITCH_UNAVAILABLE", "SERVER_DRAINING", "JOURNAL_UNAVAILABLE"):
        return Step(Next.GIVE_UP, 0.0)
    return Step(Next.RESUME, max(error.retry_after or 0.0, pause_before(attempt, spread)))
