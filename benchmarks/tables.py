"""Shows reports: lines for a terminal, Markdown, charts; computes nothing but how it looks."""

from collections.abc import Iterator, Mapping, Sequence

from benchmarks.curves import chart
from benchmarks.measures import Measure
from benchmarks.report import SHARES, Report, Row

AHEAD = "dialbridge is ahead by"
"""The heading of the ratios."""
MEANING = (
    f'"{AHEAD}": how many times as many per second and core dialbridge does as this contestant; for latencies, memory'
    " and times, how many times its own figure this contestant's is. Above 1 dialbridge is ahead, below 1 behind."
)
BOUND = (
    '"bound by": the side that ran, or was ready to run, for at least 85 % of the time; the shares of server and load'
    " generator where neither was."
)
NAME, CONTESTANT = 46, 27


def heading() -> str:
    """What stands above the lines."""
    return (
        f"{'measure':{NAME}} {'contestant':{CONTESTANT}} {'median (least to most)':36} {'per s and core':>14}"
        f" {'ahead by':>9}  {' / '.join(SHARES) + ' ms':26} bound by"
    )


def lines(report: Report) -> Iterator[str]:
    """One line for each contestant, then the targets."""
    measure = report.measure
    for row in report.rows:
        figure = f"{row.median:.2f} {_unit(measure)} ({row.least:.2f} to {row.most:.2f})"
        ahead = f"{row.ahead:.2f} x" if row.ahead != 1 else ""
        yield (
            f"{measure.name:{NAME}} {row.name:{CONTESTANT}} {figure:36} {_rate(row):>14} {ahead:>9}  {_latency(row):26}"
            f" {row.bound_by}{'; ' if row.bound_by and row.beside else ''}{row.beside}"
        ).rstrip()
    for verdict in report.verdicts:
        yield f"{'':{NAME}} target {verdict}"


def verdicts(reports: Sequence[Report]) -> Iterator[str]:
    """All targets at a glance."""
    every = [(report.measure, verdict) for report in reports for verdict in report.verdicts]
    if every:
        met = sum(verdict.met for _, verdict in every)
        yield f"{met} of {len(every)} targets are met{'; not met:' if met < len(every) else ''}"
        for measure, verdict in every:
            if not verdict.met:
                yield f"  {measure.name:{NAME}} {verdict.target}: {verdict.found}"


def markdown(reports: Sequence[Report], facts: Mapping[str, object]) -> str:
    """All figures, first the targets, the command beside each measure."""
    text = [
        "# Figures of the benchmark",
        "",
        "Written by `make bench`; what they mean is in [performance.md](../performance.md).",
        "",
        *(f"- {name.replace('_', ' ')}: {value}" for name, value in facts.items()),
        "",
        MEANING,
        "",
        BOUND,
        "",
        "## Targets",
        "",
        "| measure | target | found | met |",
        "| --- | --- | --- | --- |",
    ]
    for report in reports:
        for verdict in report.verdicts:
            met = "yes" if verdict.met else "**no**"
            text.append(f"| {report.measure.name} | {verdict.target} | {verdict.found} | {met} |")
    text.append("")
    for report in reports:
        text += _section(report)
    return "\n".join(text)


def charts(reports: Sequence[Report]) -> Mapping[str, str]:
    """An SVG for each group of measures, by the name of its file."""
    groups: dict[str, list[Report]] = {}
    for report in reports:
        if report.measure.group:
            groups.setdefault(report.measure.group, []).append(report)
    drawn = {}
    for group, members in groups.items():
        curves: dict[str, list[tuple[float, float]]] = {}
        for report in members:
            for row in report.rows:
                if row.median > 0 and report.measure.n > 0:
                    curves.setdefault(row.name, []).append((report.measure.n, row.median))
        first = members[0].measure
        label = "microseconds of server CPU per " + first.unit if first.figure == "cpu" else first.unit
        if curves:
            file = f"{group.replace(',', '').replace(' ', '-')}.svg"
            drawn[file] = chart(group, first.along, label, curves)
    return drawn


def _section(report: Report) -> Iterator[str]:
    measure = report.measure
    unit = f"us of server CPU per {measure.unit}" if measure.figure == "cpu" else measure.unit
    yield from (f"## {measure.name}", "", f'`python -m benchmarks.run --only "{measure.name}"`', "")
    for verdict in report.verdicts:
        yield f"- Target {verdict.target}: **{'met' if verdict.met else 'not met'}**, {verdict.found}."
    if report.verdicts:
        yield ""
    yield f"| | {unit}, median (least to most) | per second and core | {AHEAD} | {' / '.join(SHARES)} ms | bound by | |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for row in report.rows:
        yield (
            f"| {row.name} | {row.median:,.2f} ({row.least:,.2f} to {row.most:,.2f}) | {_rate(row)}"
            f" | {row.ahead:.2f} x | {_latency(row)} | {row.bound_by} | {row.beside} |"
        )
    yield ""


def _unit(measure: Measure) -> str:
    return f"us/{measure.unit}" if measure.figure == "cpu" else measure.unit


def _rate(row: Row) -> str:
    return f"{row.rate:,.0f}" if row.rate is not None else ""


def _latency(row: Row) -> str:
    return " / ".join(f"{value:.2f}" for value in row.latency) if row.latency else ""
