"""Rows put aside: by later time with a purge, or by customer with a hash."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnhealth.domain.problem import ChurnProblem
from churnhealth.errors import ConfigError, LeakageError, NotEnoughDataError, SchemaError
from churnhealth.labels.holdout import holdout_split

NO_HORIZON = ChurnProblem()
NAN = float("nan")


def instants(*days: str) -> list[pd.Timestamp]:
    return [pd.Timestamp(day, tz="UTC") for day in days]


def one_cutoff(size: int) -> list[pd.Timestamp]:
    return instants("2026-01-01") * size


def test_the_newest_cutoff_is_put_aside_and_rows_known_by_then_train():
    # Horizon 30 days: a label of 1 Jan is known on 31 Jan, one of 2 Jan on 1 Feb, of 3 Jan on 2 Feb.
    cutoffs = instants("2026-01-01", "2026-01-02", "2026-01-03", "2026-02-01", "2026-02-01")
    split = holdout_split(list("abcde"), cutoffs, ChurnProblem(horizon_days=30), y=[1, 0, 1, 0, 1])
    assert split.kind == "time"
    assert split.train.tolist() == [True, True, False, False, False]
    assert split.test.tolist() == [False, False, False, True, True]
    assert split.purged == 1
    assert "2 rows of the cutoff 2026-02-01 are put aside" in split.description
    assert "1 are purged" in split.description


def test_gap_and_grace_count_for_the_purge():
    cutoffs = instants("2026-01-01", "2026-01-01", "2026-02-01", "2026-02-01")
    y = [0, 1, 0, 1]
    fits = ChurnProblem(gap_days=10, horizon_days=15, grace_days=6)  # 31 days: known on 1 Feb
    assert holdout_split(list("abcd"), cutoffs, fits, y=y).train.sum() == 2
    too_long = ChurnProblem(gap_days=10, horizon_days=15, grace_days=7)
    with pytest.raises(
        LeakageError, match=r"32 days \(gap 10 \+ horizon 15 \+ grace 7\).*before 2025-12-31"
    ):
        holdout_split(list("abcd"), cutoffs, too_long, y=y)


def test_a_newest_cutoff_that_is_censored_or_of_one_class_is_passed_over():
    cutoffs = instants(
        "2026-01-01", "2026-01-01", "2026-02-01", "2026-02-01", "2026-03-01", "2026-04-01"
    )
    split = holdout_split(list("abcdef"), cutoffs, NO_HORIZON, y=[0, 1, 0, 1, 1, NAN])
    assert split.test.tolist() == [False, False, True, True, False, False]
    assert split.purged == 1
    assert "1 are censored" in split.description


def test_without_labels_the_newest_cutoff_is_put_aside():
    split = holdout_split(["a", "b"], instants("2026-02-01", "2026-01-01"), NO_HORIZON)
    assert split.test.tolist() == [True, False]


def test_no_cutoff_with_both_classes_is_refused():
    with pytest.raises(NotEnoughDataError, match="no cutoff of 2 has customers who churned"):
        holdout_split(["a", "b"], instants("2026-01-01", "2026-02-01"), NO_HORIZON, y=[1, 0])


def test_training_rows_of_one_class_are_refused():
    cutoffs = instants("2026-01-01", "2026-02-01", "2026-02-01")
    with pytest.raises(
        NotEnoughDataError, match="rows for training hold one class only: 0 churners in 1 rows"
    ):
        holdout_split(["a", "b", "c"], cutoffs, NO_HORIZON, y=[0, 1, 0])


def test_one_cutoff_splits_by_customer_and_says_what_that_cannot_show():
    ids = [f"c{number}" for number in range(2000)]
    split = holdout_split(ids, one_cutoff(2000), NO_HORIZON, share=0.2)
    assert split.kind == "customers"
    assert split.purged == 0
    # 2000 * 0.2 = 400, standard deviation sqrt(2000 * 0.2 * 0.8) = 18
    assert 340 < split.test.sum() < 460
    assert (split.train ^ split.test).all()
    assert "not stratified" in split.description
    assert "nothing is said about later time" in split.description


def test_a_larger_share_puts_the_same_customers_aside_and_more():
    ids = [f"c{number}" for number in range(200)]
    small = holdout_split(ids, one_cutoff(200), NO_HORIZON, share=0.2).test
    large = holdout_split(ids, one_cutoff(200), NO_HORIZON, share=0.5).test
    assert not (small & ~large).any()
    assert large.sum() > small.sum()


def test_the_seed_chooses_the_customers():
    ids = [f"c{number}" for number in range(200)]
    first = holdout_split(ids, one_cutoff(200), NO_HORIZON, random_state=0).test
    again = holdout_split(ids, one_cutoff(200), NO_HORIZON, random_state=0).test
    other = holdout_split(ids, one_cutoff(200), NO_HORIZON, random_state=1).test
    assert (first == again).all()
    assert (first != other).any()


def test_censored_rows_are_on_neither_side():
    ids = [f"c{number}" for number in range(100)]
    y = np.array([0.0, 1.0] * 40 + [NAN] * 20)
    split = holdout_split(ids, one_cutoff(100), NO_HORIZON, share=0.5, y=y)
    assert not (split.train | split.test)[80:].any()
    assert (split.train | split.test)[:80].all()


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, 20])
def test_a_share_outside_0_to_1_is_refused(share):
    with pytest.raises(ConfigError, match="share between 0 and 1"):
        holdout_split(["a"], one_cutoff(1), NO_HORIZON, share=share)


def test_arrays_of_different_length_and_missing_cutoffs_are_refused():
    with pytest.raises(SchemaError, match="2 customer_id, 1 cutoffs and 2 labels"):
        holdout_split(["a", "b"], one_cutoff(1), NO_HORIZON)
    with pytest.raises(SchemaError, match="1 rows have no cutoff"):
        holdout_split(["a", "b"], [*one_cutoff(1), pd.NaT], NO_HORIZON)


def test_too_few_customers_to_split_are_refused():
    with pytest.raises(NotEnoughDataError, match="1 customers cannot be split"):
        holdout_split(["a"], one_cutoff(1), NO_HORIZON)


IDS = st.lists(st.text(min_size=1, max_size=3), min_size=40, max_size=60, unique=True)


@settings(deadline=None, max_examples=30)
@given(IDS, st.integers(0, 5), st.randoms(use_true_random=False))
def test_a_customer_is_on_one_side_whatever_the_other_rows_are(ids, seed, random):
    rows = [one for one in ids for _ in range(random.randint(1, 2))]
    random.shuffle(rows)
    some = rows[: len(rows) // 2 + 20]
    whole = holdout_split(rows, one_cutoff(len(rows)), NO_HORIZON, share=0.5, random_state=seed)
    part = holdout_split(some, one_cutoff(len(some)), NO_HORIZON, share=0.5, random_state=seed)
    aside = {one for one, test in zip(rows, whole.test, strict=True) if test}
    assert aside.isdisjoint(one for one, train in zip(rows, whole.train, strict=True) if train)
    assert part.test.tolist() == [one in aside for one in some]


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.integers(0, 400), min_size=2, max_size=40),
    st.integers(0, 40),
    st.integers(1, 90),
    st.sampled_from(["UTC", "Asia/Tokyo", "America/Sao_Paulo"]),
)
def test_no_training_label_is_known_after_the_cutoff_put_aside(days, gap, horizon, zone):
    problem = ChurnProblem(gap_days=gap, horizon_days=horizon, timezone=zone)
    start = pd.Timestamp("2018-01-01")
    cutoffs = [problem.cutoff_instant(start + pd.Timedelta(days=day)) for day in [*days, 0, 500, 500]]
    split = holdout_split([str(row) for row in range(len(cutoffs))], cutoffs, problem)
    aside = {at for at, test in zip(cutoffs, split.test, strict=True) if test}
    assert aside == {max(cutoffs)}
    for at, train in zip(cutoffs, split.train, strict=True):
        assert train == (problem.label_known_at(at) <= max(cutoffs) and at != max(cutoffs))
