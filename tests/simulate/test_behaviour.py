"""What the tables must show because the world was made that way."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from churnhealth.simulate import World, WorldConfig, hazard, simulate_world
from churnhealth.simulate.support import ANSWERS_BY_LEVEL


def _later_churn(world: World, cutoffs: list[str], days: int) -> pd.DataFrame:
    """Customers at risk at cutoffs, without an announced end, with truth and label."""
    frame = world.truth(cutoffs, days).merge(world.outcomes, on="customer_id")
    frame = frame[~(frame["announced_at"] < frame["cutoff"])].copy()
    end = frame["churned_on"].dt.tz_localize(world.config.timezone)
    frame["churned"] = (end <= frame["cutoff"] + pd.Timedelta(days=days)).astype(int)
    return frame


def _counts(events: pd.DataFrame, column: str, rows: pd.DataFrame, days: int) -> np.ndarray:
    """Count events of the days before each row's cutoff."""
    result = pd.Series(0.0, index=rows.index)
    for cutoff, group in rows.groupby("cutoff"):
        inside = (events[column] < cutoff) & (events[column] >= cutoff - pd.Timedelta(days=days))
        size = events.loc[inside].groupby("customer_id").size()
        result[group.index] = size.reindex(group["customer_id"]).fillna(0.0).to_numpy()
    return result.to_numpy()


def test_actions_lower_the_hazard_by_the_declared_effect() -> None:
    config = WorldConfig(
        customers=5000,
        years=2,
        seed=6,
        churn_level=3.0,
        action_effect=-0.9,
        usage_events_per_week=0.01,
    )
    world = simulate_world(config)
    actions = world.tables["actions"].merge(world.outcomes, on="customer_id")
    within = pd.Timedelta(weeks=hazard.ACTION_WEEKS)
    actions = actions[actions["occurred_at"] + within < pd.Timestamp(config.end, tz="UTC")]
    told = (actions["announced_at"] < actions["occurred_at"] + within).groupby(actions["control"])
    rate, churners = told.mean(), told.sum()
    ratio = math.log(-math.log1p(-rate[False])) - math.log(-math.log1p(-rate[True]))
    error = math.sqrt(1.0 / churners[False] + 1.0 / churners[True])
    assert churners.min() > 100
    assert abs(ratio - config.action_effect) < 3.0 * error


def test_control_is_a_fair_coin(many: World) -> None:
    control = many.tables["actions"]["control"]
    assert abs(control.mean() - 0.5) < 3.5 * 0.5 / math.sqrt(len(control))


def test_the_unhappy_answer_less(many: World) -> None:
    """The later churners are the unhappier ones, and they leave more questions open."""
    surveys = many.tables["surveys"].merge(many.outcomes, on="customer_id")
    soon = surveys["announced_at"] < surveys["sent_at"] + pd.Timedelta(days=90)
    old = surveys["sent_at"] < pd.Timestamp("2026-01-01", tz="UTC")
    rate = surveys["answered_at"].notna()[old].groupby(soon[old]).mean()
    assert rate[True] < 0.8 * rate[False]
    assert ANSWERS_BY_LEVEL[-1] < rate[True] < rate[False] < ANSWERS_BY_LEVEL[0]


def test_answers_are_lower_before_churn_and_effort_is_higher(many: World) -> None:
    surveys = many.tables["surveys"].merge(many.outcomes, on="customer_id")
    soon = surveys["announced_at"] < surveys["sent_at"] + pd.Timedelta(days=90)
    mean = (
        surveys.groupby(["kind", soon.rename("soon")])["score"]
        .mean()
        .reset_index()
        .pivot_table("score", "kind", "soon")
    )
    assert (mean.loc[["NPS", "CSAT", "GCR"], True] < mean.loc[["NPS", "CSAT", "GCR"], False]).all()
    assert mean.loc["CES", True] > mean.loc["CES", False]


def test_most_churn_starts_from_failed_onboarding(many: World) -> None:
    steps = many.tables["milestones"]
    live = steps[steps["milestone"] == "go_live"].set_index("customer_id")["reached_at"].notna()
    start = many.tables["customers"].set_index("customer_id")["created_at"]
    old = start < pd.Timestamp("2024-01-01", tz="UTC")
    alive = ~(many.outcomes.set_index("customer_id")["churned_on"].dt.tz_localize("UTC") - start).lt(
        "200D"
    )
    churned = many.outcomes.set_index("customer_id")["churned_on"].notna()
    mine = old & alive
    rate = churned[mine].groupby(live[mine]).mean()
    assert rate[False] > 1.3 * rate[True]


def test_usage_follows_the_week(world: World) -> None:
    local = world.tables["usage_events"]["occurred_at"].dt.tz_convert("Asia/Tokyo")
    share = local.dt.day_of_week.value_counts(normalize=True)
    assert share[[5, 6]].sum() < 0.06
    assert share[[0, 1, 2, 3, 4]].min() > 0.12
    assert local.dt.hour.between(8, 18).all()


