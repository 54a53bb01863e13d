"""The newest changes in memory, encoded once: what all watchers read with a cursor each; pure.

A change is encoded when it is added; every watcher gets the same bytes. Whoever falls behind what is kept here has to
be cut off or to read the journal.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from server import wire
from server.journal import Topic
from server.resume_tokens import ResumeTokens
from server.visibility import Sight


@dataclass(frozen=True, slots=True)
class Change:
    """One journalled change, ready to be sent."""

    position: int
    topic: Topic
    element: bytes
    """The change as an element of the message that tells several, such as ``StatusChanges``."""
    sight: Sight

    @classmethod
    def of(cls, position: int, topic: Topic, payload: bytes, sight: Sight, tokens: ResumeTokens) -> "Change":
        """The change that stands at ``position`` of the journal as ``payload``."""
        return cls(position, topic, wire.element(payload, position, tokens.at(position)), sight)


class ChangeLog:
    """The newest changes, at least ``retain`` and at most twice as many."""

    def __init__(self, newest: int, retain: int = 16_384) -> None:
        self._changes: list[Change] = []
        self._before = newest  # the position just before the first change
        self._retain = retain

    @property
    def newest(self) -> int:
        """The position of the newest change."""
        return self._before + len(self._changes)

    @property
    def oldest(self) -> int:
        """The position of the oldest change that is kept."""
        return self._before + 1

    def add(self, changes: Sequence[Change]) -> bool:
        """Add what follows the newest; True when some of the oldest went, so that readers may have lost their place."""
        self._changes.extend(changes)
        if len(self._changes) <= 2 * self._retain:
            return False
        surplus = len(self._changes) - self._retain  # in steps, so that adding costs the same however much is kept
        del self._changes[:surplus]
        self._before += surplus
        return True

    def holds(self, position: int) -> bool:
        """Whether everything that follows ``position`` is kept."""
        return position >= self._before

    def after(self, position: int, limit: int) -> list[Change]:
        """At most ``limit`` changes that follow ``position``, which must be held."""
        start = position - self._before
        return self._changes[start : start + limit]
