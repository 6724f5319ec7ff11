"""CPU seconds and peak memory of `churnhealth check`: `python benchmarks/check.py CONFIG`.

`churnhealth simulate --customers 30000 --years 3 --out big` makes a project of 9.7 million usage
events, whose CONFIG is big/churnhealth.toml.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

from churnhealth.jobs.check import check
from churnhealth.jobs.wiring import open_workplace


class Stages:
    """Prints how long each stage took when the next one begins."""

    def __init__(self) -> None:
        self.name, self.began = "opening", time.process_time()

    def __call__(self, name: str) -> None:
        now = time.process_time()
        print(f"{now - self.began:8.1f} CPU s  {self.name}", flush=True)
        self.name, self.began = name, now


if __name__ == "__main__":
    stages = Stages()
    result = check(open_workplace(Path(sys.argv[1]), stages))
    stages("end")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rows = int(result.report.sources["rows"].sum())
    print(f"{time.process_time():8.1f} CPU s in all, {rows:,} rows, peak memory {peak:,.0f} MB")
