"""Key figures of projects: small tables counted by hand, and what a panel can and cannot tell."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from churnhealth.adapters.duckdb_warehouse import DuckDBWarehouse
from churnhealth.adapters.open_warehouse import open_warehouse
from churnhealth.errors import ConfigError
from churnhealth.jobs.kpi import kpi
from churnhealth.jobs.kpi_history import whole_months
from churnhealth.jobs.kpi_words import KPI_LABELS, NOTES
from churnhealth.jobs.score import score
from churnhealth.jobs.wiring import Workplace

HISTORY_CONFIG = """
[project]
name = "hand"
timezone = "Asia/Tokyo"

[problem]
rule = "contract_end"
horizon_days = 90
grace_days = 5

[cutoffs]
data_end = 2026-06-01
"""
SOURCES = {
    "subscriptions": pd.DataFrame(
        [
            ("s1", "a", "2026-01-01", None, 100.0, "JPY"),
            ("s2", "b", "2026-01-01", "2026-05-20", 60.0, "JPY"),
            ("s3", "c", "2026-01-01", "2026-04-10", 40.0, "JPY"),
            ("s4", "c", "2026-04-12", None, 50.0, "JPY"),
            ("s5", "d", "2026-05-02", None, 30.0, "JPY"),
        ],
        columns=["subscription_id", "customer_id", "start_date", "end_date", "mrr", "currency"],
    ).astype({"start_date": "datetime64[us]", "end_date": "datetime64[us]"}),
    "surveys": pd.DataFrame(
        [
            ("q1", "a", "NPS", "2026-05-03", "2026-05-04", 10.0, 0.0, 10.0),
            ("q2", "b", "NPS", "2026-05-03", "2026-05-05", 3.0, 0.0, 10.0),
            ("q3", "c", "NPS", "2026-04-03", "2026-04-05", 9.0, 0.0, 10.0),
            ("q4", "d", "NPS", "2026-05-03", None, None, 0.0, 10.0),
            # Answered after the data end; another scale; another question.
            ("q5", "a", "NPS", "2026-05-30", "2026-06-02", 0.0, 0.0, 10.0),
            ("q6", "a", "NPS", "2026-05-30", "2026-05-31", 0.0, 0.0, 100.0),
            ("q7", "a", "CSAT", "2026-05-30", "2026-05-31", 1.0, 1.0, 5.0),
        ],
        columns=[
            "survey_id",
            "customer_id",
            "kind",
            "sent_at",
            "answered_at",
            "score",
            "scale_low",
            "scale_high",
        ],
    ).astype({"sent_at": "datetime64[us]", "answered_at": "datetime64[us]"}),
}


@pytest.fixture
def project(tmp_path: Path, open_project: Callable[..., Workplace]) -> Callable[..., Workplace]:
    def make(sources: Mapping[str, pd.DataFrame] = SOURCES) -> Workplace:
        tables = {"customers": pd.DataFrame({"customer_id": list("abcd")}), **sources}
        sections = "".join(f'\n[sources.{name}]\ntable = "my_{name}"\n' for name in tables)
        (tmp_path / "churnhealth.toml").write_text(HISTORY_CONFIG + sections)
        warehouse = DuckDBWarehouse(tmp_path / "warehouse.duckdb")
        for name, table in tables.items():
            warehouse.write_table(f"my_{name}", table)
        return open_project(tmp_path)

    return make


def test_a_history_tells_its_months(project: Callable[..., Workplace]) -> None:
    report = kpi(project(), months=2)
    april, may = report.monthly.to_dict("records")
    # April: a, b, c; c's pause of two days is within the grace; c pays 10 more of 200.
    assert (april["customers"], april["churned"], april["joined"]) == (3, 0, 0)
    assert april["mrr_expansion_rate"] == pytest.approx(10 / 200)
    assert april["guide"] == "within"
    # May: b leaves with 60 of 210, d joins.
    assert (may["month"], may["customers"], may["churned"], may["joined"]) == (
        dt.date(2026, 5, 1),
        3,
        1,
        1,
    )
    assert may["churn_rate"] == pytest.approx(1 / 3)
    assert may["churn_low"] < 1 / 3 < may["churn_high"]
    assert may["mrr_churn_rate"] == pytest.approx(60 / 210)
    assert may["net_revenue_retention"] == pytest.approx(150 / 210)
    assert may["guide"] == "above"


def test_a_history_tells_its_figures(project: Callable[..., Workplace]) -> None:
    report = kpi(project(), months=2)
    told = {one.name: one.value for one in report.values}
    # a 100, c 50, d 30 on 1 June; one of 3 + 3 customer-months left, so customers stay 6 months.
    assert told["customers"] == 3
    assert told["mrr"] == pytest.approx(180.0)
    assert told["average_mrr"] == pytest.approx(60.0)
    assert told["churn_rate_average"] == pytest.approx(1 / 6)
    assert told["lifetime_value"] == pytest.approx(360.0)
    # Answers 10, 3 and 9 of five questions on the scale 0-10: 100 x (2 - 1) / 3.
    assert told["nps"] == pytest.approx(100 / 3)
    assert told["nps_response_rate"] == pytest.approx(3 / 5)
    assert report.nps["answers"].tolist() == [1, 2]
    assert report.currency == "JPY"
    assert NOTES["no_versions"] in report.notes


def test_postgres_tells_the_same_figures(project: Callable[..., Workplace], postgres_uri: str) -> None:
    on_duckdb = project()
    warehouse = open_warehouse(postgres_uri)
    customers = pd.DataFrame({"customer_id": list("abcd")})
    for name, table in {"customers": customers, **SOURCES}.items():
        warehouse.write_table(f"my_{name}", table)
    on_postgres = kpi(replace(on_duckdb, warehouse=warehouse)).to_dict()
    assert on_postgres == kpi(on_duckdb).to_dict()


def test_cohorts_follow_stays_not_contracts(project: Callable[..., Workplace]) -> None:
    cohorts = kpi(project()).cohorts
    january = cohorts[cohorts["cohort"] == dt.date(2026, 1, 1)]
    # b left on 20 May, after four whole months.
    assert january["retained"].tolist() == [3, 3, 3, 3, 3]
    assert january["customers"].tolist() == [3] * 5


def test_money_of_two_currencies_is_not_added_up(project: Callable[..., Workplace]) -> None:
    mixed = SOURCES["subscriptions"].copy()
    mixed.loc[0, "currency"] = "USD"
    report = kpi(project({"subscriptions": mixed}))
    assert report.value("mrr") is None
    assert report.value("lifetime_value") is None
    assert report.value("churn_rate") is not None
    assert NOTES["no_money"] in report.notes
    assert NOTES["no_nps"] in report.notes


def test_a_history_without_contracts_says_what_is_lacking(project: Callable[..., Workplace]) -> None:
    usage = pd.DataFrame({"customer_id": ["a"], "occurred_at": pd.to_datetime(["2026-05-01"])})
    report = kpi(project({"usage_events": usage, "surveys": SOURCES["surveys"]}))
    assert NOTES["no_contracts"] in report.notes
    assert [one.name for one in report.values] == ["nps", "nps_response_rate"]


def test_nobody_left_means_no_lifetime_yet(project: Callable[..., Workplace]) -> None:
    calm = SOURCES["subscriptions"].assign(end_date=pd.NaT)
    calm["end_date"] = calm["end_date"].astype("datetime64[us]")
    report = kpi(project({"subscriptions": calm}), months=2)
    assert report.value("lifetime_value") is None
    assert NOTES["nobody_left"] in report.notes


def test_contracts_that_begin_after_the_last_whole_month_tell_no_month(
    project: Callable[..., Workplace],
) -> None:
    young = SOURCES["subscriptions"].tail(1)
    report = kpi(project({"subscriptions": young}))
    assert NOTES["no_months"] in report.notes
    assert report.monthly.empty


def test_whole_months_go_over_the_turn_of_the_year() -> None:
    assert whole_months(dt.date(2026, 2, 1), 3)[0] == (dt.date(2025, 11, 1), dt.date(2025, 12, 1))


def test_a_panel_tells_the_rate_of_its_horizon_and_converts_before_it_compares(
    quarterly: Workplace,
) -> None:
    report = kpi(quarterly)
    panel = quarterly.warehouse.read_table("panel")
    newest = panel[panel["cutoff"] == panel["cutoff"].max()]
    horizon, monthly = report.value("churn_rate_horizon"), report.value("churn_rate_monthly")
    assert horizon is not None
    assert horizon.value == pytest.approx(newest["churned"].mean())
    assert horizon.guide is None
    # 91 days are 91 / 30.4375 months.
    assert monthly is not None
    assert monthly.value == pytest.approx(1 - (1 - horizon.value) ** (30.4375 / 91))
    assert monthly.guide == "above"
    assert NOTES["horizon"] in report.notes
    lost = report.value("mrr_churn_rate_horizon")
    assert lost is not None
    assert lost.value == pytest.approx(newest.query("churned == 1")["mrr"].sum() / newest["mrr"].sum())


def test_a_panel_without_a_horizon_is_not_compared_with_the_guide(
    workplace: Workplace, reopened: Callable[..., Workplace]
) -> None:
    report = kpi(reopened(workplace, "horizon_days = 30", ""))
    assert all(one.guide is None for one in report.values)
    assert NOTES["no_horizon"] in report.notes


def test_a_panel_without_labels_says_so(
    workplace: Workplace, reopened: Callable[..., Workplace]
) -> None:
    report = kpi(reopened(workplace, 'label = "churned"', ""))
    assert NOTES["no_label"] in report.notes
    assert report.values == ()


def test_scores_tell_how_many_are_expected_to_leave(trained: Workplace) -> None:
    score(trained)
    report = kpi(trained)
    current = trained.warehouse.current_scores()
    expected, risk = report.value("expected_churners"), report.value("mrr_at_risk")
    assert expected is not None
    assert expected.value == pytest.approx(current["churn_probability"].sum())
    assert risk is not None
    assert (risk.value, risk.unit) == (pytest.approx(current["mrr_at_risk"].sum()), "JPY/month")


def test_the_report_survives_json_and_every_figure_has_words(
    project: Callable[..., Workplace],
) -> None:
    document = json.loads(json.dumps(kpi(project()).to_dict(), allow_nan=False))
    assert document["monthly"][-1]["month"] == "2026-05-01"
    assert {one["name"] for one in document["values"]} <= set(KPI_LABELS)
    assert all(set(words) == {"en", "ja"} for words in (*KPI_LABELS.values(), *NOTES.values()))


def test_no_month_is_refused(workplace: Workplace) -> None:
    with pytest.raises(ConfigError, match="expected 1 or more, got 0"):
        kpi(workplace, months=0)
