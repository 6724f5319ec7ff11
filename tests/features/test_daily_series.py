from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from churnhealth.adapters.postgres_warehouse import PostgresWarehouse
from churnhealth.domain.catalogue import BUILT_IN
from churnhealth.domain.measures import Measure
from churnhealth.errors import ConfigError, SchemaError
from churnhealth.features.daily_series import (
    adds_up,
    counted_by,
    daily_series,
    has_daily_series,
    is_count,
)

CUTOFF = dt.date(2026, 4, 1)
CUSTOMERS = pd.DataFrame({"customer_id": ["C1", "C2"]})


def at(*moments: str) -> pd.DatetimeIndex:
    return pd.DatetimeIndex([pd.Timestamp(one, tz="Asia/Tokyo") for one in moments])


def touches() -> pd.DataFrame:
    """Return one mail to two people on the 20th, a meeting on the 22nd, and what is not known yet."""
    return pd.DataFrame(
        {
            "touch_id": ["t1", "t1", "t2", "t3", "t4", "t5"],
            "customer_id": ["C1", "C1", "C1", "C1", "C1", "C9"],
            "occurred_at": at(
                "2026-03-20 09:00", "2026-03-20 09:00", "2026-03-22 23:30",
                "2026-03-30 12:00", "2026-04-01 00:00", "2026-03-30 12:00",
            ),
            "channel": ["mail", "mail", "meeting", "mail", "mail", "mail"],
            "participant_id": ["p1", "p2", "p1", "p1", "p1", "p1"],
            # The contact of the 30th was entered at the cutoff: then nobody knew of it.
            "recorded_at": at(
                "2026-03-20 10:00", "2026-03-20 10:00", "2026-03-23 09:00",
                "2026-04-01 00:00", "2026-04-01 10:00", "2026-03-30 13:00",
            ),
        }
    )  # fmt: skip


@pytest.fixture
def ask(open_runner, history_of):
    tables = {"customers": CUSTOMERS, "touches": touches()}
    runner, history = open_runner(tables), history_of(tables, "Asia/Tokyo")

    def asked(measure: Measure, customer: str = "C1", **more) -> pd.Series:
        return daily_series(runner, history, measure, customer, CUTOFF, **more)

    return asked


def test_every_day_from_the_first_row_to_the_cutoff_is_there(ask) -> None:
    series = ask(Measure("touches", "count", 28))
    assert (str(series.index[0].date()), str(series.index[-1].date())) == ("2026-03-20", "2026-03-31")
    assert len(series) == 12
    assert series[series > 0].to_dict() == {
        pd.Timestamp("2026-03-20"): 2.0,
        pd.Timestamp("2026-03-22"): 1.0,
    }


def test_different_values_count_once_a_day(ask) -> None:
    series = ask(Measure("touches", "distinct", 28, "touch_id"))
    assert series.sum() == 2.0


def test_a_condition_counts_only_its_rows_and_keeps_the_days(ask) -> None:
    series = ask(Measure("touches", "distinct", 90, "touch_id", where=(("channel", ("meeting",)),)))
    assert len(series) == 12
    assert series[series > 0].index.tolist() == [pd.Timestamp("2026-03-22")]


def test_a_long_history_is_cut_at_the_days_asked_for(ask) -> None:
    series = ask(Measure("touches", "count", 28), days=11)
    assert len(series) == 11
    assert series.sum() == 1.0  # the 20th lies 12 days back


def test_a_known_customer_without_rows_has_an_empty_series(ask) -> None:
    assert ask(Measure("touches", "count", 28), "C2").empty


def test_an_unknown_customer_is_told_with_the_nearest(ask) -> None:
    with pytest.raises(SchemaError, match=r"no customer 'C11' \(did you mean 'C1'\?\); 3 are known"):
        ask(Measure("touches", "count", 28), "C11")


def test_hostile_ids_are_only_ids(ask) -> None:
    with pytest.raises(SchemaError, match="no customer"):
        ask(Measure("touches", "count", 28), "C1' OR '1'='1")


def test_a_sum_adds_up_a_column(open_runner, history_of) -> None:
    usage = pd.DataFrame(
        {
            "customer_id": ["C1"] * 3,
            "occurred_at": at("2026-03-29 10:00", "2026-03-29 11:00", "2026-03-31 10:00"),
            "quantity": [2.0, None, 5.0],
        }
    )
    tables = {"usage_events": usage}
    series = daily_series(
        open_runner(tables),
        history_of(tables, "Asia/Tokyo"),
        Measure("usage_events", "sum", 28, "quantity"),
        "C1",
        CUTOFF,
    )
    assert series.tolist() == [2.0, 0.0, 5.0]


