"""One row in twenty is dirty: it is rejected with a reason, and all the others are scored.

A panel to learn from is refused as a whole instead, with all of its faults: see test_retrain.py.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churnhealth.adapters.tracking import TrainingRecord
from churnhealth.jobs.check import check
from churnhealth.jobs.recipe import fit_rows
from churnhealth.jobs.score import score
from churnhealth.jobs.simulate_project import simulate_project
from churnhealth.jobs.training_rows import training_rows
from churnhealth.jobs.wiring import Workplace

SHARE = 0.05


def soiled(frame: pd.DataFrame, seed: int = 0) -> tuple[pd.DataFrame, int]:
    """Spoil one row in twenty, each in one of three ways; return how many."""
    frame = frame.astype({"logins": "float64"}).reset_index(drop=True)
    dirty = np.random.default_rng(seed).permutation(len(frame))[: round(SHARE * len(frame))]
    # Nobody's row, a number that is none, and a copy of a row that follows the original.
    without, infinite, copied = np.array_split(dirty, 3)
    copies = frame.loc[copied]
    frame.loc[without, "customer_id"] = None
    frame.loc[infinite, "logins"] = np.inf
    soiled = pd.concat([frame, copies], ignore_index=True)
    # Of two rows of one customer neither is known to be the right one.
    return soiled, len(without) + len(infinite) + 2 * len(copied)


def test_a_panel_to_be_scored_loses_its_dirty_rows_and_nobody_else(trained: Workplace) -> None:
    frame = trained.warehouse.read_table("to_score")
    frame, bad = soiled(frame)
    trained.warehouse.write_table("to_score", frame)
    result = score(trained)
    assert (result.rows_read, result.rows_rejected) == (len(frame), bad)
    assert result.rows_scored == len(frame) - bad
    rejects = trained.warehouse.read_table("health_rejects")
    assert len(rejects) == bad
    assert (rejects["reason"].str.len() > 10).all()
    assert not rejects.duplicated(["run_id", "source", "row_hash"]).any()
    ledger = trained.warehouse.runs().iloc[0]
    counts = ledger[["rows_read", "rows_scored", "rows_rejected"]].tolist()
    assert counts == [len(frame), len(frame) - bad, bad]
    scored = set(trained.warehouse.read_table("health_scores")["customer_id"])
    assert scored < set(frame["customer_id"].dropna())


@pytest.mark.slow
def test_a_dirty_history_keeps_its_bad_rows_with_reasons_and_everybody_is_scored(
    tmp_path: Path, open_project: Callable[[Path], Workplace], quick_recipe: None
) -> None:
    # There are five kinds of faults.
    made = simulate_project(400, 2, tmp_path / "project", seed=3, dirty_share=SHARE / 5)
    workplace = open_project(tmp_path / "project")
    checked = check(workplace)
    assert checked.report.sources["rejected"].sum() > 0
    rejects = workplace.warehouse.read_table("health_rejects")
    assert (rejects["reason"].str.len() > 5).all()
    assert made.faults["rows"].sum() > len(rejects) > 100
    panel = training_rows(workplace)
    model = fit_rows(workplace, panel, np.ones(len(panel.X), dtype=bool))
    folder = model.save(tmp_path / "model")
    record = TrainingRecord("by hand", folder, str(model.artifact_hash_))
    workplace.registry.set_champion(workplace.registry.log_version(record).version)
    result = score(workplace)
    assert result.rows_read == result.rows_scored + result.rows_rejected
    assert result.rows_scored > 200
