from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnhealth.domain.indicators import Catalogue
from churnhealth.evaluate.drift import (
    BY_CHANCE,
    DRIFT_COLUMNS,
    DriftPolicy,
    binned_ks,
    drift_table,
    population_stability_index,
    psi_by_chance,
)
from churnhealth.model.drift_reference import SCORE, DriftReference, IndicatorReference

COUNTS = st.lists(st.integers(0, 500), min_size=2, max_size=12).filter(any)


def test_the_index_by_hand() -> None:
    # 0.4 log 2 + (0.2 - 0.6) log (0.2 / 0.6) = 0.4 log 2 + 0.4 log 3 = 0.4 log 6
    assert population_stability_index([40, 60], [80, 20]) == pytest.approx(0.4 * np.log(6))


def test_an_empty_cell_counts_as_half_a_row_of_the_smaller_sample() -> None:
    # 100 rows now: half a row is 0.005; 0.1 - 0.005 times log 20, and 0.9 against 1.
    expected = (0.1 - 0.005) * np.log(0.1 / 0.005) + (0.9 - 1.0) * np.log(0.9)
    assert population_stability_index([1000, 0], [90, 10]) == pytest.approx(expected)
    # The reference's 1,000 rows are of 50 customers: half a row of 50 is 0.01.
    fewer = (0.1 - 0.01) * np.log(10) + (0.9 - 1.0) * np.log(0.9)
    assert population_stability_index([1000, 0], [90, 10], effective=50) == pytest.approx(fewer)


def test_everybody_beyond_the_training_range_is_much_and_finite() -> None:
    # Values that leave the range must not be dropped: ten bins empty, one cell full.
    found = population_stability_index([0, *[100] * 10, 0], [0, *[0] * 10, 1000])
    assert 5.0 < found < 20.0


@given(COUNTS)
def test_the_index_of_a_table_with_itself_is_zero(counts: list[int]) -> None:
    assert population_stability_index(counts, counts) == 0.0
    assert population_stability_index(counts, [7 * one for one in counts]) == pytest.approx(
        0.0, abs=1e-2
    )


@given(COUNTS, st.integers(0, 2**32 - 1))
def test_the_index_is_never_negative_and_the_same_both_ways(counts: list[int], seed: int) -> None:
    others = np.random.default_rng(seed).integers(0, 500, len(counts)) + 1
    there, back = population_stability_index(counts, others), population_stability_index(others, counts)
    assert np.isfinite(there)
    assert there >= 0.0
    assert there == pytest.approx(back)


def test_what_chance_shows_is_cells_less_one_over_the_sample_sizes() -> None:
    # Four occupied cells: 3 (1 / 200 + 1 / 50) = 0.075; chi-squared(3) is 7.81 at 95 %.
    expected, limit = psi_by_chance([50, 50, 50, 50, 0], [10, 10, 20, 10, 0])
    assert expected == pytest.approx(0.075)
    assert limit == pytest.approx(7.8147 * 0.025, rel=1e-4)
    assert psi_by_chance([5, 0], [9, 0]) == (0.0, 0.0)


@pytest.mark.parametrize(("rows", "customers"), [(4000, 100), (2000, 500)])
def test_without_drift_the_index_is_its_expectation_and_seldom_passes_the_limit(
    rows: int, customers: int
) -> None:
    rng = np.random.default_rng(1)
    share = np.full(10, 0.1)
    pairs = [(rng.multinomial(rows, share), rng.multinomial(customers, share)) for _ in range(2000)]
    found = np.array([population_stability_index(*pair) for pair in pairs])
    expected, limit = psi_by_chance(*pairs[0])
    assert found.mean() == pytest.approx(expected, rel=0.1)
    assert np.mean(found > limit) < 0.075


def test_the_distance_by_hand() -> None:
    # Cumulated shares 0.2, 0.5, 1 and 0.5, 0.6, 1: the largest gap is 0.3.
    assert binned_ks([20, 30, 50], [5, 1, 4]) == pytest.approx(0.3)
    assert np.isnan(binned_ks([0, 0], [1, 1]))


def test_a_verdict_needs_both_the_threshold_and_more_than_chance() -> None:
    policy = DriftPolicy(warn_psi=0.1, stop_psi=0.25)
    told = [policy.verdict(psi, 0.15) for psi in (0.05, 0.12, 0.2, 0.25)]
    assert told == ["ok", "ok", "warn", "stop"]


