from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from churnhealth.evaluate.realised import PERIOD_COLUMNS, periods_table, score_evidence


def judged(p: list[float], y: list[int], **about: object) -> pd.DataFrame:
    table = pd.DataFrame({"churn_probability": p, "churned": np.asarray(y, dtype=float)})
    plain = {
        "customer_id": [f"C{at}" for at in range(len(p))],
        "period": "2026-04-01",
        "model_version": "m1",
    }
    return table.assign(**(plain | about))


def test_a_period_by_hand() -> None:
    table = periods_table(judged([0.25] * 8 + [0.5] * 4, [1, 1, *[0] * 6, 1, 1, 1, 0]), {}, "m1")
    assert list(table.columns) == list(PERIOD_COLUMNS)
    assert table["period_kind"].tolist() == ["cutoff", "month", "model", "all"]
    row = table.iloc[0]
    # 8 x 0.25 + 4 x 0.5
    assert (row["predicted_churners"], row["churners"], row["customers"]) == (4.0, 5, 12)
    # 2 at 0.25 and 3 at 0.5 churned, 6 and 1 did not.
    loss = -(2 * np.log(0.25) + 6 * np.log(0.75) + 4 * np.log(0.5)) / 12
    assert row["log_loss"] == pytest.approx(loss)
    rate = 5 / 12
    assert row["log_loss_base_rate"] == pytest.approx(
        -(rate * np.log(rate) + (1 - rate) * np.log(1 - rate))
    )
    assert row["log_loss_skill"] == pytest.approx(1 - loss / row["log_loss_base_rate"])
    # Of 12 customers 4 are expected; Binomial-like with variance 8 x 3/16 + 4 / 4 = 2.5.
    assert (row["churners_low"], row["churners_high"]) == (1.0, 7.0)
    assert row["verdict"] == "as predicted"


@pytest.mark.parametrize(
    ("y", "verdict"), [([1] * 20, "more than predicted"), ([0] * 20, "fewer than predicted")]
)
def test_a_count_beyond_chance_is_named_with_its_side(y: list[int], verdict: str) -> None:
    table = periods_table(judged([0.5] * 20, y), {}, "m1")
    assert set(table["verdict"]) == {verdict}


def test_months_models_and_missing_labels_are_added_up() -> None:
    rows = pd.concat(
        [
            judged([0.2] * 5, [1, 0, 0, 0, 0], period="2026-04-06"),
            judged([0.2] * 5, [0, 0, 0, 0, 1], period="2026-04-13", model_version="m2"),
            judged([0.4] * 5, [1, 1, 0, 0, 0], period="2026-05-04", model_version="m2"),
        ],
        ignore_index=True,
    )
    table = periods_table(rows, {"2026-04-06": 2, "2026-05-04": 1}, "m2").set_index(
        ["period_kind", "period"]
    )
    assert table.loc[("month", "2026-04"), "predicted_churners"] == pytest.approx(2.0)
    assert table.loc[("month", "2026-04"), "without_label"] == 2
    assert table.loc[("model", "m2"), ["customers", "churners", "without_label"]].tolist() == [10, 3, 1]
    assert table.loc[("all", ""), ["customers", "churners", "without_label"]].tolist() == [15, 4, 3]


def test_nothing_judged_is_no_period_and_no_evidence() -> None:
    empty = judged([], [])
    assert periods_table(empty, {}, "m1").empty
    assert score_evidence(empty) is None


def test_a_customer_that_is_scored_every_week_counts_less_than_as_many_customers() -> None:
    # The same 40 customers four times with the same label, or 160 customers once.
    p, y = [0.25] * 160, [*[1] * 22, *[0] * 18] * 4
    alone = score_evidence(judged(p, y))
    weekly = score_evidence(judged(p, y, customer_id=[f"C{at % 40}" for at in range(160)]))
    assert weekly.high - weekly.low > 1.5 * (alone.high - alone.low)
    assert (weekly.churners, weekly.predicted) == (88, 40.0)


def test_true_probabilities_pass_and_shifted_ones_do_not() -> None:
    rng = np.random.default_rng(5)
    p = 1 / (1 + np.exp(-rng.normal(-2, 1, 4000)))
    true = score_evidence(judged(list(p), list((rng.random(4000) < p).astype(int))))
    assert true.low <= true.churners <= true.high
    assert true.ici <= true.ici_floor
    assert true.log_loss < true.log_loss_base_rate
    half = score_evidence(judged(list(p), list((rng.random(4000) < p / 2).astype(int))))
    assert half.churners < half.low
    assert half.ici > half.ici_floor
