"""The command: measure what is not in the cache, then show the tables."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from benchmarks.quality import cache
from benchmarks.quality.curve import DRAWS, RATES, SIZES, curve_name
from benchmarks.quality.report import render
from benchmarks.quality.rivals import BUDGET, CURVE_TOOLS, TOOLS
from benchmarks.quality.scores import score
from benchmarks.quality.sets import FOLDS, SETS, available
from benchmarks.quality.worker import Job

CURVE_SETS = ("telco", "mlc")
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
CLI = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=__doc__)


@dataclass(frozen=True)
class Plan:
    """What was asked for, with churnhealth under the fingerprint of its source."""

    work: Path
    sets: list[str]
    measured: list[str]
    shown: list[str]
    folds: list[int] | None
    sizes: list[int]
    fresh: bool

    def folder(self, point: str, tool: str) -> Path:
        """Folder of a tool's results on a set or a point of its curve."""
        return self.work / point / tool

    def jobs(self, tool: str) -> Iterator[Job]:
        """All jobs of a tool: the sets, then the points of the learning curves."""
        for name in self.sets:
            wanted = range(FOLDS[name]) if self.folds is None else self.folds
            yield self._job(name, tool, [one for one in wanted if one < FOLDS[name]])
        if tool.partition("@")[0] in CURVE_TOOLS:
            yield from self._curve_jobs(tool)

    def points(self) -> list[str]:
        """Names of the points of the learning curves."""
        names = [name for name in CURVE_SETS if name in self.sets]
        return [curve_name(n, rate, size) for n in names for rate in RATES for size in self.sizes]

    def _curve_jobs(self, tool: str) -> Iterator[Job]:
        for name in (name for name in CURVE_SETS if name in self.sets):
            for rate in RATES:
                for size in self.sizes:
                    point = curve_name(name, rate, size)
                    yield self._job(point, tool, list(range(DRAWS)), name, rate, size)

    def _job(
        self,
        point: str,
        tool: str,
        folds: list[int],
        data: str | None = None,
        rate: float | None = None,
        size: int | None = None,
    ) -> Job:
        folder = self.folder(point, tool)
        if self.fresh:
            cache.forget(folder, folds)
        missing = cache.missing_folds(folder, folds)
        return Job(data or point, tool.partition("@")[0], missing, str(folder), rate, size)


def main() -> None:
    options = _options()
    plan, absent = _plan(options)
    failed = list(_run(plan))
    by_set = {name: _results(plan, name) for name in plan.sets}
    curves = {name: _results(plan, name) for name in plan.points()}
    text = render(
        by_set, curves, [*absent, *failed], partial(cache.remembered, plan.work, compute=score)
    )
    if options.report:
        options.report.write_text(text)
    print(text)


def _options() -> argparse.Namespace:
    CLI.add_argument("--sets", nargs="*", default=list(SETS), choices=list(SETS))
    CLI.add_argument(
        "--tools", nargs="*", default=list(TOOLS), help="which to measure: " + ", ".join(TOOLS)
    )
    CLI.add_argument("--show", nargs="*", help="which to show beside them; all that the cache holds")
    CLI.add_argument("--folds", nargs="*", type=int, help="only these folds (0, 1, ...)")
    CLI.add_argument(
        "--curve", nargs="*", type=int, default=list(SIZES), choices=SIZES, help="sizes; none: no curve"
    )
    CLI.add_argument("--seconds", type=int, default=60, help="budget of a fold for FLAML and AutoGluon")
    CLI.add_argument("--work", type=Path, default=cache.FOLDER, help="folder of the cache")
    CLI.add_argument("--fresh", action="store_true", help="measure again what the cache holds")
    CLI.add_argument("--report", type=Path, help="file to write the tables to")
    options = CLI.parse_args()
    os.environ[BUDGET] = str(options.seconds)
    return options


def _plan(options: argparse.Namespace) -> tuple[Plan, list[str]]:
    ours = f"churnhealth@{cache.source_fingerprint()}"
    asked = [ours if tool == "churnhealth" else tool for tool in options.tools]
    unknown = [tool for tool in asked if tool.partition("@")[0] not in TOOLS]
    if unknown:
        CLI.error(f"unknown tools {unknown}; known: {', '.join(TOOLS)}")
    measured = [tool for tool in asked if tool == ours or ("@" not in tool and TOOLS[tool].installed)]
    sets = [name for name in options.sets if available(name)]
    absent = [
        f"Not measured, its data are not here: {name}." for name in options.sets if name not in sets
    ]
    rivals = [tool for tool in TOOLS if tool != "churnhealth"] if options.show is None else options.show
    named = list(dict.fromkeys([*asked, ours, *rivals]))
    held = {tool for tool in named if any((options.work / name / tool).exists() for name in sets)}
    shown = [tool for tool in named if tool in held or tool in measured]
    absent += [f"No results: {tool}." for tool in named if tool not in shown]
    return Plan(options.work, sets, measured, shown, options.folds, options.curve, options.fresh), absent


def _run(plan: Plan) -> Iterator[str]:
    """Measure what is missing, one process at a time and one for each tool; yield what failed."""
    for tool in plan.measured:
        jobs = [job for job in plan.jobs(tool) if job.folds]
        while jobs:
            why = _measure(jobs)
            if not why:
                break
            jobs = [job for job in jobs if cache.missing_folds(Path(job.folder), job.folds)]
            yield f"Failed: {tool} on {jobs[0].point}: {why}"
            jobs = jobs[1:]


def _measure(jobs: list[Job]) -> str:
    """Run a process that does these jobs in order; return its last words when it fails."""
    command = [sys.executable, "-m", "benchmarks.quality.worker"]
    environment = os.environ | dict.fromkeys(THREADS, "1")
    said = json.dumps([asdict(job) for job in jobs])
    done = subprocess.run(
        command,
        input=said,
        env=environment,
        stdout=sys.stderr,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    sys.stderr.write(done.stderr if done.returncode else "")
    return (done.stderr.strip().splitlines() or ["no message"])[-1] if done.returncode else ""


def _results(plan: Plan, point: str) -> dict[str, list[cache.Result]]:
    found = {tool: cache.load(plan.folder(point, tool)) for tool in plan.shown}
    return {tool: results for tool, results in found.items() if results}


if __name__ == "__main__":
    main()
