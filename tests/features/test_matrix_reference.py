"""The whole built-in catalogue, on every engine, against plain Python over rows, without SQL.

Written from the words of `domain.measures`, one customer and one cutoff at a time.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest

from churnhealth.adapters.open_warehouse import open_warehouse
from churnhealth.adapters.parquet_folder import ParquetFolder
from churnhealth.domain.catalogue import BUILT_IN
from churnhealth.domain.history import HISTORY
from churnhealth.features.matrix import indicator_matrix

Row = dict[str, Any]
CUTOFFS = (dt.date(2024, 1, 1), dt.date(2024, 6, 30), dt.date(2025, 3, 31))
EVERYBODY = (
    "SELECT s.customer_id, c.cutoff FROM (SELECT DISTINCT customer_id FROM src_customers) AS s "
    "CROSS JOIN cutoffs AS c"
)
DAY = dt.timedelta(days=1)
NAN = float("nan")
LONG_AGO = dt.datetime.fromisoformat("0001-01-01")


def rows_by_customer(table: str, frame: pd.DataFrame, zone: str) -> dict[str, list[Row]]:
    local = frame.copy()
    for column in HISTORY[table].columns:
        if column.kind == "timestamp" and column.name in local:
            local[f"{column.name}_utc"] = local[column.name].astype(object)
            local[column.name] = local[column.name].dt.tz_convert(zone).dt.tz_localize(None)
        if column.name in local:
            local[column.name] = local[column.name].astype(object)
    found: dict[str, list[Row]] = defaultdict(list)
    for row in local.astype(object).where(local.notna(), None).to_dict("records"):
        found[row["customer_id"]].append({name: plain(value) for name, value in row.items()})
    return found


def plain(value: Any) -> Any:
    return value.to_pydatetime() if isinstance(value, pd.Timestamp) else value


def fits(row: Row, where: Any) -> bool:
    return all(row[column] in values for column, values in where)


def before(value: Any, moment: dt.datetime) -> bool:
    return value is not None and value < moment


class Customer:
    def __init__(self, tables: dict[str, list[Row]], cutoff: dt.date) -> None:
        self.tables, self.day = tables, cutoff
        self.cutoff = dt.datetime.combine(cutoff, dt.time())
        self.seen: dict[Any, list[Row]] = {}

    def value(self, m: Any) -> Any:
        return getattr(self, f"of_{m.kind}")(m)

    def ever(self, m: Any) -> list[Row]:
        key = (m.table, m.date_column, m.where)
        if key not in self.seen:
            self.seen[key] = self.find(m)
        return self.seen[key]

    def find(self, m: Any) -> list[Row]:
        return [
            row
            for row in self.tables.get(m.table, [])
            if before(row[m.date_column], self.cutoff)
            and before(row.get("recorded_at", LONG_AGO), self.cutoff)
            and fits(row, m.where)
        ]

    def inside(self, m: Any, first: int | None = None, last: int = 1) -> list[Row]:
        first = m.window if first is None else first
        return [row for row in self.ever(m) if last <= self.age(row[m.date_column]) <= first]

    def age(self, moment: Any) -> int:
        return (self.day - moment.date()).days

    def of_count(self, m: Any) -> float:
        return len(self.inside(m))

    def of_any(self, m: Any) -> float:
        return float(bool(self.inside(m)))

    def of_sum(self, m: Any) -> float:
        return sum(row[m.column] for row in self.inside(m))

    def of_mean(self, m: Any) -> float:
        values = [row[m.column] for row in self.inside(m)]
        return float(np.mean(values)) if values else NAN

    def of_distinct(self, m: Any) -> float:
        return len({row[m.column] for row in self.inside(m)})

    def of_distinct_days(self, m: Any) -> float:
        return len({self.age(row[m.date_column]) for row in self.inside(m)})

    def of_ratio(self, m: Any) -> float:
        earlier = len(self.inside(m, 2 * m.window, m.window + 1))
        return len(self.inside(m)) / earlier if earlier else NAN

    def of_trend(self, m: Any) -> float:
        daily = np.zeros(m.window)
        for row in self.inside(m):
            daily[m.window - self.age(row[m.date_column])] += 1
        day = np.arange(m.window)
        return float(np.cov(day, daily)[0, 1] / np.var(day, ddof=1))

    def of_per(self, m: Any) -> float:
        return self.of_count(m) / self.of_distinct(m) if self.inside(m) else NAN

    def of_seats_share(self, m: Any) -> float:
        seats = sum(row["seats"] for row in self.in_force(self.cutoff))
        return self.of_distinct(m) / seats if seats else NAN

    def of_promoters(self, m: Any) -> float:
        scores = [row[m.column] for row in self.inside(m)]
        return float(np.mean([(s >= 9) - 1.0 * (s <= 6) for s in scores])) if scores else NAN

    def of_hours(self, m: Any) -> float:
        hours = [
            (row[f"{m.date_column}_utc"] - row["opened_at_utc"]).total_seconds() / 3600
            for row in self.inside(m)
        ]
        return float(np.mean(hours)) if hours else NAN

    def of_open(self, m: Any) -> float:
        return sum(not before(row[m.until], self.cutoff) for row in self.inside(m))

    def of_closed_share(self, m: Any) -> float:
        closed = [before(row[m.until], self.cutoff) for row in self.inside(m)]
        return float(np.mean(closed)) if closed else NAN

    def of_last_value(self, m: Any) -> float:
        rows = sorted(self.inside(m), key=lambda row: row[m.date_column])
        return rows[-1][m.column] if rows else NAN

    def of_recency(self, m: Any) -> float:
        rows = self.inside(m) if m.window else self.ever(m)
        return min((self.age(row[m.date_column]) for row in rows), default=NAN)

    def of_time_since(self, m: Any) -> float:
        return max((self.age(row[m.date_column]) for row in self.ever(m)), default=NAN)

    def known_versions(self, moment: dt.datetime) -> list[Row]:
        return [
            row
            for row in self.tables.get("subscriptions", [])
            if before(row["valid_from"], moment) and before(row.get("recorded_at", LONG_AGO), moment)
        ]

    def in_force(self, moment: dt.datetime) -> list[Row]:
        newest: dict[str, Row] = {}
        for row in sorted(self.known_versions(moment), key=lambda row: row["valid_from"]):
            newest[row["subscription_id"]] = row
        return [
            row
            for row in newest.values()
            if row["start_date"] <= moment
            and not (before(row["end_announced_at"], moment) and row["end_date"] <= moment)
        ]

    def of_level(self, m: Any) -> float:
        rows = self.in_force(self.cutoff)
        return sum(row[m.column] for row in rows) if rows else NAN

    def of_change(self, m: Any) -> float:
        earlier = sum(row[m.column] for row in self.in_force(self.cutoff - m.window * DAY))
        return (self.of_level(m) - earlier) / earlier if earlier else NAN

    def of_category(self, m: Any) -> Any:
        rows = sorted(self.in_force(self.cutoff), key=lambda row: -row["mrr"])
        return rows[0][m.column] if rows else None

    def of_contracts(self, _: Any) -> float:
        return len(self.in_force(self.cutoff))

    def of_end_announced(self, _: Any) -> float:
        return float(
            any(before(row["end_announced_at"], self.cutoff) for row in self.in_force(self.cutoff))
        )

    def of_days_until(self, m: Any) -> float:
        dates = [row[m.column] for row in self.in_force(self.cutoff) if row[m.column] is not None]
        return min((-self.age(date) for date in dates if date >= self.cutoff), default=NAN)

    def of_changes(self, m: Any) -> float:
        contracts: dict[str, list[Row]] = defaultdict(list)
        for row in sorted(self.known_versions(self.cutoff), key=lambda row: row["valid_from"]):
            contracts[row["subscription_id"]].append(row)
        changes = 0
        for name, versions in contracts.items():
            others = [rows[-1] for other, rows in contracts.items() if other != name]
            changed = [new for old, new in pairwise(versions) if old[m.column] != new[m.column]]
            plans = self.succeeded_values(versions, others, m.column)
            if plans and versions[0][m.column] not in plans:
                changed.append(versions[0])
            changes += sum(self.age(row["valid_from"]) <= m.window for row in changed)
        return changes

    def succeeded_values(self, versions: list[Row], others: list[Row], column: str) -> set[Any]:
        start = versions[-1]["start_date"]
        ended = [
            row
            for row in others
            if before(row["end_announced_at"], self.cutoff) and row["end_date"] <= start
        ]
        last = max((row["end_date"] for row in ended), default=None)
        if last is None or any(last <= row["start_date"] < start for row in others):
            return set()
        return {row[column] for row in ended if row["end_date"] == last}

    def of_attribute(self, m: Any) -> Any:
        known = [
            row
            for row in self.tables[m.table]
            if before(row["valid_from"], self.cutoff)
            and before(row.get("recorded_at", LONG_AGO), self.cutoff)
        ]
        newest = max(known, key=lambda row: row["valid_from"], default={})
        return newest.get(m.column)

    def of_reached_share(self, m: Any) -> float:
        reached = [before(row[m.until], self.cutoff) for row in self.ever(m)]
        return float(np.mean(reached)) if reached else NAN

    def of_reach_days(self, m: Any) -> float:
        if self.of_reached_share(m) != 1.0:
            return NAN
        last = max(row[m.until] for row in self.ever(m))
        first = min(row[m.date_column] for row in self.ever(m))
        return self.age(first) - self.age(last)

    def of_overdue(self, m: Any) -> float:
        return sum(
            before(row["due_date"], self.cutoff) and not before(row[m.until], self.cutoff)
            for row in self.ever(m)
        )


def dated(world: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return the tables with two versions of every other customer, the second one a year later."""
    tables = {name: frame for name, frame in world.items() if name != "actions"}
    first = tables["customers"].assign(valid_from=tables["customers"]["created_at"])
    year = pd.Timedelta(days=365)
    second = first.iloc[::2].assign(
        industry="moved",
        employees=7,
        valid_from=first["valid_from"] + year,
        recorded_at=first["recorded_at"] + year,
    )
    return {**tables, "customers": pd.concat([first, second], ignore_index=True)}


