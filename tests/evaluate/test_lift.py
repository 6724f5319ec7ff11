import numpy as np
import pytest

from churnhealth.errors import SchemaError
from churnhealth.evaluate.bootstrap import wilson_interval
from churnhealth.evaluate.discrimination import lift_table
from churnhealth.evaluate.lift import LIFT_WITH_INTERVALS, lift_with_intervals


def test_the_values_are_those_of_the_lift_table(world):
    y, p, _ = world(500, seed=1)
    table = lift_with_intervals(y, p, mrr=np.arange(500.0), n=20)
    assert tuple(table.columns) == LIFT_WITH_INTERVALS
    plain = lift_table(y, p, mrr=np.arange(500.0))
    assert table[plain.columns].equals(plain)
    for name in ("lift", "captured_churners", "captured_mrr"):
        assert (table[f"{name}_low"] < table[name]).all()
        assert (table[name] < table[f"{name}_high"]).all()


def test_the_bounds_of_a_lift_hold_its_truth_about_nine_times_in_ten(world):
    y, p, _ = world(50_000, seed=2)
    truth = lift_table(y, p, shares=[0.1])["lift"][0]
    held = 0
    for place in range(50):
        here = slice(place * 1000, (place + 1) * 1000)
        line = lift_with_intervals(y[here], p[here], shares=[0.1], n=40, random_state=place).iloc[0]
        held += line["lift_low"] <= truth <= line["lift_high"]
    assert held >= 38


# Four of ten churners are among the riskiest tenth.
def test_few_churners_are_bounded_by_wilson():
    p = np.linspace(0.9, 0.1, 100)
    y = np.zeros(100)
    y[[0, 1, 2, 3, 20, 30, 40, 50, 60, 70]] = 1.0
    line = lift_with_intervals(y, p, shares=[0.1], n=20).iloc[0]
    low, high = wilson_interval(0.4, 10, 0.9)
    assert (line["captured_churners_low"], line["captured_churners_high"]) == pytest.approx((low, high))
    assert (line["lift_low"], line["lift_high"]) == pytest.approx((10 * low, 10 * high))


def test_none_of_a_few_churners_found_still_has_an_upper_bound():
    line = lift_with_intervals([0] * 90 + [1] * 10, np.linspace(1, 0, 100), shares=[0.1], n=5).iloc[0]
    assert line["lift"] == line["lift_low"] == 0.0
    assert line["captured_churners_high"] == pytest.approx(wilson_interval(0.0, 10, 0.9)[1])


def test_repeated_customers_widen_the_bounds(world):
    y, p, _ = world(400, seed=3)
    y, p, whose = np.tile(y, 4), np.tile(p, 4), np.tile(np.arange(400), 4)
    alone, together = (
        lift_with_intervals(y, p, shares=[0.1], customer_id=one, n=100).iloc[0] for one in (None, whose)
    )
    ratio = (together["lift_high"] - together["lift_low"]) / (alone["lift_high"] - alone["lift_low"])
    assert ratio == pytest.approx(2.0, abs=0.6)


@pytest.mark.parametrize("y", [[0, 0, 0], [1, 1, 1]])
def test_one_class_gives_values_where_they_are_defined(y):
    table = lift_with_intervals(y, [0.1, 0.2, 0.3], n=5)
    assert table["captured_mrr_low"].isna().all()
    assert table["lift_low"].isna().all() == (y[0] == 0)


def test_without_resamples_there_are_no_bounds(calibrated):
    table = lift_with_intervals(*calibrated[:2], n=0)
    assert table["lift_low"].isna().all()


def test_faults_are_told():
    with pytest.raises(SchemaError, match="n: expected between 0 and inf"):
        lift_with_intervals([0, 1], [0.1, 0.2], n=-1)
    with pytest.raises(SchemaError, match="equal length"):
        lift_with_intervals([0, 1], [0.1, 0.2], customer_id=["a"])
