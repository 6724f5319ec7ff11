import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnhealth.errors import SchemaError
from churnhealth.evaluate.profit import profit_table
from churnhealth.evaluate.value import expected_profit


# Of the two contacted one churns: 0.5 x 300 - 2 x 10. All four: 0.5 x (300 + 100) - 4 x 10.
def test_by_hand():
    table = profit_table([1, 0, 1, 0], [0.9, 0.8, 0.3, 0.1], [2, 9], [300, 0, 100, 0], 10, 0.5, n=0)
    assert table["contacted"].tolist() == [2, 4]
    assert table["churners"].tolist() == [1.0, 2.0]
    assert table["profit"].tolist() == [130.0, 160.0]
    assert table[["low", "high"]].isna().all(axis=None)


@settings(max_examples=15)
@given(st.lists(st.tuples(st.sampled_from([0, 1]), st.floats(0, 1)), min_size=1, max_size=20))
def test_the_profit_is_that_of_its_own_function(rows):
    y, p = np.array(rows, dtype=float).T
    table = profit_table(y, p, [0, 3], 1000.0, 20.0, 0.3, n=3)
    assert table["profit"].tolist() == [expected_profit(y, p, one, 1000.0, 20.0, 0.3) for one in (0, 3)]
    assert table.loc[0, ["profit", "low", "high"]].tolist() == [0.0, 0.0, 0.0]


# Everybody churns, 100 are contacted: always 100 x (0.5 x 10 - 1).
def test_a_sure_thing_has_no_width():
    (line,) = profit_table([1] * 300, [0.5] * 300, [100], 10, 1, 0.5, n=30).to_dict("records")
    assert (line["low"], line["profit"], line["high"]) == pytest.approx((400.0, 400.0, 400.0))


def test_intervals_hold_the_profit_and_widen_with_repeated_customers(world):
    y, p, _ = world(300, seed=4)
    y, p, whose = np.tile(y, 4), np.tile(p, 4), np.tile(np.arange(300), 4)
    alone, together = (
        profit_table(y, p, [120], 100, 5, 0.3, customer_id=one, n=200).iloc[0] for one in (None, whose)
    )
    assert alone["low"] < alone["profit"] < alone["high"]
    assert together["high"] - together["low"] > 1.5 * (alone["high"] - alone["low"])


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"capacities": [-1]}, "capacity: expected between 0 and inf"),
        ({"value_saved": [1.0]}, "equal length"),
        ({"value_saved": [1.0, np.nan]}, "value_saved: expected no missing values"),
        ({"success_rate": 1.2}, "success_rate"),
        ({"level": 2}, "level"),
        ({"p": [0.1, np.nan]}, "p: expected no missing values"),
    ],
)
def test_faults_are_told(changed, words):
    given = {
        "y": [0, 1],
        "p": [0.1, 0.2],
        "capacities": [1],
        "value_saved": 10,
        "cost": 1,
        "success_rate": 0.5,
    }
    with pytest.raises(SchemaError, match=words):
        profit_table(**given | changed)
