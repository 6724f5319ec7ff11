"""What docs/monitoring.md shows can be run."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from churnhealth.adapters.duckdb_warehouse import DuckDBWarehouse
from churnhealth.errors import ConfigError
from churnhealth.estimator import HealthModel
from churnhealth.jobs.settings import load_settings

PAGE = (Path(__file__).parents[2] / "docs" / "monitoring.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)


def test_the_queries_run_on_prepared_tables(tmp_path: Path) -> None:
    DuckDBWarehouse(tmp_path / "w.duckdb").prepare()
    queries = [one for block in blocks("sql") for one in block.split(";") if one.strip()]
    with duckdb.connect(tmp_path / "w.duckdb", read_only=True) as connection:
        counted = [len(connection.execute(query).fetchall()) for query in queries]
    assert counted == [0, 0, 0, 1, 0, 0]


def test_the_python_snippet_runs(fitted: HealthModel, make_customers: Callable) -> None:
    names = {"model": fitted, "customers": make_customers(120, seed=8)[0]}
    (snippet,) = blocks("python")
    exec(snippet, names)
    assert names["tally"].report().indicators.equals(names["report"].indicators)


def test_the_settings_are_the_defaults(tmp_path: Path) -> None:
    panel = '[project]\nname = "p"\n[panel]\ntable = "t"\ncustomer_id = "id"\n'
    (tmp_path / "plain.toml").write_text(panel)
    own = [block for block in blocks("toml") if "[project]" not in block]
    (tmp_path / "shown.toml").write_text(panel + "\n".join(own))
    plain, shown = (load_settings(tmp_path / f"{name}.toml") for name in ("plain", "shown"))
    assert (shown.drift, shown.monitor) == (plain.drift, plain.monitor)


def test_the_second_project_of_the_page_can_be_opened_beside_the_first(tmp_path: Path) -> None:
    (growth,) = [block for block in blocks("toml") if "[project]" in block]
    sources = "".join(f'[sources.{name}]\ntable = "{name}"\n' for name in ("customers", "subscriptions"))
    (tmp_path / "growth.toml").write_text(growth + sources)
    second = load_settings(tmp_path / "growth.toml")
    assert second.problem.rule == "expansion"
    prefix = f'expansion_prefix = "{second.warehouse.prefix}"'
    assert prefix in PAGE
    head = '[project]\nname = "p"\n[problem]\nrule = "contract_end"\nhorizon_days = 90\n[warehouse]\n'
    (tmp_path / "c.toml").write_text(f"{head}{prefix}\n{sources}")
    first = load_settings(tmp_path / "c.toml")
    assert first.warehouse.path.value == second.warehouse.path.value
    assert first.tracking.model_name != second.tracking.model_name
    (tmp_path / "c.toml").write_text(f'{head}expansion_prefix = ""\n{sources}')
    with pytest.raises(ConfigError, match="expansion_prefix other than the prefix"):
        load_settings(tmp_path / "c.toml")


@pytest.mark.parametrize("customers", [60])
def test_what_chance_shows_is_the_figure_told(customers: int) -> None:
    # Eleven or twelve occupied cells and a large reference: 11 / 60.
    assert f"0.18 for {customers} customers" in PAGE
    assert round(11 / customers, 2) == 0.18
