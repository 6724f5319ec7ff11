"""What people see on the terminal; the same facts as in the results."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace

import pytest

from churnhealth.cli import show
from churnhealth.cli.progress import stages
from churnhealth.cli.show_card import card as show_card
from churnhealth.jobs.cards import customer_card
from churnhealth.jobs.explain_customer import ExplainedCustomer
from churnhealth.jobs.retrain import retrain
from churnhealth.jobs.score import score
from churnhealth.jobs.wiring import Workplace


def test_a_scoring_run_shows_counts_and_who_is_at_risk_and_why(
    trained: Workplace, capsys: pytest.CaptureFixture[str]
) -> None:
    result = score(trained)
    show.scored(trained, result, as_json=False)
    told = capsys.readouterr().out
    assert "Scored 60 of 60 customers at 2026-04-01, 0 rejected" in told
    assert "Most at risk" in told
    assert "points" in told
    show.scored(trained, score(trained), as_json=False)
    assert "unchanged" in capsys.readouterr().out


def test_a_scoring_run_is_json_for_machines(
    trained: Workplace, capsys: pytest.CaptureFixture[str]
) -> None:
    show.scored(trained, score(trained), as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert told["cutoff"] == "2026-03-31T15:00:00+00:00"
    assert told["rows_read"] == told["rows_scored"] + told["rows_rejected"] == 60


def test_a_card_shows_the_score_its_groups_and_its_reasons(
    trained: Workplace, capsys: pytest.CaptureFixture[str]
) -> None:
    score(trained)
    drivers = trained.warehouse.read_table("health_drivers")
    customer = drivers.loc[drivers["indicator"] == "logins", "customer_id"].iloc[0]
    card = customer_card(trained.warehouse, customer)
    show_card(trained, ExplainedCustomer(card), "en", as_json=False)
    english = capsys.readouterr().out
    show_card(trained, ExplainedCustomer(card), "ja", as_json=False)
    japanese = capsys.readouterr().out
    assert f"health {card.customer['health_score']:.1f}" in english
    assert "Base: " in english
    assert "健全度" in japanese
    assert "ログイン回数" in japanese


def test_a_card_tells_the_change_and_what_lowers_and_raises_the_score(
    trained: Workplace, capsys: pytest.CaptureFixture[str]
) -> None:
    score(trained, cutoff=dt.date(2026, 1, 1))
    score(trained)
    card = customer_card(trained.warehouse, "N0007")
    moved = {**card.customer, "health_score_change": -3.25, "previous_health_score": 80.0}
    card = replace(card, customer=moved)
    show_card(trained, ExplainedCustomer(card), "en", as_json=False)
    english = capsys.readouterr().out
    show_card(trained, ExplainedCustomer(card), "ja", as_json=False)
    japanese = capsys.readouterr().out
    assert "−3.2 points since 2026-01-01, when it was 80.0" in english
    assert f"risk rank {card.customer['risk_rank']} of 60" in english
    assert "前回（2026年1月1日）の80.0から −3.2点" in japanese
    for told, down, up in ((english, "▼ lower", "▲ higher"), (japanese, "▼ 下げる", "▲ 上げる")):
        lowers, raises = (
            way in set(card.drivers["direction"].iloc[:-1]) for way in ("lowers", "raises")
        )
        assert (down in told, up in told) == (lowers, raises)
    assert "░" in english or "█" in english


def test_hostile_names_are_shown_as_they_are_and_control_characters_made_visible(
    trained: Workplace, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = trained.warehouse.read_table("to_score").head(2)
    names = ["[bold]not markup[/bold]", "escape \x1b[31m red"]
    trained.warehouse.write_table("to_score", frame.assign(customer_id=names))
    show.scored(trained, score(trained), as_json=False)
    told = capsys.readouterr().out
    assert "[bold]" in told
    assert "\x1b[31m" not in told
    assert "\\x1b" in told


def test_a_retraining_run_shows_its_verdict_and_its_quality(
    workplace: Workplace, capsys: pytest.CaptureFixture[str]
) -> None:
    result = retrain(workplace)
    show.retrained(workplace, result, as_json=False)
    told = capsys.readouterr().out
    assert "promoted to champion" in told
    assert "log_loss" in told
    for words in ("CH-G02", "trained on", "logistic", "challenger", "lift"):
        assert words in told
    show.retrained(workplace, result, as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert told["decision"] == "promoted"
    assert {one["outcome"] for one in told["checks"]} <= {"passed", "warn"}
    assert told["backtest"]["windows"][0]["window"] == "customers put aside"
    # The base rate has no slope: what is not defined is null.
    slopes = [one for one in told["backtest"]["metrics"] if one["metric"] == "calibration_slope"]
    assert [one["value"] for one in slopes if one["model"] == "base rate"] == [None]
    show.retrained(workplace, replace(result, version=None, run_id=None), as_json=False)
    assert "Dry run, nothing was written. The new model would be promoted" in capsys.readouterr().out


def test_stages_are_lines_on_standard_error_when_nobody_watches(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with stages(2) as progress:
        progress("reading [the] customers")
    caught = capsys.readouterr()
    assert caught.out == ""
    assert caught.err == "… reading [the] customers\n"
    with stages(2, quiet=True) as progress:
        progress("reading")
    assert capsys.readouterr().err == ""
