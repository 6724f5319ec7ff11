from __future__ import annotations

import pytest

from churnhealth.domain.history import HISTORY, require_tables
from churnhealth.domain.history_contract import HistoryColumn, HistoryTable
from churnhealth.errors import ConfigError, SchemaError

ALL = [pytest.param(table, id=name) for name, table in HISTORY.items()]


def test_the_tables_are_those_of_a_customers_history() -> None:
    assert list(HISTORY) == [
        "customers",
        "subscriptions",
        "usage_events",
        "touches",
        "tickets",
        "surveys",
        "milestones",
        "actions",
    ]


@pytest.mark.parametrize("table", ALL)
def test_every_table_names_its_customer_and_describes_every_column(table: HistoryTable) -> None:
    assert table.column("customer_id").obligatory
    assert not table.column("customer_id").nullable
    assert table.description
    assert all(column.description for column in table.columns)
    assert len(set(table.names)) == len(table.names)


@pytest.mark.parametrize("table", ALL)
def test_every_fact_date_dates_itself_and_every_measure_has_a_unit(table: HistoryTable) -> None:
    assert all(column.dated_by == column.name for column in table.with_role("fact_date"))
    numbers = [column for column in table.columns if column.kind in {"double", "integer"}]
    assert all(column.unit for column in numbers)


@pytest.mark.parametrize("table", ALL)
def test_only_tables_with_versions_have_undated_columns_that_change(table: HistoryTable) -> None:
    if any(column.mutable for column in table.columns):
        assert table.with_role("valid_from")


@pytest.mark.parametrize("table", ALL)
def test_every_table_but_subscriptions_has_one_event_time(table: HistoryTable) -> None:
    assert len(table.with_role("event_time")) == (table.name != "subscriptions")
    assert (table.event_time is None) == (table.name == "subscriptions")
    assert len(table.with_role("recorded_at")) == 1


def test_the_end_of_a_contract_is_known_from_its_announcement() -> None:
    assert HISTORY["subscriptions"].column("end_date").dated_by == "end_announced_at"


def test_customers_and_one_source_of_churn_are_enough() -> None:
    require_tables({"customers", "usage_events"})
    with pytest.raises(SchemaError) as caught:
        require_tables({"tickets"})
    first, second = caught.value.faults
    assert first == "expected the table 'customers', got 'tickets'"
    assert second.startswith("expected a source of churn: one of 'subscriptions', 'usage_events'")


def test_an_unknown_column_is_named_with_the_nearest_one() -> None:
    with pytest.raises(ConfigError, match=r"no column 'opend_at' \(did you mean 'opened_at'\?\)"):
        HISTORY["tickets"].column("opend_at")


def test_an_unknown_kind_role_or_level_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"expected kind one of 'string', .* got 'text'"):
        HistoryColumn("name", "text", "a name")
    with pytest.raises(ConfigError, match=r"expected role one of 'attribute', .* got 'id'"):
        HistoryColumn("name", "string", "a name", role="id")
    with pytest.raises(ConfigError, match=r"expected level one of 'obligatory', .* got 'must'"):
        HistoryTable("t", "a table", (), (), level="must")


def test_a_key_or_date_that_is_no_column_is_refused() -> None:
    column = HistoryColumn("name", "string", "a name", dated_by="when")
    with pytest.raises(ConfigError, match="table 't' has no column 'when'"):
        HistoryTable("t", "a table", ("name",), (column,))
