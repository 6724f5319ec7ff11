from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnhealth.domain.list_columns import BY_HEALTH, EXPANSION_COLUMNS, PREVENTION_COLUMNS
from churnhealth.errors import ConfigError, WarehouseError
from churnhealth.jobs.lists import CustomerLists, customer_lists, safe_cell, write_csv
from churnhealth.jobs.score import score
from churnhealth.jobs.wiring import Workplace


def lists_of(*customer_ids: str) -> CustomerLists:
    """Everybody red, nobody green."""
    table = pd.DataFrame({"customer_id": list(customer_ids)}).assign(
        list_rank=range(1, len(customer_ids) + 1),
        cutoff=pd.Timestamp("2026-04-01", tz="UTC"),
        health_score=50.0,
        health_band="red",
        churn_probability=0.5,
        mrr=100.0,
        mrr_at_risk=50.0,
        currency="JPY",
        health_score_change=np.nan,
    )
    nobody = table.iloc[:0].assign(expansion_probability=0.5, ranked_by=BY_HEALTH)
    return CustomerLists(table[list(PREVENTION_COLUMNS)], nobody[list(EXPANSION_COLUMNS)], stale=1)


def test_missing_values_are_null_and_instants_iso_text_for_machines() -> None:
    told = lists_of("a", "b").to_dict(1)
    (row,) = told["prevention"]
    assert (row["health_score_change"], row["cutoff"]) == (None, "2026-04-01T00:00:00+00:00")
    assert (told["expansion"], told["stale"]) == ([], 1)


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
    assert found.prevention["list_rank"].tolist() == list(range(1, len(found.prevention) + 1))
    assert not found.by_expansion


HOSTILE = ['=HYPERLINK("http://x")', "+1", "-2+3", "@SUM(A1)", "\t=1", "＝1", " =1", "plain", 'a"b,c']


def test_a_file_for_spreadsheets_runs_nothing(tmp_path: Path) -> None:
    files = write_csv(lists_of(*HOSTILE), tmp_path / "lists")
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
        write_csv(lists_of("a"), tmp_path / "file" / "lists")
