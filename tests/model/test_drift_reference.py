from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnhealth.model.columns import encode_table, learn_columns
from churnhealth.model.drift_reference import (
    MOST_LEVELS,
    SCORE,
    DriftReference,
    learn_drift_reference,
    number_edges,
)

NUMBERS = st.lists(st.floats(-1e9, 1e9, allow_nan=False), min_size=1, max_size=60)


def learned(frame: pd.DataFrame, customers: int | None = None):
    columns = learn_columns(frame)
    half = np.full(len(frame), 0.5)
    return learn_drift_reference(encode_table(frame, columns), columns, half, customers), columns


def counted(reference: DriftReference, columns, frame: pd.DataFrame) -> dict[str, list[int]]:
    found = reference.count(encode_table(frame, columns), columns, np.full(len(frame), 0.5))
    return {name: counts.tolist() for name, counts in found.items()}


def test_a_number_has_bins_of_equal_mass_and_cells_for_what_was_never_seen() -> None:
    reference, columns = learned(pd.DataFrame({"x": np.arange(100.0)}))
    (x,) = reference.indicators
    # The smallest value, then every tenth: 0-9, 10-19, ...
    assert x.edges == (0.0, *(float(10 * one + 9) for one in range(10)))
    assert x.counts == (0, *[10] * 10, 0, 0)
    assert x.outside == (0, 11)
    now = counted(reference, columns, pd.DataFrame({"x": [-1.0, 0.0, 9.0, 9.5, 99.0, 99.5, np.nan]}))
    assert now["x"] == [1, 2, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1]


def test_many_customers_at_one_value_have_a_bin_of_their_own_at_either_end() -> None:
    # 95 ones and 5 values below: a quantile alone would put all of them into one bin.
    assert number_edges([*np.arange(5.0) / 10.0, *[1.0] * 95]) == (0.0, 0.4, 1.0)
    assert number_edges([0.0] * 95 + [1.0, 2.0, 3.0, 4.0, 5.0]) == (0.0, 0.0, 5.0)


def test_booleans_are_told_apart_however_rare_one_of_them_is() -> None:
    reference, columns = learned(pd.DataFrame({"on": [True] * 99 + [False]}))
    assert reference.indicators[0].counts == (0, 1, 99, 0, 0)
    assert counted(reference, columns, pd.DataFrame({"on": [False, False, True]}))["on"] == [
        0,
        2,
        1,
        0,
        0,
    ]


@pytest.mark.parametrize("rare", [0, 3])
def test_a_level_never_seen_is_neither_missing_nor_one_of_the_others(rare: int) -> None:
    # With rare levels at fit a new level gets the code of the pooled one, without them none at all.
    plan = ["Basic"] * 12 + ["Pro"] * 6 + [f"r{one}" for one in range(rare)] + [None] * 2
    reference, columns = learned(pd.DataFrame({"plan": plan}))
    (one,) = reference.indicators
    assert one.levels == ("Basic", "Pro")
    assert one.counts == (12, 6, rare, 0, 2)
    now = counted(reference, columns, pd.DataFrame({"plan": ["Pro", "Gold", "Gold", None]}))
    assert now["plan"] == [0, 1, 0, 2, 1]


def test_levels_beyond_the_commonest_share_a_cell() -> None:
    plan = [f"p{one:02d}" for one in range(MOST_LEVELS + 5) for _ in range(10)]
    reference, _ = learned(pd.DataFrame({"plan": plan}))
    assert reference.indicators[0].counts == (*[10] * MOST_LEVELS, 50, 0, 0)


def test_an_indicator_that_was_never_there_has_all_values_outside() -> None:
    reference, columns = learned(pd.DataFrame({"x": [1.0] * 9, "roi": [np.nan] * 9}))
    assert reference.indicators[1].counts == (0, 0, 9)
    now = counted(reference, columns, pd.DataFrame({"x": [1.0, 1.0], "roi": [3.0, np.nan]}))
    assert now["roi"] == [0, 1, 1]


def test_counts_of_batches_add_up_to_those_of_the_table() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=90), "plan": rng.choice(["a", "b"], 90)})
    reference, columns = learned(frame)
    parts = [counted(reference, columns, part) for part in (frame[:20], frame[20:77], frame[77:])]
    whole = counted(reference, columns, frame)
    assert {name: np.sum([part[name] for part in parts], axis=0).tolist() for name in whole} == whole
    assert whole["x"] == list(reference.indicators[0].counts)
    assert sum(whole[SCORE]) == 90


def test_it_survives_json_and_knows_its_customers() -> None:
    reference, _ = learned(pd.DataFrame({"x": [0.1, 0.2, None], "plan": ["a", "ü", "a"]}), customers=2)
    again = DriftReference.from_dict(json.loads(json.dumps(reference.to_dict())))
    assert again == reference
    assert (again.rows, again.customers) == (3, 2)


@given(NUMBERS)
def test_every_value_of_the_reference_lies_in_a_bin_and_no_bin_is_empty(values: list[float]) -> None:
    reference, _ = learned(pd.DataFrame({"x": values}))
    below, *bins, above, missing = reference.indicators[0].counts
    assert (below, above, missing) == (0, 0, 0)
    assert sum(bins) == len(values)
    assert min(bins) >= 1
