"""What the far ends of the simulated switch do: scenario files in TOML, read and checked; plays nothing.

A scenario is a list of rules by number and what happens to a call that one of them fits. Every mistake of a file is
reported at once, with its place and the remedy.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from importlib import resources

from server.toml_table import TomlTable

_DEMO_FILE = "demo_scenario.toml"
_NUMBER = re.compile(r"[+*#0-9]{1,32}")
_PATTERN = re.compile(r"[+*#0-9]{0,32}\*")


MAX_SECONDS = 24 * 3600.0
MAX_CALLS_PER_SECOND = 10_000.0


class ScenarioError(Exception):
    """A scenario that cannot be played; the text lists every mistake."""

    def __init__(self, source: str, mistakes: Sequence[str]) -> None:
        super().__init__("\n".join(f"{source}: {mistake}" for mistake in mistakes))
        self.mistakes = tuple(mistakes)


class Outcome(Enum):
    """How a call ends up."""

    ANSWER = "answer"
    """The far end answers after ``after`` and stays, unless ``hang_up_after`` says otherwise."""
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    """Nobody answers; given up after ``after``."""
    REJECT = "reject"
    """The far end refuses the call."""
    INVALID_NUMBER = "invalid-number"
    NETWORK_FAILURE = "network-failure"
    """The network fails after ``after``, also when the call was answered meanwhile."""
    REFUSE_ORDER = "refuse-order"
    """The switch refuses the dial itself: there is no call."""
    UNREACHABLE = "unreachable"
    """The switch cannot be reached: there is no call."""


@dataclass(frozen=True, slots=True)
class Delay:
    """A time in seconds, drawn evenly between the two."""

    least: float
    most: float


@dataclass(frozen=True, slots=True)
class Play:
    """One way in which a call can go."""

    outcome: Outcome
    after: Delay
    hang_up_after: Delay | None = None
    """After the answer; None: the far end stays until somebody hangs up."""
    weight: float = 1.0
    """How likely, compared with the other plays of the same rule."""
    code: str = ""
    """The switch's code of a refusal."""
    message: str = ""
    """The switch's words of a refusal."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What happens to calls to some numbers."""

    number: str
    """A number, or the beginning of some with ``*`` behind it."""
    plays: tuple[Play, ...]

    def fits(self, number: str) -> bool:
        """Whether the rule is for ``number``."""
        return number.startswith(self.number[:-1]) if self.number.endswith("*") else number == self.number


