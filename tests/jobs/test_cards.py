from __future__ import annotations

import datetime as dt
import json

import pytest

from churnhealth.adapters.score_reads import ScoreReads
from churnhealth.adapters.sql_warehouse import SqlWarehouse
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
    near = r"'N00\d\d' or 'N00\d\d' or 'N00\d\d'"
    with pytest.raises(WarehouseError, match=rf"no score for customer 'N000' \(did you mean {near}\?\)"):
        customer_card(trained.warehouse, "N000")
    with pytest.raises(WarehouseError, match=r"'t0042' \(did you mean .*'N0042'"):
        customer_card(trained.warehouse, "t0042")
    with pytest.raises(WarehouseError, match=r"no score for customer '山田'; others are 'N\d+', 'N\d+'"):
        customer_card(trained.warehouse, "山田")


def test_a_card_is_of_the_latest_score_or_of_the_one_asked_for(trained: Workplace) -> None:
    score(trained)
    score(trained, cutoff=dt.date(2026, 1, 1))
    latest = customer_card(trained.warehouse, "N0007")
    assert latest.customer["cutoff"].isoformat() == "2026-03-31T15:00:00+00:00"
    assert latest.customer["previous_cutoff"].isoformat() == "2025-12-31T15:00:00+00:00"
    # The same customers by the same model: the score has not moved.
    assert latest.customer["health_score_change"] == 0.0
    then = trained.settings.problem.cutoff_instant("2026-01-01").to_pydatetime()
    earlier = customer_card(trained.warehouse, "N0007", then)
    assert earlier.customer["cutoff"] == then
    assert earlier.customers == 60
    never = trained.settings.problem.cutoff_instant("2026-02-01").to_pydatetime()
    with pytest.raises(WarehouseError, match=r"there are scores at '2026-03-31 15:00 UTC', '2025-12-31"):
        customer_card(trained.warehouse, "N0007", never)


def test_a_card_reads_no_whole_table(trained: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    score(trained)
    monkeypatch.delattr(ScoreReads, "current_scores")
    monkeypatch.delattr(SqlWarehouse, "read_table")
    assert customer_card(trained.warehouse, "N0007").customers == 60


def test_without_scores_the_message_says_what_to_do(trained: Workplace) -> None:
    with pytest.raises(WarehouseError, match="churnhealth score"):
        customer_card(trained.warehouse, "N0000")
