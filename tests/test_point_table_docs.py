"""The snippets of docs/point-table.md run, and its figures are those that come out."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.model_selection import StratifiedKFold

from churnhealth.adapters.telco import CUSTOMER_ID, LABEL, telco_customers
from churnhealth.domain.scorecard import PointTable
from churnhealth.evaluate.loss import log_loss
from churnhealth.model.baselines import baseline_probabilities

PAGE = (Path(__file__).parents[1] / "docs" / "point-table.md").read_text(encoding="utf-8")
WORDS = re.sub(r"\s+", " ", PAGE)


def snippets(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)


@pytest.fixture(scope="module")
def run() -> dict[str, Any]:
    names: dict[str, Any] = {}
    for snippet in snippets("python"):
        exec(snippet, names)
    return names


@pytest.mark.slow
def test_the_table_in_toml_is_the_table_in_python(run: dict[str, Any]) -> None:
    (text,) = snippets("toml")
    assert PointTable.from_dict(tomllib.loads(text)["points"]) == run["table"]


@pytest.mark.slow
def test_the_losses_told_are_those_that_come_out(run: dict[str, Any]) -> None:
    base, points, regression = (f"{one:.3f}" for one in run["losses"].values())
    assert f"{base} for the base rate, {points} for the table and {regression} for a log" in WORDS


@pytest.mark.slow
def test_the_model_says_which_rung_it_took_and_the_learned_table_can_be_edited(
    run: dict[str, Any],
) -> None:
    assert "point table" in run["reason"]
    assert 1 <= len(run["learned"].rules) <= 8
    assert run["edited"].to_dict()["tech_support"] == {"levels": {"Yes": 2.0}}


@pytest.mark.slow
def test_the_out_of_fold_losses_are_those_told() -> None:
    customers = telco_customers().drop(columns=CUSTOMER_ID)
    y = (customers.pop(LABEL) == "Yes").to_numpy(np.float64)
    losses = []
    for train, test in StratifiedKFold(5, shuffle=True, random_state=0).split(customers, y):
        told = baseline_probabilities(customers.iloc[train], y[train], customers.iloc[test])
        losses.append([log_loss(y[test], told[name]) for name in told])
    base, points, regression = (f"{one:.3f}" for one in np.mean(losses, axis=0))
    assert f"{base} for the base rate, {points} for the learned table, {regression} for the" in WORDS
