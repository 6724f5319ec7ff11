"""A customer's card in a notebook and in the terminal."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from churnhealth.jobs.card_day import CardDay
from churnhealth.jobs.cards import CustomerCard
from churnhealth.jobs.explain_customer import ExplainedCustomer

HOSTILE = "株式会社<script>アルファ"


@pytest.fixture
def card() -> CustomerCard:
    customer = {
        "customer_id": HOSTILE,
        "cutoff": pd.Timestamp("2026-04-01", tz="UTC"),
        "model_version": "1-abc",
        "churn_probability": 0.21,
        "health_score": 79.0,
        "health_band": "yellow",
        "risk_rank": 12,
        "base_points": 82.0,
    }
    groups = pd.DataFrame(
        {"indicator_group": ["usage", "support"], "points": [-3.0, 0.0], "sub_score": [79.0, None]}
    )
    drivers = pd.DataFrame(
        {
            "indicator": ["logins", "(all others)"],
            "value": ["3", None],
            "typical_value": ["10", None],
            "contribution_points": [-3.2, 0.2],
        }
    )
    return CustomerCard(customer, groups, drivers, 60)


def test_the_card_is_text_in_the_terminal(card: CustomerCard) -> None:
    lines = str(card).splitlines()
    assert repr(card) == str(card)
    assert lines[0] == f"{HOSTILE}: health score 79.0"
    assert lines[1].startswith("yellow at 2026-04-01 00:00 UTC; churn probability 0.210, risk rank 12")
    assert ["logins", "3", "10", "−3.2"] in [line.split() for line in lines]
    assert ["support", "±0.0", "–"] in [line.split() for line in lines]


def test_the_card_is_a_table_in_a_notebook_with_all_text_escaped(card: CustomerCard) -> None:
    made = card._repr_html_()
    assert "<script" not in made
    assert "株式会社&lt;script&gt;アルファ: health score 79.0" in made
    assert made.count("<table>") == 2


def test_what_is_said_beside_the_card_stands_above_its_tables(card: CustomerCard) -> None:
    day = CardDay("logins", "logins", "ログイン", "times", dt.date(2026, 3, 1), 9.0, 2.0, "week", 0.01)
    explained = ExplainedCustomer(card, day=day, warnings=({"en": "<b>never seen</b>", "ja": "x"},))
    text, made = str(explained), explained._repr_html_()
    assert day.sentence("en") in text
    assert text.index("<b>never seen</b>") < text.index("Drivers:")
    assert "<li>&lt;b&gt;never seen&lt;/b&gt;</li>" in made
