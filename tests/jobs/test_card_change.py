"""Why a published score moved: known answers from customers changed by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from churnhealth.domain.indicators import Catalogue, Indicator
from churnhealth.errors import WarehouseError
from churnhealth.estimator import HealthModel
from churnhealth.jobs.card_change import CardChange, card_change
from churnhealth.jobs.cards import customer_card
from churnhealth.jobs.explain_customer import explain_customer
from churnhealth.jobs.wiring import Workplace

JANUARY, APRIL = "2026-01-01", "2026-04-01"


@pytest.fixture(scope="module")
def two_slices(make_customers: Callable) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Forty customers at two cutoffs; of C0 the logins alone fell from 14 to 2."""
    frame = make_customers(40, seed=9)[0].set_axis([f"C{at}" for at in range(40)])
    frame.loc["C0", "logins"] = 14.0
    after = frame.copy()
    after.loc["C0", "logins"] = 2.0
    return frame, after


@pytest.fixture(scope="module")
def model(make_customers: Callable) -> HealthModel:
    """A model without trees, which is compiled in no time."""
    frame, y, _ = make_customers(300, seed=3)
    logins = Indicator("logins", "usage", "times", label_en="logins", label_ja="ログイン回数")
    return HealthModel(catalogue=Catalogue((logins,)), leaf_budget=1).fit(frame, y)


@pytest.fixture(scope="module")
def newer(make_customers: Callable) -> HealthModel:
    """A model of other customers, which knows `goals` and no longer `seats`."""
    frame, y, _ = make_customers(400, seed=21)
    goals = np.random.default_rng(2).random(400)
    catalogue = Catalogue((Indicator("goals", "outcome", label_en="goals reached", label_ja="目標"),))
    return HealthModel(catalogue=catalogue, leaf_budget=1).fit(
        frame.drop(columns="seats").assign(goals=goals), y
    )


def change_of(workplace: Workplace, customer: str = "C0") -> CardChange:
    told = explain_customer(workplace, customer)
    assert told.notes == ()
    assert told.change is not None
    return told.change


def test_one_value_changed_by_hand_has_all_of_the_change(
    model: HealthModel, two_slices: tuple, project_of: Callable[..., Workplace]
) -> None:
    before, after = two_slices
    workplace = project_of((model, before, JANUARY), (model, after, APRIL))
    change = change_of(workplace)
    expected = model.health_score(after.loc[["C0"]])[0] - model.health_score(before.loc[["C0"]])[0]
    assert change.change == pytest.approx(expected, abs=1e-9)
    assert change.moved["points"].sum() == pytest.approx(change.change, abs=1e-9)
    assert (change.model, change.same_model) == (0.0, True)
    rows, rest = change.moved_most()
    assert rows[["indicator", "value_before", "value_after"]].to_numpy().tolist() == [
        ["logins", 14.0, 2.0]
    ]
    assert rows["points"].sum() + rest == pytest.approx(change.change, abs=1e-9)
    assert rows["points"].iloc[0] < -10
    row = rows.to_dict("records")[0]
    assert change.sentence(row, "en").startswith("Logins: 14 → 2 times. Health −")
    assert change.sentence(row, "ja").startswith("ログイン回数：14回→2回。健全度 −")
    # C7 did not change.
    other = change_of(workplace, "C7")
    assert (other.change, other.behaviour, other.model) == (0.0, 0.0, 0.0)
    assert other.moved.empty


def test_a_new_model_and_a_new_row_stand_apart_and_add_up(
    model: HealthModel, newer: HealthModel, two_slices: tuple, project_of: Callable[..., Workplace]
) -> None:
    before, after = two_slices
    later = after.drop(columns="seats").assign(goals=0.25)
    change = change_of(project_of((model, before, JANUARY), (newer, later, APRIL)))
    # goals was not known in January: its later value is held.
    held = before.loc[["C0"]].drop(columns="seats").assign(goals=0.25)
    score_held = newer.health_score(held)[0]
    assert change.model == pytest.approx(
        score_held - model.health_score(before.loc[["C0"]])[0], abs=1e-9
    )
    assert change.behaviour == pytest.approx(
        newer.health_score(later.loc[["C0"]])[0] - score_held, abs=1e-9
    )
    assert change.model + change.behaviour == pytest.approx(change.change, abs=1e-9)
    parts = change.moved.set_index("indicator")["part"].to_dict()
    assert (parts["goals"], parts["seats"]) == ("added", "dropped")
    assert change.model_by_indicator
    told = [change.sentence(row, "en") for row in change.moved.to_dict("records")]
    assert any(one.startswith("Goals reached: new in the model. Health") for one in told)
    assert any(one.startswith("Seats: no longer in the model. Health") for one in told)


def test_without_the_older_model_behaviour_alone_is_told_by_indicator(
    model: HealthModel, newer: HealthModel, two_slices: tuple, project_of: Callable[..., Workplace]
) -> None:
    before, after = two_slices
    later = after.drop(columns="seats").assign(goals=0.25)
    workplace = project_of((model, before, JANUARY), (newer, later, APRIL))
    whole = change_of(workplace)
    workplace.registry.kept = workplace.registry.kept[1:]
    left = change_of(workplace)
    assert not left.model_by_indicator
    assert set(left.moved["part"]) == {"behaviour"}
    assert left.model == pytest.approx(whole.model, abs=1e-9)
    assert left.behaviour == pytest.approx(whole.behaviour, abs=1e-9)


def test_a_value_that_comes_or_goes_is_one_line(
    model: HealthModel, two_slices: tuple, project_of: Callable[..., Workplace]
) -> None:
    before = two_slices[0].copy()
    before.loc["C3", "nps"] = np.nan
    after = before.copy()
    after.loc["C3", "nps"] = 2.0
    change = change_of(project_of((model, before, JANUARY), (model, after, APRIL)), "C3")
    rows, _ = change.moved_most()
    assert rows["indicator"].tolist() == ["nps"]
    told = change.sentence(rows.to_dict("records")[0], "en")
    assert told.startswith("NPS: no data → 2. Health")
    assert change.moved["points"].sum() == pytest.approx(change.change, abs=1e-9)


def test_without_a_score_before_there_is_no_change(
    model: HealthModel, two_slices: tuple, project_of: Callable[..., Workplace]
) -> None:
    told = explain_customer(project_of((model, two_slices[0], APRIL)), "C0")
    assert told.change is None
    assert told.notes == ()
    assert told.to_dict()["change"] is None


def test_rows_that_are_not_stored_any_more_are_told(
    model: HealthModel, two_slices: tuple, project_of: Callable[..., Workplace]
) -> None:
    before, after = two_slices
    workplace = project_of((model, before, JANUARY), (model, after, APRIL))
    card = customer_card(workplace.warehouse, "C0")
    # A slice that nobody scored.
    card.previous["cutoff"] = pd.Timestamp("2025-01-01", tz="UTC")
    with pytest.raises(WarehouseError, match=r"2025-01-01 00:00 UTC by model .* are not stored"):
        card_change(workplace.warehouse, card, model, lambda _: None)
