"""Measure one tool: `python -m benchmarks.quality.worker`, with a list of jobs as JSON on its input.

Runs in a process of its own, with one thread, so that CPU seconds can be compared.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import resource
import sys
import time
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.quality import cache
from benchmarks.quality.curve import curve_set
from benchmarks.quality.rivals import BUDGET, TOOLS, Tool, Training
from benchmarks.quality.sets import SETS, DataSet

ALWAYS = ("scikit-learn", "pandas", "numpy")
TIMED = ("flaml", "autogluon")


@dataclass(frozen=True)
class Job:
    """Which folds of which set (or point of its learning curve) a tool is measured on."""

    data: str
    tool: str
    folds: list[int]
    folder: str
    rate: float | None = None
    size: int | None = None

    @property
    def point(self) -> str:
        """Name of the set or of the point of its learning curve."""
        return Path(self.folder).parent.name


def cpu_seconds() -> float:
    """CPU seconds of this process and of the children that it has waited for."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in both)


def measure(job: Job, data: DataSet, fold: int) -> cache.Result:
    """Fit and predict one fold."""
    tool = TOOLS[job.tool]
    learned, judged = data.folds[fold]
    cutoff = None if data.cutoff is None else data.cutoff.iloc[learned]
    training = Training(data.frame.iloc[learned], data.y[learned], data.customer_id[learned], cutoff)
    table = data.frame.iloc[judged]
    began, start = time.monotonic(), cpu_seconds()
    predict = tool.fit(training)
    fitted = cpu_seconds()
    p = predict(table)
    done = cpu_seconds()
    facts = cache.Facts(
        fold=fold,
        folds=len(data.folds),
        digest=data.digest,
        learned_from=len(learned),
        fit_seconds=fitted - start,
        predict_seconds=done - fitted,
        wall_seconds=time.monotonic() - began,
        load=os.getloadavg()[0],
        budget=os.environ.get(BUDGET, "60") if job.tool in TIMED else "",
        python=platform.python_version(),
        versions=_versions(tool),
        measured_at=datetime.now(UTC).isoformat(timespec="minutes"),
    )
    return cache.Result(judged, data.y[judged], data.customer_id[judged], p, facts)


def _versions(tool: Tool) -> dict[str, str]:
    found = {}
    for name in (*tool.distributions, *ALWAYS):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def main() -> None:
    warnings.simplefilter("ignore")
    for job in (Job(**one) for one in json.load(sys.stdin)):
        data = SETS[job.data]()
        if job.rate is not None and job.size is not None:
            data = curve_set(data, job.rate, job.size)
        for fold in job.folds:
            result = measure(job, data, fold)
            cache.save(Path(job.folder), result)
            facts = result.facts
            cost = f"{facts.fit_seconds:.1f} + {facts.predict_seconds:.1f} CPU s"
            print(f"{job.tool} on {job.point}, fold {fold}: {cost}", flush=True)


if __name__ == "__main__":
    main()
