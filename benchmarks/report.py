"""What came out of a measure: medians, spread, who was ahead and which targets are met; shows nothing."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.bench import Sample
from benchmarks.measures import Measure
from benchmarks.targets import Figures, Verdict

Samples = Mapping[str, Sequence[Sample]]
"""By contestant, one for each round."""

BUSY = 0.85
"""The share of the time from which on a side counts as saturated."""
SHARES = ("p50", "p99", "p99.9")


@dataclass(frozen=True, slots=True)
class Row:
    """One contestant."""

    name: str
    median: float
    least: float
    most: float
    ahead: float
    """How many times our figure its own is: above 1, dialbridge is ahead."""
    rate: float | None
    """Per second and core."""
    latency: Sequence[float] | None
    """In milliseconds, by `SHARES`."""
    bound_by: str
    beside: str
    """What else is worth knowing."""


@dataclass(frozen=True, slots=True)
class Report:
    """One measure."""

    measure: Measure
    rows: Sequence[Row]
    verdicts: Sequence[Verdict]


def reports(taken: Mapping[str, tuple[Measure, Samples]]) -> list[Report]:
    """What came out of all that was measured, by name."""
    medians = {
        name: {contestant: _median(measure, each) for contestant, each in samples.items()}
        for name, (measure, samples) in taken.items()
    }
    found = []
    for name, (measure, samples) in taken.items():
        first = next(iter(measure.contestants))
        own = medians[name].get(first, 0.0)
        smaller = [
            medians[other][first]
            for other, (each, _) in taken.items()
            if measure.group and each.group == measure.group and each.n < measure.n and first in medians[other]
        ]
        verdicts: list[Verdict] = []
        if own > 0:
            figures = Figures(own, medians[name], smaller)
            verdicts = [verdict for target in measure.targets if (verdict := target.judge(figures))]
        found.append(Report(measure, [_row(measure, each, own, samples[each]) for each in samples], verdicts))
    return found


def bound_by(sample: Sample) -> str:
    """Which side ran all the time, or would have if the machine had let it."""
    if not sample.get("seconds") or not sample["load_cpu"]:
        return ""
    server, generator = (
        (sample[f"{side}_cpu"] + sample.get(f"{side}_wait", 0.0)) / sample["seconds"] for side in ("server", "load")
    )
    if server >= BUSY:
        return "server" if generator < BUSY else "both"
    return "load" if generator >= BUSY else f"neither ({server:.0%}, {generator:.0%})"


def _row(measure: Measure, name: str, own: float, samples: Sequence[Sample]) -> Row:
    figures = [_figure(measure, sample) for sample in samples]
    median = statistics.median(figures)
    times = [sample["latency_ms"] for sample in samples if sample.get("latency_ms")]
    return Row(
        name=name,
        median=median,
        least=min(figures),
        most=max(figures),
        ahead=median / own if own > 0 else 0.0,
        rate=1e6 / median if measure.figure == "cpu" and median > 0 else None,
        latency=[statistics.median([each[share] for each in times]) for share in SHARES] if times else None,
        bound_by=bound_by(samples[-1]),
        beside=_beside(measure, median, samples),
    )


def _beside(measure: Measure, median: float, samples: Sequence[Sample]) -> str:
    if measure.figure == "started" or not samples:
        return ""
    parts = []
    if messages := sum(sample.get("messages", 0) for sample in samples):
        parts.append(f"{sum(sample['count'] for sample in samples) / messages:.1f} at once")
    if "started" in samples[0]:
        started = statistics.median([sample["started"] for sample in samples])
        share = f", {started / median:.0%} of it" if measure.figure == "all_live" else ""
        parts.append(f"start of the process {started:.2f} s{share}")
    return "; ".join(parts)


def _median(measure: Measure, samples: Sequence[Sample]) -> float:
    return statistics.median([_figure(measure, sample) for sample in samples])


def _figure(measure: Measure, sample: Sample) -> float:
    match measure.figure:
        case "cpu":
            return float(sample["server_cpu"]) / max(1, sample["count"]) * 1e6
        case "p99":
            return float(sample["latency_ms"]["p99"])
        case name:
            return float(sample[name])
