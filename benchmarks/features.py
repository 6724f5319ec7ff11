# Names are ours.
# ruff: noqa: S608
"""How fast are windowed indicators? Our SQL, a naive range join and a pandas loop, side by side.

Each way runs in a process of its own, on one thread, on the same synthetic events in a DuckDB file;
reading is part of it. Told are CPU seconds and peak memory, and whether all gave the same numbers.

    python benchmarks/features.py --events 1000000 --customers 100000
    python benchmarks/features.py --events 50000000 --ways sql
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from churnhealth.domain.catalogue import DeclaredIndicator
from churnhealth.domain.indicators import Indicator
from churnhealth.domain.measures import Measure
from churnhealth.domain.sources import History, Source
from churnhealth.features.matrix import indicator_matrix
from churnhealth.features.sql_text import quote_dotted

WINDOWS = (7, 28, 90)
FEATURES = tuple(f"feature{number:02d}" for number in range(12))
FIRST, DAYS = dt.date(2023, 1, 1), 912
CUTOFFS = [stamp.date() for stamp in pd.date_range("2023-10-01", periods=8, freq="QS")]
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
WAYS = ("sql", "range", "pandas")


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


class Runner:
    """One thread of DuckDB."""

    dialect = "duckdb"

    def __init__(self, path: Path) -> None:
        self.connection = duckdb.connect(str(path), read_only=True, config={"threads": 1})
        self.connection.execute("SET memory_limit = '2GB'")

    def relation_sql(self, relation: str) -> str:
        return quote_dotted(relation)

    def query(self, sql: str) -> Any:
        return self.connection.sql(sql).to_arrow_table()

    def query_batches(self, sql: str) -> Any:
        return self.query(sql).to_batches()

    def columns(self, relation: str) -> list[tuple[str, str]]:
        return [row[:2] for row in self.connection.execute(f"DESCRIBE {relation}").fetchall()]


def by_sql(path: Path) -> pd.DataFrame:
    names = {name: name for name in ("customer_id", "occurred_at", "feature")}
    history = History({"usage_events": Source("usage_events", "events", names)}, "UTC")
    asked = "SELECT p.customer_id, c.cutoff FROM people AS p CROSS JOIN cutoffs AS c"
    return indicator_matrix(Runner(path), history, declared(), asked, CUTOFFS)


def by_range(path: Path) -> pd.DataFrame:
    """Join every event to every cutoff whose longest window holds it, by inequalities."""
    counts = ", ".join(
        f"COUNT(*) FILTER (e.feature = '{feature}' AND e.occurred_at >= c.cutoff - INTERVAL {days} DAY) "
        f"AS {feature}_{days}"
        for feature in FEATURES
        for days in WINDOWS
    )
    now = "COUNT(*) FILTER (e.occurred_at >= c.cutoff - INTERVAL 28 DAY)"
    then = (
        "COUNT(*) FILTER (e.occurred_at >= c.cutoff - INTERVAL 56 DAY "
        "AND e.occurred_at < c.cutoff - INTERVAL 28 DAY)"
    )
    cutoffs = ", ".join(f"(TIMESTAMPTZ '{one} 00:00:00+00')" for one in CUTOFFS)
    sql = (
        f"SELECT customer_id, cutoff, {counts}, COUNT(DISTINCT CAST(e.occurred_at AS DATE)) AS days_90, "
        f"{now} / NULLIF({then}, 0) AS ratio_28, "
        "CAST(cutoff AS DATE) - MAX(CAST(e.occurred_at AS DATE)) AS recency "
        f"FROM events AS e JOIN (VALUES {cutoffs}) AS c(cutoff) ON e.occurred_at < c.cutoff "
        "AND e.occurred_at >= c.cutoff - INTERVAL 90 DAY GROUP BY customer_id, cutoff"
    )
    return Runner(path).connection.execute(sql).df()


def by_pandas(path: Path) -> pd.DataFrame:
    """One cutoff and window after the other."""
    events = Runner(path).connection.execute("SELECT * FROM events").df()
    events["day"] = events["occurred_at"].dt.floor("D")
    parts = []
    for cutoff in pd.to_datetime(CUTOFFS).tz_localize("UTC"):
        age = (cutoff - events["day"]).dt.days
        columns = {}
        for days in WINDOWS:
            inside = events[(age >= 1) & (age <= days)]
            counts = pd.crosstab(inside["customer_id"], inside["feature"])
            columns |= {f"{feature}_{days}": counts[feature] for feature in counts}
        inside = events[(age >= 1) & (age <= 90)]
        grouped = inside.groupby("customer_id")["day"]
        now = events[(age >= 1) & (age <= 28)].groupby("customer_id").size()
        then = events[(age > 28) & (age <= 56)].groupby("customer_id").size()
        ratio = now.reindex(then.index, fill_value=0) / then
        columns |= {"days_90": grouped.nunique(), "ratio_28": ratio}
        columns["recency"] = (cutoff - grouped.max()).dt.days
        parts.append(
            pd.DataFrame(columns).assign(cutoff=cutoff).rename_axis("customer_id").reset_index()
        )
    return pd.concat(parts)


def run(way: str, path: Path) -> None:
    cpu = time.process_time()
    frame = {"sql": by_sql, "range": by_range, "pandas": by_pandas}[way](path)
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
        for way in given.ways:
            command = [sys.executable, __file__, "--run", way, str(path)]
            told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            print(f"{way:>7}: {told['cpu']:7.1f} CPU seconds, {told['peak']:5.2f} GB at most")
            sums.append(pd.Series(told["sums"]))
    same = all(np.allclose(one, sums[0], rtol=1e-9) for one in sums)
    print("all gave the same sums" if same else "THE SUMS DIFFER")


if __name__ == "__main__":
    main()
