from __future__ import annotations

import pytest

from churnhealth.domain.measures import Measure
from churnhealth.errors import ConfigError, LeakageError


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"table": "usage_event", "kind": "count"}, "did you mean 'usage_events'"),
        ({"table": "usage_events", "kind": "counts"}, "did you mean 'count'"),
        ({"table": "usage_events", "kind": "count"}, "expected 'window' as well"),
        ({"table": "usage_events", "kind": "sum", "window": 7}, "expected 'column' as well"),
        ({"table": "usage_events", "kind": "count", "window": 0}, "expected 'window' as well"),
        ({"table": "usage_events", "kind": "count", "window": -7}, "a window of 1 to 3660 days"),
        (
            {"table": "usage_events", "kind": "count", "window": 7, "column": "feature"},
            "no use for 'column'",
        ),
        (
            {"table": "usage_events", "kind": "distinct", "window": 7, "column": "users"},
            "has no column 'users'",
        ),
        ({"table": "usage_events", "kind": "level", "column": "quantity"}, "reads 'subscriptions'"),
        ({"table": "tickets", "kind": "reached_share", "until": "resolved_at"}, "reads 'milestones'"),
        ({"table": "surveys", "kind": "hours", "window": 7, "date": "answered_at"}, "reads 'tickets'"),
        ({"table": "subscriptions", "kind": "count", "window": 7}, "reads a table of events"),
        ({"table": "customers", "kind": "count", "window": 7}, "reads events"),
        (
            {"table": "tickets", "kind": "open", "window": 7, "until": "opened_at"},
            "expected until to be",
        ),
    ],
)
def test_a_declaration_that_makes_no_sense_is_refused(arguments, message):
    with pytest.raises(ConfigError, match=message):
        Measure(**arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"table": "tickets", "kind": "mean", "window": 7, "column": "csat"},
            "use date='csat_given_at'",
        ),
        (
            {"table": "surveys", "kind": "last_value", "window": 7, "column": "score"},
            "use date='answered_at'",
        ),
        ({"table": "milestones", "kind": "recency", "date": "due_date"}, "does not say when"),
        ({"table": "subscriptions", "kind": "recency", "date": "end_date"}, "does not say when"),
        (
            {"table": "subscriptions", "kind": "recency", "where": (("end_reason", ("price",)),)},
            "use date='end_announced_at'",
        ),
    ],
)
def test_a_column_that_is_known_later_than_the_row_is_a_leak(arguments, message):
    with pytest.raises(LeakageError, match=message):
        Measure(**arguments)


def test_the_actions_of_the_vendor_cannot_be_measured():
    with pytest.raises(ConfigError, match="got 'actions'"):
        Measure("actions", "count", 7)


def test_a_ratio_reaches_twice_as_far_as_its_window():
    assert Measure("usage_events", "ratio", 28).reach == 56
    assert Measure("usage_events", "recency").reach == 0


def test_needs_name_every_column_once():
    measure = Measure("tickets", "hours", 90, date="resolved_at", where=(("severity", ("high",)),))
    assert measure.needs() == {"tickets": ("customer_id", "resolved_at", "severity", "opened_at")}
    announced = Measure("subscriptions", "end_announced").needs()["subscriptions"]
    assert announced == ("customer_id", "start_date", "subscription_id", "end_date", "end_announced_at")