def reference(tables: dict[str, pd.DataFrame], zone: str) -> pd.DataFrame:
    split = {name: rows_by_customer(name, frame, zone) for name, frame in tables.items()}
    rows = []
    for cutoff in CUTOFFS:
        instant = pd.Timestamp(cutoff).tz_localize(zone).tz_convert("UTC")
        for customer_id in sorted(split["customers"]):
            own = {name: found.get(customer_id, []) for name, found in split.items()}
            customer = Customer(own, cutoff)
            values = {one.name: customer.value(one.measure) for one in BUILT_IN}
            rows.append({"customer_id": customer_id, "cutoff": instant, **values})
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def on_engine(tmp_path_factory, new_postgres_database):
    """Return what puts tables on an engine."""

    def put(engine: str, tables: dict[str, pd.DataFrame]) -> Any:
        if engine == "parquet":
            folder = tmp_path_factory.mktemp("tables")
            for name, frame in tables.items():
                frame.to_parquet(folder / f"{name}.parquet")
            return ParquetFolder(folder)
        file = tmp_path_factory.mktemp("duckdb") / "warehouse.duckdb"
        address = new_postgres_database() if engine == "postgres" else str(file)
        warehouse = open_warehouse(address)
        for name, frame in tables.items():
            warehouse.write_table(name, frame)
        return warehouse

    return put


