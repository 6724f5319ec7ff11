import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, norm

from churnhealth.evaluate import poisson_binomial
from churnhealth.evaluate.poisson_binomial import chance_of_count, churner_interval, largest_gap


def _by_convolution(p, level):
    """The textbook way: one row after the other."""
    mass = np.ones(1)
    for one in p:
        mass = np.convolve(mass, [1 - one, one])
    cumulated = np.cumsum(mass)
    return tuple(
        float(np.argmax(cumulated >= tail - 1e-12)) for tail in ((1 - level) / 2, (1 + level) / 2)
    )


@settings(max_examples=60)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=60), st.sampled_from([0.5, 0.9, 0.95]))
def test_agrees_with_convolution(p, level):
    p = np.sort(p)
    assert churner_interval(p, np.ones(p.size), level) == _by_convolution(p, level)


@pytest.mark.parametrize("p", [0.001, 0.03, 0.5, 0.98])
@pytest.mark.parametrize("rows", [1, 7, 100, 300])
def test_equal_probabilities_are_binomial(p, rows):
    expected = binom.ppf([0.05, 0.95], rows, p)
    assert churner_interval(np.array([p]), np.array([float(rows)]), 0.9) == pytest.approx(expected)


@pytest.mark.parametrize("p", [0.002, 0.05, 0.5, 0.9])
@pytest.mark.parametrize("level", [0.9, 0.95, 0.99])
def test_the_normal_approximation_takes_over_without_a_step(p, level):
    rows = np.ceil(110 / (p * (1 - p)))
    expected = binom.ppf([(1 - level) / 2, (1 + level) / 2], rows, p)
    assert churner_interval(np.array([p]), np.array([rows]), level) == pytest.approx(expected, abs=1)


def test_both_ways_agree_on_unequal_probabilities(monkeypatch):
    p = np.sort(np.random.default_rng(0).beta(1, 4, 900))
    normal = churner_interval(p, np.ones(900), 0.9)
    monkeypatch.setattr(poisson_binomial, "EXACT_BELOW_VARIANCE", np.inf)
    exact = churner_interval(p, np.ones(900), 0.9)
    assert normal == pytest.approx(exact, abs=1)
    assert exact == _by_convolution(p, 0.9)


def test_certain_rows_leave_no_doubt():
    assert churner_interval(np.array([0.0, 1.0]), np.array([5.0, 3.0]), 0.9) == (3.0, 3.0)


def test_many_rare_churners_are_a_poisson_count():
    low, high = churner_interval(np.array([1e-5]), np.array([200_000.0]), 0.9)
    # Poisson(2): P(0) = 0.135, P(<= 4) = 0.947, P(<= 5) = 0.983.
    assert (low, high) == (0.0, 5.0)


def test_a_million_probabilities_are_quick_and_right():
    p = np.linspace(0.1, 0.3, 1_000_000)
    low, high = churner_interval(p, np.ones(p.size), 0.9)
    spread = np.sqrt(np.sum(p * (1 - p)))
    assert (low + high) / 2 == pytest.approx(200_000, abs=1)
    assert high - low == pytest.approx(2 * 1.6449 * spread, abs=2)


# Two coins at 0.5 and one at 0.2: P(0) = 0.2, P(1) = 0.45, P(2) = 0.3, P(3) = 0.05; the mean is 1.2.
def test_chances_by_hand():
    p, total = np.array([0.2, 0.5]), np.array([1.0, 2.0])
    for churners, chance in ((0, 0.4), (1, 1.0), (2, 0.7), (3, 0.1)):
        assert chance_of_count(churners, p, total) == pytest.approx(chance)


# Distances 1.2, 0.2, 0.8, 1.8 with 0.2, 0.45, 0.3, 0.05.
def test_the_largest_gap_by_hand():
    p, total = np.array([0.2, 0.5]), np.array([1.0, 2.0])
    for level, gap in ((0.4, 0.2), (0.75, 0.8), (0.95, 1.2), (0.96, 1.8), (1.0, 1.8)):
        assert largest_gap(p, total, level) == pytest.approx(gap)


def test_a_count_that_is_not_whole_is_taken_towards_the_expectation():
    p, total = np.array([0.2, 0.5]), np.array([1.0, 2.0])
    assert chance_of_count(0.4, p, total) == chance_of_count(1, p, total)
    assert chance_of_count(2.9, p, total) == chance_of_count(2, p, total)


def test_certain_rows_have_no_gap_by_chance():
    assert largest_gap(np.array([0.0, 1.0]), np.array([5.0, 3.0]), 0.95) == 0.0
    assert chance_of_count(3.0, np.array([0.0, 1.0]), np.array([5.0, 3.0])) == 1.0
    assert chance_of_count(4.0, np.array([0.0, 1.0]), np.array([5.0, 3.0])) < 1e-12


# Both tails of a binomial of 20,000 rows at 0.3: standard deviation 64.8, so 6,100 lies 1.54 away.
def test_many_rows_agree_with_the_normal_curve():
    p, total = np.array([0.3]), np.array([20_000.0])
    assert chance_of_count(6100, p, total) == pytest.approx(2 * norm.sf(99.5 / 64.807), rel=0.01)
    assert largest_gap(p, total, 0.95) == pytest.approx(1.96 * 64.807, abs=1)
