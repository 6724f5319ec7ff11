"""Measure one tool on some folds of one set: `python -m benchmarks.quality.worker '{...}'`.

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
    job = Job(**json.loads(sys.argv[1]))
    data = SETS[job.data]()
    if job.rate is not None and job.size is not None:
        data = curve_set(data, job.rate, job.size)
    for fold in job.folds:
        result = measure(job, data, fold)
        cache.save(Path(job.folder), result)
        cost = result.facts.fit_seconds + result.facts.predict_seconds
        print(f"  fold {fold}: {cost:.1f} CPU s", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