WORDS = ["plan", "industry", "segment", "region"]


def assert_close(matrix: pd.DataFrame, expected: pd.DataFrame) -> None:
    keys = ["customer_id", "cutoff"]
    assert matrix[keys].to_numpy().tolist() == expected[keys].to_numpy().tolist()
    for name in WORDS:
        assert matrix[name].fillna("").tolist() == expected[name].fillna("").tolist(), name
    for name in matrix.columns.drop([*keys, *WORDS]):
        np.testing.assert_allclose(
            matrix[name], expected[name].astype(float), rtol=1e-9, atol=1e-9, err_msg=name
        )


def test_every_built_in_indicator_equals_the_second_implementation(world, open_runner, history_of):
    tables = dated(world.tables)
    history = history_of(tables, "America/New_York")
    matrix = indicator_matrix(open_runner(tables), history, BUILT_IN, EVERYBODY, CUTOFFS)
    assert matrix.attrs["notes"] == []
    assert_close(matrix, reference(tables, "America/New_York"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("zone", "recorded"),
    [("America/New_York", True), ("America/New_York", False), ("Asia/Tokyo", True)],
)
def test_every_engine_equals_the_second_implementation_in_every_built_in_indicator(
    world, on_engine, history_of, zone, recorded
):
    tables = dated(world.tables)
    if not recorded:
        tables = {name: frame.drop(columns="recorded_at") for name, frame in tables.items()}
    history = history_of(tables, zone)
    expected = reference(tables, zone)
    engines = {name: on_engine(name, tables) for name in ("duckdb", "postgres", "parquet")}
    found = {
        name: indicator_matrix(engine, history, BUILT_IN, EVERYBODY, CUTOFFS)
        for name, engine in engines.items()
    }
    for matrix in found.values():
        assert matrix.attrs["notes"] == []
        assert_close(matrix, expected)
        assert_close(matrix, found["duckdb"])


def test_every_indicator_has_a_value_somewhere_so_that_the_comparison_says_something(
    world, open_runner, history_of
):
    tables = dated(world.tables)
    matrix = indicator_matrix(
        open_runner(tables),
        history_of(tables, "America/New_York"),
        BUILT_IN,
        EVERYBODY,
        CUTOFFS,
    )
    numbers = matrix.drop(columns=["customer_id", "cutoff"])
    flat = [name for name in numbers if numbers[name].nunique() < 2]
    assert flat == []