def test_a_day_begins_at_midnight_of_the_projects_zone(open_runner, history_of) -> None:
    usage = pd.DataFrame(
        {
            "customer_id": ["C1", "C1"],
            # In Tokyo the second is the 30th, and an hour after midnight.
            "occurred_at": pd.to_datetime(["2026-03-29T10:00Z", "2026-03-29T16:00Z"]),
        }
    )
    tables = {"usage_events": usage}
    series = daily_series(
        open_runner(tables),
        history_of(tables, "Asia/Tokyo"),
        Measure("usage_events", "count", 28),
        "C1",
        CUTOFF,
    )
    assert series.tolist() == [1.0, 1.0, 0.0]


def test_each_day_holds_the_rows_that_were_known_of_it(world, open_runner, history_of) -> None:
    zone, cutoff = "America/New_York", dt.date(2025, 6, 1)
    usage = world.tables["usage_events"]
    local, end = usage["occurred_at"].dt.tz_convert(zone), pd.Timestamp(cutoff, tz=zone)
    known = usage[(local < end) & ~(usage["recorded_at"] >= end)].assign(day=local.dt.date)
    recent = known[known["day"] >= cutoff - dt.timedelta(180)]
    runner = open_runner({"usage_events": usage})
    history = history_of({"usage_events": usage}, zone)
    measure = Measure("usage_events", "count", 28)
    for customer, mine in list(recent.groupby("customer_id"))[:4]:
        series = daily_series(runner, history, measure, str(customer), cutoff)
        told = series[series > 0].astype(int)
        counted = mine["day"].value_counts().to_dict()
        assert dict(zip(told.index.date, told, strict=True)) == counted


def test_postgresql_gives_the_same(ask, history_of, new_postgres_database) -> None:
    tables = {"customers": CUSTOMERS, "touches": touches()}
    warehouse = PostgresWarehouse(new_postgres_database())
    for name, frame in tables.items():
        warehouse.write_table(name, frame)
    history = history_of(tables, "Asia/Tokyo")
    for measure in (
        Measure("touches", "count", 28),
        Measure("touches", "distinct", 90, "touch_id", where=(("channel", ("mail",)),)),
    ):
        got = daily_series(warehouse, history, measure, "C1", CUTOFF)
        pd.testing.assert_series_equal(got, ask(measure))
    assert daily_series(warehouse, history, measure, "C2", CUTOFF).empty


def test_of_the_built_in_indicators_those_that_count_days_have_a_series() -> None:
    with_series = [one.name for one in BUILT_IN if has_daily_series(one.measure)]
    assert "usage_events_28d" in with_series
    assert "touch_meetings_90d" in with_series
    assert "tickets_90d" in with_series
    assert "mrr" not in with_series
    assert "nps_last" not in with_series
    assert "ticket_csat_90d" not in with_series


def test_every_built_in_series_runs(open_runner, history_of) -> None:
    usage = pd.DataFrame(
        {
            "customer_id": ["C1"],
            "occurred_at": at("2026-03-29 10:00"),
            "user_id": ["u1"],
            "feature": ["f1"],
            "quantity": [3.0],
        }
    )
    tables = {"usage_events": usage}
    runner, history = open_runner(tables), history_of(tables, "Asia/Tokyo")
    measures = [
        one.measure
        for one in BUILT_IN
        if has_daily_series(one.measure) and one.measure.table == "usage_events"
    ]
    totals = {
        measure.kind: daily_series(runner, history, measure, "C1", CUTOFF).sum() for measure in measures
    }
    assert totals.pop("sum") == 3.0
    assert set(totals.values()) == {1.0}


def test_a_measure_without_days_is_refused(ask) -> None:
    with pytest.raises(ConfigError, match="which have a count per day"):
        ask(Measure("surveys", "any", 90))


def test_no_days_are_refused(ask) -> None:
    with pytest.raises(ConfigError, match="expected 1 day or more, got 0"):
        ask(Measure("touches", "count", 28), days=0)


def test_behind_every_built_in_indicator_of_events_stands_a_count_of_the_same_rows() -> None:
    told = 0
    for one in BUILT_IN:
        found = counted_by(one, BUILT_IN)
        assert (found is None) != has_daily_series(one.measure)
        if found is None:
            continue
        told += 1
        indicator, measure = found
        # Only contacts with management have no count of their own of the same rows.
        assert is_count(measure) or indicator is one.indicator
        assert (measure.table, measure.where) == (one.measure.table, one.measure.where)
    assert told > 30


def test_a_contact_with_two_people_adds_up_once(ask) -> None:
    contacts, people = (
        Measure("touches", "distinct", 28, column) for column in ("touch_id", "participant_id")
    )
    assert (adds_up(contacts), adds_up(people)) == (True, False)
    # One mail to two people, and a meeting.
    assert (ask(contacts).sum(), ask(people).sum()) == (2.0, 3.0)
