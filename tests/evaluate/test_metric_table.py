import numpy as np
import pytest
from scipy.stats import binom

from churnhealth.evaluate.metric_table import NOTES, metric_table


def _table(y, p, customer=None, n_boot=40, n_sim=10, random_state=0):
    y, p = np.asarray(y, dtype=float), np.asarray(p, dtype=float)
    customer = np.arange(y.size) if customer is None else customer
    table = metric_table(y, p, customer, n_boot=n_boot, n_sim=n_sim, random_state=random_state)
    return table.set_index("metric")


def test_every_metric_has_its_line(calibrated):
    table = _table(calibrated.y, calibrated.p)
    assert table.index.tolist() == list(NOTES)
    assert table["value"].notna().all()


def test_intervals_hold_their_values(calibrated):
    bounded = _table(calibrated.y, calibrated.p, n_boot=100).dropna(subset="low")
    assert len(bounded) == 15
    assert (bounded["low"] <= bounded["value"]).all()
    assert (bounded["value"] <= bounded["high"]).all()


def test_the_table_does_not_depend_on_the_order_of_rows(world):
    y, p, _ = world(300, seed=1)
    order = np.random.default_rng(0).permutation(300)
    for customer in (np.arange(300), np.arange(300) // 3):
        ours, theirs = _table(y, p, customer), _table(y[order], p[order], customer[order])
        assert ours.equals(theirs)


def test_the_seed_decides_the_intervals_and_nothing_else(world):
    y, p, _ = world(300, seed=1)
    one, same, other = (_table(y, p, random_state=seed) for seed in (0, 0, 1))
    assert one.equals(same)
    values = ~one.index.str.endswith("floor_95")
    assert one["value"][values].equals(other["value"][values])
    assert not one["low"].equals(other["low"])


def test_customers_with_many_rows_widen_every_interval(world):
    y, p, _ = world(500, seed=3)
    alone = _table(y, p, n_boot=120)
    again = _table(np.repeat(y, 5), np.repeat(p, 5), np.repeat(np.arange(500), 5), n_boot=120)
    pretended = _table(np.repeat(y, 5), np.repeat(p, 5), n_boot=120)
    for name in ("roc_auc", "log_loss", "calibration_slope", "base_rate"):
        width, same, narrow = (
            table.loc[name, "high"] - table.loc[name, "low"] for table in (alone, again, pretended)
        )
        assert same == pytest.approx(width, rel=0.3)
        assert narrow < 0.7 * width
    assert again.loc[["rows", "customers", "churners"], "value"].tolist() == [2500, 500, y.sum()]


def test_one_class_is_nan_with_the_reason():
    table = _table([0] * 40, np.linspace(0.01, 0.2, 40))
    undefined = table.index[table["value"].isna()].tolist()
    assert undefined == [
        "log_loss_skill",
        "brier_skill",
        "roc_auc",
        "average_precision",
        "lift_at_10pct",
        "calibration_slope",
        "calibration_intercept",
        "calibration_in_the_large",
    ]
    assert (table.loc[undefined, "note"] == "not defined: one class only").all()
    assert table.loc[undefined, ["low", "high"]].isna().all(axis=None)


def test_constant_predictions_are_nan_where_a_slope_is_asked():
    table = _table([0, 1, 0, 0] * 40, [0.25] * 160)
    undefined = table.index[table["value"].isna()].tolist()
    assert undefined == ["calibration_slope", "calibration_intercept"]
    assert table.loc["calibration_slope", "note"] == "not defined: no finite line fits best"
    assert table.loc["roc_auc", ["value", "low", "high"]].tolist() == [0.5, 0.5, 0.5]
    assert table.loc["ece", "value"] == 0.0


def test_few_churners_are_said_where_resampling_is_all_there_is(world):
    table = _table([1] + [0] * 99, world(100).p)
    assert "fewer than 30 of a class" in table.loc["log_loss", "note"]
    assert "fewer" not in table.loc["roc_auc", "note"]
    assert table.loc["roc_auc", "high"] - table.loc["roc_auc", "low"] > 0.4


def test_without_resamples_there_are_values_only(world):
    table = _table(*world(100)[:2], n_boot=0, n_sim=0)
    assert table[["low", "high"]].isna().all(axis=None)
    assert table["value"].isna().sum() == 2
    assert table.loc["roc_auc", "value"] > 0.5


@pytest.mark.slow
def test_intervals_hold_the_truth_as_often_as_they_promise(world):
    true_auc = _table(*world(200_000, seed=99)[:2], n_boot=0, n_sim=0).loc["roc_auc", "value"]
    held = {"roc_auc": 0, "calibration_slope": 0, "observed_minus_expected": 0, "ici": 0}
    truth = {
        "roc_auc": true_auc,
        "calibration_slope": 1.0,
        "observed_minus_expected": 0.0,
        "ici": 0.0,
    }
    for seed in range(60):
        table = _table(*world(500, seed=seed)[:2], n_boot=150, n_sim=100)
        for name, value in truth.items():
            held[name] += table.loc[name, "low"] <= value <= table.loc[name, "high"]
    # 0.88: the percentile bootstrap is a little too narrow at this size.
    assert min(held.values()) >= binom.ppf(0.001, 60, 0.88)
