# Names are ours.
# ruff: noqa: S608
"""Rivals of the SQL of windowed indicators, each written by hand for the case of `features.py` only."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from churnhealth.features.sql_text import quote_dotted

WINDOWS = (7, 28, 90)
FEATURES = tuple(f"feature{number:02d}" for number in range(12))
FIRST, DAYS = dt.date(2023, 1, 1), 912
CUTOFFS = [stamp.date() for stamp in pd.date_range("2023-10-01", periods=8, freq="QS")]
REACH = max(WINDOWS)


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


def by_packed(path: Path) -> pd.DataFrame:
    """Three windows in one HUGEINT, 31 bits each for the longer two."""
    cutoffs = ", ".join(f"(DATE '{one}')" for one in CUTOFFS)
    packs = ", ".join(
        f"SUM(CASE WHEN feature = '{one}' THEN pack ELSE 0 END) AS {one}" for one in FEATURES
    )
    week, month, quarter = WINDOWS
    low = (1 << 31) - 1
    taken = ", ".join(
        f"CAST({one} >> 62 AS DOUBLE) AS {one}_{week}, "
        f"CAST(({one} >> 31) & {low} AS DOUBLE) AS {one}_{month}, "
        f"CAST({one} & {low} AS DOUBLE) AS {one}_{quarter}"
        for one in FEATURES
    )
    sql = f"""
WITH calendar AS (
SELECT cutoff, cutoff - age AS day, age,
  CAST(1 + CASE WHEN age <= {month} THEN {1 << 31} ELSE 0 END
    + CASE WHEN age <= {week} THEN {1 << 62} ELSE 0 END AS BIGINT) AS pack,
  CASE WHEN age <= 60 THEN CAST(1 AS BIGINT) << (age - 1) ELSE 0 END AS near,
  CASE WHEN age > 60 THEN CAST(1 AS BIGINT) << (age - 61) ELSE 0 END AS far
FROM (VALUES {cutoffs}) AS c(cutoff)
CROSS JOIN (SELECT CAST(age AS INTEGER) AS age FROM range(1, {REACH + 1}) AS r(age)) AS g
), grouped AS (
SELECT customer_id, cutoff, {packs}, BIT_OR(near) AS near, BIT_OR(far) AS far, MIN(age) AS recency,
  COUNT(CASE WHEN age <= 28 THEN 1 END) AS now,
  COUNT(CASE WHEN age > 28 AND age <= 56 THEN 1 END) AS earlier
FROM events JOIN calendar ON day = CAST(occurred_at AS DATE) GROUP BY customer_id, cutoff
)
SELECT customer_id, cutoff, {taken}, CAST(BIT_COUNT(near) + BIT_COUNT(far) AS DOUBLE) AS days_90,
  now / NULLIF(CAST(earlier AS DOUBLE), 0) AS ratio_28, CAST(recency AS DOUBLE) AS recency
FROM grouped"""
    runner = Runner(path)
    runner.connection.execute("SET TimeZone = 'UTC'")
    return runner.query(sql).to_pandas()


def by_scatter(path: Path) -> pd.DataFrame:
    """Customers and features become numbers, which are places in dense arrays."""
    connection = Runner(path).connection
    people = connection.sql("SELECT customer_id FROM people").to_arrow_table()["customer_id"]
    people = people.combine_chunks()
    wide = (len(people), len(CUTOFFS))
    counts = np.zeros((*wide, len(FEATURES), len(WINDOWS)), np.int32).reshape(-1)
    seen = np.zeros((*wide, REACH), np.uint8).reshape(-1)
    first = np.datetime64(FIRST, "D").astype(int)
    days = [np.datetime64(one, "D").astype(int) - first for one in CUTOFFS]
    now, then = np.zeros(wide, np.int32).reshape(-1), np.zeros(wide, np.int32).reshape(-1)
    reader = connection.sql("SELECT customer_id, occurred_at, feature FROM events").to_arrow_reader(
        250_000
    )
    for batch in reader:
        who = pc.index_in(batch["customer_id"], value_set=people).to_numpy().astype(np.int64)
        what = pc.index_in(batch["feature"], value_set=pa.array(FEATURES)).to_numpy()
        day = batch["occurred_at"].cast(pa.int64()).to_numpy() // 86_400_000_000 - first
        for number, cutoff in enumerate(days):
            near = np.flatnonzero((day < cutoff) & (day >= cutoff - REACH))
            age = cutoff - day[near]
            row = who[near] * len(CUTOFFS) + number
            cell = (row * len(FEATURES) + what[near]) * len(WINDOWS)
            for place, window in enumerate(WINDOWS):
                np.add.at(counts, cell[age <= window] + place, 1)
            seen[row * REACH + age - 1] = 1
            np.add.at(now, row[age <= 28], 1)
            np.add.at(then, row[(age > 28) & (age <= 56)], 1)
    names = [f"{feature}_{window}" for feature in FEATURES for window in WINDOWS]
    seen = seen.reshape(-1, REACH)
    table = pd.DataFrame(counts.reshape(-1, len(names)).astype(float), columns=names)
    active = seen.sum(axis=1, dtype=float)
    table["days_90"] = active
    table["ratio_28"] = np.where(then > 0, now / np.maximum(then, 1), np.nan)
    table["recency"] = np.where(active > 0, seen.argmax(axis=1) + 1.0, np.nan)
    table["customer_id"] = pd.Series(people.to_pandas()).repeat(len(CUTOFFS)).to_numpy()
    table["cutoff"] = np.tile(np.array(CUTOFFS, "datetime64[s]"), len(people))
    return table


def by_polars(path: Path) -> pd.DataFrame:
    """Streaming needs files: the events are written to Parquet first, which is not counted."""
    import polars as pl

    file = path.with_suffix(".parquet")
    calendar = pl.DataFrame(
        [(one, one - dt.timedelta(days=age), age) for one in CUTOFFS for age in range(1, REACH + 1)],
        schema={"cutoff": pl.Date, "day": pl.Date, "age": pl.Int32},
        orient="row",
    )
    age, feature = pl.col("age"), pl.col("feature")
    counts = [
        ((feature == one) & (age <= window)).sum().cast(pl.Float64).alias(f"{one}_{window}")
        for one in FEATURES
        for window in WINDOWS
    ]
    now, then = (age <= 28).sum(), ((age > 28) & (age <= 56)).sum()
    ratio = pl.when(then > 0).then(now / then).alias("ratio_28")
    days = [age.n_unique().alias("days_90"), ratio, age.min().alias("recency")]
    events = pl.scan_parquet(file).with_columns(day=pl.col("occurred_at").dt.date())
    joined = events.join(calendar.lazy(), on="day").group_by("customer_id", "cutoff")
    return joined.agg(*counts, *days).collect(engine="streaming").to_pandas()


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
