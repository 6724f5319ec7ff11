"""The cohort: of everybody at risk, those for whom it held by what was known at the cutoff."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
import sqlglot

from churnhealth.domain.problem import ChurnProblem
from churnhealth.domain.segments import Segments
from churnhealth.domain.sources import History, Source
from churnhealth.errors import ConfigError
from churnhealth.features.render import render
from churnhealth.features.sql_text import with_query
from churnhealth.labels.at_risk_sql import at_risk_ctes

CUTOFF, END = dt.date(2026, 1, 1), dt.date(2026, 6, 1)
HEAD = "subscription_id, customer_id, start_date, end_date, end_announced_at, plan, mrr, valid_from"
# c pays 900 from December on; d will from January on, which nobody knows yet; the plan of e is empty.
ROWS = """
a1, a, 2025-01-01, , , Pro, 900, 2025-01-01
b1, b, 2025-01-01, , , Basic, 100, 2025-01-01
c1, c, 2025-01-01, , , Pro, 100, 2025-01-01
c1, c, 2025-01-01, , , Pro, 900, 2025-12-01
d1, d, 2025-01-01, , , Pro, 100, 2025-01-01
d1, d, 2025-01-01, , , Pro, 900, 2026-01-01
e1, e, 2025-11-15, , , , 900, 2025-11-15
"""
SEGMENTS = Segments(high_touch_mrr=500, low_touch_mrr=200)


@pytest.fixture
def inside(statuses: Callable[..., dict[str, str]]) -> Callable[..., str]:
    """Return what names the customers of a cohort in one word."""

    def found(cohort: str, rows: str = ROWS) -> str:
        problem = ChurnProblem("contract_end", horizon_days=30, cohort=cohort, segments=SEGMENTS)
        return "".join(sorted(statuses({"subscriptions": HEAD + rows}, problem, CUTOFF, END)))

    return found


@pytest.mark.parametrize(
    ("cohort", "customers"),
    [
        ("", "abcde"),
        ("mrr >= 500", "ace"),
        ("mrr < 500 and plan = 'Pro'", "d"),
        ("plan != 'Pro'", "b"),
        ("plan in ('Pro', 'Basic')", "abcd"),
        ("plan not in ('Basic')", "acd"),
        ("touch_model = 'high_touch'", "ace"),
        ("lifecycle_stage = 'onboarding'", "e"),
        ("tenure_band = '365-729 days' and mrr > 500", "ac"),
        ("tenure_days < 90", "e"),
    ],
)
def test_a_cohort_goes_by_what_was_known_before_the_cutoff(inside, cohort, customers) -> None:
    # From 2025-01-01 to 2026-01-01 there are 365 days, from 2025-11-15 there are 47.
    assert inside(cohort) == customers


def test_a_later_fact_never_moves_a_customer_into_the_cohort(inside) -> None:
    assert inside("mrr >= 500", ROWS + "b1, b, 2025-01-01, , , Pro, 9000, 2026-01-02") == "ace"


@pytest.mark.parametrize(
    ("cohort", "message"),
    [
        ("mrrr > 5", r"no indicator is called 'mrrr' \(did you mean 'mrr'\?\)"),
        ("mrr = 'high'", "expected 'mrr' to be compared with a number"),
        ("plan > 5", "expected 'plan' to be compared with a word"),
        ("lifecycle_stage = 1", "expected 'lifecycle_stage' to be compared with a word"),
        ("nps_last > 5", "'nps_last' left out: there is no source for 'surveys'"),
        ("seats > 5", "'seats' left out: 'subscriptions' has no column seats"),
    ],
)
def test_a_cohort_that_cannot_be_told_is_refused(inside, cohort, message) -> None:
    with pytest.raises(ConfigError, match=message):
        inside(cohort)


def test_all_faults_of_a_cohort_come_in_one_error(inside) -> None:
    with pytest.raises(ConfigError) as caught:
        inside("mrrr > 5 and plan > 5")
    assert len(str(caught.value).splitlines()) == 2


def history() -> History:
    columns = {name.strip(): name.strip() for name in HEAD.split(",")}
    return History({"subscriptions": Source("subscriptions", "subscriptions", columns)}, "UTC")


@pytest.mark.parametrize("dialect", ["duckdb", "postgres", "spark", "snowflake", "bigquery"])
def test_a_cohort_can_be_written_for_every_dialect(dialect) -> None:
    problem = ChurnProblem(
        "contract_end", horizon_days=30, cohort="touch_model = 'high_touch'", segments=SEGMENTS
    )
    parts = at_risk_ctes(history(), problem, [CUTOFF])
    text = render(with_query(parts, "SELECT customer_id FROM at_risk"), dialect)
    assert "everybody_at_risk" in text
    assert sqlglot.parse_one(text, dialect=dialect)


def test_without_a_cohort_nothing_is_added() -> None:
    problem = ChurnProblem("contract_end", horizon_days=30)
    names = [name for name, _ in at_risk_ctes(history(), problem, [CUTOFF])]
    assert "everybody_at_risk" not in names
    assert names[-1] == "at_risk"


@pytest.mark.parametrize("cohort", ["mrr >= 500 and plan = 'Pro'", "touch_model = 'high_touch'"])
def test_postgresql_finds_the_same_cohort(postgres_uri, inside, cohort) -> None:
    from adbc_driver_postgresql import dbapi

    names = [name.strip() for name in HEAD.split(",")]
    kinds = ("text", "text", "date", "date", "timestamptz", "text", "double precision", "timestamptz")
    columns = ", ".join(f"{name} {kind}" for name, kind in zip(names, kinds, strict=True))
    rows = [
        ", ".join(f"'{cell.strip()}'" if cell.strip() else "NULL" for cell in row.split(","))
        for row in ROWS.strip().splitlines()
    ]
    problem = ChurnProblem("contract_end", horizon_days=30, cohort=cohort, segments=SEGMENTS)
    text = with_query(at_risk_ctes(history(), problem, [CUTOFF]), "SELECT customer_id FROM at_risk")
    with dbapi.connect(postgres_uri, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("SET TimeZone = 'UTC'")
        cursor.execute(f"CREATE TABLE subscriptions ({columns})")
        for row in rows:
            cursor.execute(f"INSERT INTO subscriptions VALUES ({row})")
        cursor.execute(render(text, "postgres"))
        found = sorted(row[0] for row in cursor.fetchall())
    assert "".join(found) == inside(cohort)