def reference() -> DriftReference:
    return DriftReference(
        (
            IndicatorReference("logins", "number", (0, 500, 500, 0, 0), edges=(0.0, 5.0, 9.0)),
            IndicatorReference("nps", "number", (0, 100, 100, 0, 800), edges=(0.0, 6.0, 10.0)),
            IndicatorReference("csat", "number", (0, 200, 200, 0, 600), edges=(1.0, 3.0, 5.0)),
            IndicatorReference("plan", "category", (700, 300, 0, 0, 0), levels=("Basic", "Pro")),
        ),
        IndicatorReference(SCORE, "number", (0, 500, 500, 0, 0), edges=(10.0, 80.0, 99.0)),
        rows=1000,
        customers=1000,
    )


def now(**changed: list[int]) -> dict[str, np.ndarray]:
    counts = {
        "logins": [0, 500, 500, 0, 0],
        "nps": [0, 100, 100, 0, 800],
        "csat": [0, 200, 200, 0, 600],
        "plan": [700, 300, 0, 0, 0],
        SCORE: [0, 500, 500, 0, 0],
    }
    return {name: np.array(one) for name, one in (counts | changed).items()}


def test_the_table_tells_the_score_first_and_then_the_most_drift() -> None:
    table = drift_table(
        reference(), now(logins=[0, 800, 100, 100, 0], plan=[500, 300, 0, 200, 0]), CATALOGUE
    )
    assert list(table.columns) == list(DRIFT_COLUMNS)
    assert table["indicator"].tolist()[:3] == [SCORE, "logins", "plan"]
    by_name = table.set_index("indicator")
    assert by_name["verdict"].to_dict() == {
        SCORE: "ok", "logins": "stop", "plan": "stop", "nps": "ok", "csat": "ok"
    }  # fmt: skip
    # Cumulated 0, 0.5, 1, 1 and 0, 0.8, 0.9, 1.
    assert by_name.loc["logins", "ks"] == pytest.approx(0.3)
    assert by_name.loc["logins", "outside_now"] == 0.1
    assert by_name.loc["plan", "outside_now"] == 0.2
    assert np.isnan(by_name.loc["plan", "ks"])
    assert by_name.loc["plan", "indicator_group"] == "contract"


CATALOGUE = Catalogue()


def test_few_customers_that_stray_are_not_called_drift() -> None:
    # 0.8 and 0.2 against halves: 0.3 log 1.6 - 0.3 log 0.4 = 0.42; chance allows 10 customers 0.67.
    table = drift_table(reference(), now(logins=[0, 8, 2, 0, 0]), CATALOGUE).set_index("indicator")
    assert table.loc["logins", "psi"] == pytest.approx(0.3 * np.log(1.6) - 0.3 * np.log(0.4))
    assert table.loc["logins", "verdict"] == "ok"
    assert table.loc["logins", "note"] == BY_CHANCE


def test_one_indicator_that_drifts_by_nature_is_told_but_does_not_stop() -> None:
    older = drift_table(reference(), now(logins=[0, 0, 300, 700, 0]), CATALOGUE)
    assert (older["verdict"] == "stop").sum() == 1
    # One of four indicators is the quarter that stops; of more than four it is not.
    assert DriftPolicy().overall(older) == "stop"
    assert DriftPolicy(stop_share=0.3).overall(older) == "warn"
    assert DriftPolicy().overall(drift_table(reference(), now(), CATALOGUE)) == "ok"


def test_a_score_that_drifts_or_an_indicator_that_vanishes_stops() -> None:
    strict = DriftPolicy(stop_share=1.0)
    score = drift_table(reference(), now(**{SCORE: [0, 900, 100, 0, 0]}), CATALOGUE)
    gone = drift_table(reference(), now(logins=[0, 0, 0, 0, 1000]), CATALOGUE)
    sparse = drift_table(reference(), now(nps=[0, 0, 0, 0, 1000]), CATALOGUE)
    assert [strict.overall(one) for one in (score, gone, sparse)] == ["stop", "stop", "warn"]


def test_an_answer_that_is_a_table_of_plain_kinds() -> None:
    table = drift_table(reference(), now(), CATALOGUE)
    assert all(pd.api.types.is_float_dtype(table[name]) for name in DRIFT_COLUMNS[2:10])
