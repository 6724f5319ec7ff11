"""What monitoring found, in the page: months, checks, surprises and drift."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from churnhealth.adapters.warehouse import RunRecord
from churnhealth.domain.contracts import TableContract
from churnhealth.domain.monitor_tables import (
    HEALTH_MONITOR_CHECKS,
    HEALTH_MONITOR_CUSTOMERS,
    HEALTH_MONITOR_DRIFT,
    HEALTH_MONITOR_LEAD_TIMES,
    HEALTH_MONITOR_PERIODS,
)
from churnhealth.jobs.report import report_document, write_report
from churnhealth.jobs.wiring import Workplace

Row = dict[str, Any]
APRIL = pd.Timestamp("2026-04-01", tz="UTC")
MONTH: Row = {
    "period_kind": "month",
    "period": "2026-01",
    "customers": 100,
    "without_label": 0,
    "churners": 9,
    "predicted_churners": 4.5,
    "churners_low": 1.0,
    "churners_high": 8.0,
    "verdict": "more than predicted",
    "churn_rate": 0.09,
    "log_loss": 0.2,
    "log_loss_base_rate": 0.3,
}
SURPRISE: Row = {
    "customer_id": "C0001",
    "cutoff": APRIL,
    "model_version": "m1",
    "finding": "green_but_churned",
    "churn_probability": 0.02,
    "health_score": 98.0,
    "mrr_at_risk": 2.0,
    "currency": "JPY",
    "reasons_en": "Logins: 9\nNPS: 9",
    "reasons_ja": "ログイン回数：9回\nNPS：9",
}
DRIFTED: Row = {
    "cutoff": APRIL,
    "model_version": "m1",
    "indicator": "logins",
    "indicator_group": "usage",
    "psi": 0.31,
    "psi_by_chance": 0.01,
    "psi_chance_limit": 0.03,
    "missing_reference": 0.0,
    "missing_now": 0.0,
    "outside_reference": 0.0,
    "outside_now": 0.1,
    "verdict": "stop",
}
CHECK: Row = {
    "checked_at": APRIL,
    "model_version": "m1",
    "check_name": "calibration_level",
    "status": "due",
    "check_en": "Level of the probabilities",
    "check_ja": "確率の水準",
    "reason_en": "9 churned, 4.5 were predicted.",
    "reason_ja": "予測4.5社に対し、9社が解約しました。",
}
FOUND = {
    HEALTH_MONITOR_PERIODS: [MONTH],
    HEALTH_MONITOR_CUSTOMERS: [SURPRISE],
    HEALTH_MONITOR_LEAD_TIMES: [],
    HEALTH_MONITOR_DRIFT: [DRIFTED],
    HEALTH_MONITOR_CHECKS: [CHECK],
}


def frame(contract: TableContract, rows: list[Row]) -> pd.DataFrame:
    """Return rows with every column of a contract, of its kind; missing where nothing was given."""
    kinds = {"string": "str", "json": "str", "timestamp": "datetime64[us, UTC]", "double": "float64"}
    table = pd.DataFrame(rows, columns=list(contract.column_names)).assign(run_id="mon")
    return table.astype({one.name: kinds.get(one.kind, "Int64") for one in contract.columns})


@pytest.fixture(scope="module")
def monitored(by_hand: Callable[..., Workplace], make_customer: Callable[..., Row]) -> Workplace:
    workplace = by_hand(("2026-04-01", "m1", [make_customer(at) for at in range(5)]))
    run = RunRecord("mon", "monitor", None, "m1", None, 0, workplace.clock())
    workplace.warehouse.start_run(run)
    tables = {contract: frame(contract, rows) for contract, rows in FOUND.items()}
    workplace.warehouse.publish_monitor(run, tables, workplace.clock(), "a retrain is due")
    return workplace


def test_the_document_holds_what_was_found(monitored: Workplace) -> None:
    document, _ = report_document(monitored, 10)
    found = document["monitor"]
    assert [(one["period"], one["churners"], one["verdict"]) for one in found["months"]] == [
        ("2026-01", 9, "more than predicted")
    ]
    assert found["surprises"][0]["customer_id"] == "C0001"
    assert found["drift"] == [{"indicator": "logins", "psi": 0.31, "verdict": "stop"}]
    assert any("A retrain is due (calibration_level)" in one["en"] for one in document["warnings"])


def test_the_page_shows_it_in_both_languages(
    monitored: Workplace, visit: Callable[..., Page], tmp_path: Path
) -> None:
    page = visit(write_report(monitored, out=tmp_path / "page.html").path)
    page.click("#tab-model")
    view = page.locator("#view-model")
    for words in (
        "more than predicted",
        "1 – 8",
        "Green, but churned",
        "Logins: 9",
        "0.31",
        "due",
        "9 churned",
    ):
        expect(view).to_contain_text(words)
    page.click("#to-ja")
    for words in (
        "予測より多い",
        "健全だったが解約",
        "ログイン回数：9回",
        "要再学習",
        "確率の水準",
        "9社が解約",
    ):
        expect(view).to_contain_text(words)
