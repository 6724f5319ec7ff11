import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnhealth.evaluate.clusters import (
    clustered_worlds,
    design_effect,
    draw_world,
    largest_covariance,
    row_dependence,
)
from churnhealth.evaluate.counts import coarsen, count_rows

some_rows = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 3)), min_size=1, max_size=15)


@given(some_rows)
def test_the_largest_covariance_is_the_sum_over_pairs(rows):
    p, customer = np.array([one for one, _ in rows]), np.array([number for _, number in rows])
    pairs = itertools.combinations(range(p.size), 2)
    expected = sum(min(p[i], p[j]) - p[i] * p[j] for i, j in pairs if customer[i] == customer[j])
    assert largest_covariance(p, customer) == pytest.approx(expected, abs=1e-9)


def test_independent_rows_show_little_dependence(world):
    y, p, _ = world(3000, seed=1)
    assert row_dependence(y, p, np.arange(3000) // 3) < 0.08


@pytest.mark.parametrize("share", [0.3, 0.7, 1.0])
def test_the_share_of_customers_with_one_draw_is_found(share):
    rng = np.random.default_rng(2)
    customer = np.repeat(np.arange(2000), 4)
    p = rng.uniform(0.05, 0.6, customer.size)
    y = draw_world(p, customer, share, rng).astype(float)
    assert row_dependence(y, p, customer) == pytest.approx(share, abs=0.07)


def test_a_miscalibrated_model_is_not_taken_for_dependence(world):
    y, p, _ = world(4000, seed=3, shift=1.5)
    assert row_dependence(y, p, np.arange(4000) // 4) < 0.08


def test_nothing_depends_where_customers_have_one_row_or_nobody_can_differ():
    assert row_dependence(np.array([1.0, 0.0]), np.array([0.9, 0.1]), np.arange(2)) == 0.0
    assert row_dependence(np.zeros(4), np.full(4, 0.2), np.array([0, 0, 1, 1])) == 0.0


# Four equal rows in one draw: the variance is 4 x 4 v instead of 4 v.
def test_equal_rows_in_one_draw_multiply_the_variance_by_their_number():
    assert design_effect(np.full(8, 0.3), np.repeat([7, 3], 4), 1.0) == pytest.approx(4.0)
    assert design_effect(np.full(8, 0.3), np.repeat([7, 3], 4), 0.5) == pytest.approx(2.5)
    assert design_effect(np.full(8, 0.3), np.arange(8), 1.0) == 1.0
    assert design_effect(np.array([0.0, 1.0]), np.zeros(2, dtype=int), 1.0) == 1.0


def test_worlds_keep_their_probabilities_and_their_variance():
    rng = np.random.default_rng(0)
    p, customer = np.tile([0.1, 0.4], 50), np.repeat(np.arange(25), 4)
    worlds = list(clustered_worlds(p, customer, 0.5, 3000, rng))
    coarse = coarsen(count_rows(np.zeros(100), p))
    assert worlds[0].probability.tolist() == coarse.probability.tolist() == [0.1, 0.4]
    assert all(world.total.tolist() == [50.0, 50.0] for world in worlds)
    churners = np.array([world.churners for world in worlds])
    independent = 50 * (0.09 + 0.24)
    assert churners.mean() == pytest.approx(25.0, abs=0.5)
    assert churners.var() / independent == pytest.approx(design_effect(p, customer, 0.5), rel=0.1)
