"""The rules renewal, inactivity, contraction, expansion and column, against tables worked by hand."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from churnhealth.domain.problem import ChurnProblem
from churnhealth.errors import ConfigError, SchemaError

D = dt.date
JAN = D(2026, 1, 1)
END = D(2027, 1, 1)


def utc(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz="UTC")


# Renewal dates from 1 January + 60 = 2 March on, for 30 days: the last is 31 March.
RENEWAL = ChurnProblem("renewal", lead_days=60, horizon_days=30, grace_days=14)
RENEWALS = {
    "subscriptions": """
subscription_id,customer_id,start_date,end_date,end_announced_at,end_reason,renewal_date,mrr,valid_from
a1, a, 2025-03-02,           ,                 , , 2026-03-02, 10, 2025-03-02
b1, b, 2025-03-02,           ,                 , , 2026-03-02, 10, 2025-03-02
b1, b, 2025-03-02, 2026-03-02, 2026-02-01 09:00, price, 2026-03-02, 10, 2026-02-01 09:00
c1, c, 2025-03-01,           ,                 , , 2026-03-01, 10, 2025-03-01
d1, d, 2025-03-31,           ,                 , , 2026-03-31, 10, 2025-03-31
d1, d, 2025-03-31, 2026-03-31, 2026-03-30 09:00, lapsed, 2026-03-31, 10, 2026-03-30 09:00
d2, d, 2026-04-14,           ,                 , , 2027-04-14, 10, 2026-04-14
e1, e, 2025-03-31,           ,                 , , 2026-03-31, 10, 2025-03-31
e1, e, 2025-03-31, 2026-03-31, 2026-03-30 09:00, lapsed, 2026-03-31, 10, 2026-03-30 09:00
e2, e, 2026-04-15,           ,                 , , 2027-04-14, 10, 2026-04-15
f1, f, 2025-04-01,           ,                 , , 2026-04-01, 10, 2025-04-01
g1, g, 2025-01-01,           ,                 , ,           , 10, 2025-01-01
h1, h, 2025-03-10,           ,                 , , 2026-03-10, 10, 2025-03-10
h1, h, 2025-03-10, 2026-02-10, 2026-02-10 09:00, payment_failed, 2026-03-10, 10, 2026-02-10 09:00
i1, i, 2025-03-10,           ,                 , , 2026-03-10, 10, 2025-03-10
i1, i, 2025-03-10, 2026-02-10, 2026-02-10 00:00, replaced, 2026-03-10, 10, 2026-02-10 00:00
i2, i, 2026-02-10,           ,                 , , 2026-03-10, 10, 2026-02-10 00:00
j1, j, 2025-03-10,           ,                 , , 2026-03-10, 10, 2025-03-10
j1, j, 2025-03-10, 2026-02-10, 2026-02-10 00:00, replaced, 2026-03-10, 10, 2026-02-10 00:00
j2, j, 2026-02-10, 2026-03-10, 2026-03-01 00:00, price, 2026-03-10, 10, 2026-02-10 00:00
"""
}


def test_a_renewal_is_lost_when_nothing_is_in_force_after_its_date(label) -> None:
    frame = label(RENEWALS, RENEWAL, [JAN], END).frame.set_index("customer_id")
    assert frame["status"].to_dict() == {
        "a": "stayed",  # due on the first day of the window, and renewed
        "b": "churned",  # due on the first day, and not renewed
        "c": "not_due",  # due the day before the window
        "d": "stayed",  # due on the last day, signed 14 days late
        "e": "churned",  # signed 15 days late
        "f": "not_due",  # due the day after the window
        "g": "not_due",  # rolls on, no renewal date
        "h": "churned",  # ends before its renewal date
        "i": "stayed",  # changes its plan, then goes on
        "j": "churned",  # changes its plan, then ends
    }
    # 60 + 30 + 14 days after 1 January: 15 April.
    assert set(frame["label_known_at"]) == {utc("2026-04-15")}


def test_not_due_is_known_at_the_cutoff_and_counted(label) -> None:
    counts = label(RENEWALS, RENEWAL, [JAN], D(2026, 2, 1)).counts.iloc[0]
    assert (counts["not_due"], counts["censored"], counts["at_risk"]) == (3, 7, 10)


def test_without_a_horizon_the_cutoff_is_the_renewal_date_less_the_lead(statuses) -> None:
    problem = ChurnProblem("renewal", lead_days=60, grace_days=14)
    found = statuses(RENEWALS, problem, JAN, END)
    assert {name for name, one in found.items() if one != "not_due"} == {"a", "b"}


def test_an_involuntary_end_before_a_renewal_is_told_apart(statuses) -> None:
    problem = ChurnProblem(
        "renewal", lead_days=60, horizon_days=30, involuntary_reasons=("payment_failed",)
    )
    found = statuses(RENEWALS, problem, JAN, END)
    assert [name for name, one in found.items() if one == "involuntary"] == ["h"]


@pytest.mark.parametrize(
    ("aggregate", "expected"),
    [
        ("all", {"a": "stayed", "b": "churned", "c": "stayed"}),
        ("any", {"a": "churned", "b": "churned", "c": "churned"}),
        ("largest", {"a": "stayed", "b": "churned", "c": "churned"}),
    ],
)
def test_several_contracts_of_a_customer_are_put_together_by_a_named_rule(
    statuses, aggregate, expected
) -> None:
    head = RENEWALS["subscriptions"].strip().splitlines()[0]
    lost = "2025-03-10, 2026-03-10, 2026-02-01 09:00, price, 2026-03-10"
    kept = "2025-03-10, , , , 2026-03-10"
    rows = [f"a1, a, {kept}, 50", f"a2, a, {lost}, 20", f"b1, b, {lost}, 50", f"b2, b, {lost}, 20"]
    rows += [f"c1, c, {kept}, 20", f"c2, c, {lost}, 50"]
    text = "\n".join([head, *(f"{row}, 2025-03-10" for row in rows)])
    problem = ChurnProblem("renewal", lead_days=60, horizon_days=30, aggregate=aggregate)
    assert statuses({"subscriptions": text}, problem, JAN, END) == expected


def used(**days: str) -> dict[str, str]:
    rows = [f"{name}, {day}" for name, text in days.items() for day in text.split()]
    return {"usage_events": "customer_id, occurred_at\n" + "\n".join(rows)}


def test_a_customer_is_gone_after_so_many_days_without_use(label) -> None:
    # A silence of 30 days may begin on 6 January (gap 5) to 16 January (horizon 10).
    problem = ChurnProblem("inactivity", gap_days=5, horizon_days=10, silent_days=30)
    tables = used(
        a="2025-12-02 2026-01-20",  # silent from 6 January for 14 days only
        b="2025-12-31",  # never again
        c="2025-12-31 2026-02-05",  # 6 January to 4 February are 30 silent days
        d="2025-12-31 2026-02-04",  # 29 silent days
        e="2025-12-31 2026-01-15",  # the silence begins on the last day, 16 January
        f="2025-12-31 2026-01-16",  # a day later
        g="2025-12-31 2026-01-10 2026-02-10 2026-02-11",  # 11 January to 9 February are 30
        h="2025-12-01 2026-01-20",  # last used 31 days before the cutoff
        i="2026-01-01 2026-01-20",  # first used on the day of the cutoff
    )
    frame = label(tables, problem, [JAN], END).frame.set_index("customer_id")
    assert frame["churned"].to_dict() == {"a": 0, "b": 1, "c": 1, "d": 0, "e": 1, "f": 0, "g": 1}
    # 5 + 10 + 30 days after 1 January, and use on that day itself does not count.
    assert set(frame["label_known_at"]) == {utc("2026-02-15")}


def test_without_a_horizon_the_silence_begins_at_the_cutoff(label) -> None:
    problem = ChurnProblem("inactivity", silent_days=90)
    tables = used(a="2025-12-31 2026-03-31", b="2025-12-31 2026-04-01", c="2025-10-03", d="2025-10-02")
    frame = label(tables, problem, [JAN], END).frame.set_index("customer_id")
    assert frame["churned"].to_dict() == {"a": 0, "b": 1, "c": 1}
    assert set(frame["label_known_at"]) == {utc("2026-04-01")}


@pytest.mark.parametrize(
    ("active_days", "expected"),
    [
        (28, {"a": 0, "b": 1}),
        (None, {"a": 0, "b": 1, "c": 1, "d": 0}),  # the 90 silent days
        (180, {"a": 0, "b": 1, "c": 1, "d": 0, "e": 1, "f": 0}),  # silent already: will they come back?
    ],
)
def test_who_is_at_risk_of_inactivity_was_active_on_one_of_the_days_before(
    label, active_days, expected
) -> None:
    tables = used(
        a="2025-12-31 2026-02-01",
        b="2025-12-04",  # 28 days before the cutoff
        c="2025-12-03",  # 29
        d="2025-10-03 2026-02-01",  # 90
        e="2025-10-02",  # 91
        f="2025-07-05 2026-02-01",  # 180
        g="2025-07-04 2026-02-01",  # 181
    )
    problem = ChurnProblem("inactivity", silent_days=90, active_days=active_days)
    frame = label(tables, problem, [JAN], END).frame.set_index("customer_id")
    assert frame["churned"].to_dict() == expected
    assert set(frame["label_known_at"]) == {utc("2026-04-01")}


def test_days_of_use_are_local_days(label) -> None:
    # 15:30 UTC on 31 December is 1 January in Tokyo: after the cutoff there, before it in UTC.
    tables = used(a="2025-12-30T00:00 2025-12-31T15:30", b="2025-12-31T15:30")
    problem = ChurnProblem("inactivity", silent_days=7, timezone="Asia/Tokyo")
    frame = label(tables, problem, [JAN], END).frame
    assert frame[["customer_id", "churned"]].to_numpy().tolist() == [["a", 0]]


MRR_HEAD = (
    "subscription_id, customer_id, start_date, end_date, end_announced_at, mrr, currency, valid_from\n"
)
# The gap ends on 11 January, the horizon on 10 February, the grace on 24 February.
MRR = {
    "subscriptions": MRR_HEAD
    + """
