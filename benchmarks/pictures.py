"""The pictures of README and report under docs/pictures, from the Telco demo's own data.

.venv/bin/python -m benchmarks.pictures                 # runs the demo in a temporary folder first
.venv/bin/python -m benchmarks.pictures --folder demo   # takes a demo that was run already
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from churnhealth.adapters.telco import CUSTOMER_ID, LABEL
from churnhealth.evaluate.report import evaluate_model
from churnhealth.evaluate.smooth_curve import smooth_curve
from churnhealth.jobs.demo import OUTCOMES, demo
from churnhealth.jobs.report import write_report
from churnhealth.jobs.wiring import Workplace, open_workplace
from churnhealth.plots.reliability import reliability_diagram
from churnhealth.plots.render import save_picture

OUT = Path(__file__).parent.parent / "docs" / "pictures"
DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
MOST_BYTES = 300_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="Folder of a demo that was run already.")
    folder = parser.parse_args().folder
    with tempfile.TemporaryDirectory() as scratch:
        if folder is None:
            folder = Path(scratch) / "demo"
            demo(folder)
        work = open_workplace(folder / "churnhealth.toml")
        reliability(work)
        page = Path(scratch) / "report.html"
        write_report(work, out=page, language="en")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
            )
            take(browser, page)
            browser.close()
    for one in sorted(OUT.glob("report-*.png")):
        size = one.stat().st_size
        print(f"{one}: {size / 1000:.0f} kB")
        if size > MOST_BYTES:
            raise SystemExit(f"{one}: expected at most {MOST_BYTES} bytes, got {size}")


def reliability(work: Workplace) -> None:
    """Draw the customers put aside, whose labels the model never saw."""
    truth = work.warehouse.read_table(OUTCOMES).merge(
        work.warehouse.current_scores(), on=CUSTOMER_ID, validate="one_to_one"
    )
    churned, predicted = (truth[LABEL] == "Yes").to_numpy(), truth["churn_probability"].to_numpy()
    judged = evaluate_model(churned, predicted)
    curve = smooth_curve(churned, predicted)
    chart = reliability_diagram(judged.reliability, curve=curve, histogram=judged.scores)
    save_picture(chart, OUT / "report-reliability.png", scale=1.5)


def take(browser: Browser, path: Path) -> None:
    overview = opened(browser, path, DESKTOP, "light")
    overview.screenshot(path=OUT / "report-overview.png")
    card = opened(browser, path, DESKTOP, "light")
    card.click("#tab-worklist")
    card.locator("#customers .who").first.click()
    card.wait_for_timeout(400)  # the card slides in
    card.screenshot(path=OUT / "report-card.png")
    phone = opened(browser, path, PHONE, "dark")
    phone.click("#to-ja")
    phone.screenshot(path=OUT / "report-phone.png")


def opened(browser: Browser, path: Path, size: dict[str, int], scheme: str) -> Page:
    page = browser.new_context(viewport=size, color_scheme=scheme).new_page()
    page.goto(path.as_uri())
    return page


if __name__ == "__main__":
    main()
