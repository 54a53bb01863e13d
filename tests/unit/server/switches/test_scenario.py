"""Scenario files."""

import re
import tomllib
from pathlib import Path

import pytest

from server.switches.scenario import Delay, Outcome, Scenario, ScenarioError

DOCUMENTATION = Path(__file__).parents[4] / "docs/simulator.md"


def read(text):
    return Scenario.from_toml(text, "s.toml")


def test_the_most_exact_rule_wins():
    scenario = read(
        "".join(f'[[numbers]]\nnumber="{number}"\nafter={n}\n' for n, number in enumerate(["*", "5*", "50*", "501"]))
    )
    assert [scenario.rule_for(number).plays[0].after.least for number in ("1", "51", "502", "501", "5010")] == [
        0,
        1,
        2,
        3,
        2,
    ]
    assert read("").rule_for("1") is None


def test_every_outcome_has_a_time_of_its_own_unless_told():
    for outcome in Outcome:
        (play,) = read(f'[[numbers]]\nnumber="1"\noutcome="{outcome.value}"\n').rules[0].plays
        assert play.outcome is outcome
        (play,) = read(f'[[numbers]]\nnumber="1"\noutcome="{outcome.value}"\nafter=[1, 2.5]\n').rules[0].plays
        assert play.after == Delay(1.0, 2.5)


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("numbers = 5", "must be tables: [[numbers]]"),
        ("= 5", "not TOML"),
        ('[[numbers]]\nnumber="5001"\noutcom="busy"', "did you mean 'outcome'?"),
        ('[[numbers]]\nnumber="5001"\noutcome="bussy"', "did you mean 'busy'?"),
        ("[[numbers]]", "number is missing"),
        ('[[numbers]]\nnumber="5x1"', "must be digits"),
        ('[[numbers]]\nnumber="1"\nafter=-1', "must be seconds from 0"),
        ('[[numbers]]\nnumber="1"\nafter=[5, 1]', "must be seconds from 0"),
        ('[[numbers]]\nnumber="1"\nafter=true', "must be seconds from 0"),
        ('[[numbers]]\nnumber="1"\noutcome="busy"\nhang_up_after=1', 'goes with outcome = "answer" only'),
        ('[[numbers]]\nnumber="1"\ncode="7"', 'go with outcome = "refuse-order"'),
        ('[[numbers]]\nnumber="1"\n[[numbers]]\nnumber="1"', "stands twice"),
        ('[[numbers]]\nnumber="1"\n[[numbers.mix]]\nweight=0', "needs a weight above 0"),
        ('[[numbers]]\nnumber="1"\n[[numbers.mix]]\nweight="x"', "weight must be a number"),
        ('[[numbers]]\nnumber="1"\nafter=1\n[[numbers.mix]]\nweight=1', "after is not known here"),
        ("seed = -1", "seed must be a number"),
        ("[load]", "to is missing"),
        ('[load]\nto=["5005"]\ncalls_per_second=0', "calls_per_second must be a number from"),
        ("[load]\nto=[5005]", "must be a list of texts"),
        ("[lode]", "did you mean 'load'?"),
    ],
)
def test_a_mistake_is_named_with_its_place_and_the_remedy(text, mistake):
    with pytest.raises(ScenarioError) as wrong:
        read(text)
    assert mistake in str(wrong.value)
    assert all(line.startswith("s.toml: ") for line in str(wrong.value).splitlines())


def test_every_scenario_in_the_documentation_can_be_played():
    blocks = re.findall(r"```toml\n(.*?)```", DOCUMENTATION.read_text(), re.DOTALL)
    assert len(blocks) >= 3
    for block in blocks:
        assert tomllib.loads(block)
        read(block)
