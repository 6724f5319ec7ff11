"""Key figures: known answers by hand, and what holds for all rates."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnhealth.domain.kpi import (
    ChurnRate,
    against_guide,
    churn_rate,
    expansion_rate,
    expected_months,
    lifetime_value,
    net_promoter_score,
    purchases_lifetime_value,
    retention_rate,
)
from churnhealth.errors import SchemaError

SHARES = st.floats(0.0, 1.0)
MONTHS = st.floats(1.0, 60.0)


def test_three_of_a_hundred_a_month_is_within_the_guide_and_four_is_above() -> None:
    assert against_guide(churn_rate(3, 100, months=1)) == "within"
    assert against_guide(churn_rate(4, 100, months=1)) == "above"


def test_a_quarterly_rate_is_not_compared_with_the_monthly_guide() -> None:
    # 6 of 100 in a quarter looks like twice the guide, and is 1 - 0.94^(1/3) = 2.04 % a month.
    quarterly = churn_rate(6, 100, months=3)
    with pytest.raises(SchemaError, match=r"expected a rate of 1 month, got one of 3 months; convert"):
        against_guide(quarterly)
    assert quarterly.monthly().value == pytest.approx(0.020413, abs=1e-6)
    assert against_guide(quarterly.monthly()) == "within"


def test_retention_is_what_churn_leaves() -> None:
    assert retention_rate(97, 100) == pytest.approx(1 - churn_rate(3, 100, months=1).value)


def test_expansion_of_mrr_may_exceed_what_there_was() -> None:
    assert expansion_rate(50.0, 1000.0) == pytest.approx(0.05)
    assert expansion_rate(1500.0, 1000.0) == pytest.approx(1.5)


def test_customers_leaving_at_two_percent_a_month_stay_fifty_months() -> None:
    assert expected_months(ChurnRate(0.02, 1)) == pytest.approx(50.0)
    # A year's rate of 1 - 0.98^12 is the same 2 % a month.
    assert expected_months(ChurnRate(1 - 0.98**12, 12)) == pytest.approx(50.0)
    assert math.isinf(expected_months(ChurnRate(0.0, 1)))


def test_lifetime_value_is_mrr_times_months() -> None:
    # 30,000 a month for four years.
    assert lifetime_value(30_000.0, 48.0) == pytest.approx(1_440_000.0)
    # The general form: 5,000 twice a month, for four years.
    assert purchases_lifetime_value(5_000.0, 24.0, 4.0) == pytest.approx(480_000.0)


def test_nps_counts_promoters_less_detractors_and_leaves_silence_out() -> None:
    # 3 promoters, 2 passives, 1 detractor of 6 answers: 100 x (3 - 1) / 6.
    found = net_promoter_score([10, 9, 9, 7, 8, 6, None, None])
    assert (found.promoters, found.passives, found.detractors) == (3, 2, 1)
    assert found.score == pytest.approx(100 * 2 / 6)


def test_nps_without_answers_is_not_a_number() -> None:
    assert math.isnan(net_promoter_score([None]).score)
    assert math.isnan(net_promoter_score([]).score)


@pytest.mark.parametrize("answers", [[11], [-1, 5], [50, 100]])
def test_answers_on_another_scale_are_refused(answers: list[float]) -> None:
    with pytest.raises(SchemaError, match="expected answers from 0 to 10"):
        net_promoter_score(answers)


@pytest.mark.parametrize(
    ("lost", "start", "months"), [(2, 1, 1), (-1, 10, 1), (0, 0, 1), (1, 10, 0), (1, 10, math.nan)]
)
def test_impossible_rates_are_refused(lost: float, start: float, months: float) -> None:
    with pytest.raises(SchemaError, match="expected"):
        churn_rate(lost, start, months=months)


def test_impossible_money_is_refused() -> None:
    with pytest.raises(SchemaError, match="lifetime value"):
        lifetime_value(-1.0, 12.0)
    with pytest.raises(SchemaError, match="expansion rate"):
        expansion_rate(1.0, 0.0)


@given(SHARES, MONTHS)
def test_a_monthly_rate_compounds_back_to_the_rate_of_its_period(value: float, months: float) -> None:
    monthly = ChurnRate(value, months).monthly()
    assert 1 - monthly.retention**months == pytest.approx(value, abs=1e-9)


@given(SHARES, MONTHS)
def test_a_longer_period_never_has_a_higher_monthly_rate(value: float, months: float) -> None:
    assert ChurnRate(value, months).monthly().value <= value + 1e-12


@given(st.lists(st.one_of(st.none(), st.integers(0, 10)), max_size=50))
def test_nps_lies_between_minus_and_plus_a_hundred_and_counts_every_answer(
    answers: list[int | None],
) -> None:
    found = net_promoter_score(answers)
    assert found.answers == sum(one is not None for one in answers)
    assert math.isnan(found.score) if not found.answers else -100 <= found.score <= 100