@dataclass(frozen=True, slots=True)
class Load:
    """Calls from outside that the switch makes by itself."""

    calls_per_second: float
    to: tuple[str, ...]
    """Numbers of local devices, called in turn."""
    answer_after: Delay | None
    """When the called device answers by itself; None: its agent has to."""
    hang_up_after: Delay
    """When the caller hangs up, answered or not."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """All of it."""

    rules: tuple[Rule, ...]
    seed: int = 0
    """What random choices follow from: the same scenario is played the same way."""
    internal_digits: int = 5
    """A number of at most so many digits is internal."""
    recording: bool = True
    """Whether calls can be recorded."""
    load: Load | None = None
    _exact: Mapping[str, Rule] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_exact", {rule.number: rule for rule in self.rules if not rule.number.endswith("*")})

    def rule_for(self, number: str) -> Rule | None:
        """The rule of ``number``: its own before patterns, and among patterns the longest."""
        exact = self._exact.get(number)
        if exact is not None:
            return exact
        fitting = [rule for rule in self.rules if rule.number.endswith("*") and rule.fits(number)]
        return max(fitting, key=lambda rule: len(rule.number), default=None)

    @classmethod
    def from_toml(cls, text: str, source: str) -> "Scenario":
        """Read a scenario. Raises `ScenarioError`."""
        return _Reader(source).read(text)

    @classmethod
    def demo(cls) -> "Scenario":
        """The numbers of the demo."""
        text = resources.files("server.switches").joinpath(_DEMO_FILE).read_text(encoding="utf-8")
        return cls.from_toml(text, _DEMO_FILE)


class _Reader:
    """Turns TOML into a scenario and gathers every mistake on the way."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._mistakes: list[str] = []

    def read(self, text: str) -> Scenario:
        try:
            document = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ScenarioError(self._source, [f"not TOML: {error}"]) from None
        top = TomlTable(self._mistakes, "the file", document)
        load = top.table_or_none("load")
        scenario = Scenario(
            rules=tuple(
                self._rule(TomlTable(self._mistakes, f"[[numbers]] {place}", table))
                for place, table in enumerate(top.tables("numbers"), start=1)
            ),
            seed=top.number("seed", 0, 2**63 - 1, default=0),
            internal_digits=top.number("internal_digits", 0, 32, default=5),
            recording=top.flag("recording", default=True),
            load=None if load is None else self._load(TomlTable(self._mistakes, "[load]", load)),
        )
        top.nothing_else()
        seen: set[str] = set()
        for rule in scenario.rules:
            if rule.number in seen:
                self._mistakes.append(
                    f"[[numbers]] {rule.number}: stands twice; put both into one with [[numbers.mix]]"
                )
            seen.add(rule.number)
        if self._mistakes:
            raise ScenarioError(self._source, self._mistakes)
        return scenario

    def _rule(self, table: TomlTable) -> Rule:
        number = table.text("number", required=True)
        if number:
            table.place = f"[[numbers]] {number}"
            if not _NUMBER.fullmatch(number) and not _PATTERN.fullmatch(number):
                table.mistake("number", 'must be digits, or the first digits with "*" behind them, such as "50*"')
        mix = table.tables("mix")
        if mix:
            plays = tuple(
                self._play(TomlTable(self._mistakes, f"{table.place} [[numbers.mix]] {place}", values), weighted=True)
                for place, values in enumerate(mix, start=1)
            )
            table.nothing_else()
            if not any(play.weight for play in plays):
                table.mistake("mix", "needs a weight above 0")
        else:
            plays = (self._play(table, weighted=False),)
        return Rule(number, plays)

    def _play(self, table: TomlTable, *, weighted: bool) -> Play:
        outcome = Outcome(table.choice("outcome", [each.value for each in Outcome], Outcome.ANSWER.value))
        play = Play(
            outcome=outcome,
            after=Delay(*(table.span("after", _AFTER[outcome], MAX_SECONDS) or _AFTER[outcome])),
            hang_up_after=_delay(table.span("hang_up_after", None, MAX_SECONDS)),
            weight=table.real("weight", 0, 1e9, default=1.0) if weighted else 1.0,
            code=table.text("code"),
            message=table.text("message"),
        )
        if play.hang_up_after is not None and outcome is not Outcome.ANSWER:
            table.mistake("hang_up_after", f'goes with outcome = "answer" only, not with {outcome.value!r}')
        if (play.code or play.message) and outcome not in (Outcome.REFUSE_ORDER, Outcome.UNREACHABLE):
            table.mistake("code and message", 'go with outcome = "refuse-order" or "unreachable" only')
        table.nothing_else()
        return play

    def _load(self, table: TomlTable) -> Load:
        load = Load(
            calls_per_second=table.real("calls_per_second", 0.001, MAX_CALLS_PER_SECOND, default=1.0),
            to=tuple(table.texts("to")),
            answer_after=_delay(table.span("answer_after", None, MAX_SECONDS)),
            hang_up_after=Delay(*(table.span("hang_up_after", (10.0, 10.0), MAX_SECONDS) or (10.0, 10.0))),
        )
        if not load.to:
            table.mistake("to", "is missing: the numbers of the devices to call")
        table.nothing_else()
        return load


_AFTER: Mapping[Outcome, tuple[float, float]] = {
    Outcome.ANSWER: (2.0, 2.0),
    Outcome.BUSY: (0.2, 0.2),
    Outcome.NO_ANSWER: (20.0, 20.0),
    Outcome.REJECT: (0.5, 0.5),
    Outcome.INVALID_NUMBER: (0.2, 0.2),
    Outcome.NETWORK_FAILURE: (1.0, 1.0),
    Outcome.REFUSE_ORDER: (0.0, 0.0),
    Outcome.UNREACHABLE: (0.0, 0.0),
}
"""When it happens, unless the scenario says otherwise."""


def _delay(span: tuple[float, float] | None) -> Delay | None:
    return None if span is None else Delay(*span)
