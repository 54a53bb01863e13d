"""What was found of each documented fact, and how two JSON values differ; pure."""

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


class Source(enum.Enum):
    """Why a fact is expected."""

    DOCUMENTED = "documented"
    OBSERVED = "observed"
    """Seen of a real server; no page says it."""
    CHOICE = "choice"
    """No page says it, and servers may differ; dialbridge relies on neither answer."""


class Verdict(enum.Enum):
    """What was found."""

    HOLDS = "holds"
    DIFFERS = "differs"
    NOT_OFFERED = "not offered"
    """The server does not have it, or what came before did not get so far."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that the reference says."""

    title: str
    source: Source
    reference: str
    """Which page says it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of a fact."""

    fact: Fact
    verdict: Verdict
    details: tuple[str, ...] = ()
    """Lines that say what is different, or missing."""


class AnyOf:
    """An expected value of which only the type counts, or that is one of some."""

    def __init__(self, *types: type, values: Iterable[object] = ()) -> None:
        self.types = types
        self.values = tuple(values)

    def takes(self, value: object) -> bool:
        """Whether ``value`` is as expected; a bool is no int."""
        if self.values:
            return any(value == each and type(value) is type(each) for each in self.values)
        return isinstance(value, self.types) and (not isinstance(value, bool) or bool in self.types)

    def __repr__(self) -> str:
        if self.values:
            return " or ".join(map(repr, self.values))
        return "any " + " or ".join(each.__name__ for each in self.types)


@dataclass(frozen=True, slots=True)
class Optional:
    """A member that may be absent, and is as ``value`` if it is there."""

    value: object


def differences(expected: object, actual: object, place: str = "") -> list[str]:
    """Lines that say where ``actual`` is not as ``expected``; members that nobody expects are differences too."""
    match expected:
        case AnyOf():
            return [] if expected.takes(actual) else [f"{place or 'it'}: expected {expected!r}, is {actual!r}"]
        case Mapping():
            if not isinstance(actual, Mapping):
                return [f"{place or 'it'}: expected an object, is {actual!r}"]
            return _of_members(expected, actual, place)
        case list():
            if not isinstance(actual, list) or len(actual) != len(expected):
                return [f"{place or 'it'}: expected {len(expected)} elements, is {actual!r}"]
            return [
                line
                for number, (one, other) in enumerate(zip(expected, actual, strict=True))
                for line in differences(one, other, f"{place}[{number}]")
            ]
        case _:
            same = expected == actual and type(expected) is type(actual)
            return [] if same else [f"{place or 'it'}: expected {expected!r}, is {actual!r}"]


def _of_members(expected: Mapping[str, object], actual: Mapping[str, object], place: str) -> list[str]:
    lines = []
    for name, value in expected.items():
        where = f"{place}.{name}" if place else name
        if name in actual:
            lines += differences(value.value if isinstance(value, Optional) else value, actual[name], where)
        elif not isinstance(value, Optional):
            lines.append(f"{where}: missing")
    lines += [
        f"{place}.{name}: not documented, is {value!r}" if place else f"{name}: not documented, is {value!r}"
        for name, value in actual.items()
        if name not in expected
    ]
    present = [name for name in expected if name in actual]
    if not lines and [name for name in actual if name in expected] != present:
        lines.append(f"{place or 'it'}: the members stand in the order {', '.join(actual)}")
    return lines
