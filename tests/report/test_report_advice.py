"""What would help, and since when: the same on the page as on the card of `churnhealth explain`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from churnhealth.errors import TrackingError
from churnhealth.jobs import report_advice
from churnhealth.jobs.card_day import CardDay
from churnhealth.jobs.report import write_report
from churnhealth.jobs.report_advice import Advice
from churnhealth.jobs.report_customers import chosen_customers
from churnhealth.jobs.report_slice import read_slice
from churnhealth.jobs.wiring import Workplace

Make = Callable[..., Workplace]
Customer = Callable[..., dict[str, Any]]
SINCE = CardDay(
    "logins", "logins", "ログイン回数", "times", dt.date(2026, 3, 14), 12.0, 5.0, "week", 0.001
)
LINES = pd.DataFrame(
    {
        "customer_id": "C0001",
        "indicator": "logins",
        "value": [2.0],
        "target_value": 7.0,
        "gain_points": 3.5,
    }
)


@pytest.fixture
def two(by_hand: Make, make_customer: Customer) -> Workplace:
    customers = [make_customer(1, health=30.0), make_customer(2, health=90.0)]
    return by_hand(("2026-04-01", "m1", customers))


def test_without_the_model_nobody_is_told_what_would_help_and_nothing_fails(two: Workplace) -> None:
    scored = read_slice(two)
    chosen = chosen_customers(scored.current, 10)
    assert report_advice.report_advice(two, scored, chosen, with_model=False).problems == ()
    told = report_advice.report_advice(two, scored, chosen)
    assert len(told.lines) == 0
    assert told.problems == ("nothing has no version 'm1'",)


def test_a_part_that_fails_is_named_and_the_other_is_told(
    two: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> None:
        raise TrackingError("the registry is away")

    monkeypatch.setattr(report_advice, "scoring_model", gone)
    monkeypatch.setattr(report_advice, "_days", lambda *_: {"C0001": SINCE})
    scored = read_slice(two)
    told = report_advice.report_advice(two, scored, chosen_customers(scored.current, 10))
    assert (told.days, told.problems) == ({"C0001": SINCE}, ("the registry is away",))


def test_nobody_scored_nobody_told(by_hand: Make) -> None:
    scored = read_slice(by_hand())
    assert report_advice.report_advice(by_hand(), scored, scored.current).days == {}


def test_the_card_shows_both_in_both_languages(
    two: Workplace,
    visit: Callable[..., Page],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    advice = Advice(LINES, {"C0001": SINCE})
    monkeypatch.setattr("churnhealth.jobs.report.report_advice", lambda *_, **__: advice)
    page = visit(write_report(two, out=tmp_path / "page.html").path)
    page.click("#tab-worklist")
    page.get_by_role("button", name="Company 1").first.click()
    card = page.locator("#card")
    expect(card).to_contain_text("From 2026-03-14 on, logins fell: 12 → 5 a week")
    helps = card.locator(".helps li")
    expect(helps).to_have_count(1)
    expect(helps.locator(".name")).to_have_text("Logins")
    expect(helps.locator(".why")).to_have_text("2 → 7 times")
    expect(helps.locator(".n")).to_have_text("+3.5")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="日本語").first.click()
    page.get_by_role("button", name="Company 2").first.click()
    expect(card).not_to_contain_text("変化した日")
    expect(card.locator(".helps")).to_have_count(0)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Company 1").first.click()
    expect(card).to_contain_text("2026年3月14日から、ログイン回数が減少")
    expect(card.locator(".helps .why")).to_have_text("2回→7回")


def test_only_those_in_need_are_asked_for_their_day(
    by_hand: Make, make_customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    bands = [make_customer(at, health=30.0 if at < 60 else 90.0) for at in range(70)]
    scored = read_slice(by_hand(("2026-04-01", "m1", bands)))
    asked: list[list[str]] = []
    monkeypatch.setattr(report_advice, "_days", lambda *given: asked.append(given[-1]) or {})
    chosen = chosen_customers(scored.current, 100)
    report_advice.report_advice(by_hand(), scored, chosen, with_model=False)
    assert len(asked[0]) == report_advice.MOST_DAYS == 50
    assert not set(asked[0]) & {f"C{at:04d}" for at in range(60, 70)}
