import numpy as np
import pytest

from churnhealth.errors import SchemaError
from churnhealth.evaluate.smooth_curve import CURVE_COLUMNS, smooth_curve


@pytest.fixture(scope="module")
def world():
    rng = np.random.default_rng(0)
    p = rng.uniform(0.02, 0.6, 4000)
    return (rng.random(4000) < p).astype(int), p


def test_true_probabilities_lie_on_the_diagonal(world):
    y, p = world
    table = smooth_curve(y, p, n=0)
    assert tuple(table.columns) == CURVE_COLUMNS
    assert len(table) == 50
    assert np.abs(table["observed"] - table["predicted"]).max() < 0.05
    assert table[["low", "high"]].isna().all(axis=None)


def test_halved_probabilities_lie_above_it(world):
    y, p = world
    table = smooth_curve(y, p / 2, n=0)
    # Observed is twice the predicted.
    assert (table["observed"] / table["predicted"]).median() == pytest.approx(2.0, abs=0.15)


def test_intervals_lie_around_the_curve_and_repeat_with_the_seed(world):
    y, p = world
    table, same = (smooth_curve(y[:800], p[:800], n=40, points=10) for _ in range(2))
    assert table.equals(same)
    assert ((table["low"] <= table["observed"]) & (table["observed"] <= table["high"])).mean() >= 0.9


def test_one_probability_for_everybody_is_one_point():
    table = smooth_curve([0, 1, 0, 0], [0.3] * 4, n=5)
    assert table["predicted"].tolist() == [0.3]
    assert table["observed"].iloc[0] == pytest.approx(0.25, abs=0.01)


def test_settings_out_of_range_are_refused():
    with pytest.raises(SchemaError, match="points"):
        smooth_curve([0, 1], [0.1, 0.2], points=1)
