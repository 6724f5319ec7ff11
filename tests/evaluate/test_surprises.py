from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from churnhealth.evaluate.surprises import LEAD_COLUMNS, lead_time_quantiles, lead_times, surprises


def scores(*rows: tuple[str, str, str, float | None], days: int | None = 30) -> pd.DataFrame:
    """Customer, cutoff, band and label, with windows of so many days."""
    table = pd.DataFrame(rows, columns=["customer_id", "cutoff", "health_band", "churned"])
    cutoff = pd.to_datetime(table["cutoff"], utc=True)
    end = pd.Series(pd.NaT, index=table.index) if days is None else cutoff + pd.Timedelta(days=days)
    return table.assign(
        cutoff=cutoff,
        window_start=cutoff,
        window_end=pd.to_datetime(end, utc=True),
        churned=table["churned"].astype(float),
    )


def test_a_label_that_is_not_known_is_no_surprise() -> None:
    judged = scores(("a", "2026-01-01", "green", None), ("b", "2026-01-01", "red", None))
    assert surprises(judged.assign(churn_probability=0.1)).empty


def test_two_windows_that_hold_a_churn_narrow_it_down() -> None:
    # Within 30 days of 1 January and of 22 January, so between 22 and 31 January; red from 8 January.
    table = lead_times(
        scores(
            ("a", "2026-01-01", "green", 1),
            ("a", "2026-01-08", "red", 1),
            ("a", "2026-01-15", "yellow", 1),
            ("a", "2026-01-22", "red", 1),
            ("b", "2026-01-01", "red", 0),
        )
    )
    (row,) = table.to_dict("records")
    assert row["churned_after"] == pd.Timestamp("2026-01-22", tz="UTC")
    assert row["churned_by"] == pd.Timestamp("2026-01-31", tz="UTC")
    assert (row["lead_days_low"], row["lead_days_high"]) == (14.0, 23.0)
    assert row["first_red_cutoff"] == pd.Timestamp("2026-01-08", tz="UTC")
    assert row["red_since_cutoff"] == pd.Timestamp("2026-01-22", tz="UTC")


def test_a_later_score_without_a_label_yet_says_that_the_customer_was_still_there() -> None:
    rows = [("a", "2026-01-01", "green", 1), ("a", "2026-01-15", "red", None)]
    (row,) = lead_times(scores(*rows)).to_dict("records")
    assert row["churned_after"] == pd.Timestamp("2026-01-15", tz="UTC")
    assert (row["lead_days_low"], row["lead_days_high"]) == (0.0, 16.0)


def test_of_a_customer_who_came_back_the_last_churn_is_told() -> None:
    rows = [
        ("a", "2025-01-01", "red", 1),
        ("a", "2026-01-01", "green", 0),
        ("a", "2026-02-01", "red", 1),
    ]
    (row,) = lead_times(scores(*rows)).to_dict("records")
    assert row["churned_after"] == pd.Timestamp("2026-02-01", tz="UTC")
    assert row["churned_by"] == pd.Timestamp("2026-03-03", tz="UTC")


def test_without_a_horizon_only_the_lower_bound_is_known() -> None:
    rows = [("a", "2026-01-01", "red", 0), ("a", "2026-02-01", "red", 1)]
    (row,) = lead_times(scores(*rows, days=None)).to_dict("records")
    assert row["lead_days_low"] == 31.0
    assert np.isnan(row["lead_days_high"])


def test_nobody_left_is_an_empty_table_of_the_right_kinds() -> None:
    table = lead_times(scores(("a", "2026-01-01", "red", 0)))
    assert list(table.columns) == list(LEAD_COLUMNS)
    assert str(table["churned_by"].dtype) == "datetime64[us, UTC]"
    known = lead_time_quantiles(table)
    assert (known["churners"], known["red_before"]) == (0.0, 0.0)
    assert np.isnan(known["lead_days_low_50pct"])


def test_quantiles_are_over_those_who_were_red() -> None:
    first = pd.to_datetime(["2026-01-01"] * 3 + [None], utc=True)
    days = {"lead_days_low": [0.0, 10.0, 20.0, np.nan], "lead_days_high": [30.0, 40.0, 50.0, np.nan]}
    table = pd.DataFrame({"first_red_cutoff": first, **days})
    known = lead_time_quantiles(table)
    assert (known["churners"], known["red_before"], known["lead_days_low_50pct"]) == (4.0, 3.0, 10.0)
    assert known["lead_days_low_10pct"] == pytest.approx(2.0)
    assert known["lead_days_high_90pct"] == pytest.approx(48.0)
