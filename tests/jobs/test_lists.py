from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnhealth.errors import ConfigError, WarehouseError
from churnhealth.jobs.lists import LIST_COLUMNS, customer_lists, lists_of, safe_cell, write_csv
from churnhealth.jobs.score import score
from churnhealth.jobs.wiring import Workplace


def current(*rows: tuple[str, float, str, float | None], stale: bool = False) -> pd.DataFrame:
    """Customer, churn probability, band and MRR."""
    table = pd.DataFrame(rows, columns=["customer_id", "churn_probability", "health_band", "mrr"])
    return table.drop(columns="mrr").assign(
        cutoff=pd.Timestamp("2026-04-01", tz="UTC"),
        health_score=100 * (1 - table["churn_probability"]),
        mrr_at_risk=table["churn_probability"] * table["mrr"].astype(float),
        currency="JPY",
        health_score_change=np.nan,
        is_stale=stale,
    )


def test_customers_at_risk_by_the_money_at_risk() -> None:
    found = lists_of(
        current(
            ("a", 0.5, "red", 100.0),
            ("b", 0.2, "yellow", 900.0),
            ("c", 0.9, "red", None),
            ("d", 0.4, "red", None),
        )
    )
    # 180, 50, and then those without an MRR by their probability.
    assert found.prevention["customer_id"].tolist() == ["b", "a", "c", "d"]
    assert found.prevention["mrr"].tolist()[:2] == pytest.approx([900.0, 100.0])
    assert list(found.prevention.columns) == list(LIST_COLUMNS)
    assert found.expansion.empty


def test_healthy_customers_by_score_and_among_equals_by_money() -> None:
    found = lists_of(
        current(
            ("a", 0.041, "green", 100.0),
            ("b", 0.049, "green", 900.0),
            ("c", 0.01, "green", 5.0),
            ("d", 0.5, "red", 1e6),
        )
    )
    # 95 whole points for a and b, 99 for c.
    assert found.expansion["customer_id"].tolist() == ["c", "b", "a"]


def test_who_was_not_scored_last_time_is_in_neither_list() -> None:
    both = pd.concat([current(("a", 0.1, "green", 1.0)), current(("old", 0.9, "red", 1.0), stale=True)])
    found = lists_of(both)
    assert found.stale == 1
    assert "old" not in [*found.prevention["customer_id"], *found.expansion["customer_id"]]
    assert found.to_dict(1)["expansion"][0]["health_score_change"] is None


def test_every_customer_of_a_run_is_in_one_list(trained: Workplace) -> None:
    with pytest.raises(WarehouseError, match="no scores yet"):
        customer_lists(trained.warehouse)
    score(trained)
    found = customer_lists(trained.warehouse)
    listed = [*found.prevention["customer_id"], *found.expansion["customer_id"]]
    assert sorted(listed) == sorted(trained.warehouse.current_scores()["customer_id"])
    mrr = trained.warehouse.read_table("to_score").set_index("customer_id")["mrr"]
    both = pd.concat([found.prevention, found.expansion]).set_index("customer_id")["mrr"]
    np.testing.assert_allclose(both, mrr[both.index])
    assert found.prevention["mrr_at_risk"].is_monotonic_decreasing


HOSTILE = ['=HYPERLINK("http://x")', "+1", "-2+3", "@SUM(A1)", "\t=1", "＝1", " =1", "plain", 'a"b,c']


def test_a_file_for_spreadsheets_runs_nothing(tmp_path: Path) -> None:
    rows = [(name, 0.5, "red", 10.0) for name in HOSTILE]
    files = write_csv(lists_of(current(*rows)), tmp_path / "lists")
    assert [path.name for path in files] == ["prevention.csv", "expansion.csv"]
    with files[0].open(encoding="utf-8-sig", newline="") as handle:
        cells = {row["customer_id"] for row in csv.DictReader(handle)}
    assert cells == {*(f"'{name}" for name in HOSTILE[:7]), "plain", 'a"b,c'}
    assert files[0].read_bytes().startswith(b"\xef\xbb\xbf")
    assert len(files[1].read_text(encoding="utf-8-sig").splitlines()) == 1


@given(st.text())
def test_no_text_begins_like_a_formula(text: str) -> None:
    cell = str(safe_cell(text))
    assert cell.endswith(text)
    assert not cell.strip(" ").startswith(("=", "+", "-", "@"))


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be written here"):
        write_csv(lists_of(current(("a", 0.1, "green", 1.0))), tmp_path / "file" / "lists")
