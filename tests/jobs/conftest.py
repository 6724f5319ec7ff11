"""Fixtures of the jobs: recipes that are learned in a moment, and a panel of several quarters."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
import pytest

from churnhealth.adapters.tracking import TrainingRecord
from churnhealth.estimator import HealthModel
from churnhealth.jobs import backtest, judging
from churnhealth.jobs.recipe import fit_rows
from churnhealth.jobs.training_rows import read_training_panel
from churnhealth.jobs.wiring import Workplace
from churnhealth.model.linear import fit_linear
from churnhealth.model.options import TrainingOptions

QUARTERS = ["2025-04-01", "2025-07-01", "2025-10-01", "2026-01-01"]


@pytest.fixture
def quick_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Learn straight lines where trees would be grown, with few resamples: the same jobs, quickly."""

    def straight(rows, *_, **__):
        return fit_linear(rows, splines=False)

    monkeypatch.setattr("churnhealth.model.fitted.fit_trees", straight)
    monkeypatch.setattr("churnhealth.model.fitted.MOST_BENT_COLUMNS", 0)
    monkeypatch.setattr("churnhealth.model.linear.STRENGTHS", (0.3,))
    fewer = {"n_boot": 20, "n_sim": 10}
    monkeypatch.setattr(backtest, "rolling_backtest", partial(backtest.rolling_backtest, **fewer))
    monkeypatch.setattr(judging, "evaluate_model", partial(judging.evaluate_model, **fewer))


def quarters_of(customers: int = 150, seed: int = 1, strength: float = 1.5) -> pd.DataFrame:
    """Return the same customers at four quarters; `logins` tells who churns, `noise` does not."""
    rng = np.random.default_rng(seed)
    parts = []
    for day in QUARTERS:
        logins = rng.normal(size=customers)
        churned = rng.random(customers) < 1.0 / (1.0 + np.exp(1.2 + strength * logins))
        parts.append(
            pd.DataFrame(
                {
                    "customer_id": [f"C{at:03d}" for at in range(customers)],
                    "cutoff": day,
                    "logins": logins,
                    "noise": rng.normal(size=customers),
                    "plan": rng.choice(["Basic", "Pro"], customers),
                    "mrr": 100.0 * (1 + np.arange(customers) % 7),
                    "churned": churned.astype(int),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


@pytest.fixture
def quarterly(workplace: Workplace, reopened: Callable[..., Workplace], quick_recipe: None) -> Workplace:
    """A project whose panel has four quarters of 150 customers; labels are known after 91 days."""
    workplace.warehouse.write_table("panel", quarters_of())
    dated = reopened(workplace, "cutoff_date = 2026-04-01", 'cutoff = "cutoff"')
    dated = reopened(dated, "horizon_days = 30", "horizon_days = 91")
    return reopened(
        dated, "[scoring]", "[model]\nminimum_customers = 100\nbacktest_windows = 3\n\n[scoring]"
    )


@pytest.fixture
def newest_only(quarterly: Workplace, reopened: Callable[..., Workplace]) -> Workplace:
    """The same project, judged on its newest quarter alone."""
    return reopened(quarterly, "backtest_windows = 3", "backtest_windows = 1")


@pytest.fixture
def make_champion() -> Callable[..., HealthModel]:
    """Return what makes the recipe, with options, the champion of a project, without judging it."""

    def make(workplace: Workplace, options: TrainingOptions | None = None) -> HealthModel:
        panel = read_training_panel(workplace)
        model = fit_rows(workplace, panel, np.ones(len(panel.X), dtype=bool), None, options)
        folder = model.save(workplace.settings.folder / "champion")
        record = TrainingRecord("by hand", folder, str(model.artifact_hash_))
        workplace.registry.set_champion(workplace.registry.log_version(record).version)
        return model

    return make
