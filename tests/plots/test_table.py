from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest

from churnhealth.domain.table_columns import count, share
from churnhealth.errors import SchemaError
from churnhealth.plots.table import MOST_ROWS, checked, inline, moment

NEEDED = (share("share", "A share."), count("customers", 0, "How many."))


def test_only_what_is_needed_is_taken_and_the_table_stays_as_it_was() -> None:
    table = pd.DataFrame({"x": ["a"], "customers": [3], "share": [0.5]}, index=[7])
    taken = checked(table, "shares", NEEDED)
    assert taken.to_dict("records") == [{"share": 0.5, "customers": 3}]
    assert taken.index.tolist() == [0]
    assert list(table.columns) == ["x", "customers", "share"]


def test_columns_that_stand_twice_are_refused() -> None:
    table = pd.DataFrame([[0.5, 0.4, 1]], columns=["share", "share", "customers"])
    with pytest.raises(SchemaError, match="more than once: 'share'"):
        checked(table, "shares", NEEDED)


def test_infinite_and_missing_values_are_told_by_row() -> None:
    table = pd.DataFrame({"share": [0.5, np.nan, np.inf], "customers": [1, 2, -3]})
    with pytest.raises(SchemaError) as caught:
        checked(table, "shares", NEEDED)
    told = str(caught.value)
    for part in ("got none in row 1", "infinite ones (row 2)", "at least 0, got '-3.0' (row 2)"):
        assert part in told


def test_no_rows_need_no_columns_and_a_row_does() -> None:
    assert checked(pd.DataFrame(), "shares", NEEDED).empty
    with pytest.raises(SchemaError, match="2 faults"):
        checked(pd.DataFrame({"x": pd.Series(dtype=float)}), "shares", NEEDED)


def test_a_table_at_the_limit_is_drawn() -> None:
    table = pd.DataFrame({"share": np.zeros(MOST_ROWS), "customers": 1})
    assert len(checked(table, "shares", NEEDED)) == MOST_ROWS
    with pytest.raises(SchemaError, match="at most 5,000 rows, got 5,001"):
        checked(pd.concat([table, table.head(1)]), "shares", NEEDED)


@pytest.mark.parametrize("value", ["soon", None, 3, float("nan"), pd.NaT])
def test_what_is_no_date_is_refused_by_row(value: Any) -> None:
    table = pd.DataFrame({"day": [dt.date(2026, 4, 1), value]}, dtype=object)
    with pytest.raises(SchemaError, match=r"day: expected dates, got others .* \(rows 1\)"):
        checked(table, "days", (), dates=["day"])


@pytest.mark.parametrize(
    "value",
    ["2026-04-01", dt.date(2026, 4, 1), np.datetime64("2026-04-01"), pd.Timestamp("2026-04-01")],
)
def test_dates_of_every_kind_are_the_same_moment(value: Any) -> None:
    assert moment(value) == dt.datetime(2026, 4, 1)  # noqa: DTZ001


def test_values_are_plain_and_dates_are_local_time() -> None:
    rows = [
        {
            "day": dt.date(2026, 4, 1),
            "at": pd.Timestamp("2026-04-01 09:00", tz="Asia/Tokyo"),
            "none": np.nan,
            "many": np.int64(3),
        }
    ]
    (plain,) = inline(rows).to_dict()["values"]
    assert plain == {"day": "2026-04-01T00:00:00", "at": "2026-04-01T09:00:00", "none": None, "many": 3}
    assert type(plain["many"]) is int
