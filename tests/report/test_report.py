"""What the report gathers: totals of everybody, the customers chosen, and every kind of bad input."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from churnhealth.errors import ConfigError
from churnhealth.jobs.report import report_document, write_report
from churnhealth.jobs.report_customers import chosen_customers
from churnhealth.jobs.report_portfolio import portfolio
from churnhealth.jobs.report_slice import by_need, read_slice, segments_of
from churnhealth.jobs.score import score
from churnhealth.jobs.wiring import Workplace

Make = Callable[..., Workplace]
Customer = Callable[..., dict[str, Any]]


def document_of(path: Path) -> dict[str, Any]:
    found = re.search(
        r'<script type="application/json" id="data">(.*)</script>', path.read_text("utf-8")
    )
    assert found is not None
    return json.loads(found.group(1))


@pytest.fixture(scope="module")
def small(by_hand: Make, make_customer: Customer) -> dict[str, Any]:
    """Four customers of March, four of April, by hand."""
    march = [
        make_customer(1, health=90.0, mrr=100.0),
        make_customer(2, health=50.0, mrr=200.0),
        make_customer(3, health=80.0, mrr=300.0),
        make_customer(9, health=10.0, mrr=900.0),
    ]
    april = [
        make_customer(1, health=30.0, mrr=100.0),
        make_customer(2, health=75.0, mrr=200.0),
        make_customer(3, health=85.0, mrr=300.0),
        make_customer(4, health=20.0, mrr=400.0),
    ]
    workplace = by_hand(("2026-03-01", "m1", march), ("2026-04-01", "m1", april))
    document, card = report_document(workplace, 1000)
    assert card == ""
    return json.loads(json.dumps(document, allow_nan=False))


def test_totals_are_those_of_customers_with_a_new_score(small: dict[str, Any]) -> None:
    totals = small["portfolio"]["totals"]
    # 0.7 x 100 + 0.25 x 200 + 0.15 x 300 + 0.8 x 400 of 1,000 a month.
    assert totals["customers"] == 4
    assert totals["stale"] == 1
    assert totals["mrr"] == pytest.approx(1000.0)
    assert totals["mrr_at_risk"] == pytest.approx(485.0)
    assert totals["expected_churners"] == pytest.approx(1.9)
    assert totals["mean_health"] == pytest.approx(52.5)
    # Three have an earlier score: -60, +25, +5.
    assert totals["mean_change"] == pytest.approx(-10.0)
    assert (totals["worse"], totals["better"]) == (1, 2)


def test_bands_hold_their_customers_and_money(small: dict[str, Any]) -> None:
    green, yellow, red = small["portfolio"]["bands"]
    assert [one["customers"] for one in (green, yellow, red)] == [2, 0, 2]
    assert red["mrr_at_risk"] == pytest.approx(70.0 + 320.0)
    assert yellow["mrr"] is None
    assert green["share"] == 0.5


def test_scores_are_counted_by_tens(small: dict[str, Any]) -> None:
    counts = small["portfolio"]["distribution"]
    # 30 and 20 are red; 75 and 85 green.
    assert [at for at, row in enumerate(counts) if sum(row)] == [2, 3, 7, 8]
    assert counts[2] == [0, 0, 1]
    assert counts[8] == [1, 0, 0]


def test_the_movement_tells_from_where_to_where(small: dict[str, Any]) -> None:
    move = small["portfolio"]["movement"]
    # Rows: green, yellow, red before; columns: now. One fell from green to red, one rose from yellow.
    assert move["cells"] == [[1, 0, 1], [1, 0, 0], [0, 0, 0]]
    assert (move["joined"], move["gone"], move["since"]) == (1, 1, "2026-03-01")


def test_the_timeline_counts_every_cutoff(small: dict[str, Any]) -> None:
    days = small["portfolio"]["timeline"]
    assert [(one["date"], one["counts"]) for one in days] == [
        ("2026-03-01", [2, 1, 1]),
        ("2026-04-01", [2, 0, 2]),
    ]


def test_segments_are_the_plan_and_the_mrr_in_thirds(small: dict[str, Any]) -> None:
    plan, size = small["portfolio"]["segments"]
    assert [one["name"] for one in (plan, size)] == ["plan", "mrr_size"]
    # Plans go round: 1 and 4 have Pro, 2 Team, 3 Basic.
    assert {one["level"]: one["counts"] for one in plan["levels"]} == {
        "Basic": [1, 0, 0],
        "Pro": [0, 0, 2],
        "Team": [1, 0, 0],
    }
    assert sum(sum(one["counts"]) for one in size["levels"]) == 4


def test_two_groups_at_once_hold_everybody_in_every_pair(small: dict[str, Any]) -> None:
    axes = small["portfolio"]["axes"]
    assert len(axes) == 3
    for pair in axes:
        assert len(pair["cells"]) == 9
        assert sum(cell[0] for cell in pair["cells"]) == 4


def test_groups_that_no_customer_has_together_give_empty_cells(
    by_hand: Make, make_customer: Customer
) -> None:
    workplace = by_hand(("2026-04-01", "m1", [make_customer(1), make_customer(2)]))
    scored = read_slice(workplace)
    scored.groups.loc["C0001", "usage"] = None
    scored.groups.loc["C0002", "contract"] = None
    found = portfolio(workplace, scored, segments_of(scored))
    cells = {(one["first"], one["second"]): one["cells"] for one in found["axes"]}
    assert cells["contract", "usage"] == [[0, None, None]] * 9
    assert sum(cell[0] for cell in cells["contract", "satisfaction"]) == 1


def test_customers_stand_by_need_and_their_drivers_add_up(small: dict[str, Any]) -> None:
    assert [one["id"] for one in small["customers"]] == ["C0004", "C0001", "C0002", "C0003", "C0009"]
    for one in small["customers"]:
        assert one["base"] + sum(row[1] for row in one["x"]) == pytest.approx(one["s"], abs=0.05)
    first = small["customers"][1]
    assert (first["n"], first["o"], first["m"], first["d"]) == ("Company 1", "Baba", 100.0, -60.0)
    days = [(small["dates"][row[0]], row[1], row[2]) for row in first["h"]]
    assert days == [("2026-03-01", 90.0, 0), ("2026-04-01", 30.0, 2)]
    assert small["customers"][-1]["st"] is True


def test_facts_and_reasons_come_in_both_languages(small: dict[str, Any]) -> None:
    one, texts = small["customers"][1], small["texts"]
    facts = {small["indicators"][row[0]][0]: (texts[row[1]], texts[row[2]]) for row in one["f"]}
    assert facts["plan"] == ("Pro", "Pro")
    assert facts["mrr"] == ("100 JPY per month", "100円/月")
    reasons = [texts[row[2]] for row in one["x"]][:2]
    assert reasons == ["Logins: 1.0", "Nps: 1.0"]
    assert texts[one["x"][0][3]] == "loginsの値：1.0"
    logins = next(row for row in small["indicators"] if row[0] == "logins")
    assert logins[1:3] == ["logins", "ログイン回数"]


def test_coverage_and_figures_are_there(small: dict[str, Any]) -> None:
    assert {row[0]: row[5] for row in small["coverage"]} == dict.fromkeys(
        ("logins", "mrr", "nps", "plan"), 1.0
    )
    names = [one["name"] for one in small["kpi"]["values"]]
    assert names[:2] == ["churn_rate_horizon", "churn_rate_monthly"]
    assert small["monitor"] == {"checks": [], "months": [], "surprises": [], "drift": []}


def test_nobody_scored_gives_a_page_that_says_so(by_hand: Make) -> None:
    result = write_report(by_hand())
    assert (result.customers, result.embedded) == (0, 0)
    document = document_of(result.path)
    assert document["meta"]["cutoff"] is None
    assert document["customers"] == []
    assert document["portfolio"]["timeline"] == []


def test_one_customer_is_enough(by_hand: Make, make_customer: Customer) -> None:
    document, _ = report_document(by_hand(("2026-04-01", "m1", [make_customer(1)])), 1000)
    assert [one["id"] for one in document["customers"]] == ["C0001"]
    assert document["portfolio"]["movement"] is None
    assert [one["name"] for one in document["portfolio"]["segments"]] == ["plan"]
    assert all(sum(cell[0] for cell in pair["cells"]) == 1 for pair in document["portfolio"]["axes"])


def test_hostile_names_come_back_as_they_are(by_hand: Make, hostile: list[dict[str, Any]]) -> None:
    result = write_report(by_hand(("2026-04-01", "m1", hostile)))
    named = {one["id"]: one["n"] for one in document_of(result.path)["customers"]}
    assert named == {one["customer_id"]: one["company"] for one in hostile}
    assert "<script>window" not in result.path.read_text("utf-8")


def test_missing_mrr_and_plan_are_told_and_count_as_nothing(
    by_hand: Make, make_customer: Customer
) -> None:
    people = [make_customer(1, mrr=None, plan=None), make_customer(2, mrr=200.0, health=50.0)]
    document, _ = report_document(by_hand(("2026-04-01", "m1", people)), 1000)
    assert document["portfolio"]["totals"]["mrr_at_risk"] == pytest.approx(100.0)
    assert document["portfolio"]["segments"][0]["unknown"] == 1
    assert any("1 of 2 customers have no known MRR" in one["en"] for one in document["warnings"])
    none, _ = report_document(by_hand(("2026-04-01", "m1", people[:1])), 1000)
    assert none["portfolio"]["totals"]["mrr_at_risk"] is None
    assert none["meta"]["currency"] is None


def test_scores_of_two_models_are_warned_of(by_hand: Make, make_customer: Customer) -> None:
    workplace = by_hand(
        ("2026-03-01", "m1", [make_customer(1), make_customer(2)]),
        ("2026-04-01", "m2", [make_customer(1)]),
    )
    document, _ = report_document(workplace, 1000)
    assert any("(m1, m2)" in one["en"] for one in document["warnings"])
    assert {one["id"]: len(one["x"]) for one in document["customers"]} == {"C0001": 3, "C0002": 3}


def test_a_page_of_some_says_so_and_counts_everybody(by_hand: Make, make_customer: Customer) -> None:
    people = [make_customer(at) for at in range(100)]
    workplace = by_hand(("2026-04-01", "m1", people))
    document, _ = report_document(workplace, 20)
    assert len(document["customers"]) == 20
    assert document["portfolio"]["totals"]["customers"] == 100
    assert any("20 of 100 customers" in one["en"] for one in document["warnings"])
    # Sixteen in need, and the four healthiest.
    assert sorted(one["s"] for one in document["customers"])[-4:] == [96.0, 97.0, 98.0, 99.0]
    assert sum(one["b"] > 0 for one in document["customers"]) == 16


def test_whoever_is_chosen_there_are_as_many_as_asked_for(
    by_hand: Make, make_customer: Customer
) -> None:
    people = [make_customer(at, health=10.0) for at in range(30)]
    current = by_need(by_hand(("2026-04-01", "m1", people)).warehouse.current_scores())
    for most in (1, 7, 29, 30, 50):
        chosen = chosen_customers(current, most)
        assert len(chosen) == min(most, 30)
        assert chosen["customer_id"].is_unique


def test_a_column_that_is_not_there_is_named_with_its_neighbour(
    by_hand: Make, make_customer: Customer, hand_config: str
) -> None:
    config = hand_config.replace('name = "company"', 'name = "compny"')
    workplace = by_hand(("2026-04-01", "m1", [make_customer(1)]), config=config)
    with pytest.raises(ConfigError, match=r"column 'compny' in to_score.*did you mean 'company'"):
        write_report(workplace)


def test_without_names_ids_stand_for_customers(
    by_hand: Make, make_customer: Customer, hand_config: str
) -> None:
    config = re.sub(r"\[report\]\n.*\n.*\n", "", hand_config)
    document, _ = report_document(by_hand(("2026-04-01", "m1", [make_customer(1)]), config=config), 9)
    assert document["customers"][0]["n"] is None


def test_figures_that_cannot_be_worked_out_leave_the_rest(
    by_hand: Make, make_customer: Customer
) -> None:
    workplace = by_hand(("2026-04-01", "m1", [make_customer(1)]))
    workplace.warehouse.write_table("panel", pd.DataFrame({"other": [1]}))
    document, _ = report_document(workplace, 9)
    assert document["kpi"] is None
    assert any("customer_id" in one["en"] for one in document["warnings"])
    assert document["customers"]


def test_the_model_that_scored_is_told_with_its_card_and_calibration(trained: Workplace) -> None:
    score(trained)
    document, card = report_document(trained, 1000)
    facts = document["model"]
    assert facts["model_version"] == trained.registry.champion().model_version
    assert facts["bands"]["yellow"] < facts["bands"]["red"]
    assert facts["horizon_days"] == 30
    assert {one[0] for one in facts["metrics"]} >= {"log_loss", "roc_auc"}
    assert all(0 <= one["observed"] <= 1 for one in facts["calibration"])
    assert card.startswith("# Health model of small")
    assert len(document["customers"]) == 60
    for one in document["customers"]:
        assert one["base"] + sum(row[1] for row in one["x"]) == pytest.approx(one["s"], abs=0.06)
