"""Targets: rules that say of a measure's figures whether they are good enough; they measure nothing and show nothing.

All figures are costs (microseconds, milliseconds, seconds, KiB): less is better. So "2 x as many per second and core as
PEER" is the peer's cost divided by ours.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Figures:
    """What a target is judged by: medians."""

    own: float
    others: Mapping[str, float]
    """By contestant."""
    smaller: Sequence[float] = ()
    """Our own figures at the smaller sizes of the same curve."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a target is met, and what decided."""

    target: str
    met: bool
    found: str

    def __str__(self) -> str:
        """One phrase."""
        return f"{self.target}: {'met' if self.met else 'NOT MET'}, {self.found}"


class Target(Protocol):
    """A rule."""

    def judge(self, figures: Figures) -> Verdict | None:
        """The verdict; None where nothing was measured that it compares with."""
        ...


@dataclass(frozen=True, slots=True)
class AtLeast:
    """So many times as many per second and core as the best of some contestants."""

    factor: float
    peers: tuple[str, ...]

    def judge(self, figures: Figures) -> Verdict | None:
        """Compare with those that are there."""
        there = {name: figures.others[name] for name in self.peers if name in figures.others}
        if not there:
            return None
        best = min(there, key=lambda name: there[name])
        ratio = there[best] / figures.own
        rival = self.peers[0] if len(self.peers) == 1 else f"the better of {' and '.join(self.peers)}"
        found = f"{ratio:.2f} x" + (f" {best}" if len(self.peers) > 1 else "")
        return Verdict(f"at least {self.factor:g} x {rival}", ratio >= self.factor, found)


@dataclass(frozen=True, slots=True)
class Rate:
    """So many per second and core; the figure is in microseconds."""

    per_second: float

    def judge(self, figures: Figures) -> Verdict:
        """Compare."""
        rate = 1e6 / figures.own
        return Verdict(
            f"at least {self.per_second:,.0f} per second and core", rate >= self.per_second, f"{rate:,.0f} per second"
        )


@dataclass(frozen=True, slots=True)
class Under:
    """Less than a value."""

    value: float
    unit: str

    def judge(self, figures: Figures) -> Verdict:
        """Compare."""
        return Verdict(f"under {self.value:g} {self.unit}", figures.own < self.value, f"{figures.own:.1f} {self.unit}")


@dataclass(frozen=True, slots=True)
class UnderTimes:
    """Less than so many times the figure of a contestant."""

    factor: float
    contestant: str

    def judge(self, figures: Figures) -> Verdict | None:
        """Compare."""
        if self.contestant not in figures.others:
            return None
        ratio = figures.own / figures.others[self.contestant]
        return Verdict(f"under {self.factor:g} x {self.contestant}", ratio < self.factor, f"{ratio:.2f} x")


@dataclass(frozen=True, slots=True)
class Flat:
    """Not much more than the least of the same curve at smaller sizes."""

    factor: float

    def judge(self, figures: Figures) -> Verdict | None:
        """Compare; the smallest of a curve has nothing to compare with."""
        if not figures.smaller:
            return None
        ratio = figures.own / min(figures.smaller)
        return Verdict(f"flat: at most {self.factor:g} x that of less", ratio <= self.factor, f"{ratio:.2f} x")
