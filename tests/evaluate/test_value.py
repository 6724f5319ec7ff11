import numpy as np
import pytest

from churnhealth.errors import SchemaError
from churnhealth.evaluate.value import captured_at_capacity, expected_profit

Y, P = [1, 0, 1, 0], [0.9, 0.8, 0.3, 0.1]


# The riskiest two hold one of two churners; 100 of 150 churned MRR; base rate 0.5.
def test_captured_by_hand():
    found = captured_at_capacity(Y, P, capacity=2, mrr=[100, 10, 50, 10])
    assert found == pytest.approx((2, 1.0, 0.5, 1.0, 0.5, 100 / 150))


def test_a_capacity_beyond_all_rows_takes_all():
    found = captured_at_capacity(Y, P, capacity=99)
    assert (found.customers, found.captured_churners, found.lift) == (4, 1.0, 1.0)
    assert np.isnan(found.captured_mrr)


@pytest.mark.parametrize("capacity", [1, 2, 3, 49, 97])
def test_exactly_the_capacity_is_contacted(capacity):
    rng = np.random.default_rng(0)
    found = captured_at_capacity(rng.integers(0, 2, 97), rng.random(97), capacity)
    assert found.customers == capacity


# 0.25 x (1000 + 3000) - 3 x 50
def test_profit_by_hand_with_a_value_for_each():
    profit = expected_profit(Y, P, 3, value_saved=[1000, 9, 3000, 9], cost=50, success_rate=0.25)
    assert profit == 850.0


def test_profit_with_one_value_for_all():
    each = expected_profit(Y, P, 2, value_saved=[400.0] * 4, cost=10, success_rate=0.5)
    assert expected_profit(Y, P, 2, value_saved=400.0, cost=10, success_rate=0.5) == each == 180.0


def test_contacting_nobody_costs_nothing():
    assert expected_profit(Y, P, 0, value_saved=100, cost=10, success_rate=1.0) == 0.0


def test_contacts_without_success_cost_money():
    assert expected_profit(Y, P, 99, value_saved=100, cost=10, success_rate=0.0) == -40.0


# Two tied rows, one churner worth 100 among them: in expectation 50.
def test_ties_at_the_edge_count_as_expected():
    for y in ([1, 0], [0, 1]):
        assert expected_profit(y, [0.5, 0.5], 1, value_saved=100, cost=0, success_rate=1.0) == 50.0


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"capacity": -1}, "capacity: expected between 0 and inf, got -1"),
        ({"cost": -1.0}, "cost: expected between 0 and inf, got -1.0"),
        ({"success_rate": 1.2}, r"success_rate: expected between 0 and 1, got 1\.2"),
        ({"value_saved": [1.0, 2.0]}, "expected columns of equal length"),
        ({"value_saved": -5.0}, "value_saved: expected finite amounts of 0 or more"),
        ({"value_saved": [1.0, None, 1.0, 1.0]}, "value_saved: expected no missing values"),
    ],
)
def test_bad_settings_are_refused(changed, fault):
    settings = {"capacity": 1, "value_saved": 1.0, "cost": 1.0, "success_rate": 0.5} | changed
    with pytest.raises(SchemaError, match=fault):
        expected_profit(Y, P, **settings)


def test_no_capacity_captures_nothing_to_report():
    with pytest.raises(SchemaError, match="capacity: expected between 1 and inf, got 0"):
        captured_at_capacity(Y, P, capacity=0)
