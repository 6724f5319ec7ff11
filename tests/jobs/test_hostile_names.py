"""Names that try to be something else, from the table to the published scores, on both engines."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churnhealth.adapters.duckdb_warehouse import DuckDBWarehouse
from churnhealth.adapters.open_warehouse import open_warehouse
from churnhealth.adapters.tracking import TrainingRecord
from churnhealth.errors import WarehouseError
from churnhealth.estimator import HealthModel
from churnhealth.jobs.score import score
from churnhealth.jobs.settings import load_settings
from churnhealth.jobs.wiring import Workplace

pytestmark = pytest.mark.slow

TABLE = '"; DROP TABLE health_scores; --'
COLUMNS = {
    "logins": "'); DELETE FROM health_runs; --",
    "nps": '💥 {"名前": [1, 2]}',
    "plan": '"; DROP TABLE health_drivers; --',
    "onboarded": "\u202erotavele",  # written from right to left
    "seats": "a\\b%s$1\n",
}
PLAN = COLUMNS["plan"]
PLANS = {"Basic": '"; DROP TABLE health_scores; --', "Pro": "\u202e💥 <b>", "Enterprise": "x" * 10_000}
IDS = [*PLANS.values(), "'); DELETE FROM health_runs; --", " 名前\n", "{0} %s $1 \\"]


@pytest.fixture(scope="module")
def model(customers: tuple[pd.DataFrame, np.ndarray, np.ndarray]) -> HealthModel:
    frame, y, _ = customers
    return HealthModel(random_state=0).fit(hostile(frame).iloc[:300], y[:300])


def hostile(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(plan=frame["plan"].map(PLANS)).rename(columns=COLUMNS)


@pytest.fixture
def project(
    model: HealthModel, trained: Workplace, reopened: Callable[..., Workplace], tmp_path: Path
) -> Workplace:
    """A project whose table, columns, plans and customers all have such names."""
    named = reopened(trained, 'table = "to_score"', f"table = {json.dumps(TABLE)}")
    text = named.config.read_text().partition("[indicators.logins]")[0]
    named.config.write_text(text)
    folder = model.save(tmp_path / "hostile")
    version = named.registry.log_version(TrainingRecord("x", folder, str(model.artifact_hash_)))
    named.registry.set_champion(version.version)
    return replace(named, settings=load_settings(named.config))


@pytest.fixture(params=["duckdb", "postgres"])
def placed(request: pytest.FixtureRequest, project: Workplace) -> Workplace:
    if request.param == "duckdb":
        return project
    return replace(project, warehouse=open_warehouse(request.getfixturevalue("postgres_uri")))


@pytest.fixture
def table(customers: tuple[pd.DataFrame, np.ndarray, np.ndarray]) -> pd.DataFrame:
    frame = hostile(customers[0]).iloc[300:360].reset_index(drop=True)
    ids = [*IDS, *(f"C{at}" for at in range(len(frame) - len(IDS)))]
    return frame.assign(customer_id=ids, mrr=100.0)


def published(workplace: Workplace, name: str) -> pd.DataFrame:
    return workplace.warehouse.read_table(name)


def test_names_are_only_names_all_the_way(placed: Workplace, table: pd.DataFrame) -> None:
    placed.warehouse.write_table(TABLE, table)
    for revision in (1, 2):
        result = score(placed)
        assert (result.rows_read, result.rows_scored, result.revision) == (60, 60, revision)
        assert (
            placed.warehouse.read_table(TABLE)["customer_id"].tolist() == table["customer_id"].tolist()
        )
        number = COLUMNS["logins"]
        placed.warehouse.write_table(TABLE, table.assign(**{number: table[number] + 2}))
    assert set(placed.warehouse.current_scores()["customer_id"]) == set(table["customer_id"])
    drivers = published(placed, "health_drivers")
    others = set(drivers["indicator"]) - set(COLUMNS.values())
    assert all(name.startswith(("(", *COLUMNS.values())) for name in others), others
    own = drivers[drivers["indicator"] == PLAN].set_index("customer_id")["value"]
    plans = table.set_index("customer_id")[PLAN]
    assert len(own)
    # A value of 10,000 characters is shown by its beginning; none is anything but itself.
    assert all(plans[customer].startswith(value.rstrip("…")) for customer, value in own.items())
    kept = published(placed, "health_indicators").set_index("customer_id")["indicators"]
    assert {customer: json.loads(text)[PLAN] for customer, text in kept.items()} == plans.to_dict()
    for customer in IDS:
        assert len(placed.warehouse.customer_scores(customer)) == 1
    assert (
        published(placed, "health_runs").query("job == 'score'")["status"].tolist() == ["completed"] * 2
    )


def from_a_file(workplace: Workplace, frame: pd.DataFrame) -> Workplace:
    file = workplace.settings.folder / "customers.parquet"
    frame.to_parquet(file)
    text = workplace.config.read_text()
    workplace.config.write_text(
        text.replace(f"table = {json.dumps(TABLE)}", 'file = "customers.parquet"')
    )
    return replace(workplace, settings=load_settings(workplace.config))


@pytest.mark.parametrize("column", ["customer_id", PLAN])
def test_a_nul_is_kept_where_the_engine_can_and_else_stops_the_run_with_its_column(
    placed: Workplace, table: pd.DataFrame, column: str
) -> None:
    clean = from_a_file(placed, table)
    score(clean)
    before = published(clean, "health_scores")
    table.loc[3, column] = "a\0b"
    nul = from_a_file(clean, table)
    if isinstance(nul.warehouse, DuckDBWarehouse):
        assert score(nul).rows_scored == 60
        return
    with pytest.raises(WarehouseError, match=r"keeps no NUL characters .* in text, got some in '"):
        score(nul)
    assert published(nul, "health_scores").equals(before)
    assert not [name for name in nul.warehouse.tables() if "staged" in name]


@pytest.mark.parametrize("length", [63, 10_000])
def test_a_table_of_a_very_long_name_is_scored_or_refused_by_name(
    placed: Workplace, table: pd.DataFrame, length: int
) -> None:
    long = "t" * length
    text = placed.config.read_text().replace(json.dumps(TABLE), json.dumps(long))
    placed.config.write_text(text)
    named = replace(placed, settings=load_settings(placed.config))
    if length > 63 and not isinstance(named.warehouse, DuckDBWarehouse):
        with pytest.raises(WarehouseError, match="cuts names to 63 bytes"):
            named.warehouse.write_table(long, table)
        with pytest.raises(WarehouseError, match="no table or view 'ttt"):
            score(named)
        return
    named.warehouse.write_table(long, table)
    assert score(named).rows_scored == 60