def test_usage_falls_before_an_announcement(world: World) -> None:
    rows = _later_churn(world, ["2024-06-01", "2024-12-01", "2025-06-01"], 60)
    use = np.log1p(_counts(world.tables["usage_events"], "occurred_at", rows, 28))
    mean = pd.Series(use).groupby(rows["churned"].to_numpy()).mean()
    assert mean[1] < mean[0] - 0.2


def test_contact_rises_when_risk_rises(many: World) -> None:
    rows = _later_churn(many, ["2024-06-01", "2025-06-01", "2025-12-01"], 90)
    touches = many.tables["touches"].drop_duplicates("touch_id")
    contacts = touches[touches["topic"] == "check-in"]
    count = _counts(contacts, "occurred_at", rows, 56)
    first = many.tables["subscriptions"].drop_duplicates("customer_id").set_index("customer_id")
    about = first.loc[rows["customer_id"]].reset_index()
    old = (rows["cutoff"].dt.tz_localize(None).to_numpy() - about["start_date"]) > pd.Timedelta(days=120)
    mine = (old & (about["term_months"] == 1)).to_numpy()
    risk = rows["churn_probability"].to_numpy()[mine]
    high = risk > np.quantile(risk, 0.8)
    assert count[mine][high].mean() > 1.1 * count[mine][~high].mean()


def _contact_coefficient(*, observed: bool) -> tuple[float, float]:
    """Learned log-odds per contact of 70 days, with all that drives contact beside it, and its error."""
    config = WorldConfig(
        customers=6000,
        seed=1,
        usage_events_per_week=1.0,
        contact_drivers_observed=observed,
        contact_effect=-1.5 if observed else -0.6,
        annual_share=0.0,
    )
    world = simulate_world(config)
    rows = _later_churn(
        world, ["2023-11-01", "2024-05-01", "2024-11-01", "2025-05-01", "2025-11-01"], 90
    )
    touches = world.tables["touches"].drop_duplicates("touch_id")
    contacts = touches[touches["topic"] == "check-in"]
    about = world.tables["customers"].set_index("customer_id").loc[rows["customer_id"]]
    tenure = (rows["cutoff"].array - about["created_at"].array).days
    columns = [
        np.minimum(_counts(contacts, "occurred_at", rows, 70), 3),
        _counts(world.tables["tickets"], "opened_at", rows, 28),
        _counts(world.tables["tickets"], "opened_at", rows, 98),
        np.log1p(_counts(world.tables["usage_events"], "occurred_at", rows, 56)),
        about["segment"] == "small",
        about["segment"] == "large",
        np.log(tenure),
    ]
    known = tenure > 100
    matrix = np.stack([np.asarray(one, dtype=float) for one in columns], axis=1)[known]
    model = LogisticRegression(C=1e6, max_iter=2000).fit(matrix, rows["churned"][known])
    p = model.predict_proba(matrix)[:, 1]
    design = np.column_stack([matrix, np.ones(len(matrix))])
    covariance = np.linalg.inv((design * (p * (1 - p))[:, None]).T @ design)
    return float(model.coef_[0, 0]), math.sqrt(covariance[0, 0])


@pytest.mark.slow
def test_where_all_drivers_of_contact_are_observed_its_learned_sign_is_the_true_one() -> None:
    coefficient, error = _contact_coefficient(observed=True)
    assert coefficient < -2.0 * error


@pytest.mark.slow
def test_where_contact_follows_a_latent_risk_its_learned_sign_misleads() -> None:
    coefficient, error = _contact_coefficient(observed=False)
    assert coefficient > 2.0 * error


def test_drift_moves_the_hazard_from_year_to_year() -> None:
    config = WorldConfig(customers=1, drift=2.0)
    assert hazard.drift_terms(config, 0) == (0.0, 1.0)
    # second year: 0.10 * 2 = 0.2 and 1 - 0.08 * 2 = 0.84; tenth: 1.8 and never below 0.4
    assert hazard.drift_terms(config, 52) == pytest.approx((0.2, 0.84))
    assert hazard.drift_terms(config, 52 * 9) == pytest.approx((1.8, 0.4))


def test_levels_move_by_matrices_whose_rows_sum_to_one() -> None:
    moves = hazard.transitions()
    np.testing.assert_allclose(moves.sum(axis=2), 1.0)
    assert (moves >= 0).all()
    # normal fit, steady: 0.04 up, 0.027 down, 0.004 to struggling, the rest stays
    np.testing.assert_allclose(moves[1, 1], [0.04, 0.929, 0.027, 0.004, 0.0])


def test_the_state_multiplies_the_hazard_by_the_declared_effects() -> None:
    factor = hazard.state_factor(WorldConfig(contact_effect=-0.5, action_effect=-0.7), 0)
    assert factor[1, 0, 0] == 1.0
    assert factor[1, 1, 1] == pytest.approx(math.exp(-1.2))
    assert factor[3, 0, 1] == pytest.approx(math.exp(1.6 - 0.7))