a1, a, 2025-01-01, , , 90, USD, 2025-01-01
a1, a, 2025-01-01, , , 63, USD, 2026-02-10
b1, b, 2025-01-01, , , 90, USD, 2025-01-01
b1, b, 2025-01-01, , , 64, USD, 2026-02-10
c1, c, 2025-01-01, , , 90, USD, 2025-01-01
c1, c, 2025-01-01, , , 50, USD, 2026-02-11
d1, d, 2025-01-01, , , 90, USD, 2025-01-01
d1, d, 2025-01-01, , , 50, USD, 2026-01-11
e1, e, 2025-01-01, , , 90, USD, 2025-01-01
e1, e, 2025-01-01, 2026-02-01, 2026-01-20 09:00, 90, USD, 2026-01-20 09:00
f1, f, 2025-01-01, , , 90, USD, 2025-01-01
f1, f, 2025-01-01, 2026-02-01, 2026-02-01 00:00, 90, USD, 2026-02-01
f2, f, 2026-02-15, , , 90, USD, 2026-02-15
g1, g, 2025-01-01, , , 0, USD, 2025-01-01
h1, h, 2025-01-01, , , 90, USD, 2025-01-01
h1, h, 2025-01-01, , , 900, JPY, 2026-02-01
i1, i, 2025-01-01, , , 60, USD, 2025-01-01
i2, i, 2025-01-01, , , 30, USD, 2025-01-01
i2, i, 2025-01-01, 2026-02-01, 2026-01-20 09:00, 30, USD, 2026-01-20 09:00
j1, j, 2025-01-01, , , 90, USD, 2025-01-01
j1, j, 2025-01-01, , , 117, USD, 2026-02-01
k1, k, 2025-01-01, , , 90, USD, 2025-01-01
k1, k, 2025-01-01, , , 200, USD, 2026-02-01
k1, k, 2025-01-01, , , 90, USD, 2026-02-20
"""
}


@pytest.mark.parametrize(("rule", "hits"), [("contraction", {"a", "e", "i"}), ("expansion", {"j"})])
def test_mrr_down_or_up_by_a_share_is_found(label, rule, hits) -> None:
    problem = ChurnProblem(rule, gap_days=10, horizon_days=30, grace_days=14, share=0.3)
    frame = label(MRR, problem, [JAN], END).frame.set_index("customer_id")
    word = {"contraction": "contracted", "expansion": "expanded"}[rule]
    # a: 90 less 30 % is 63. b keeps a little more. c falls too late. e ends whole, i by a third.
    # f is signed again within the grace. j: 90 and 30 % is 117. k is back at 90 by the end of the grace.
    expected = {name: word if name in hits else "stayed" for name in "abcdefghijk"}
    expected |= {"g": "no_mrr", "h": "mixed_currency"}
    if rule == "contraction":
        expected["d"] = "in_gap"
    assert frame["status"].to_dict() == expected
    assert frame["churned"].isna().sum() == 2
    assert set(frame["label_known_at"]) == {utc("2026-02-25")}


def test_mrr_that_is_overwritten_without_a_date_is_refused(label) -> None:
    text = "subscription_id, customer_id, start_date, end_date, mrr\na1, a, 2025-01-01, , 9"
    tables = {"subscriptions": text}
    problem = ChurnProblem("contraction", horizon_days=30, share=0.3)
    with pytest.raises(
        SchemaError, match="reads 'valid_from' of 'subscriptions', which the source lacks"
    ):
        label(tables, problem, [JAN], END)


CHURN_DATES = {
    "customers": """
