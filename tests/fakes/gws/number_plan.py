"""What happens when a number is called that is no agent's; knows numbers and delays, no calls."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Outcome(Enum):
    """How the far end behaves."""

    ANSWER = "answer"
    BUSY = "busy"
    NO_ANSWER = "no answer"
    REFUSED = "refused"  # an ErrorMessage instead of a call
    INVALID = "invalid"  # Dialing, then an ErrorMessage and Released


@dataclass(frozen=True)
class Behaviour:
    """An outcome, seconds until it, and how long an answered call lasts (``None``: until somebody hangs up)."""

    outcome: Outcome
    after: float
    talk: float | None = None
    rings: bool = True


PLAN: Mapping[str, Behaviour] = {
    "5001": Behaviour(Outcome.ANSWER, 1.0),
    "5002": Behaviour(Outcome.BUSY, 0.2, rings=False),
    "5003": Behaviour(Outcome.NO_ANSWER, 20.0),
    "5004": Behaviour(Outcome.ANSWER, 1.0, talk=3.0),
    "5098": Behaviour(Outcome.INVALID, 0.2, rings=False),
    "5099": Behaviour(Outcome.REFUSED, 0.0, rings=False),
}
OTHERS = Behaviour(Outcome.ANSWER, 2.0)


def behaviour(number: str, plan: Mapping[str, Behaviour] = PLAN) -> Behaviour:
    """What this number does; one that the plan lacks answers after two seconds."""
    return plan.get(number, OTHERS)
