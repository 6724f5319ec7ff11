"""Local days, zones and identities of the sources, each worked out by hand."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from churnhealth.domain.catalogue import DeclaredIndicator
from churnhealth.domain.indicators import Indicator
from churnhealth.domain.measures import Measure
from churnhealth.domain.sources import History, Source
from churnhealth.errors import ConfigError, SchemaError
from churnhealth.features.matrix import indicator_matrix

ASKED = "SELECT 'a' AS customer_id, c.cutoff FROM cutoffs AS c"


def declare(name: str, *args, **more) -> DeclaredIndicator:
    return DeclaredIndicator(Indicator(name), Measure(*args, **more))


WEEK = declare("week", "usage_events", "count", 7)
LAST_DAY = declare("day", "usage_events", "count", 1)
DAYS = declare("days", "usage_events", "distinct_days", 7)
SINCE = declare("since", "usage_events", "recency")


def uses(*instants: str, customer: object = "a") -> pd.DataFrame:
    when = pd.to_datetime(list(instants), utc=True, format="ISO8601").as_unit("us")
    return pd.DataFrame({"customer_id": [customer] * len(instants), "occurred_at": when})


@pytest.fixture
def row(open_runner, history_of):
    def compute(tables, zone, cutoff, *declared, own=None):
        history = history_of(tables, zone, own)
        matrix = indicator_matrix(open_runner(tables), history, declared, ASKED, [cutoff])
        assert len(matrix) == 1
        return matrix.iloc[0]

    return compute


def test_a_day_with_23_hours_is_one_day_in_new_york(row):
    # On 2025-03-09 the clocks go from 02:00 to 03:00; the next midnight is 04:00 UTC.
    table = uses(
        "2025-03-03 04:59:59.999999",  # 23:59 on the 2nd: 8 days old
        "2025-03-03 05:00:00",  # midnight of the 3rd: 7 days old
        "2025-03-10 03:59:59.999999",  # the last microsecond of the 9th
        "2025-03-10 04:00:00",  # the cutoff itself
    )
    found = row({"usage_events": table}, "America/New_York", dt.date(2025, 3, 10), WEEK, LAST_DAY, SINCE)
    assert (found["week"], found["day"], found["since"]) == (2, 1, 1)
    assert found["cutoff"] == pd.Timestamp("2025-03-10 04:00", tz="UTC")


def test_a_day_with_25_hours_is_one_day_in_new_york(row):
    # On 2025-11-02 the clocks go back; the day lasts from 04:00 UTC to 05:00 UTC of the next.
    table = uses("2025-11-02 03:59:59", "2025-11-02 04:00:00", "2025-11-03 04:59:59", "2025-11-03 05:00")
    found = row({"usage_events": table}, "America/New_York", dt.date(2025, 11, 3), WEEK, LAST_DAY, DAYS)
    assert (found["week"], found["day"], found["days"]) == (3, 2, 2)


def test_a_tokyo_day_begins_at_15_00_utc(row):
    table = uses("2025-03-31 14:59:59", "2025-03-30 15:00:00", "2025-03-30 14:59:59", "2025-03-31 15:00")
    found = row({"usage_events": table}, "Asia/Tokyo", dt.date(2025, 4, 1), WEEK, LAST_DAY, SINCE)
    assert (found["week"], found["day"], found["since"]) == (3, 2, 1)
    assert found["cutoff"] == pd.Timestamp("2025-03-31 15:00", tz="UTC")


def test_elapsed_hours_do_not_count_the_hour_of_the_clocks(row):
    # 01:30 EST to 03:30 EDT on 2025-03-09 is one hour.
    ticket = pd.DataFrame(
        {
            "ticket_id": ["t"],
            "customer_id": ["a"],
            "opened_at": pd.to_datetime(["2025-03-09 06:30"], utc=True),
            "resolved_at": pd.to_datetime(["2025-03-09 07:30"], utc=True),
        }
    )
    hours = declare("hours", "tickets", "hours", 7, date="resolved_at")
    found = row({"tickets": ticket}, "America/New_York", dt.date(2025, 3, 10), hours)
    assert found["hours"] == 1.0


def test_a_source_with_clocks_of_its_own_is_moved_to_the_project_s_zone(row):
    # 08:30 in Tokyo on the 2nd is 18:30 in New York on the 1st.
    naive = uses("2025-02-02 08:30").assign(occurred_at=lambda t: t["occurred_at"].dt.tz_localize(None))
    there = row(
        {"usage_events": naive}, "America/New_York", dt.date(2025, 2, 2), SINCE, own="Asia/Tokyo"
    )
    here = row({"usage_events": naive}, "America/New_York", dt.date(2025, 2, 3), SINCE)
    assert (there["since"], here["since"]) == (1, 1)


def test_a_date_is_a_local_date_whatever_the_zone_of_the_source(row):
    day = uses("2025-02-01").assign(occurred_at=[dt.date(2025, 2, 1)])
    found = row({"usage_events": day}, "America/New_York", dt.date(2025, 2, 2), SINCE, own="Asia/Tokyo")
    assert found["since"] == 1


def test_a_number_meets_the_text_that_writes_it(open_runner, history_of):
    tables = {"usage_events": pd.concat([uses("2025-01-01", customer=7.0)] * 2)}
    asked = ASKED.replace("'a'", "'7'")
    matrix = indicator_matrix(
        open_runner(tables), history_of(tables, "UTC"), [WEEK], asked, [dt.date(2025, 1, 2)]
    )
    assert matrix["week"].tolist() == [2.0]


def test_columns_and_tables_of_any_name_are_read(open_runner):
    tables = {'us"age': uses("2025-01-01").set_axis(["account id", "select"], axis=1)}
    columns = {"customer_id": "account id", "occurred_at": "select"}
    history = History({"usage_events": Source("usage_events", 'us"age', columns)}, "UTC")
    matrix = indicator_matrix(open_runner(tables), history, [WEEK], ASKED, [dt.date(2025, 1, 2)])
    assert matrix["week"].tolist() == [1.0]


def test_a_customer_without_any_row_has_counts_of_zero_and_no_recency(row):
    found = row(
        {"usage_events": uses("2025-01-01", customer="b")}, "UTC", dt.date(2025, 1, 2), WEEK, SINCE
    )
    assert found["week"] == 0
    assert pd.isna(found["since"])


def test_an_absent_source_or_column_leaves_indicators_out_and_says_so(open_runner, history_of):
    tables = {"usage_events": uses("2025-01-01")}
    people = declare("people", "usage_events", "distinct", 7, "user_id")
    mails = declare("mails", "touches", "count", 7)
    matrix = indicator_matrix(
        open_runner(tables),
        history_of(tables, "UTC"),
        [people, WEEK, mails],
        ASKED,
        [dt.date(2025, 1, 2)],
    )
    assert list(matrix) == ["customer_id", "cutoff", "week"]
    assert matrix.attrs["notes"] == [
        "indicator 'people' left out: 'usage_events' has no column user_id",
        "indicator 'mails' left out: there is no source for 'touches'",
    ]


def test_a_history_that_gives_no_indicator_is_an_error(open_runner, history_of):
    tables = {"usage_events": uses("2025-01-01")}
    mails = declare("mails", "touches", "count", 7)
    with pytest.raises(ConfigError, match="at least one indicator\nindicator 'mails' left out"):
        indicator_matrix(
            open_runner(tables), history_of(tables, "UTC"), [mails], ASKED, [dt.date(2025, 1, 2)]
        )


def test_a_column_that_does_not_exist_is_an_error_that_names_the_nearest(open_runner):
    source = Source(
        "usage_events", "usage_events", {"customer_id": "customer", "occurred_at": "occured_at"}
    )
    history = History({"usage_events": source}, "UTC")
    with pytest.raises(SchemaError, match="did you mean 'occurred_at'") as caught:
        indicator_matrix(
            open_runner({"usage_events": uses("2025-01-01")}),
            history,
            [WEEK],
            ASKED,
            [dt.date(2025, 1, 2)],
        )
    assert len(caught.value.faults) == 2


def test_rows_without_a_customer_are_not_read(row):
    table = pd.concat([uses("2025-01-01"), uses("2025-01-01", customer=None)], ignore_index=True)
    assert row({"usage_events": table}, "UTC", dt.date(2025, 1, 2), WEEK)["week"] == 1
