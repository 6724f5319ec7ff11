"""Rows and CPU seconds of worlds written to Parquet: `python benchmarks/simulate.py [N ...]`."""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

from churnhealth.simulate import WorldConfig, write_world

SIZES = (2_000, 20_000, 200_000)


def measure(customers: int, years: int = 3) -> str:
    with tempfile.TemporaryDirectory() as folder:
        began = time.process_time()
        written = write_world(WorldConfig(customers=customers, years=years), folder)
        seconds = time.process_time() - began
        size = sum(file.stat().st_size for file in Path(folder).iterdir())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rows = sum(written.rows.values())
    return (
        f"{customers:>9,} customers: {rows:>12,} rows ({written.rows['usage_events']:,} usage events), "
        f"{seconds:7.1f} CPU s, {size / 1e6:8.1f} MB on disk, peak memory {peak:,.0f} MB"
    )


if __name__ == "__main__":
    for argument in sys.argv[1:] or SIZES:
        print(measure(int(argument)), flush=True)
