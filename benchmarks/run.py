"""Runs the measures: ``python -m benchmarks.run [--quick] [--only WORDS]``; shows and writes what comes out.

The contestants of a measure take turns, round after round, so that what else happens on the machine hits all of them;
each figure is the median of its rounds, with the least and the most beside it.
"""

import argparse
import json
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks import peers, tables
from benchmarks.bench import LIMITS, Bench, Sample
from benchmarks.measures import Measure, all_measures
from benchmarks.processes import BUILD, ROOT, Cores
from benchmarks.report import Report, Samples, reports
from benchmarks.trials import DIALBRIDGE

CHARTS = ROOT / "docs" / "performance"


def take(measure: Measure, bench: Bench, rounds: int) -> Samples:
    """Let the contestants that are installed take turns."""
    there = {*peers.commands(0), *LIMITS}
    names = [name for name in measure.contestants if name.startswith(DIALBRIDGE) or name in there]
    samples: dict[str, list[Sample]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            try:
                samples[name].append(measure.contestants[name](bench))
            except RuntimeError as error:
                print(f"  {measure.name}: {name} failed: {error}", file=sys.stderr)
    return {name: taken for name, taken in samples.items() if taken}


def conditions(python: str) -> Mapping[str, object]:
    """What the figures depend on."""
    model = next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), "")
    return {
        "at": time.strftime("%Y-%m-%d"),
        "processor": model.partition(":")[2].strip(),
        "kernel": platform.release(),
        "python": python,
        "python_version": subprocess.run([python, "-VV"], capture_output=True, text=True, check=True).stdout.strip(),
        "load": " ".join(Path("/proc/loadavg").read_text().split()[:3]),
    }


def asked() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="some measures, one short round")
    parser.add_argument("--only", action="append", help="measures whose name contains this; may be given several times")
    parser.add_argument("--without", action="append", default=[], help="contestants to leave out")
    parser.add_argument("--rounds", type=int, help="rounds (default: 3 where there is a target, else 2; quick: 1)")
    parser.add_argument("--seconds", type=float, help="how long each contestant is measured (default: 1.2, quick: 0.8)")
    parser.add_argument("--python", default=sys.executable, help="interpreter for dialbridge, of this version")
    parser.add_argument("--server-core", default="0")
    parser.add_argument("--load-core", default="1")
    parser.add_argument(
        "--output", type=Path, help="where the JSON goes (default: benchmarks/.build/results.json, and docs)"
    )
    return parser.parse_args()


def chosen(arguments: argparse.Namespace) -> Iterable[Measure]:
    """The measures that are asked for, with the contestants that are."""
    for measure in all_measures():
        if arguments.only and not any(word in measure.name for word in arguments.only):
            continue
        if measure.quick or not arguments.quick:
            kept = {name: run for name, run in measure.contestants.items() if name not in arguments.without}
            yield replace(measure, contestants=kept)


def known(results: Mapping[str, Samples]) -> Sequence[Report]:
    """What came out of everything that was ever measured, in the order of the measures."""
    return reports({each.name: (each, results[each.name]) for each in all_measures() if each.name in results})


def main() -> None:
    """Measure, show, write."""
    arguments = asked()
    quick = arguments.quick
    output = arguments.output or BUILD / ("quick.json" if quick else "results.json")
    results: dict[str, Samples] = {}
    if arguments.only and output.exists():
        results = json.loads(output.read_text())["measures"]
    began = time.monotonic()
    names = []
    print(f"{tables.MEANING}\n{tables.BOUND}\n\n{tables.heading()}", flush=True)
    with tempfile.TemporaryDirectory() as data:
        bench = Bench(
            cores=Cores(arguments.server_core, arguments.load_core),
            seconds=arguments.seconds or (0.8 if quick else 1.2),
            warm_up=0.4 if quick else 0.7,
            dials=200 if quick else 600,
            python=arguments.python,
            data=Path(data),
        )
        for measure in chosen(arguments):
            results[measure.name] = take(measure, bench, arguments.rounds or (1 if quick else measure.rounds))
            report = next(each for each in known(results) if each.measure.name == measure.name)
            print("\n".join(tables.lines(report)), flush=True)
            output.write_text(json.dumps({"conditions": conditions(arguments.python), "measures": results}, indent=1))
            names.append(measure.name)
    print("\n".join(tables.verdicts([each for each in known(results) if each.measure.name in names])))
    print(f"measured in {time.monotonic() - began:.0f} s; all samples are in {output}")
    if not quick and arguments.output is None:
        CHARTS.mkdir(exist_ok=True)
        every = known(results)
        for name, text in tables.charts(every).items():
            (CHARTS / name).write_text(text)
        (CHARTS / "figures.md").write_text(tables.markdown(every, conditions(arguments.python)))


if __name__ == "__main__":
    main()
