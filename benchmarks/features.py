# Names are ours.
"""How fast are windowed indicators? Our SQL and its rivals, side by side.

Each way runs in a process of its own, on one thread, on the same synthetic events in a DuckDB file;
reading is part of it. Told are CPU seconds and peak memory, and whether all gave the same numbers.

- sql: `indicator_matrix`; batches: `indicator_batches`, 25,000 customers at a time
- packed: one GROUP BY written by hand for exactly this case: three windows in one whole number, days as
  bits, days in UTC; customers without events are left out
- scatter: one pass over Arrow batches into dense numpy arrays, also for exactly this case
- polars: the same by its streaming engine (only where it is installed)
- range: a naive range join; pandas: one cutoff and window after the other

    python benchmarks/features.py --events 1000000 --customers 100000
    python benchmarks/features.py --events 50000000 --ways sql batches packed scatter
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
from features_rivals import (
    CUTOFFS,
    DAYS,
    FEATURES,
    FIRST,
    WINDOWS,
    Runner,
    by_packed,
    by_pandas,
    by_polars,
    by_range,
    by_scatter,
)

from churnhealth.domain.catalogue import DeclaredIndicator
from churnhealth.domain.indicators import Indicator
from churnhealth.domain.measures import Measure
from churnhealth.domain.sources import History, Source
from churnhealth.features.matrix import indicator_batches, indicator_matrix

PEOPLE = """
CREATE TABLE people AS
SELECT 'C' || lpad(CAST(i AS VARCHAR), 8, '0') AS customer_id FROM range(?) AS r(i)
"""
EVENTS = """
INSERT INTO events
SELECT 'C' || lpad(CAST(number AS VARCHAR), 8, '0'), make_timestamptz(micros),
  'feature' || lpad(CAST(feature AS VARCHAR), 2, '0')
FROM frame
"""
WAYS = ("sql", "batches", "packed", "scatter", "polars", "range", "pandas")


def declared() -> list[DeclaredIndicator]:
    """36 windowed counts, active days, ratio and recency."""
    table = "usage_events"
    measures = {
        f"{feature}_{days}": Measure(table, "count", days, where=(("feature", (feature,)),))
        for feature in FEATURES
        for days in WINDOWS
    }
    measures["days_90"] = Measure(table, "distinct_days", 90)
    measures["ratio_28"] = Measure(table, "ratio", 28)
    measures["recency"] = Measure(table, "recency", 90)
    return [DeclaredIndicator(Indicator(name), measure) for name, measure in measures.items()]


def write_events(path: Path, events: int, customers: int) -> None:
    connection = duckdb.connect(str(path), config={"threads": 1})
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(PEOPLE, [customers])
    connection.execute(
        "CREATE TABLE events (customer_id VARCHAR, occurred_at TIMESTAMPTZ, feature VARCHAR)"
    )
    rng = np.random.default_rng(7)
    start = pd.Timestamp(FIRST, tz="UTC").value // 1000
    for done in range(0, events, 5_000_000):
        count = min(5_000_000, events - done)
        frame = pd.DataFrame(
            {
                "number": rng.integers(0, customers, count),
                "micros": start + rng.integers(0, DAYS * 86_400, count) * 1_000_000,
                "feature": rng.integers(0, len(FEATURES), count),
            }
        )
        connection.register("frame", frame)
        connection.execute(EVENTS)
        connection.unregister("frame")
    connection.close()


NAMES = {name: name for name in ("customer_id", "occurred_at", "feature")}
HISTORY = History({"usage_events": Source("usage_events", "events", NAMES)}, "UTC")
ASKED = "SELECT p.customer_id, c.cutoff FROM people AS p CROSS JOIN cutoffs AS c"


def by_sql(path: Path) -> pd.DataFrame:
    return indicator_matrix(Runner(path), HISTORY, declared(), ASKED, CUTOFFS)


def by_batches(path: Path) -> pd.DataFrame:
    names = [one.name for one in declared()]
    slices = indicator_batches(Runner(path), HISTORY, declared(), ASKED, CUTOFFS, customers=25_000)
    return pd.DataFrame([one[names].sum() for one in slices])


def run(way: str, path: Path) -> None:
    ways = (by_sql, by_batches, by_packed, by_scatter, by_polars, by_range, by_pandas)
    cpu = time.process_time()
    frame = dict(zip(WAYS, ways, strict=True))[way](path)
    cpu = time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    names = [one.name for one in declared()]
    # Whoever has no event in reach has only zeros, whether there is a row or not.
    sums = {name: float(frame[name].sum()) for name in names}
    print(json.dumps({"cpu": cpu, "peak": peak, "sums": sums}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=WAYS)
    parser.add_argument("--run", nargs=2, metavar=("WAY", "FILE"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.run:
        run(given.run[0], Path(given.run[1]))
        return
    print(f"{given.events:,} events, {given.customers:,} customers, {len(CUTOFFS)} cutoffs, "
          f"{len(declared())} indicators, one thread")  # fmt: skip
    sums = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.duckdb"
        write_events(path, given.events, given.customers)
        ways = [way for way in given.ways if way != "polars" or find_spec("polars")]
        if "polars" in ways:
            files = str(path.with_suffix(".parquet"))
            Runner(path).connection.execute(f"COPY events TO '{files}' (FORMAT parquet)")
        for way in ways:
            command = [sys.executable, __file__, "--run", way, str(path)]
            one = {**os.environ, "POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"}
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=one)
            told = json.loads(done.stdout)
            print(
                f"{way:>7}: {told['cpu']:7.1f} CPU seconds, {told['peak']:5.2f} GB at most", flush=True
            )
            sums.append(pd.Series(told["sums"]))
    same = all(np.allclose(one, sums[0], rtol=1e-9) for one in sums)
    print("all gave the same sums" if same else "THE SUMS DIFFER")


if __name__ == "__main__":
    main()
