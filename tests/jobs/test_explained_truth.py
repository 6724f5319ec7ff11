"""Contributions against a vendor whose drivers of churn are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit
from scipy.stats import spearmanr

from churnhealth.estimator import HealthModel
from churnhealth.jobs.history_panel import history_training_panel
from churnhealth.jobs.simulate_project import HORIZON_DAYS, project_of_world
from churnhealth.jobs.wiring import open_workplace
from churnhealth.simulate import WorldConfig, simulate_world

pytestmark = pytest.mark.slow

# Few indicators, for speed: contact by us, what drives it, and traces of the level.
CATALOGUE = """
[catalogue]
include = [
    "touch_outbound_28d", "touches_90d", "tickets_28d", "seats", "days_to_renewal", "end_announced",
    "usage_days_28d", "usage_features_28d", "nps_last", "onboarding_share",
]
"""


def explained(config: WorldConfig, folder: Path) -> pd.DataFrame:
    """Effects in log-odds on the newest rows, which no model has learned from: attributed and true."""
    project = project_of_world(config, folder)
    project.config.write_text(project.config.read_text() + CATALOGUE)
    workplace = open_workplace(project.config)
    panel = history_training_panel(workplace)
    y = np.asarray(panel.y, dtype=float)
    known = ~np.isnan(y)
    model = HealthModel(workplace.settings.problem.with_plain_label(), catalogue=workplace.catalogue)
    model.fit(panel.X[known], y[known].astype(bool), customer_id=panel.customer_id[known])
    told = model.explain(panel.X[~known])
    effects = logit(1 - told.sub_scores / 100) - logit(1 - told.base_points / 100)
    keys = pd.DataFrame({"customer_id": panel.customer_id, "cutoff": panel.cutoff})[~known]
    true = simulate_world(config).effects(sorted(keys["cutoff"].unique()), HORIZON_DAYS)
    true["cutoff"] = true["cutoff"].dt.as_unit("us")
    table = keys.merge(true, on=["customer_id", "cutoff"], validate="one_to_one")
    by_us = panel.X.loc[~known, "touch_outbound_28d"].to_numpy() > 0
    table = pd.concat([table, effects.reset_index(drop=True).add_prefix("told ")], axis=1)
    return table.assign(by_us=by_us).dropna(subset="level")


def with_contact_less_without(table: pd.DataFrame, column: str) -> float:
    mean = table.groupby("by_us")[column].mean()
    return float(mean[True] - mean[False])


def test_groups_rank_customers_as_the_truth_does_and_contact_has_its_true_sign(tmp_path: Path) -> None:
    config = WorldConfig(1000, 3, seed=1, contact_drivers_observed=True, contact_effect=-1.5)
    table = explained(config, tmp_path / "vendor")
    for group, driver, lowest in [
        ("usage", "level", 0.4),
        ("onboarding", "fit", 0.2),
        ("contract", "contract", 0.6),
        ("touch", "contact", 0.1),
    ]:
        correlation = spearmanr(table[f"told {group}"], table[driver]).statistic
        assert correlation > lowest, (group, correlation)
    assert with_contact_less_without(table, "contact") < -0.1
    assert with_contact_less_without(table, "told touch") < -0.05


def test_where_contact_follows_a_latent_level_its_effect_is_told_with_the_wrong_sign(
    tmp_path: Path,
) -> None:
    # Contact lowers churn here too, but those who were contacted are at risk for reasons no table shows.
    table = explained(WorldConfig(1000, 3, seed=1), tmp_path / "vendor")
    assert with_contact_less_without(table, "contact") < -0.05
    assert with_contact_less_without(table, "told touch") > 0.05
