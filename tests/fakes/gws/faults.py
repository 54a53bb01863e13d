"""What goes wrong, when and how often; holds the plan and counts, the edges carry it out."""

import asyncio
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """The faults; the package's docstring says what each does."""

    # of a request
    DELAY = "delay"
    LATE_ANSWER = "late-answer"
    RESET_BEFORE = "reset-before"
    RESET_AFTER = "reset-after"
    CUT_ANSWER = "cut-answer"
    STATUS = "status"
    NOT_JSON = "not-json"
    ERROR = "error"
    SILENT = "silent"
    SILENT_AFTER = "silent-after"
    EVENT_FIRST = "event-first"
    EVENT_NEVER = "event-never"
    EXPIRE_SESSION = "expire-session"
    REFUSE = "refuse"
    UNKNOWN_CLIENT = "unknown-client"
    # of an event
    DROP = "drop"
    DUPLICATE = "duplicate"
    SWAP = "swap"
    HOLD_BACK = "hold-back"
    UNKNOWN_STATE = "unknown-state"
    UNKNOWN_NOTIFICATION = "unknown-notification"
    UNKNOWN_MESSAGE = "unknown-message"
    UNKNOWN_CAPABILITY = "unknown-capability"
    EXTRA_MEMBERS = "extra-members"


NEEDS_VALUE = {Kind.DELAY, Kind.LATE_ANSWER, Kind.STATUS, Kind.ERROR, Kind.HOLD_BACK}
OF_EVENTS = set(list(Kind)[list(Kind).index(Kind.DROP) :])
_TEXT = re.compile(r"(?P<on>.+?):(?P<kind>[a-z-]+)(=(?P<value>[0-9.]+))?(\*(?P<times>\d+|\*))?(@(?P<skip>\d+))?")


class Gone(Exception):
    """The server was stopped while a fault kept a request waiting."""


@dataclass(eq=False)
class Fault:
    """One fault: ``times`` hits (``None``: every time) after ``skip`` matches that pass; ``hits`` counts them."""

    on: str
    kind: Kind
    value: float | None = None
    times: int | None = 1
    skip: int = 0
    hits: int = 0

    def __post_init__(self) -> None:
        self.kind = Kind(self.kind)
        if self.kind in NEEDS_VALUE and self.value is None:
            raise ValueError(f"fault {self.kind} needs a value, as in '{self.on}:{self.kind}=2'")
        if (self.kind in OF_EVENTS) != self.on.startswith("event"):
            right = "event, event:<state> or event:<notificationType>" if self.kind in OF_EVENTS else "a request"
            raise ValueError(f"fault {self.kind} happens to {right}, not to {self.on!r}")

    def matches(self, names: Iterable[str]) -> bool:
        """Whether it hits now; counts."""
        if self.on not in names or (self.times is not None and self.hits >= self.times):
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.hits += 1
        return True


def parse_fault(text: str) -> Fault:
    """``<on>:<kind>[=<value>][*<times>][@<skip>]``, ``**``: every time; raises ValueError that says what is wrong."""
    found = _TEXT.fullmatch(text)
    if found is None:
        raise ValueError(
            f"a fault is <on>:<kind>[=<value>][*<times>][@<skip>], for instance Dial:reset-after; not {text!r}"
        )
    kind, value, times, skip = found["kind"], found["value"], found["times"], found["skip"]
    if kind not in list(Kind):
        raise ValueError(f"fault kind {kind!r} is not one of {', '.join(Kind)}")
    many = 1 if times is None else None if times == "*" else int(times)
    return Fault(found["on"], Kind(kind), float(value) if value else None, many, int(skip or 0))


class Faults:
    """The faults that are planned, and the state of being half-open."""

    def __init__(self, planned: Iterable[str] = ()):
        self.planned: list[Fault] = []
        self._thawed = asyncio.Event()
        self._thawed.set()
        self._closing = asyncio.Event()
        for text in planned:
            self.planned.append(parse_fault(text))

    def add(
        self, on: str, kind: Kind | str, value: float | None = None, *, times: int | None = 1, skip: int = 0
    ) -> Fault:
        """Plan a fault; what is returned counts its ``hits``."""
        fault = Fault(on, Kind(kind), value, times, skip)
        self.planned.append(fault)
        return fault

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        self.planned.clear()
        self.thaw()

    def take(self, names: Iterable[str]) -> dict[Kind, Fault]:
        """The faults that hit what has these names."""
        names = set(names)
        return {fault.kind: fault for fault in self.planned if fault.matches(names)}

    def freeze(self) -> None:
        """Half-open: connections are accepted, requests read and never answered."""
        self._thawed.clear()

    def thaw(self) -> None:
        """Answer again, first of all what waited."""
        self._thawed.set()

    def open(self) -> None:
        """The server starts."""
        self._closing.clear()

    def close(self) -> None:
        """The server stops: everything that a fault keeps waiting raises ``Gone``."""
        self._closing.set()

    async def thawed(self) -> None:
        """Wait until the server is not half-open."""
        if not self._thawed.is_set():
            await self._unless_closing(self._thawed.wait())

    async def sleep(self, seconds: float | None) -> None:
        """Wait so long (``None``: until the server stops)."""
        await self._unless_closing(asyncio.sleep(seconds) if seconds is not None else asyncio.Event().wait())

    async def _unless_closing(self, awaitable) -> None:
        waiting = asyncio.ensure_future(awaitable)
        closing = asyncio.ensure_future(self._closing.wait())
        try:
            await asyncio.wait({waiting, closing}, return_when=asyncio.FIRST_COMPLETED)
            if not waiting.done():
                raise Gone
        finally:
            waiting.cancel()
            closing.cancel()
