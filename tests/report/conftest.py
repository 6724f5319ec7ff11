"""Projects whose scores are made by hand, without a model, and a real browser."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from churnhealth.adapters.warehouse import RunRecord, ScoreSlice
from churnhealth.jobs.report import write_report
from churnhealth.jobs.wiring import Workplace

BASE = 80.0
GROUPS = ("usage", "satisfaction", "contract")
CONFIG = """
[project]
name = "Small & <Sons>"
timezone = "Asia/Tokyo"

[problem]
horizon_days = 90

[panel]
table = "panel"
customer_id = "customer_id"
cutoff = "cutoff"
label = "churned"
mrr = "mrr"
currency = "JPY"

[scoring]
table = "to_score"

[report]
name = "company"
owner = "csm"

[indicators.logins]
group = "usage"
unit = "times"
label_en = "logins"
label_ja = "ログイン回数"

[indicators.nps]
group = "satisfaction"
label_ja = "NPS回答"

[indicators.plan]
group = "contract"
label_ja = "プラン"

[indicators.mrr]
group = "contract"
unit = "JPY/month"
label_ja = "月額"
"""


def customer(at: int, **about: Any) -> dict[str, Any]:
    """Return one customer: health 5, 12, 19, ... of 100, three plans, two owners."""
    return {
        "customer_id": f"C{at:04d}",
        "company": f"Company {at}",
        "csm": ["Aoki", "Baba"][at % 2],
        "health": float((at * 7 + 5) % 100),
        "plan": ["Basic", "Pro", "Team"][at % 3],
        "mrr": 100.0 * (1 + at % 5),
        "logins": float(at % 9),
        "nps": float(at % 11),
        **about,
    }


def _band(health: float) -> str:
    return "red" if health < 40 else "yellow" if health < 70 else "green"


def slice_of(run: RunRecord, customers: Sequence[Mapping[str, Any]]) -> ScoreSlice:
    """Return what a run publishes for these customers; the drivers add up to the score."""
    key = pd.DataFrame({"customer_id": [one["customer_id"] for one in customers]}, dtype="str")
    key["cutoff"], key["model_version"] = pd.Timestamp(run.cutoff), run.model_version
    health = pd.Series([one["health"] for one in customers], dtype="float64")
    mrr = pd.Series([one["mrr"] for one in customers], dtype="float64")
    scores = key.assign(
        churn_probability=1.0 - health / 100.0,
        probability_low=None,
        probability_high=None,
        health_score=health,
        health_band=[_band(one) for one in health],
        base_points=BASE,
        mrr_at_risk=(1.0 - health / 100.0) * mrr,
        currency=["JPY" if pd.notna(one) else None for one in mrr],
        scored_at=pd.Timestamp(run.started_at),
        run_id=run.run_id,
    )
    parts = {name: (health - BASE) * share for name, share in zip(GROUPS, (0.6, 0.3, 0.1), strict=True)}
    groups = [
        key.assign(indicator_group=name, points=part, sub_score=(BASE + part).clip(0, 100))
        for name, part in parts.items()
    ]
    values = [
        json.dumps({name: one.get(name) for name in ("logins", "nps", "plan", "mrr")})
        for one in customers
    ]
    none = pd.DataFrame(columns=["source", "row_hash", "reason", "row_json"], dtype="str")
    return ScoreSlice(
        scores, pd.concat(groups), _drivers(key, parts, customers), key.assign(indicators=values), none
    )


def _drivers(
    key: pd.DataFrame, parts: Mapping[str, pd.Series], customers: Sequence[Any]
) -> pd.DataFrame:
    rows = []
    names = ("logins", "nps", "(all others)")
    for rank, (name, (group, points)) in enumerate(zip(names, parts.items(), strict=True), 1):
        others = name == "(all others)"
        rows.append(
            key.assign(
                rank=rank,
                indicator=name,
                indicator_group=name if others else group,
                value=None if others else [str(one.get(name)) for one in customers],
                typical_value=None if others else "5",
                contribution_points=points,
                direction=["raises" if one > 0 else "lowers" if one < 0 else "none" for one in points],
                reason_en=[f"{name.title()}: {one.get(name)}. Health −1 points" for one in customers],
                reason_ja=[f"{name}の値：{one.get(name)}。健全度 −1点" for one in customers],
            )
        )
    return pd.concat(rows, ignore_index=True)


Make = Callable[..., Workplace]


def _publish(workplace: Workplace, day: str, model: str, customers: Sequence[Mapping[str, Any]]) -> None:
    cutoff = pd.Timestamp(day, tz="Asia/Tokyo")
    started = workplace.clock()
    run = RunRecord(f"r-{day}-{model}", "score", cutoff, model, f"{day}{model}", len(customers), started)
    workplace.warehouse.start_run(run)
    workplace.warehouse.publish(run, slice_of(run, customers), workplace.clock())


@pytest.fixture(scope="session")
def by_hand(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Return what makes a project of scores: (day, model version, customers) after one another."""

    def make(*slices: tuple[str, str, Sequence[Mapping[str, Any]]], config: str = CONFIG) -> Workplace:
        from churnhealth.adapters.duckdb_warehouse import DuckDBWarehouse

        folder = tmp_path_factory.mktemp("by-hand")
        (folder / "churnhealth.toml").write_text(config, encoding="utf-8")
        workplace = _open(folder)
        warehouse = DuckDBWarehouse(folder / "warehouse.duckdb")
        warehouse.prepare()
        everybody = {one["customer_id"]: one for _, _, people in slices for one in people}
        known = [*everybody.values()] or [customer(0)]
        table = pd.DataFrame(known).drop(columns="health")
        warehouse.write_table("to_score", table)
        labels = table.assign(
            cutoff="2026-01-01", churned=[int(at % 10 == 0) for at in range(len(table))]
        )
        if labels["mrr"].notna().all():
            warehouse.write_table("panel", labels)
        for day, model, people in slices:
            _publish(workplace, day, model, people)
        return workplace

    return make


