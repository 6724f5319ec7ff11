"""A whole card from stored rows, also of poor models and strange customers."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from churnhealth.adapters.score_reads import ScoreReads
from churnhealth.adapters.sql_warehouse import SqlWarehouse
from churnhealth.domain.indicators import Catalogue, Indicator
from churnhealth.errors import TrackingError, WarehouseError
from churnhealth.estimator import HealthModel
from churnhealth.jobs.explain_customer import explain_customer
from churnhealth.jobs.report_advice import report_advice
from churnhealth.jobs.report_customers import chosen_customers
from churnhealth.jobs.report_slice import read_slice
from churnhealth.jobs.wiring import Workplace

APRIL = "2026-04-01"


def numbered(count: int, **columns: object) -> pd.DataFrame:
    return pd.DataFrame(columns, index=[f"C{at}" for at in range(count)])


@pytest.fixture(scope="module")
def project(project_of: Callable[..., Workplace], make_customers: Callable) -> Workplace:
    """Sixty customers; C0 has no value at all, C1 values that the model never saw."""
    frame, y, _ = make_customers(300, seed=3)
    logins = Indicator(
        "logins", "usage", "logins", actionable=True, label_en="logins", label_ja="ログイン回数"
    )
    plan = Indicator("plan", "contract", label_en="plan", label_ja="プラン")
    model = HealthModel(catalogue=Catalogue((logins, plan)), leaf_budget=1).fit(frame, y)
    rows = frame.head(60).set_axis([f"C{at}" for at in range(60)]).convert_dtypes()
    rows.loc["C0"] = pd.NA
    rows.loc["C1", ["logins", "plan"]] = [95.0, "Gold"]
    return project_of((model, rows, APRIL))


def test_the_card_tells_what_would_help_beside_customers_of_the_same_plan(project: Workplace) -> None:
    told = explain_customer(project, "C5")
    assert told.notes == ()
    assert told.change is None
    assert told.day is None
    assert told.would_help.asked == 1
    assert told.would_help.alike_by in (("plan",), ())
    for row in told.would_help.lines.to_dict("records"):
        assert row["gain_points"] >= 0.05
        assert "similar customers have. Health +" in told.would_help.sentence(row, "en")
        assert "が達している水準）。健全度 +" in told.would_help.sentence(row, "ja")


def test_the_report_says_of_everybody_what_the_own_card_says(project: Workplace) -> None:
    scored = read_slice(project)
    lines = report_advice(project, scored, chosen_customers(scored.current, 1000)).lines
    assert lines["customer_id"].nunique() > 10
    for customer in ["C0", "C1", *lines["customer_id"].unique()[:6]]:
        told = lines[lines["customer_id"] == customer].reset_index(drop=True)
        alone = explain_customer(project, customer).would_help.lines
        pd.testing.assert_frame_equal(told, alone, check_dtype=False)


def test_a_customer_without_any_value_has_a_card(project: Workplace) -> None:
    told = explain_customer(project, "C0")
    assert told.notes == ()
    assert told.warnings == ()
    assert told.would_help.lines.empty
    document = json.loads(json.dumps(told.to_dict()))
    total = document["base_points"] + sum(one["contribution_points"] for one in document["drivers"])
    assert total == pytest.approx(document["health_score"], abs=1e-9)


def test_values_that_the_model_never_saw_are_told(project: Workplace) -> None:
    warnings = explain_customer(project, "C1").warnings
    assert [one["en"].partition(";")[0] for one in warnings] == ["Logins: 95", "Plan: Gold"]
    assert warnings[0]["ja"].startswith("ログイン回数：95回（学習データの範囲")
    assert warnings[1]["ja"] == "プラン：Gold（学習データにない値）"


def test_a_card_reads_no_whole_table(project: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(ScoreReads, "current_scores")
    monkeypatch.delattr(SqlWarehouse, "read_table")
    assert explain_customer(project, "C5", cutoff=dt.date(2026, 4, 1)).card.customers == 60


def test_an_unknown_customer_is_answered_with_the_nearest(project: Workplace) -> None:
    with pytest.raises(WarehouseError, match=r"no score for customer 'c55' \(did you mean .*'C55'"):
        explain_customer(project, "c55")
    with pytest.raises(WarehouseError, match="there are scores at"):
        explain_customer(project, "C5", cutoff=dt.date(2026, 1, 1))


def test_without_the_model_the_published_card_remains_and_says_so(
    project: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(project.registry, "kept", [])
    told = explain_customer(project, "C5")
    assert told.card.customer["customer_id"] == "C5"
    assert (told.change, told.would_help, told.warnings) == (None, None, ())
    assert told.notes[0]["en"].startswith("What moved, what would help and values new to the model")
    assert "memory has no version '1-" in told.notes[0]["en"]
    assert told.notes[0]["ja"].startswith("スコアを算出したモデルを読み込めず")

    def unreachable() -> None:
        raise TrackingError("no server")

    monkeypatch.setattr(project.registry, "versions", unreachable)
    assert explain_customer(project, "C5").notes[0]["en"].endswith("cannot be read: no server")


def test_a_model_of_one_indicator_without_groups_has_a_card(
    project_of: Callable[..., Workplace],
) -> None:
    rng = np.random.default_rng(0)
    rows = numbered(200, x=rng.normal(size=200))
    model = HealthModel(leaf_budget=1).fit(rows, rng.random(200) < 1 / (1 + np.exp(2 * rows["x"])))
    later = rows.head(30).assign(x=rows["x"].head(30) - 1.0)
    told = explain_customer(
        project_of((model, rows.head(30), "2026-01-01"), (model, later, APRIL)), "C3"
    )
    assert told.card.groups["indicator_group"].tolist() == ["other"]
    assert told.change.moved["indicator"].tolist() == ["x"]
    assert told.change.moved["points"].sum() == pytest.approx(told.change.change, abs=1e-9)
    assert told.would_help.asked == 0


def test_a_constant_model_says_that_it_is_the_base_rate(project_of: Callable[..., Workplace]) -> None:
    rows = numbered(40, x=np.arange(40.0), plan=["Basic", "Pro"] * 20)
    model = HealthModel().fit(rows, [True] + [False] * 39)
    later = rows.assign(x=rows["x"] + 7.0)
    told = explain_customer(project_of((model, rows, "2026-01-01"), (model, later, APRIL)), "C3")
    assert [note["en"].partition(":")[0] for note in told.notes] == [
        "The model gives every customer the same probability, the base rate"
    ]
    assert told.card.customer["health_score"] == pytest.approx(97.5)
    assert told.change.change == 0.0
    assert told.change.moved.empty
