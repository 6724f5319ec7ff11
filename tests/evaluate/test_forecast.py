from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import binom

from churnhealth.errors import ConfigError
from churnhealth.evaluate.forecast import forecast_churners


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95])
def test_equal_probabilities_give_the_quantiles_of_a_binomial(level: float) -> None:
    told = forecast_churners(np.full(300, 0.07), level=level)
    assert told.expected == pytest.approx(21.0)
    assert [told.low, told.high] == binom(300, 0.07).ppf([(1 - level) / 2, (1 + level) / 2]).tolist()


def test_the_range_holds_what_a_moving_level_brings() -> None:
    rng = np.random.default_rng(0)
    p = rng.beta(1.0, 9.0, 400)
    told = forecast_churners(p, level_error=0.3, level=0.9)
    moves = rng.normal(0.0, 0.3, 4000)
    numbers = (rng.random((4000, 400)) < expit(logit(p) + moves[:, None])).sum(axis=1)
    low, high = np.quantile(numbers, [0.05, 0.95])
    assert told.low == pytest.approx(low, abs=1.5)
    assert told.high == pytest.approx(high, abs=1.5)


def test_a_known_level_gives_a_narrower_range() -> None:
    p = np.full(2000, 0.05)
    narrow, wide = forecast_churners(p), forecast_churners(p, level_error=0.2)
    assert wide.low < narrow.low < narrow.expected < narrow.high < wide.high


def test_certain_customers_have_no_range() -> None:
    told = forecast_churners(np.array([0.0, 1.0, 1.0]), level_error=0.5)
    assert (told.expected, told.low, told.high) == (2.0, 2, 2)


def test_nobody_gives_nobody() -> None:
    told = forecast_churners(np.zeros(0), level_error=0.2)
    assert (told.expected, told.low, told.high) == (0.0, 0, 0)


def test_a_hundred_thousand_customers_have_the_normal_range() -> None:
    p = np.full(100_000, 0.02)
    told = forecast_churners(p, level=0.95)
    assert told.low == pytest.approx(2000 - 1.96 * np.sqrt(1960), abs=2)
    assert told.high == pytest.approx(2000 + 1.96 * np.sqrt(1960), abs=2)


@pytest.mark.parametrize(("error", "level"), [(-0.1, 0.9), (float("nan"), 0.9), (0.1, 1.0), (0.1, 0.0)])
def test_impossible_levels_and_errors_are_refused(error: float, level: float) -> None:
    with pytest.raises(ConfigError, match="expected a level between 0 and 1"):
        forecast_churners(np.array([0.5]), error, level)


def test_it_is_said_in_words() -> None:
    assert str(forecast_churners(np.ones(3))) == "3 churners expected, 3 to 3 (95% range)"
