"""One small history per fault, with the number of faulty rows worked by hand."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd
import pytest

from churnhealth.adapters.duckdb_warehouse import DuckDBWarehouse
from churnhealth.domain.sources import History, Source
from churnhealth.features.check_columns import SourceChoices
from churnhealth.features.check_history import CheckChoices, check_history
from churnhealth.features.check_result import SourcesReport

END = dt.date(2026, 4, 1)


def utc(*texts: str | None) -> pd.Series:
    return pd.Series([pd.NaT if one is None else pd.Timestamp(one, tz="UTC") for one in texts])


def days(*texts: str | None) -> pd.Series:
    return pd.Series(
        [None if one is None else dt.date.fromisoformat(one) for one in texts], dtype=object
    )


def customers(**more: object) -> pd.DataFrame:
    return pd.DataFrame({"customer_id": ["A", "B", "C"], **more})


def contracts(**more: object) -> pd.DataFrame:
    """A and B from 2025; B ends on 1 July. C has no contract."""
    return pd.DataFrame(
        {
            "subscription_id": ["S1", "S2"],
            "customer_id": ["A", "B"],
            "start_date": days("2025-01-01", "2025-01-01"),
            "end_date": days(None, "2025-07-01"),
            "end_announced_at": utc(None, "2025-06-01"),
            **more,
        }
    )


def usage(*rows: tuple[str, str], **more: object) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_id": [row[0] for row in rows],
            "user_id": [f"u{number}" for number in range(len(rows))],
            "occurred_at": utc(*(row[1] for row in rows)),
            "feature": "report",
            **more,
        }
    )


@pytest.fixture
def checked(tmp_path: Path):
    """Check frames as tables of a DuckDB file."""

    def run(zone: str = "UTC", zones: dict | None = None, **tables) -> SourcesReport:
        choices = {key: tables.pop(key) for key in ("sources", "max_reject_rows") if key in tables}
        grace = tables.pop("grace_days", 0)
        mapped = tables.pop("columns", {})
        warehouse = DuckDBWarehouse(tmp_path / "w.duckdb")
        sources = {}
        for name, frame in tables.items():
            warehouse.write_table(name, frame)
            sources[name] = Source(name, name, mapped.get(name, {}), (zones or {}).get(name))
        how = CheckChoices(END, grace_days=grace, max_reject_share=1.0, **choices)
        return check_history(History(sources, zone), warehouse, how)

    return run


def only(report: SourcesReport, check: str, source: str = ""):
    (one,) = report.of(check, source)
    return one


def test_a_clean_history_has_no_faults(checked):
    report = checked(
        customers=customers(),
        subscriptions=contracts(),
        usage_events=usage(("A", "2026-03-31 23:59"), ("B", "2025-06-30 12:00")),
    )
    assert report.findings == ()
    assert report.passed
    assert list(report.sources["rejected"]) == [0, 0, 0]
    assert list(report.sources["rows"]) == [3, 2, 2]


def test_usage_outside_its_contract_is_counted_to_the_day(checked):
    events = [("A", "2024-12-31 23:59"), ("A", "2025-01-01 00:00"), ("B", "2025-06-30 23:59")]
    events += [("B", "2025-07-01 00:00"), ("B", "2025-07-14 12:00"), ("C", "2025-02-01 00:00")]
    tables = {"customers": customers(), "subscriptions": contracts(), "usage_events": usage(*events)}
    # Before A's start; B's end day and 13 days later; C without any contract.
    assert only(checked(**tables), "outside").rows == 4
    # With 14 days of grace B's two rows are inside: the end may still be followed by a successor.
    assert only(checked(grace_days=14, **tables), "outside").rows == 2


def test_a_day_of_use_is_a_day_of_the_projects_zone(checked):
    # 15:00 UTC is midnight of 1 January in Tokyo.
    events = usage(("A", "2024-12-31 15:00"), ("A", "2024-12-31 14:59"))
    report = checked(
        zone="Asia/Tokyo", customers=customers(), subscriptions=contracts(), usage_events=events
    )
    assert only(report, "outside").rows == 1


def test_the_newest_version_of_a_contract_counts(checked):
    # S1 was open until its end of 1 March was entered on 1 February.
    versions = pd.DataFrame(
        {
            "subscription_id": ["S1", "S1"],
            "customer_id": ["A", "A"],
            "start_date": days("2025-01-01", "2025-01-01"),
            "end_date": days(None, "2025-03-01"),
            "end_announced_at": utc(None, "2025-02-01"),
            "valid_from": utc("2025-01-01", "2025-02-01"),
            "valid_to": utc("2025-02-01", None),
        }
    )
    events = usage(("A", "2025-02-28 10:00"), ("A", "2025-03-01 10:00"))
    report = checked(customers=customers(), subscriptions=versions, usage_events=events)
    assert only(report, "outside").rows == 1


def test_orphans_and_missing_customers_are_told_apart(checked):
    events = usage(("A", "2025-02-01"), ("X", "2025-02-01"), ("A", "2025-02-02"))
    events.loc[2, "customer_id"] = None
    report = checked(customers=customers(), subscriptions=contracts(), usage_events=events)
    assert only(report, "orphan").rows == 1
    assert only(report, "missing").rows == 1
    assert report.of("outside") == ()
    assert int(report.sources.set_index("source")["rejected"]["usage_events"]) == 2


def test_dates_in_the_future_are_told_once(checked):
    events = usage(("A", "2026-04-01 00:00"), ("A", "2026-03-31 23:59"))
    events["recorded_at"] = utc("2026-03-31", "2026-03-31 23:59:30")
    report = checked(customers=customers(), subscriptions=contracts(), usage_events=events)
    assert only(report, "future").rows == 1
    assert report.of("order") == ()


def test_dates_out_of_order_are_faults(checked):
    wrong = contracts(
        end_date=days("2024-12-31", "2025-07-01"), end_announced_at=utc(*["2024-12-01"] * 2)
    )
    one = only(checked(customers=customers(), subscriptions=wrong), "order")
    assert (one.column, one.rows, one.told) == ("start_date", 1, "expected not after end_date")


def test_ranges_and_words_are_counted(checked):
    tickets = pd.DataFrame(
        {
            "ticket_id": ["1", "2", "3", "4"],
            "customer_id": "A",
            "opened_at": utc(*["2025-02-01"] * 4),
            "severity": ["low", "medium", None, "urgent"],
            "csat": [0.5, 5.0, None, 5.5],
            "csat_given_at": utc(*["2025-02-02"] * 4),
        }
    )
    report = checked(customers=customers(), subscriptions=contracts(), tickets=tickets)
    assert only(report, "words").rows == 1
    assert sorted(one.told for one in report.of("range")) == [
        "expected at least 1",
        "expected at most 5",
    ]
    # Row 1 is too low, row 2 has a foreign word, row 4 is too high.
    assert int(report.sources.set_index("source")["rejected"]["tickets"]) == 3


def test_a_value_without_its_date_is_a_warning_and_no_bad_row(checked):
    tickets = pd.DataFrame(
        {
            "ticket_id": ["1", "2"],
            "customer_id": "A",
            "opened_at": utc("2025-02-01", "2025-02-01"),
            "csat": [4.0, 5.0],
            "csat_given_at": utc("2025-02-02", None),
        }
    )
    report = checked(customers=customers(), subscriptions=contracts(), tickets=tickets)
    one = only(report, "undated")
    assert (one.column, one.rows, one.severity) == ("csat", 1, "warning")
    assert report.sources["rejected"].sum() == 0


def test_repeated_keys_count_each_row_too_many_once(checked):
    events = pd.concat([usage(("A", "2025-02-01"), ("X", "2025-02-01"))] * 3)
    report = checked(customers=customers(), subscriptions=contracts(), usage_events=events)
    assert only(report, "duplicate").rows == 4
    assert only(report, "orphan").rows == 3
    # Three orphans, and two of the three copies of A's row.
    assert int(report.sources.set_index("source")["rejected"]["usage_events"]) == 5
    reasons = report.rejects["reason"].value_counts()
    assert reasons["repeats the key of another row"] == 2
    assert reasons["customer_id: expected a row in customers"] == 3
    assert report.rejects["row_hash"].is_unique


def versions(*rows: tuple[str, str | None, str | None]) -> pd.DataFrame:
    """Versions of contracts of A: subscription, valid_from, valid_to."""
    return pd.DataFrame(
        {
            "subscription_id": [row[0] for row in rows],
            "customer_id": "A",
            "start_date": days(*["2025-01-01"] * len(rows)),
            "end_date": days(*[None] * len(rows)),
            "end_announced_at": utc(*[None] * len(rows)),
            "valid_from": utc(*(row[1] for row in rows)),
            "valid_to": utc(*(row[2] for row in rows)),
        }
    )


@pytest.mark.parametrize(
    ("rows", "overlapping"),
    [
        # Each ends when the next begins; other contracts may hold at the same time.
        ([("1", "2025-01-01", "2025-02-01"), ("1", "2025-02-01", None), ("2", "2025-01-15", None)], 0),
        # One second too long.
        ([("1", "2025-01-01", "2025-02-01 00:00:01"), ("1", "2025-02-01", None)], 1),
        # The first is still open: both later ones begin within it.
        ([("1", "2025-01-01", None), ("1", "2025-02-01", "2025-03-01"), ("1", "2025-04-01", None)], 2),
        # Without a valid_from it holds since always.
        ([("1", None, "2025-02-02"), ("1", "2025-02-01", None)], 1),
        # Of no length, so nothing can lie within it.
        ([("1", "2025-02-01", "2025-02-01"), ("1", "2025-01-01", None)], 0),
        # Two that begin together are a repeated key, not an overlap.
        ([("1", "2025-01-01", None), ("1", "2025-01-01", None)], 0),
    ],
)
def test_versions_of_one_contract_that_overlap_are_told_with_their_number(checked, rows, overlapping):
    report = checked(customers=customers(), subscriptions=versions(*rows))
    assert [one.rows for one in report.of("overlap")] == [overlapping] * bool(overlapping)


def test_overlapping_versions_are_a_fault_of_their_source_and_stay(checked):
    overlapping = [("1", "2025-01-01", None), ("1", "2025-02-01", None)]
    report = checked(customers=customers(), subscriptions=versions(*overlapping))
    one = only(report, "overlap", "subscriptions")
    assert (one.column, one.severity, one.share) == ("valid_from", "fault", 0.5)
    assert "expected versions of one subscription_id to follow each other" in one.told
    assert report.sources["rejected"].sum() == 0
    same = customers(valid_from=utc(*["2025-01-01"] * 3), valid_to=utc(None, None, None))
    twice = pd.concat([same, same.assign(valid_from=utc(*["2025-02-01"] * 3))], ignore_index=True)
    report = checked(customers=twice, subscriptions=contracts())
    assert only(report, "overlap", "customers").rows == 3
    # Nobody says until when a version holds: nothing to look for.
    assert (
        checked(customers=twice.drop(columns="valid_to"), subscriptions=contracts()).of("overlap") == ()
    )


def test_an_own_key_is_looked_at_instead(checked):
    events = usage(("A", "2025-02-01"), ("A", "2025-02-01"), event=["e1", "e1"])
    tables = {"customers": customers(), "subscriptions": contracts(), "usage_events": events}
    assert checked(**tables).of("duplicate") == ()
    report = checked(sources={"usage_events": SourceChoices(key=("event",))}, **tables)
    assert only(report, "duplicate").rows == 1


def test_without_a_column_of_the_key_nothing_is_called_a_repetition(checked):
    events = pd.concat([usage(("A", "2025-02-01")).drop(columns="user_id")] * 2)
    one = only(
        checked(customers=customers(), subscriptions=contracts(), usage_events=events), "duplicate"
    )
    assert one.severity == "note"
    assert "user_id" in one.told


def test_overwritten_columns_without_dates_are_kept_out_with_a_warning(checked):
    report = checked(customers=customers(segment="small"), subscriptions=contracts(plan="Pro"))
    assert [one.source for one in report.of("mutable")] == ["customers", "subscriptions"]
    assert "'segment'" in only(report, "mutable", "customers").told
    dated = contracts(plan="Pro", valid_from=utc("2025-01-01", "2025-01-01"))
    assert checked(customers=customers(), subscriptions=dated).of("mutable") == ()


def test_an_end_without_its_announcement_is_warned_of(checked):
    report = checked(customers=customers(), subscriptions=contracts().drop(columns="end_announced_at"))
    assert only(report, "mutable").column == "end_date"


def test_a_customer_as_number_here_and_text_there_is_warned_of(checked):
    listed = pd.DataFrame({"customer_id": [1, 2]})
    events = usage(("1", "2025-02-01"), ("02", "2025-02-01"))
    own = contracts(customer_id=["1", "2"])
    report = checked(customers=listed, subscriptions=own, usage_events=events)
    assert [one.source for one in report.of("identity")] == ["subscriptions", "usage_events"]
    # '1' meets 1; '02' does not meet 2.
    assert only(report, "orphan").rows == 1


def test_two_currencies_are_a_fault_with_counts(checked):
    money = {"mrr": [100.0, 9.0], "valid_from": utc("2025-01-01", "2025-01-01")}
    report = checked(customers=customers(), subscriptions=contracts(currency=["JPY", "USD"], **money))
    one = only(report, "currency")
    assert (one.severity, one.rows) == ("fault", 1)
    assert "'" not in one.told
    assert "JPY (1 rows), USD (1 rows)" in one.told
    without = checked(customers=customers(), subscriptions=contracts(**money))
    assert only(without, "currency").severity == "warning"


def test_a_flag_that_contradicts_dates_is_told(checked):
    own = contracts(left=[True, False])
    # S1: flag without a date. S2: ended last July, flag says it has not.
    report = checked(
        customers=customers(),
        subscriptions=own,
        sources={"subscriptions": SourceChoices(churned="left")},
    )
    assert [(one.rows, one.severity) for one in report.of("contradiction")] == [(1, "fault")] * 2
    assert report.sources["rejected"].sum() == 0


def test_a_customers_flag_and_churn_date_are_held_against_its_contracts(checked):
    # A: flagged, but in force. B: over, but not flagged. A's churn date of last year: still in force.
    listed = customers(gone=[True, False, True], churned_on=days("2025-12-01", None, None))
    report = checked(
        customers=listed,
        subscriptions=contracts(),
        sources={"customers": SourceChoices(churned="gone")},
    )
    told = {one.told: one.rows for one in report.of("contradiction")}
    assert told == {
        "gone says churned, but a contract is in force when the data end": 1,
        "gone says not churned, but every contract is over": 1,
        "churned on a day after which a contract is in force": 1,
        "gone says churned, but there is no date": 1,
    }


def test_day_month_year_text_blocks_and_is_read_all_the_same(checked):
    events = usage(("A", "2025-02-01"), ("A", "2025-02-01")).assign(
        occurred_at=["13-02-2025", "13-02-2024"]
    )
    report = checked(customers=customers(), subscriptions=contracts(), usage_events=events)
    one = only(report, "text_date")
    assert (one.column, one.severity, one.rows) == ("occurred_at", "blocking", 2)
    assert "day-month-year" in one.told
    # Read as 13 February: the one of 2024 lies before the contract.
    assert only(report, "outside").rows == 1
    assert not report.passed


def test_text_that_is_no_number_blocks(checked):
    report = checked(
        customers=customers(),
        subscriptions=contracts(mrr=["100", "n/a"], currency="JPY", valid_from=utc(*["2025-01-01"] * 2)),
    )
    one = only(report, "type")
    assert (one.column, one.rows, one.severity) == ("mrr", 1, "blocking")


def test_a_column_of_a_type_that_cannot_be_read_blocks(checked):
    one = only(checked(customers=customers(created_at=[1, 2, 3]), subscriptions=contracts()), "type")
    assert (one.source, one.column, one.severity) == ("customers", "created_at", "blocking")


def test_absent_tables_and_columns_block_with_what_is_there(checked):
    report = checked(
        customers=customers(),
        subscriptions=contracts().drop(columns="start_date"),
        columns={"customers": {"customer_id": "custmer_id"}},
    )
    told = " ".join(one.told for one in report.of("column"))
    assert "no column 'custmer_id' for 'customer_id' (did you mean 'customer_id'?)" in told
    assert "expected a column 'start_date'" in told
    assert not report.passed


def test_a_history_without_a_source_of_churn_blocks(checked):
    assert "a source of churn" in only(checked(customers=customers()), "source").told
    assert checked(customers=customers(churned_on=days(None, None, "2025-01-01"))).passed


def test_a_table_that_is_not_there_blocks_and_the_others_are_checked(tmp_path):
    warehouse = DuckDBWarehouse(tmp_path / "w.duckdb")
    warehouse.write_table("accounts", customers())
    sources = {
        "customers": Source("customers", "accounts", {}),
        "subscriptions": Source("subscriptions", "acounts", {}),
    }
    report = check_history(History(sources, "UTC"), warehouse, CheckChoices(END))
    assert "cannot be read" in only(report, "source").told
    assert list(report.sources["source"]) == ["customers"]


def test_a_clock_without_a_zone_is_noted_and_can_be_told(checked):
    events = usage(("A", "2024-12-31 15:00"))
    events["occurred_at"] = events["occurred_at"].dt.tz_localize(None)
    tables = {"customers": customers(), "subscriptions": contracts(), "usage_events": events}
    report = checked(zone="Asia/Tokyo", **tables)
    # Read as Tokyo's clock it is the day before the contract; as UTC it is its first day.
    assert "Asia/Tokyo" in only(report, "zone").told
    assert only(report, "outside").rows == 1
    assert checked(zone="Asia/Tokyo", zones={"usage_events": "UTC"}, **tables).of("outside") == ()


def test_coverage_counts_rows_and_customers_by_local_month(checked):
    events = usage(
        ("A", "2025-01-31 15:00"), ("A", "2025-02-10"), ("B", "2025-02-10"), ("A", "2026-09-01")
    )
    report = checked(
        zone="Asia/Tokyo", customers=customers(), subscriptions=contracts(), usage_events=events
    )
    rows = report.coverage[report.coverage["source"] == "usage_events"]
    # What is dated after the end of the data is no coverage.
    assert rows.to_dict("records") == [
        {"source": "usage_events", "month": pd.Timestamp("2025-02-01"), "rows": 3, "customers": 2}
    ]


def test_columns_tell_how_much_of_them_is_filled(checked):
    report = checked(customers=customers(name=["x", None, None]), subscriptions=contracts())
    filled = report.columns.set_index(["source", "column"])["filled"]
    assert filled["customers", "name"] == pytest.approx(1 / 3)
    assert filled["subscriptions", "end_date"] == 0.5


def test_few_bad_rows_are_kept_and_all_are_counted(checked):
    events = usage(*[("X", f"2025-02-{day:02d}") for day in range(1, 21)])
    report = checked(
        customers=customers(), subscriptions=contracts(), usage_events=events, max_reject_rows=5
    )
    assert only(report, "orphan").rows == 20
    assert len(report.rejects) == 5
    assert '"customer_id": "X"' in report.rejects["row_json"].iloc[0]


def test_too_large_a_share_of_bad_rows_blocks(tmp_path):
    warehouse = DuckDBWarehouse(tmp_path / "w.duckdb")
    warehouse.write_table("customers", customers())
    warehouse.write_table("subscriptions", contracts())
    warehouse.write_table("usage_events", usage(*[("A", "2025-02-01")] * 3, ("X", "2025-02-01")))
    names = ("customers", "subscriptions", "usage_events")
    history = History({name: Source(name, name, {}) for name in names}, "UTC")
    # One of four rows is an orphan.
    assert check_history(history, warehouse, CheckChoices(END, max_reject_share=0.25)).passed
    report = check_history(history, warehouse, CheckChoices(END, max_reject_share=0.24))
    assert not report.passed
    assert only(report, "share").rows == 1


def test_everything_is_told_in_plain_values(checked):
    told = checked(customers=customers(segment="s"), subscriptions=contracts()).to_dict()
    assert told["passed"] is True
    assert told["findings"][0]["check"] == "mutable"
    assert told["coverage"][0]["month"] == "2025-01-01"
