"""What pages tell in numbers, where no snippet of theirs brings them out, is what comes out."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from sklearn.model_selection import StratifiedKFold

from churnhealth.adapters.telco import CUSTOMER_ID, LABEL, telco_customers
from churnhealth.evaluate.loss import log_loss
from churnhealth.jobs.settings import load_settings
from churnhealth.model.baselines import baseline_probabilities

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
RESULTS = ROOT / "benchmarks" / "results"


def words(page: str) -> str:
    return re.sub(r"\s+", " ", (DOCS / page).read_text(encoding="utf-8"))


@pytest.mark.slow
def test_the_out_of_fold_losses_of_the_point_table_are_those_told() -> None:
    customers = telco_customers().drop(columns=CUSTOMER_ID)
    y = (customers.pop(LABEL) == "Yes").to_numpy(np.float64)
    losses = []
    for train, test in StratifiedKFold(5, shuffle=True, random_state=0).split(customers, y):
        told = baseline_probabilities(customers.iloc[train], y[train], customers.iloc[test])
        losses.append([log_loss(y[test], told[name]) for name in told])
    base, points, regression = (f"{one:.3f}" for one in np.mean(losses, axis=0))
    said = f"{base} for the base rate, {points} for the learned table, {regression} for the"
    assert said in words("point-table.md")
    assert f"out-of-fold log loss of {points}, the whole model 0.410, the base rate {base}" in words(
        "explanation/comparison.md"
    )


def test_the_settings_of_monitoring_are_the_defaults(tmp_path: Path) -> None:
    panel = '[project]\nname = "p"\n[panel]\ntable = "t"\ncustomer_id = "id"\n'
    shown = re.findall(r"```toml\n(.*?)```", (DOCS / "monitoring.md").read_text(), flags=re.DOTALL)
    here = [one for one in shown if "[project]" not in one]
    (tmp_path / "plain.toml").write_text(panel)
    (tmp_path / "shown.toml").write_text(panel + "\n".join(here))
    plain, told = (load_settings(tmp_path / f"{name}.toml") for name in ("plain", "shown"))
    assert (told.drift, told.monitor) == (plain.drift, plain.monitor)


def test_what_chance_shows_is_the_figure_told() -> None:
    # Eleven or twelve occupied cells and a large reference: 11 / 60.
    assert "0.18 for 60 customers" in words("monitoring.md")
    assert round(11 / 60, 2) == 0.18


def cells(page: Path, start: str) -> list[str]:
    """Return the cells of the first table row that begins so."""
    lines = page.read_text(encoding="utf-8").splitlines()
    row = next(line for line in lines if line.startswith(f"| {start}"))
    return [cell.strip() for cell in row.strip("|").split("|")]


@pytest.mark.parametrize(
    ("tool", "measured"),
    [
        ("churnhealth", "churnhealth HealthModel @"),
        ("CatBoost, defaults", "CatBoost, defaults"),
        ("LightGBM + sigmoid", "LightGBM + sigmoid"),
        ("logistic regression", "logistic regression, one-hot"),
        ("LightGBM, defaults", "LightGBM, defaults"),
        ("XGBoost, defaults", "XGBoost, defaults"),
    ],
)
def test_the_losses_of_the_comparison_are_the_committed_ones(tool: str, measured: str) -> None:
    page = DOCS / "explanation" / "comparison.md"
    losses = page.read_text(encoding="utf-8").partition("## Gradient boosting")[2]
    row = next(line for line in losses.splitlines() if line.startswith(f"| {tool} |"))
    told = [cell.strip() for cell in row.strip("|").split("|")][1:]
    assert told == cells(RESULTS / "quality.md", measured)[1:7]


@pytest.mark.parametrize("size", [200, 500, 2000])
def test_the_losses_of_few_customers_are_the_committed_ones(size: int) -> None:
    told = cells(DOCS / "how-to" / "small-data.md", f"{size:,}")
    _, ours, base, _, lightgbm, *_ = cells(RESULTS / "quality.md", f"telco-3pct-{size} ")
    assert told[2:] == [ours, base, lightgbm]
    assert int(told[1]) == round(0.03 * size)
