"""The day behind a driver, on a small history with known breaks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churnhealth.errors import ConfigError, LeakageError, SchemaError
from churnhealth.explain.change_day import day_of_change
from churnhealth.jobs.card_day import card_day, card_days, indicator_series
from churnhealth.jobs.wiring import Workplace

CONFIG = """
[project]
name = "breaks"
timezone = "Asia/Tokyo"

[cutoffs]
every = "month"
data_end = 2026-07-01

[sources.customers]
file = "customers.parquet"

[sources.subscriptions]
file = "subscriptions.parquet"

[sources.usage_events]
file = "usage_events.parquet"

[sources.touches]
file = "touches.parquet"

[indicators.last_export]
group = "usage"
label_en = "last export"
label_ja = "最終エクスポート"
table = "usage_events"
kind = "recency"
where = { feature = ["export"] }
"""
END = dt.date(2026, 7, 1)
BREAK = dt.date(2026, 5, 20)
DAYS = pd.date_range("2026-01-01", "2026-06-30")


def events(customer: str, per_day: np.ndarray, hour: int = 9) -> pd.DataFrame:
    days = DAYS.repeat(per_day) + pd.Timedelta(hour, "h")
    rows = np.arange(len(days))
    return pd.DataFrame({"customer_id": customer, "occurred_at": days, "row": rows})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """C1: eight events a day by four users until the break, then two by one; C2: three a day, always."""
    folder = tmp_path_factory.mktemp("breaks")
    fell = np.where(DAYS.date < BREAK, 8, 2)
    usage = pd.concat([events("C1", fell), events("C2", np.full(len(DAYS), 3))])
    many = (usage["occurred_at"].dt.date < BREAK) & (usage["customer_id"] == "C1")
    usage["user_id"] = "u" + (usage["row"] % np.where(many, 4, 1)).astype(str)
    usage["feature"] = np.where(usage["row"] % 2, "export", "report")
    met = events("C1", np.where(DAYS.date < BREAK, DAYS.day_of_week == 1, 0))
    met = pd.concat([met.assign(participant_id="p1"), met.assign(participant_id="p2")])
    met["touch_id"] = "t" + met["row"].astype(str)
    ids = pd.DataFrame({"customer_id": ["C1", "C2"]})
    start = pd.Timestamp("2025-01-01")
    ids.assign(signed_up_at=start).to_parquet(folder / "customers.parquet")
    contract = {"subscription_id": ["s1", "s2"], "start_date": start, "plan": "Pro", "mrr": 1.0}
    ids.assign(**contract, seats=9, end_date=pd.NaT).to_parquet(folder / "subscriptions.parquet")
    usage.drop(columns="row").to_parquet(folder / "usage_events.parquet")
    met.drop(columns="row").to_parquet(folder / "touches.parquet")
    (folder / "churnhealth.toml").write_text(CONFIG)
    return folder


@pytest.fixture
def project(folder: Path, open_project: Callable[[Path], Workplace]) -> Workplace:
    return open_project(folder)


def test_the_day_of_a_known_break_is_found_and_told(project: Workplace) -> None:
    found = card_day(project, "C1", END, ["plan", "usage_ratio_28d"])
    assert (found.indicator, found.day, found.every) == ("usage_ratio_28d", BREAK, "week")
    # Eight and two a day.
    assert (found.before, found.after) == (56.0, 14.0)
    assert found.sentence("en") == "From 2026-05-20 on, usage events fell: 56 → 14 a week"
    assert found.sentence("ja") == "2026年5月20日から、利用回数が減少：週あたり56回→14回"
    assert found.to_dict()["day"] == "2026-05-20"


def test_different_users_do_not_add_up_to_a_week(project: Workplace) -> None:
    found = card_day(project, "C1", END, ["usage_seats_share_28d"])
    assert found.sentence("en") == "From 2026-05-20 on, active users fell: 4 → 1 a day on average"
    assert found.sentence("ja") == "2026年5月20日から、利用ユーザー数が減少：1日平均4人→1人"


def test_contacts_of_several_people_count_once_and_rare_ones_in_thirty_days(project: Workplace) -> None:
    # One contact a week with two people, then none; the first contact, on 6 January, begins the series.
    found = card_day(project, "C1", END, ["touch_recency_days"])
    assert found.sentence("en").endswith("contacts fell: 1 → 0 a week")
    assert found.indicator == "touch_recency_days"


def test_where_nothing_counts_the_rows_the_words_are_those_of_the_driver(project: Workplace) -> None:
    found = card_day(project, "C1", END, ["last_export"])
    assert found.sentence("en").startswith('From 2026-05-20 on, counts behind "last export" fell')
    assert "「最終エクスポート」のもとになる件数が減少：週あたり28→7" in found.sentence("ja")


def test_without_a_break_or_a_counted_driver_there_is_no_day(project: Workplace) -> None:
    assert card_day(project, "C2", END, ["usage_events_28d", "usage_users_28d"]) is None
    assert card_day(project, "C1", END, ["plan", "nps_last:missing", "gone"]) is None


def test_the_first_driver_with_a_break_is_told(project: Workplace) -> None:
    # The month before the break knows nothing of it.
    assert card_day(project, "C1", dt.date(2026, 5, 1), ["usage_events_28d"]) is None
    drivers = ["usage_quantity_28d:missing", "usage_users_28d", "usage_events_28d"]
    assert card_day(project, "C1", END, drivers).indicator == "usage_users_28d"


def test_several_customers_are_told_what_each_is_told_alone(project: Workplace) -> None:
    drivers = {
        "C1": ["plan", "usage_ratio_28d"],
        "C2": ["usage_events_28d", "touch_recency_days"],
        "C9": ["usage_events_28d"],
    }
    found = card_days(project, END, drivers)
    assert found == {"C1": card_day(project, "C1", END, drivers["C1"])}
    assert card_days(project, END, {}) == card_days(project, END, {"C1": ["plan"]}) == {}


def test_a_series_is_had_by_name_for_notebooks(project: Workplace) -> None:
    series = indicator_series(project, "C1", "usage_trend_90d")
    # The 180 days before 1 July: 138 before the break, 42 since.
    assert series.sum() == 8 * 138 + 2 * 42
    assert day_of_change(series).day == BREAK
    short = indicator_series(project, "C1", "usage_events_28d", cutoff=dt.date(2026, 2, 1), days=10)
    assert (len(short), short.index[-1]) == (10, pd.Timestamp("2026-01-31"))


def test_what_has_no_series_is_said(project: Workplace, workplace: Workplace) -> None:
    with pytest.raises(ConfigError, match=r"'usage_event_28d' \(did you mean 'usage_events_28d'"):
        indicator_series(project, "C1", "usage_event_28d")
    with pytest.raises(ConfigError, match="'plan': no day has a count of its own"):
        indicator_series(project, "C1", "plan")
    with pytest.raises(ConfigError, match=r"a \[panel\] has no daily series"):
        indicator_series(workplace, "C0000", "logins")
    with pytest.raises(LeakageError):
        indicator_series(project, "C1", "usage_events_28d", cutoff=dt.date(2027, 1, 1))
    with pytest.raises(SchemaError, match="no customer 'C9'"):
        indicator_series(project, "C9", "usage_events_28d")
    assert card_day(workplace, "N0000", END, ["logins"]) is None
