"""The page in a real browser: what people do with it, by mouse and by keyboard."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

Visit = Callable[..., Page]
PHONE = {"width": 390, "height": 844}
NAMELESS = """[...document.querySelectorAll('button, input, select')].filter(one => one.offsetParent
  && !one.textContent.trim() && !one.getAttribute('aria-label') && !one.closest('label')).length"""
UNCAPTIONED = """[...document.querySelectorAll('table')].filter(
  one => !one.caption && !one.closest('.cardtext')).length"""


def rows(page: Page) -> list[str]:
    return page.locator("#customers td.customer .who").all_inner_texts()


def numbers(page: Page, column: str) -> list[float]:
    found = page.locator(f"#customers td.{column}").all_inner_texts()
    return [float(re.sub(r"[^\d.−]", "", one).replace("−", "-") or "nan") for one in found]


def open_list(visit: Visit, written: Path, **about: object) -> Page:
    page = visit(written, **about)
    page.click("#tab-worklist")
    return page


def test_the_overview_tells_the_portfolio(visit: Visit, written: Path) -> None:
    page = visit(written)
    expect(page.locator("h1")).to_have_text("Small & <Sons>")
    assert page.title() == "Small & <Sons> · Customer health"
    expect(page.locator("#asof")).to_contain_text("2026-04-01")
    expect(page.locator(".tile .value").first).to_have_text("155")
    overview = page.locator("#view-overview")
    for words in (
        "Talk to these first",
        "Bands by segment",
        "Movement since 2026-03-01",
        "Two groups at once",
    ):
        expect(overview).to_contain_text(words)
    expect(overview.locator(".notice")).to_contain_text("Scores of several models are shown (m1, m2)")
    expect(overview.locator(".notice")).to_contain_text("10 customers have no score at the newest date")


def test_names_of_the_data_are_text_and_never_markup(visit: Visit, written: Path) -> None:
    page = visit(written)
    first = page.locator(".short .who").first
    expect(first).to_have_text("<script>window.broken = 1</script>")
    assert page.evaluate("window.broken") is None
    assert page.locator("img").count() == 0
    first.click()
    expect(page.locator("#card-name")).to_have_text("<script>window.broken = 1</script>")


def test_the_work_list_sorts_both_ways_and_says_so(visit: Visit, written: Path) -> None:
    page = open_list(visit, written)
    head = page.locator('th[data-key="health"]')
    head.locator("button").click()
    expect(page.locator('th[data-key="health"]')).to_have_attribute("aria-sort", "ascending")
    rising = numbers(page, "health")
    assert rising == sorted(rising)
    page.locator('th[data-key="health"] button').click()
    expect(page.locator('th[data-key="health"]')).to_have_attribute("aria-sort", "descending")
    falling = numbers(page, "health")
    assert falling == sorted(falling, reverse=True)
    # The heading that was used keeps the focus.
    assert page.evaluate("document.activeElement.closest('th').dataset.key") == "health"
    # Who has no MRR comes last whichever way.
    page.locator('th[data-key="mrr"] button').click()
    assert numbers(page, "mrr")[0] == 9000


def test_filters_narrow_the_list_and_can_be_cleared(visit: Visit, written: Path) -> None:
    page = open_list(visit, written)
    count = page.locator("#count")
    expect(count).to_have_text("155 of 165 customers")
    page.click("#band-green")
    page.click("#band-yellow")
    assert set(page.locator("#customers td.band").all_inner_texts()) == {"■\nRed"}
    page.select_option("#pick-plan", "Pro")
    page.select_option("#pick-owner", "Aoki")
    assert set(page.locator("#customers td.owner").all_inner_texts()) == {"Aoki"}
    assert set(page.locator("#customers td.segment0").all_inner_texts()) == {"Pro"}
    page.check("#only-worse")
    assert all(one <= -5 for one in numbers(page, "change"))
    page.click("#clear")
    expect(count).to_have_text("155 of 165 customers")
    page.check("#only-stale")
    expect(count).to_have_text("165 of 165 customers")
    page.click(".more")
    expect(page.locator("#customers .tag").first).to_have_text("old score")


def test_search_finds_names_ids_and_owners_whatever_their_width(visit: Visit, written: Path) -> None:
    page = open_list(visit, written)
    page.fill("#search", "company 42")
    assert sorted(rows(page)) == ["Company 142", "Company 42"]
    page.fill("#search", "baba 143")
    assert rows(page) == ["Company 143"]
    page.fill("#search", "Ｃ００４３")
    assert rows(page) == ["Company 43"]
    page.fill("#search", "النور")
    assert len(rows(page)) == 1
    page.fill("#search", "nobody at all")
    expect(page.locator("#list .empty")).to_have_text("No customer fits these filters.")


def test_a_long_list_is_shown_in_steps(visit: Visit, written: Path) -> None:
    page = open_list(visit, written)
    assert len(rows(page)) == 100
    page.click(".more")
    assert len(rows(page)) == 155
    assert page.locator(".more").count() == 0


def test_a_card_opens_and_closes_by_keyboard_and_gives_the_focus_back(
    visit: Visit, written: Path
) -> None:
    page = open_list(visit, written)
    page.fill("#search", "c0042")
    page.locator("#customers .who").focus()
    page.keyboard.press("Enter")
    card = page.locator("#card")
    expect(card).to_be_visible()
    expect(page.locator("#card-close")).to_be_focused()
    expect(card).to_contain_text("Owner: Aoki")
    # Tabbing stays inside the dialog or in the browser's own bar.
    for _ in range(12):
        page.keyboard.press("Tab")
        assert page.evaluate(
            "document.activeElement === document.body || !!document.activeElement.closest('#card')"
        )
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()
    expect(page.locator("#customers .who")).to_be_focused()


def test_the_waterfall_leads_from_the_base_to_the_score(visit: Visit, written: Path) -> None:
    page = open_list(visit, written)
    page.fill("#search", "c0042")
    page.locator("#customers tbody tr").click()
    steps = page.locator(".waterfall:not(.groups) > li > .n").all_inner_texts()
    values = [float(one.replace("−", "-").replace("+", "").replace("±", "")) for one in steps]
    # (42 x 7 + 5) mod 100 = 99, from a base of 80: 60 %, 30 % and 10 % of 19 points.
    assert values == [80.0, 11.4, 5.7, 1.9, 99.0]
    expect(page.locator("#card")).to_contain_text("Logins6.0")
    expect(page.locator("#card .pairs").last).to_contain_text("Basic")
    assert page.locator("#card svg.chart circle").count() == 2


def test_arrows_lead_through_the_filtered_customers(visit: Visit, written: Path) -> None:
    page = open_list(visit, written)
    page.select_option("#pick-owner", "Baba")
    names = rows(page)[:3]
    page.locator("#customers .who").first.click()
    expect(page.locator("#card-previous")).to_have_attribute("aria-disabled", "true")
    for name in names[1:]:
        page.keyboard.press("ArrowRight")
        expect(page.locator("#card-name")).to_have_text(name)
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#card-name")).to_have_text(names[1])


def test_the_language_changes_without_loading_again(visit: Visit, written: Path) -> None:
    page = open_list(visit, written)
    page.evaluate("window.same = true")
    page.click("#to-ja")
    assert page.evaluate("[window.same, document.documentElement.lang]") == [True, "ja"]
    expect(page.locator("#tab-worklist")).to_have_text("顧客リスト")
    expect(page.locator("#count")).to_have_text("165社中155社")
    page.fill("#search", "c0042")
    page.locator("#customers .who").click()
    expect(page.locator("#card")).to_contain_text("ログイン回数")
    page.keyboard.press("Escape")
    for tab in ("overview", "figures", "model"):
        page.click(f"#tab-{tab}")
        expect(page.locator(f"#view-{tab}")).to_be_visible()
    expect(page.locator("#view-model")).to_contain_text("データの充足状況")
    page.click("#to-en")
    expect(page.locator("#tab-worklist")).to_have_text("Customers")


def test_tabs_follow_the_arrow_keys(visit: Visit, written: Path) -> None:
    page = visit(written)
    page.focus("#tab-overview")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#tab-worklist")).to_be_focused()
    expect(page.locator("#tab-worklist")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#tab-model")).to_be_focused()


def test_a_cell_of_two_groups_leads_to_its_customers(visit: Visit, written: Path) -> None:
    page = visit(written)
    page.select_option("#axis-x", label="Contract")
    cell = page.locator(".cell:enabled").first
    said = cell.locator("span").inner_text()
    cell.click()
    expect(page.locator("#count")).to_contain_text(said.removesuffix(" customers") + " of")
    page.locator("#list .chip").click()
    expect(page.locator("#count")).to_have_text("155 of 165 customers")


def test_the_csv_holds_what_is_shown_and_no_formula(visit: Visit, written: Path, tmp_path: Path) -> None:
    page = open_list(visit, written)
    page.select_option("#pick-owner", "@evil")
    with page.expect_download() as waiting:
        page.click("#export")
    assert waiting.value.suggested_filename == "customers-2026-04-01.csv"
    waiting.value.save_as(tmp_path / "out.csv")
    raw = (tmp_path / "out.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    (row,) = csv.DictReader((tmp_path / "out.csv").read_text("utf-8-sig").splitlines())
    assert row["customer_id"] == "C0901"
    assert row["name"] == '\'=HYPERLINK("http://x")'
    assert row["owner"] == "'@evil"
    assert (row["health_score"], row["health_band"], row["mrr"]) == ("4", "red", "8000")
    assert row["cutoff"] == "2026-04-01"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_dark_mode_follows_the_system_and_the_button(visit: Visit, written: Path, scheme: str) -> None:
    page = visit(written, color_scheme=scheme)

    def brightness() -> int:
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        return sum(int(one) for one in re.findall(r"\d+", colour)[:3])

    assert (brightness() > 384) == (scheme == "light")
    page.click("#theme")
    assert brightness() > 384
    page.click("#theme")
    assert brightness() < 384


def test_the_page_prints_every_section_and_a_card_prints_alone(visit: Visit, written: Path) -> None:
    page = visit(written)
    whole = page.pdf(prefer_css_page_size=True)
    assert whole.startswith(b"%PDF")
    pages = len(re.findall(rb"/Type\s*/Page\b", whole))
    page.click("#tab-worklist")
    page.locator("#customers .who").first.click()
    alone = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", alone)) < pages
    expect(page.locator("#card")).to_be_visible()


def test_nothing_is_wider_than_a_phone(visit: Visit, written: Path) -> None:
    page = visit(written, viewport=PHONE)
    for tab in ("overview", "worklist", "figures", "model"):
        page.click(f"#tab-{tab}")
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.click("#tab-worklist")
    page.fill("#search", "とても長い")
    page.locator("#customers .who").click()
    assert page.evaluate("document.getElementById('card').scrollWidth") <= PHONE["width"]


def test_every_control_has_a_name_and_every_table_a_caption(visit: Visit, written: Path) -> None:
    page = visit(written)
    for tab in ("overview", "worklist", "figures", "model"):
        page.click(f"#tab-{tab}")
        assert page.evaluate(NAMELESS) == 0
    assert page.evaluate(UNCAPTIONED) == 0
