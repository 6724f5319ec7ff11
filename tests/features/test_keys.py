"""customer_id as text and cutoff as an instant, from every type that tables hold."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from churnhealth.domain.problem import ChurnProblem
from churnhealth.features.keys import INSTANT_DTYPE, customer_text, cutoff_instants

TOKYO = ChurnProblem(timezone="Asia/Tokyo")
FIRST_OF_APRIL_IN_TOKYO = pd.Timestamp("2026-03-31 15:00", tz="UTC")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pd.Series([123, -5]), ["123", "-5"]),
        (pd.Series([123.0, np.nan, 1.5, 1e20]), ["123", None, "1.5", "100000000000000000000"]),
        (pd.Series([7, None], dtype="Int64"), ["7", None]),
        (pd.Series([7.0, None], dtype="Float64"), ["7", None]),
        (pd.Series(["00123", " a ", "", " \u3000 ", None]), ["00123", " a ", None, None, None]),
        (pd.Series(["x", None, "y"], dtype="category"), ["x", None, "y"]),
        (pd.Series([3, 4], dtype="category"), ["3", "4"]),
        (
            pd.Series([1, "1", Decimal("2.50"), True, pd.NA, pd.NaT], dtype=object),
            ["1", "1", "2.50", "True", None, None],
        ),
        (pd.Series(["顧客1", "🙂"], dtype="string[pyarrow]"), ["顧客1", "🙂"]),
        (pd.Series([[1, 2]]), ["[1, 2]"]),
        (pd.Series([float("inf")]), ["inf"]),
        (pd.Series([], dtype=object), []),
    ],
)
def test_customers_are_written_as_text(values, expected):
    assert customer_text(values).tolist() == expected


def test_the_index_of_the_values_stays():
    assert customer_text(pd.Series([1], index=[9])).index.tolist() == [9]
    assert cutoff_instants(pd.Series(["2026-04-01"], index=[9]), TOKYO).index.tolist() == [9]


@pytest.mark.parametrize(
    "values",
    [
        pd.Series(["2026-04-01"]),
        pd.Series([" 2026/4/1 "]),
        pd.Series(["2026.04.01"]),
        pd.Series(["20260401"]),
        pd.Series(["2026年4月1日"]),
        pd.Series(["2026-04-01 00:00"]),
        pd.Series(["2026-04-01T00:00:00+09:00"]),
        pd.Series(["2026-03-31T15:00:00Z"]),
        pd.Series([20260401]),
        pd.Series([20260401.0]),
        pd.Series([20260401], dtype="Int64"),
        pd.Series([dt.date(2026, 4, 1)]),
        pd.Series([pd.Timestamp(2026, 4, 1).to_pydatetime()]),
        pd.Series([np.datetime64("2026-04-01")], dtype=object),
        pd.Series(pd.to_datetime(["2026-04-01"])),
        pd.Series(pd.to_datetime(["2026-04-01"]).as_unit("ns")),
        pd.Series(pd.to_datetime(["2026-04-01"]).tz_localize("Asia/Tokyo")),
        pd.Series(["2026-04-01"], dtype="category"),
        pd.Series(pd.to_datetime(["2026-04-01"])).astype("timestamp[us][pyarrow]"),
    ],
    ids=lambda values: f"{values.dtype}-{values.iloc[0]}",
)
def test_every_way_to_write_a_date_is_the_same_local_midnight(values):
    instants = cutoff_instants(values, TOKYO)
    assert instants.tolist() == [FIRST_OF_APRIL_IN_TOKYO]
    assert str(instants.dtype) == INSTANT_DTYPE


@pytest.mark.parametrize(
    "value",
    [
        "04/05/2026",
        "1.4.26",
        "April 2026",
        "2026-04",
        "2026-13-01",
        20260431,
        5,
        1.5,
        True,
        "",
        "inf",
        [1],
        2026,
    ],
)
def test_what_is_no_date_with_the_year_first_is_not_read(value):
    values = pd.Series([value, "2026-04-01", None], dtype=object)
    assert cutoff_instants(values, TOKYO).tolist() == [pd.NaT, FIRST_OF_APRIL_IN_TOKYO, pd.NaT]


def test_a_midnight_that_does_not_exist_is_the_first_instant_of_its_day():
    # In Sao Paulo clocks went from 3 Nov 2018 23:59 to 4 Nov 01:00 (UTC-2), which is 03:00 UTC.
    problem = ChurnProblem(timezone="America/Sao_Paulo")
    instant = cutoff_instants(pd.Series(["2018-11-04"]), problem).iloc[0]
    assert instant == pd.Timestamp("2018-11-04 03:00", tz="UTC")