def _open(folder: Path) -> Workplace:
    from churnhealth.adapters.duckdb_warehouse import DuckDBWarehouse
    from churnhealth.jobs.settings import load_settings

    config = folder / "churnhealth.toml"
    warehouse = DuckDBWarehouse(folder / "warehouse.duckdb")
    return Workplace(load_settings(config), config, warehouse, _NoModels(), _Clock())


class _NoModels:
    """A registry without versions."""

    def describe(self) -> str:
        return "nothing"

    def versions(self) -> list[Any]:
        return []

    def champion(self) -> None:
        return None


class _Clock:
    def __init__(self) -> None:
        self.now = pd.Timestamp("2026-04-02", tz="UTC").to_pydatetime()

    def __call__(self) -> Any:
        self.now += pd.Timedelta(seconds=1)
        return self.now


MARCH = [customer(at, health=float((at * 11 + 20) % 100)) for at in range(150)]
APRIL = [customer(at) for at in range(10, 160)]
HOSTILE = [
    customer(900, company="<script>window.broken = 1</script>", health=3.0, mrr=9000.0),
    customer(901, company='=HYPERLINK("http://x")', csm="@evil", health=4.0, mrr=8000.0),
    customer(902, company="مؤسسة النور ‏💥", health=6.0, mrr=7000.0),
    customer(903, company="とても長い名前の株式会社" * 25, health=7.0, mrr=6000.0, plan=None),
    customer(904, company="</script><img src=x onerror=alert(1)>&amp;\u2028", health=8.0, mrr=None),
]


@pytest.fixture(scope="session")
def make_customer() -> Callable[..., dict[str, Any]]:
    """Return the maker of one customer."""
    return customer


@pytest.fixture(scope="session")
def hostile() -> list[dict[str, Any]]:
    """Customers whose names and owners are markup, formulas, right to left, or 300 characters long."""
    return HOSTILE


@pytest.fixture(scope="session")
def hand_config() -> str:
    """The configuration of projects made by hand."""
    return CONFIG


@pytest.fixture(scope="session")
def written(by_hand: Make) -> Path:
    """A page of 155 customers, some of them hostile; two cutoffs, ten customers without a new score."""
    workplace = by_hand(("2026-03-01", "m1", MARCH), ("2026-04-01", "m2", [*APRIL, *HOSTILE]))
    return write_report(workplace).path


def _chromium() -> str | None:
    named = os.environ.get("CHURNHEALTH_CHROMIUM")
    found = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    return named or next((one for one in found if one), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = _chromium()
    if path is None:
        pytest.skip("no Chromium found: install `chromium`, or name it in CHURNHEALTH_CHROMIUM")
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=arguments)
        yield running
        running.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Return what opens a file; at the end nothing may have been asked for, nor gone wrong."""
    contexts: list[BrowserContext] = []
    wrong: list[str] = []
    asked: list[str] = []

    def go(path: Path, **about: Any) -> Page:
        chosen = {"viewport": {"width": 1440, "height": 900}, "accept_downloads": True, **about}
        context = browser.new_context(**chosen)
        contexts.append(context)
        context.route("**/*", lambda route: (asked.append(route.request.url), route.continue_())[1])
        page = context.new_page()
        page.on("console", lambda message: wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(path.as_uri())
        return page

    yield go
    for context in contexts:
        context.close()
    assert wrong == []
    assert {one.partition(":")[0] for one in asked} <= {"file", "blob"}
    assert len([one for one in asked if one.startswith("file")]) == len(contexts)
