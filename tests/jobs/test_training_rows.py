"""Which rows of a panel may train: known by a day, labelled, and enough of them."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from churnhealth.domain.problem import ChurnProblem
from churnhealth.errors import NotEnoughDataError
from churnhealth.features.panel import Panel
from churnhealth.jobs.settings_sections import ModelSettings
from churnhealth.jobs.training_rows import early_notes, known_on, labelled, require_enough

TOKYO = ChurnProblem(horizon_days=30, timezone="Asia/Tokyo")
DAYS = ["2026-01-01", "2026-01-02", "2026-01-03"]


def small(labels: list[float]) -> Panel:
    cutoffs = pd.Series([TOKYO.cutoff_instant(day) for day in DAYS])
    table = pd.DataFrame({"logins": [1.0, 2.0, 3.0]})
    ids = pd.Series(["a", "b", "c"])
    return Panel(ids, cutoffs, table, np.array(labels), None, None, pd.DataFrame(), ["read"], 3)


def test_rows_are_left_out_whose_label_is_certain_only_after_the_day_and_counted() -> None:
    # 1 January + 30 days = 31 January, 2 January: 1 February, 3 January: 2 February, in Tokyo.
    panel = known_on(small([1, 0, 1]), TOKYO, dt.date(2026, 2, 1))
    assert panel.customer_id.tolist() == ["a", "b"]
    assert panel.X["logins"].tolist() == [1.0, 2.0]
    assert panel.notes[0] == "read"
    assert "1 rows whose label is known only later" in panel.notes[1]
    whole = known_on(small([1, 0, 1]), TOKYO, dt.date(2026, 2, 2))
    assert len(whole.X) == 3
    assert whole.notes == ["read"]


def test_censored_rows_are_left_out() -> None:
    assert labelled(small([1, np.nan, 0])).customer_id.tolist() == ["a", "c"]


def test_labels_that_are_given_too_early_are_told() -> None:
    panel = small([1, 0, 1])
    now = TOKYO.cutoff_instant("2026-02-01").to_pydatetime()
    (note,) = early_notes(panel, TOKYO, now)
    assert note.startswith("1 labels, of cutoffs from 2026-01-03 on")
    assert "certain only on 2026-02-02" in note
    assert early_notes(panel, TOKYO, TOKYO.cutoff_instant("2026-02-02").to_pydatetime()) == []


def test_too_few_are_refused_with_the_numbers_and_the_day() -> None:
    with pytest.raises(
        NotEnoughDataError, match=r"known on 2026-02-01, 20 of them churners, got 3 and 2"
    ):
        require_enough(small([1, 0, 1]), ModelSettings(), dt.date(2026, 2, 1))
    assert (
        require_enough(small([1, 0, 1]), ModelSettings(minimum_customers=3, minimum_churners=2)) is None
    )