customer_id, created_at, churned_on
a, 2025-01-01,
b, 2025-01-01, 2025-12-31
c, 2025-01-01, 2026-01-01
d, 2025-01-01, 2026-01-11
e, 2025-01-01, 2026-01-12
f, 2025-01-01, 2026-02-10
g, 2025-01-01, 2026-02-11
h, 2026-01-01,
"""
}


def test_the_users_own_churn_dates_are_labels(label) -> None:
    problem = ChurnProblem(gap_days=10, horizon_days=30, churn_column="churned_on")
    frame = label(CHURN_DATES, problem, [JAN], END).frame.set_index("customer_id")
    assert frame["status"].to_dict() == {
        "a": "stayed",
        "c": "ended_before",
        "d": "in_gap",
        "e": "churned",
        "f": "churned",
        "g": "stayed",
    }
    assert set(frame["label_known_at"]) == {utc("2026-02-11")}  # 10 February must be over


def test_a_ready_label_belongs_to_a_panel(label) -> None:
    with pytest.raises(ConfigError, match=r"problem\.churn_column: .* a ready label belongs to a panel"):
        label(CHURN_DATES, ChurnProblem(horizon_days=30), [JAN], END)


def test_a_newer_version_of_a_churn_date_counts(statuses) -> None:
    tables = {
        "customers": """
customer_id, churned_on, valid_from, recorded_at
a, 2025-12-01, 2025-12-01, 2025-12-01
a,           , 2025-12-20, 2025-12-20
a, 2026-01-20, 2026-01-20, 2026-01-20
b,           , 2025-01-01, 2026-01-01
"""
    }
    problem = ChurnProblem(horizon_days=30, churn_column="churned_on")
    assert statuses(tables, problem, JAN, END) == {"a": "churned"}
