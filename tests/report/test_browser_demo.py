"""The whole way: real customers, a real model, the page, and a card in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from churnhealth.jobs.demo import demo
from churnhealth.jobs.report import write_report


@pytest.mark.slow
def test_the_demo_becomes_a_page_with_its_model_and_cards(
    visit: Callable[..., Page], tmp_path: Path
) -> None:
    workplace = demo(tmp_path / "demo").workplace
    result = write_report(workplace)
    assert (result.embedded, result.customers) == (1000, 1434)
    assert result.size < 3_000_000
    page = visit(result.path)
    expect(page.locator("#view-overview")).to_contain_text("1,000 of 1,434 customers")
    page.click("#tab-worklist")
    page.fill("#search", "T2247")
    page.locator("#customers .who").first.click()
    expect(page.locator("#card .waterfall").first).to_contain_text("Health score")
    steps = page.locator(".waterfall:not(.groups) > li > .n").all_inner_texts()
    values = [float(one.replace("−", "-").replace("+", "").replace("±", "")) for one in steps]
    # Points are told to one decimal: seven rounded steps.
    assert sum(values[:-1]) == pytest.approx(values[-1], abs=0.4)
    page.keyboard.press("Escape")
    page.click("#tab-model")
    expect(page.locator("#view-model svg circle")).to_have_count(10)
    page.click("#modelcard summary")
    expect(page.locator("#modelcard")).to_contain_text("Intended use")
