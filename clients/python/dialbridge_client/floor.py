"""The floor of a contact centre as its operator wants to see it: calls that are going on, counts, rates; pure."""

import enum
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dialbridge.v1.call_pb2 import CALL_STATE_ESTABLISHED, CALL_STATE_RELEASED, CALL_STATE_UNSPECIFIED, Call
from dialbridge.v1.status_change_pb2 import StatusChange
from dialbridge_client.board import cause_of, state_of

WINDOW = 60.0
"""Seconds over which rates are counted."""
KEPT = 100_000
"""Events of the window that are counted at most."""


class Order(enum.Enum):
    """What the calls are sorted by; the newest first where they are the same."""

    NEWEST = "newest"
    LONGEST = "longest"
    STATE = "state"
    AGENT = "agent"


@dataclass(frozen=True, slots=True)
class Row:
    """One call as a device sees it."""

    key: tuple[str, str]
    state: str
    seconds: int
    agent: str
    device: str
    other: str
    campaign: str


@dataclass(frozen=True, slots=True)
class Figures:
    """What is going on, in numbers."""

    live: int
    by_state: Sequence[tuple[str, int]]
    """The most frequent first."""
    appeared: int
    """Calls of the last minute, as all that follow."""
    answered: int
    released: int
    causes: Sequence[tuple[str, int]]

    @property
    def answer_rate(self) -> float | None:
        """Answered out of answered and ended unanswered; None when there was neither."""
        unanswered = sum(count for cause, count in self.causes if cause in _UNANSWERED)
        total = self.answered + unanswered
        return self.answered / total if total else None


_UNANSWERED = frozenset({"busy", "no answer", "rejected", "invalid number", "network failure"})


class Floor:
    """The calls, by call and device, as they were last told."""

    def __init__(self) -> None:
        self._calls: dict[tuple[str, str], tuple[Call, float]] = {}  # with the time at which each was told
        self._appeared: deque[float] = deque(maxlen=KEPT)
        self._answered: deque[float] = deque(maxlen=KEPT)
        self._released: deque[tuple[float, str]] = deque(maxlen=KEPT)

    def __len__(self) -> int:
        return len(self._calls)

    def replace(self, calls: Iterable[Call], now: float) -> None:
        """These are all."""
        self._calls = {(call.id, call.device_id): (call, now) for call in calls}

    def change(self, change: StatusChange, now: float) -> None:
        """One call changed; one that is over leaves."""
        call = change.call
        key = (call.id, call.device_id)
        if change.previous_state == CALL_STATE_UNSPECIFIED and call.sequence == 1:
            self._appeared.append(now)
        if call.state == CALL_STATE_RELEASED:
            self._calls.pop(key, None)
            self._released.append((now, cause_of(call)))
            return
        if call.state == CALL_STATE_ESTABLISHED and call.establish_time == change.event_time:
            self._answered.append(now)
        self._calls[key] = (call, now)

    def rows(self, order: Order, words: str, limit: int, now: float) -> tuple[list[Row], int]:
        """The first ``limit`` calls that have all ``words`` somewhere, and how many there are of those."""
        wanted = words.lower().split()
        found = [
            row
            for key, (call, told) in reversed(self._calls.items())
            if _has_all(row := _row(key, call, now - told), wanted)
        ]
        match order:
            case Order.LONGEST:
                found.sort(key=lambda row: -row.seconds)
            case Order.STATE:
                found.sort(key=lambda row: row.state)
            case Order.AGENT:
                found.sort(key=lambda row: row.agent)
            case Order.NEWEST:
                pass
        return found[:limit], len(found)

    def figures(self, now: float) -> Figures:
        """The counts at ``now``."""
        for times in (self._appeared, self._answered):
            while times and times[0] <= now - WINDOW:
                times.popleft()
        while self._released and self._released[0][0] <= now - WINDOW:
            self._released.popleft()
        return Figures(
            live=len(self._calls),
            by_state=Counter(state_of(call) for call, _ in self._calls.values()).most_common(),
            appeared=len(self._appeared),
            answered=len(self._answered),
            released=len(self._released),
            causes=Counter(cause for _, cause in self._released).most_common(),
        )


def _row(key: tuple[str, str], call: Call, since: float) -> Row:
    return Row(
        key=key,
        state=state_of(call),
        seconds=int(call.duration.ToMilliseconds() / 1000 + since),
        agent=call.user_name,
        device=call.device_number,
        other=", ".join(party.formatted_phone_number or party.phone_number for party in call.participants),
        campaign=call.campaign_name,
    )


def _has_all(row: Row, words: Sequence[str]) -> bool:
    if not words:
        return True
    text = f"{row.state} {row.agent} {row.device} {row.other} {row.campaign} {row.key[0]}".lower()
    return all(word in text for word in words)
