from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from churnhealth.evaluate.model_change import (
    band_changes,
    flipped_drivers,
    importance_shares,
    lone_aucs,
)
from churnhealth.evaluate.side_by_side import healthy_against_churned

RNG = np.random.default_rng(0)
LOGINS, NPS = RNG.normal(size=200), RNG.normal(size=200)


def test_a_driver_flips_when_it_lowers_where_it_raised_and_noise_does_not() -> None:
    before = pd.DataFrame({"logins": 5 * LOGINS, "nps": 2 * NPS})
    refitted = before + RNG.normal(0, 0.5, before.shape)
    assert flipped_drivers(before, refitted) == []
    turned = refitted.assign(nps=-refitted["nps"])
    assert flipped_drivers(before, turned) == ["nps"]
    assert flipped_drivers(before, -before) == ["logins", "nps"]


def test_what_carries_next_to_nothing_and_what_one_model_lacks_flips_nothing() -> None:
    before = pd.DataFrame({"logins": LOGINS, "nps": 0.01 * NPS, "old": LOGINS})
    after = pd.DataFrame({"logins": LOGINS, "nps": -0.01 * NPS, "new": -LOGINS})
    assert flipped_drivers(before, after) == []


def test_shares_add_up_to_one_and_are_nothing_where_nothing_moves() -> None:
    shares = importance_shares(pd.DataFrame({"a": [3.0, -3.0], "b": [1.0, 1.0]}))
    assert shares == {"a": 0.75, "b": 0.25}
    assert importance_shares(pd.DataFrame({"a": [0.0, 0.0]})) == {"a": 0.0}


def test_the_label_itself_tells_everything_in_either_direction() -> None:
    y = np.array([0] * 30 + [1] * 30)
    table = healthy_against_churned(y, pd.DataFrame({"leak": y, "reverse": -y, "noise": [1, 2] * 30}))
    found = lone_aucs(table)
    assert (found["leak"], found["reverse"]) == (1.0, 1.0)
    assert found["noise"] == pytest.approx(0.5)


def test_a_column_that_is_filled_for_churners_only_tells_by_being_there() -> None:
    y = np.array([0] * 30 + [1] * 30)
    reason = pd.DataFrame({"reason": [None] * 30 + ["price", "quality", "other"] * 10})
    assert lone_aucs(healthy_against_churned(y, reason)) == {"reason": 1.0}


def test_a_handful_of_values_tells_nothing() -> None:
    y = np.array([0] * 30 + [1] * 30)
    survey = pd.DataFrame({"nps": [9.0] * 5 + [np.nan] * 25 + [1.0] * 5 + [np.nan] * 25})
    assert lone_aucs(healthy_against_churned(y, survey)) == {"nps": 0.5}


def test_bands_are_compared_customer_by_customer() -> None:
    assert band_changes(["green", "yellow", "red"], ["green", "red", "yellow"]) == 2
    assert band_changes([], []) == 0
