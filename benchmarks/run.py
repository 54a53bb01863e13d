"""Runs the measures and shows them: ``python -m benchmarks.run [--quick] [--only WORDS]``.

The contestants of a measure take turns, round after round, so that what else happens on the machine hits all of them;
each figure is the median of its rounds, with the least and the most beside it.
"""

import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks import peers
from benchmarks.curves import chart
from benchmarks.measures import Bench, Measure, Sample, all_measures, bound_by, figure_of
from benchmarks.processes import BUILD, ROOT, Cores

CHARTS = ROOT / "docs" / "performance"

Samples = Mapping[str, Sequence[Sample]]


def take(measure: Measure, bench: Bench, rounds: int) -> Samples:
    """Let the contestants that are installed take turns."""
    there = {*peers.commands(0), "bare"}
    names = [name for name in measure.contestants if name.startswith("dialbridge") or name in there]
    samples: dict[str, list[Sample]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            try:
                samples[name].append(measure.contestants[name](bench))
            except RuntimeError as error:
                print(f"  {measure.name}: {name} failed: {error}", file=sys.stderr)
    return {name: taken for name, taken in samples.items() if taken}


def show(measure: Measure, samples: Samples) -> None:
    """One line for each contestant; the ratio is how much more of the figure the contestant needs than the first."""
    own = 0.0
    for name, taken in samples.items():
        figures = sorted(figure_of(measure, sample) for sample in taken)
        median = statistics.median(figures)
        own = own or median
        rate = f"{1e6 / median:>9,.0f}/s" if measure.figure == "cpu" and median else " " * 11
        latency = statistics.median([(sample["latency_ms"] or {}).get("p50", 0.0) for sample in taken])
        tail = statistics.median([(sample["latency_ms"] or {}).get("p99", 0.0) for sample in taken])
        unit = f"us/{measure.unit}" if measure.figure == "cpu" else measure.unit
        print(
            f"{measure.name:34} {name:27} {median:10.2f} {unit:12} ({figures[0]:.2f} to {figures[-1]:.2f})"
            f" {rate} {median / own if own else 0.0:6.2f} x  p50 {latency:8.2f} p99 {tail:8.2f} ms"
            f"  bound: {bound_by(taken[-1])}",
            flush=True,
        )
    if measure.target:
        print(f"{'':34} target: {measure.target}")


def written(taken: Mapping[str, tuple[Measure, Samples]], facts: Mapping[str, object]) -> str:
    """All figures as Markdown, the command beside each measure."""
    lines = [
        "# Figures of the benchmark",
        "",
        "Written by `make bench`; what they mean is in [performance.md](../performance.md).",
        "",
        *(f"- {name.replace('_', ' ')}: {value}" for name, value in facts.items()),
        "",
    ]
    for measure, samples in taken.values():
        unit = f"us of server CPU per {measure.unit}" if measure.figure == "cpu" else measure.unit
        target = f" Target: {measure.target}." if measure.target else ""
        lines += [
            f"## {measure.name}",
            "",
            f'`python -m benchmarks.run --only "{measure.name}"`.{target}',
            "",
            f"| | {unit}, median (least to most) | per second and core | ratio | p50 / p99 ms | bound by |",
            "| --- | --- | --- | --- | --- | --- |",
        ]
        own = 0.0
        for name, each in samples.items():
            figures = sorted(figure_of(measure, sample) for sample in each)
            median = statistics.median(figures)
            own = own or median
            rate = f"{1e6 / median:,.0f}" if measure.figure == "cpu" and median else ""
            times = [sample["latency_ms"] or {} for sample in each]
            p50, p99 = (statistics.median([of.get(share, 0.0) for of in times]) for share in ("p50", "p99"))
            latency = f"{p50:.2f} / {p99:.2f}" if p50 else ""
            lines.append(
                f"| {name} | {median:,.2f} ({figures[0]:,.2f} to {figures[-1]:,.2f}) | {rate}"
                f" | {median / own if own else 0.0:.2f} | {latency} | {bound_by(each[-1])} |"
            )
        lines.append("")
    return "\n".join(lines)


def draw(taken: Mapping[str, tuple[Measure, Samples]], directory: Path) -> None:
    """A chart for each group of measures."""
    groups: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for measure, samples in taken.values():
        if measure.group:
            for name, each in samples.items():
                figure = statistics.median(figure_of(measure, sample) for sample in each)
                if figure > 0:
                    groups.setdefault(measure.group, {}).setdefault(name, []).append((measure.n, figure))
    directory.mkdir(exist_ok=True)
    for group, lines in groups.items():
        x = group if group in ("live calls", "journal length") else "subscribers"
        text = chart(group, x, "microseconds of server CPU per unit", lines)
        (directory / f"{group.replace(',', '').replace(' ', '-')}.svg").write_text(text)


def conditions(python: str) -> Mapping[str, object]:
    """What the figures depend on."""
    model = next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), "")
    return {
        "at": time.strftime("%Y-%m-%d"),
        "processor": model.partition(":")[2].strip(),
        "kernel": platform.release(),
        "python": python,
        "python_version": subprocess.run([python, "-VV"], capture_output=True, text=True, check=True).stdout.strip(),
        "load": Path("/proc/loadavg").read_text().split()[:3],
    }


def main() -> None:
    """Read the command line, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="some measures, one short round")
    parser.add_argument("--only", action="append", help="measures whose name contains this; may be given several times")
    parser.add_argument("--without", action="append", default=[], help="contestants to leave out")
    parser.add_argument("--rounds", type=int, help="rounds (default: 3, quick: 1)")
    parser.add_argument("--seconds", type=float, help="how long each contestant is measured (default: 2, quick: 1)")
    parser.add_argument("--python", default=sys.executable, help="interpreter for dialbridge, of this version")
    parser.add_argument("--server-core", default="0")
    parser.add_argument("--load-core", default="1")
    parser.add_argument(
        "--output", type=Path, help="where the JSON goes (default: benchmarks/.build/results.json, and docs)"
    )
    arguments = parser.parse_args()
    measures = [
        measure
        for measure in all_measures()
        if (not arguments.only or any(word in measure.name for word in arguments.only))
        and (measure.quick or not arguments.quick)
    ]
    output = arguments.output or BUILD / "results.json"
    with tempfile.TemporaryDirectory() as data:
        bench = Bench(
            Cores(arguments.server_core, arguments.load_core),
            arguments.seconds or (1.0 if arguments.quick else 2.0),
            arguments.python,
            Path(data),
        )
        results = json.loads(output.read_text())["measures"] if arguments.only and output.exists() else {}
        taken: dict[str, tuple[Measure, Samples]] = {}
        for measure in measures:
            kept = {name: run for name, run in measure.contestants.items() if name not in arguments.without}
            measure = Measure(**{**{f: getattr(measure, f) for f in measure.__slots__}, "contestants": kept})
            samples = take(measure, bench, arguments.rounds or (1 if arguments.quick else 3))
            show(measure, samples)
            taken[measure.name] = (measure, samples)
            results[measure.name] = samples
            facts = {"conditions": conditions(arguments.python), "measures": results}
            output.write_text(json.dumps(facts, indent=1))
    if not arguments.quick and arguments.output is None:
        known = {measure.name: measure for measure in all_measures()}
        every = {name: (known[name], samples) for name, samples in results.items() if name in known}
        draw(every, CHARTS)
        (CHARTS / "figures.md").write_text(written(every, conditions(arguments.python)))


if __name__ == "__main__":
    main()
