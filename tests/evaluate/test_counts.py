import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from churnhealth.evaluate.counts import (
    CELLS,
    Counts,
    cell_numbers,
    coarsen,
    count_rows,
    customer_weights,
    equal_mass_bins,
    logit_of,
    resampled_counts,
    simulated_counts,
)

rows = st.lists(
    st.tuples(st.sampled_from([0.0, 1.0]), st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 1.0])),
    min_size=1,
    max_size=40,
)


@given(rows)
def test_counting_keeps_every_row(pairs):
    y, p = np.array(pairs).T
    counts = count_rows(y, p)
    assert counts.rows == len(pairs)
    assert counts.churners == y.sum()
    assert (np.diff(counts.probability) > 0).all()
    assert counts.total @ counts.probability == pytest.approx(p.sum())


@given(rows, st.integers(0, 5))
def test_counting_does_not_depend_on_the_order(pairs, seed):
    y, p = np.array(pairs).T
    order = np.random.default_rng(seed).permutation(y.size)
    ours, theirs = count_rows(y, p), count_rows(y[order], p[order])
    assert ours.churned.tolist() == theirs.churned.tolist()
    assert ours.stayed.tolist() == theirs.stayed.tolist()


def test_certain_probabilities_have_finite_log_odds():
    # log((1 - 2^-52) / 2^-52) = 52 log 2 = 36.04
    assert logit_of(np.array([0.0, 0.5, 1.0])) == pytest.approx([-36.0437, 0.0, 36.0437], abs=1e-4)


def test_few_probabilities_keep_their_own_cell():
    assert cell_numbers(np.array([0.1, 0.2, 0.3]), np.ones(3)).tolist() == [0, 1, 2]


def test_cells_are_narrow_in_rank_and_in_log_odds():
    x = np.sort(np.random.default_rng(0).normal(-1, 2, 50_000))
    number = cell_numbers(expit(x), np.ones(x.size))
    assert number[0] == 0
    assert set(np.diff(number)) == {0, 1}
    first, size = np.unique(number, return_index=True)[1], np.bincount(number)
    assert size.max() <= np.ceil(x.size / CELLS) + 1
    assert (x[np.append(first[1:], x.size) - 1] - x[first]).max() <= 0.05
    assert number[-1] < CELLS + (x[-1] - x[0]) / 0.05 + 1


def test_coarsening_keeps_rows_churners_and_the_mean():
    rng = np.random.default_rng(1)
    counts = count_rows((rng.random(5000) < 0.3).astype(float), rng.random(5000))
    coarse = coarsen(counts, cells=50)
    widest = np.ptp(logit_of(counts.probability))
    assert coarse.probability.size < 50 + widest / 0.05 + 2
    assert (coarse.rows, coarse.churners) == (counts.rows, counts.churners)
    assert coarse.total @ coarse.probability == pytest.approx(counts.total @ counts.probability)
    assert (np.diff(coarse.probability) > 0).all()


# Ten rows, ten bins of 0.1 mass: 10 * middle = 0.5, 1.5, ... so every row its own bin.
def test_bins_have_equal_mass():
    ten = Counts(np.linspace(0.05, 0.95, 10), np.zeros(10), np.ones(10))
    assert equal_mass_bins(ten, 10).tolist() == list(range(10))
    assert equal_mass_bins(ten, 5).tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]


# 8 of 10 rows share a value; their middle, 1 + 4 = 5 of 10, falls in the third of four bins; the
# rows on both sides have the middles 0.5 and 9.5: bins 0 and 3. Numbers have no gaps.
def test_ties_stay_together_in_one_bin():
    tied = Counts(np.array([0.1, 0.2, 0.3]), np.zeros(3), np.array([1.0, 8.0, 1.0]))
    assert equal_mass_bins(tied, 4).tolist() == [0, 1, 2]


def test_one_bin_holds_everything():
    assert equal_mass_bins(Counts(np.array([0.1, 0.9]), np.zeros(2), np.ones(2)), 1).tolist() == [0, 0]


def test_rows_of_a_customer_are_drawn_together():
    customer = np.array([0, 1, 0, 2, 1, 0])
    for weight in customer_weights(customer, 20, np.random.default_rng(0)):
        assert weight[0] == weight[2] == weight[5]
        assert weight[1] == weight[4]
        assert weight[0] + weight[1] + weight[3] == 3


def test_resamples_of_single_rows_have_the_size_and_the_spread_of_the_bootstrap():
    y, p = np.repeat([1.0, 0.0], [30, 70]), np.repeat([0.4, 0.1], [30, 70])
    draws = list(resampled_counts(y, p, np.arange(100), 4000, np.random.default_rng(0)))
    churners = np.array([drawn.churners for drawn in draws])
    assert {drawn.rows for drawn in draws} == {100.0}
    # Binomial(100, 0.3): mean 30, variance 21; four standard errors of each.
    assert churners.mean() == pytest.approx(30, abs=4 * np.sqrt(21 / 4000))
    assert churners.var() == pytest.approx(21, abs=4 * 21 * np.sqrt(2 / 4000))


# Ten customers, each with ten equal rows: the churners are ten times Binomial(10, 0.3).
def test_resamples_of_customers_spread_wider_than_resamples_of_rows():
    customer = np.repeat(np.arange(10), 10)
    y = np.repeat([1.0] * 3 + [0.0] * 7, 10)
    draws = resampled_counts(y, np.full(100, 0.3), customer, 2000, np.random.default_rng(0))
    churners = np.array([drawn.churners for drawn in draws])
    assert churners.var() == pytest.approx(210, rel=0.15)
    assert set(churners % 10) == {0.0}


def test_resamples_keep_the_cells():
    rng = np.random.default_rng(2)
    y, p = (rng.random(3000) < 0.2).astype(float), rng.random(3000)
    coarse = coarsen(count_rows(y, p))
    for drawn in resampled_counts(y, p, np.arange(3000), 2, rng):
        assert drawn.probability.tolist() == coarse.probability.tolist()


def test_simulated_churners_follow_the_probabilities():
    counts = Counts(np.array([0.0, 0.25, 1.0]), np.zeros(3), np.array([5.0, 400.0, 5.0]))
    worlds = list(simulated_counts(counts, 500, np.random.default_rng(0)))
    assert all(one.churned[0] == 0 and one.stayed[2] == 0 and one.rows == 410 for one in worlds)
    # Binomial(400, 0.25): mean 100, variance 75.
    assert np.mean([one.churned[1] for one in worlds]) == pytest.approx(100, abs=4 * np.sqrt(75 / 500))
