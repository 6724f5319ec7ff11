from __future__ import annotations

import datetime as dt
import json

import pytest

from churnhealth.errors import WarehouseError
from churnhealth.jobs.cards import customer_card
from churnhealth.jobs.score import score
from churnhealth.jobs.wiring import Workplace


def test_a_card_adds_up_and_can_be_written_as_json(trained: Workplace) -> None:
    score(trained)
    card = customer_card(trained.warehouse, "N0000").to_dict()
    total = card["base_points"] + sum(one["contribution_points"] for one in card["drivers"])
    assert total == pytest.approx(card["health_score"], abs=1e-9)
    groups = card["base_points"] + sum(one["points"] for one in card["groups"])
    assert groups == pytest.approx(card["health_score"], abs=1e-9)
    assert card["customers"] == 60
    assert json.loads(json.dumps(card))["cutoff"] == "2026-03-31T15:00:00+00:00"


def test_the_riskiest_come_first(trained: Workplace) -> None:
    cards = score(trained).riskiest
    assert [card.customer["risk_rank"] for card in cards] == [1, 2, 3, 4, 5]
    for card in cards:
        total = card.customer["base_points"] + card.drivers["contribution_points"].sum()
        assert total == pytest.approx(card.customer["health_score"], abs=1e-9)
        published = customer_card(trained.warehouse, card.customer["customer_id"])
        assert published.drivers["indicator"].tolist() == card.drivers["indicator"].tolist()


def test_a_backfill_shows_its_own_customers(trained: Workplace) -> None:
    score(trained)
    assert len(score(trained, cutoff=dt.date(2026, 1, 1)).riskiest) == 5


def test_an_unknown_customer_is_answered_with_the_nearest(trained: Workplace) -> None:
    score(trained)
    with pytest.raises(
        WarehouseError, match=r"no score for customer 'N000' \(did you mean 'N00\d\d'\?\)"
    ):
        customer_card(trained.warehouse, "N000")


def test_without_scores_the_message_says_what_to_do(trained: Workplace) -> None:
    with pytest.raises(WarehouseError, match="churnhealth score"):
        customer_card(trained.warehouse, "N0000")
