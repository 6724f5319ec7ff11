import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnhealth.errors import SchemaError
from churnhealth.evaluate.distribution import DISTRIBUTION_COLUMNS, WIDTHS, score_distribution


def test_customers_are_counted_by_round_bins_and_bands():
    # Scores 98, 97, 93 and 50; 48 points in 10 bins: 5 points wide.
    table = score_distribution([0.02, 0.03, 0.07, 0.5], ["green", "green", "yellow", "red"], bins=10)
    assert table.to_dict("split")["data"] == [
        ["red", 50.0, 55.0, 0.45, 0.5, 1],
        ["yellow", 90.0, 95.0, 0.05, 0.1, 1],
        ["green", 95.0, 100.0, 0.0, 0.05, 2],
    ]


def test_a_bin_with_two_bands_has_two_rows_the_riskier_first():
    table = score_distribution([0.101, 0.104], ["yellow", "red"], bins=1)
    assert table["health_band"].tolist() == ["red", "yellow"]
    assert table["score_low"].nunique() == 1


def test_the_score_100_lies_in_the_last_bin():
    table = score_distribution([0.0, 1.0], bins=10)
    assert table[["score_low", "score_high"]].to_numpy().tolist() == [[0.0, 10.0], [90.0, 100.0]]


def test_without_bands_there_are_none():
    assert score_distribution([0.5])["health_band"].isna().all()


def test_nobody_has_no_rows_and_the_same_columns():
    table = score_distribution([])
    assert table.empty
    assert tuple(table.columns) == DISTRIBUTION_COLUMNS


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=60),
    st.integers(1, 60),
)
def test_every_customer_lies_in_one_round_bin(probabilities, bins):
    table = score_distribution(probabilities, bins=bins)
    assert table["customers"].sum() == len(probabilities)
    assert table["score_low"].is_monotonic_increasing
    assert table["score_low"].min() >= 0
    assert table["score_high"].max() <= 100
    width = (table["score_high"] - table["score_low"]).iloc[0]
    assert np.isclose(width, WIDTHS).any()
    score = 100.0 * (1.0 - np.asarray(probabilities))
    assert table["score_low"].iloc[0] <= score.min() + 1e-6
    assert table["score_high"].iloc[-1] >= score.max() - 1e-6


def test_faults_are_refused():
    with pytest.raises(SchemaError, match="expected one of 'green', 'yellow', 'red', got 'blue'"):
        score_distribution([0.5], ["blue"])
    with pytest.raises(SchemaError, match="between 0 and 1"):
        score_distribution([50.0])
    with pytest.raises(SchemaError, match="equal length"):
        score_distribution([0.5, 0.4], ["green"])
    with pytest.raises(SchemaError, match="bins"):
        score_distribution([0.5], bins=0)
