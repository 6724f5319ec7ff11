"""Values with their units, in English and Japanese."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnhealth.domain.catalogue import BUILT_IN
from churnhealth.domain.units import number_text, truth_of, with_unit, without_unit


@pytest.mark.parametrize(
    ("value", "unit", "english", "japanese"),
    [
        (1, "logins", "1 login", "1回"),
        (1234, "logins", "1,234 logins", "1,234回"),
        (0, "tickets", "0 tickets", "0件"),
        (1, "people", "1 person", "1人"),
        (2.5, "hours", "2.5 hours", "2.5時間"),
        (41, "days ago", "41 days ago", "41日前"),
        (1, "days ago", "1 day ago", "1日前"),
        (0.125, "share", "12 %", "12%"),
        (-0.2, "share", "−20 %", "−20%"),
        (0.004, "share", "0.4 %", "0.4%"),
        (1.0, "share", "100 %", "100%"),
        (0.5, "change", "up 50 %", "50%増"),
        (-0.2, "change", "down 20 %", "20%減"),
        (0.0, "change", "unchanged", "変化なし"),
        (0.42, "ratio", "0.42 times", "0.42倍"),
        (70.35, "USD/month", "70.35 USD per month", "70.35ドル/月"),
        (12000.0, "JPY/month", "12,000 JPY per month", "12,000円/月"),
        (-500, "EUR", "−500 EUR", "−500ユーロ"),
        (980, "SGD", "980 SGD", "980 SGD"),
        (1200.0, "currency/month", "1,200 per month", "1,200"),
        (3.217, "events/user", "3.22 events per user", "3.22回/人"),
        (-0.031, "events/day/day", "0.93 fewer events a day every 30 days", "30日で1日あたり0.93回減"),
        (0.0, "events/day/day", "steady", "横ばい"),
        (7, "widgets", "7 widgets", "7 widgets"),
        (7, "", "7", "7"),
        (1.0, "flag", "yes", "あり"),
        (0.0, "flag", "no", "なし"),
        (0, "yes/no", "no", "いいえ"),
        (True, "", "yes", "はい"),
        ("No", "flag", "no", "なし"),
        ("Fiber  optic\n", "flag", "Fiber optic", "Fiber optic"),
    ],
)
def test_a_value_is_written_with_its_unit(value: object, unit: str, english: str, japanese: str) -> None:
    assert with_unit(value, unit) == english
    assert with_unit(value, unit, "ja") == japanese


def test_a_unit_that_stands_beside_is_not_said_again() -> None:
    assert with_unit(5, "days", beside="days to renewal") == "5"
    assert with_unit(5, "days", beside="daystar") == "5 days"
    assert with_unit(1, "currency/month", beside="revenue per month") == "1"


def test_a_second_value_is_the_number_alone_in_english() -> None:
    assert without_unit(3, "days ago") == "3"
    assert without_unit(3, "days ago", "ja") == "3日前"
    assert without_unit(0.1, "events/day/day") == "3 more"
    assert without_unit(0.45, "share") == "45 %"


@given(st.floats(-1e9, 1e9))
def test_a_number_has_no_hyphen_and_no_more_digits_than_people_read(value: float) -> None:
    text = number_text(value)
    assert "-" not in text.replace("e-", "")
    assert sum(one.isdigit() for one in text.partition("e")[0].lstrip("−0.")) <= 10


@given(st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.text(), st.booleans()), st.text())
def test_any_value_can_be_written_in_any_unit(value: object, unit: str) -> None:
    for language in ("en", "ja"):
        assert "\n" not in with_unit(value, unit, language).replace(unit, "")


def test_the_median_of_as_many_yes_as_no_is_neither() -> None:
    assert truth_of(0.5, "flag") is None


def test_every_built_in_unit_has_a_japanese_way_of_writing() -> None:
    for one in BUILT_IN:
        shown = with_unit(5.0, one.indicator.unit, "ja")
        assert not any("a" <= letter <= "z" for letter in shown), one.name
