from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from churnhealth.model.ladder import choose_rung, no_rung
from churnhealth.model.weights import OutOfFold

RUNGS = {"logistic": [0], "stack": [0, 1]}


def told(margins: np.ndarray, truth: np.ndarray) -> OutOfFold:
    y = (np.random.default_rng(9).random(len(truth)) < expit(truth)).astype(float)
    return OutOfFold(margins, y, np.ones(len(y)), np.arange(len(y)) % 5)


def test_noise_stays_on_the_base_rate_and_says_why() -> None:
    rng = np.random.default_rng(0)
    rung, members = choose_rung(told(rng.normal(size=(3000, 2)), np.full(3000, -2.0)), RUNGS, 350)
    assert (rung.name, members) == ("base rate", [])
    assert rung.reason.startswith("350 churners: no model clearly beats the base rate")


def test_a_logistic_truth_needs_no_trees() -> None:
    rng = np.random.default_rng(1)
    truth = rng.normal(-1, 2, 4000)
    rung, members = choose_rung(told(np.column_stack([truth, rng.normal(size=4000)]), truth), RUNGS, 900)
    assert (rung.name, members) == ("logistic", [0])


def test_what_only_the_trees_know_takes_the_stack() -> None:
    rng = np.random.default_rng(2)
    truth = rng.normal(-1, 2, 4000)
    rung, members = choose_rung(told(np.column_stack([0.2 * truth, truth]), truth), RUNGS, 900)
    assert (rung.name, members) == ("stack", [0, 1])
    assert rung.losses["stack"] < rung.losses["logistic"] < rung.losses["base rate"]


def test_points_that_know_the_truth_are_a_rung_of_their_own() -> None:
    rng = np.random.default_rng(4)
    truth = np.where(rng.random(4000) < 0.5, -3.0, 0.0)
    margins = np.column_stack([0.3 * truth, 0.3 * truth + rng.normal(size=4000), truth])
    rung, members = choose_rung(told(margins, truth), {"point table": [2], **RUNGS}, 900)
    assert (rung.name, members) == ("point table", [2])
    assert "900 churners: the total of the point table predicts best" in rung.reason
    assert list(rung.losses) == ["base rate", "point table", "logistic", "stack"]


def test_of_rungs_that_are_equal_the_simpler_is_taken() -> None:
    truth = np.random.default_rng(5).normal(-1, 2, 2000)
    rungs = {"point table": [0], "logistic": [1]}
    rung, members = choose_rung(told(np.column_stack([truth, truth]), truth), rungs, 500)
    assert rung.losses["point table"] == rung.losses["logistic"]
    assert (rung.name, members) == ("point table", [0])


def test_one_churner_is_told_in_words() -> None:
    assert no_rung(1).reason == (
        "With 1 churner nothing can be judged out of fold: everybody gets the base rate."
    )


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_losses_are_those_of_rows_that_the_weights_have_not_seen(sign: float) -> None:
    rng = np.random.default_rng(3)
    truth = rng.normal(-1, 1, 2000)
    rung, _ = choose_rung(told(sign * truth[:, None], truth), {"logistic": [0]}, 500)
    assert (rung.losses["logistic"] < rung.losses["base rate"]) is (sign > 0)
