"""churnhealth.toml of a history: tables and columns, cutoffs, check, cohort and segments."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from churnhealth.domain.problem import ChurnProblem
from churnhealth.domain.segments import Segments
from churnhealth.domain.sources import History, Source
from churnhealth.errors import ConfigError
from churnhealth.jobs.settings import Settings, load_settings
from churnhealth.jobs.settings_sources import SegmentSettings

PROJECT = """
[project]
name = "history"
timezone = "Asia/Tokyo"
"""
CUSTOMERS = """
[sources.customers]
table = "crm.accounts"
columns = { customer_id = "account_id" }
"""
WHOLE = (
    PROJECT
    + """
[problem]
rule = "renewal"
lead_days = 60
aggregate = "largest"
reporting_delay_days = 3
involuntary_reasons = ["payment_failed"]
voluntary_only = true
"""
    + CUSTOMERS
    + """
churned = "churn_flag"
[sources.usage_events]
file = "data/usage.parquet"
timezone = "UTC"
key = ["event_id"]

[cutoffs]
every = "quarter"
first = 2025-01-01
last = 2026-01-01
count = 4
data_end = 2026-04-01

[check]
max_reject_share = 0.02
max_reject_rows = 50

[cohort]
where = "plan in ('large') and mrr>=1000"

[segments]
high_touch_mrr = 100000
low_touch_mrr = 20000.0
tenure_days = [180, 365]
"""
)


def load(folder: Path, text: str) -> Settings:
    path = folder / "churnhealth.toml"
    path.write_text(text, encoding="utf-8")
    return load_settings(path, environ={})


def faults(folder: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(folder, text)
    return [line.removeprefix("  - ") for line in str(caught.value).splitlines()[1:]]


def test_sources_become_a_history(tmp_path):
    settings = load(tmp_path, WHOLE)
    usage = Source("usage_events", str(tmp_path / "data" / "usage.parquet"), {}, "UTC")
    customers = Source("customers", "crm.accounts", {"customer_id": "account_id"})
    assert settings.is_history
    assert settings.history == History({"customers": customers, "usage_events": usage}, "Asia/Tokyo")
    assert settings.sources["usage_events"].key == ("event_id",)
    assert settings.sources["customers"].churned == "churn_flag"


def test_the_other_sections_are_read(tmp_path):
    settings = load(tmp_path, WHOLE)
    assert settings.problem == ChurnProblem(
        "renewal",
        lead_days=60,
        aggregate="largest",
        reporting_delay_days=3,
        involuntary_reasons=("payment_failed",),
        voluntary_only=True,
        timezone="Asia/Tokyo",
        cohort="plan in ('large') and mrr >= 1000",
        segments=Segments(high_touch_mrr=100000, low_touch_mrr=20000.0, tenure_days=(180, 365)),
    )
    assert (settings.cutoffs.every, settings.cutoffs.count) == ("quarter", 4)
    assert settings.cutoffs.data_end == dt.date(2026, 4, 1)
    assert (settings.check.max_reject_share, settings.check.max_reject_rows) == (0.02, 50)


def test_the_days_of_inactivity_and_of_activity_are_read(tmp_path):
    text = "[problem]\nrule = 'inactivity'\nsilent_days = 84\nactive_days = 28\n"
    expected = ChurnProblem(
        "inactivity", silent_days=84, active_days=28, timezone="Asia/Tokyo", segments=Segments()
    )
    assert load(tmp_path, PROJECT + text + CUSTOMERS).problem == expected


def test_what_is_not_said_has_its_default(tmp_path):
    settings = load(tmp_path, PROJECT + CUSTOMERS)
    assert settings.cutoffs.every == "month"
    assert settings.cutoffs.data_end is None
    assert settings.check.max_reject_share == 0.1
    assert settings.problem.cohort == ""
    assert settings.problem.segments == Segments()


def test_the_segments_of_the_file_have_the_defaults_of_the_domain():
    assert Segments(**SegmentSettings().model_dump()) == Segments()


@pytest.mark.parametrize("section", ["[cohort]\nwhere = 'mrr > 5'", "[segments]\nrenewal_days = 5"])
def test_a_panel_has_neither_cohort_nor_segments(tmp_path, section):
    panel = "[panel]\ntable = 'p'\ncustomer_id = 'id'\n"
    (fault,) = faults(tmp_path, PROJECT + panel + section)
    assert "worked out from a history" in fault


def test_a_panel_and_sources_together_are_refused_and_so_is_neither(tmp_path):
    panel = "[panel]\ntable = 'p'\ncustomer_id = 'id'\n"
    for text, got in ((panel + CUSTOMERS, "both"), ("", "neither")):
        (fault,) = faults(tmp_path, PROJECT + text)
        assert fault.startswith("sources: expected either [panel]")
        assert fault.endswith(f"got {got}")


def test_a_history_has_no_panel_and_a_panel_no_history(tmp_path):
    with pytest.raises(ConfigError, match="has a history"):
        _ = load(tmp_path, PROJECT + CUSTOMERS).panel
    panel = load(tmp_path, PROJECT + "[panel]\ntable = 'p'\ncustomer_id = 'id'\n")
    assert not panel.is_history
    with pytest.raises(ConfigError, match=r"\[sources.customers\]"):
        _ = panel.history


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "[sources.custmers]\ntable = 'a'",
            "no history table is called 'custmers' (did you mean 'customers'?)",
        ),
        (
            "[sources.customers]\ntable = 'a'\ncolumns = { custmer_id = 'x' }",
            "customers.columns: no column 'custmer_id' (did you mean 'customer_id'?)",
        ),
        ("[sources.customers]\ncolumns = {}", "expected either table (in the warehouse) or file"),
        (
            "[sources.customers]\ntable = 'a'\nfile = 'b'",
            "expected either table (in the warehouse) or file",
        ),
        (
            "[sources.usage_events]\ntable = 'a'",
            "expected [sources.customers], the list of all customers",
        ),
        ("[sources.customers]\ntable = 'a'\ntimezone = 'Asia/Tokio'", "did you mean 'Asia/Tokyo'?"),
        ("[sources.customers]\ntable = 'a'\ncolums = {}", "unknown key (did you mean 'columns'?)"),
        ("[sources.customers]\ntable = 3", "sources.customers.table: expected text, got 3"),
        (
            CUSTOMERS + "[sources.tickets]\ntable = 't'\nchurned = 'x'",
            "tickets.churned: only 'customers', 'subscriptions' can have such a flag",
        ),
        (CUSTOMERS + "[cutoffs]\nevery = 'monthly'", "(did you mean 'month'?)"),
        (
            CUSTOMERS + "[cutoffs]\nfirst = 2026-01-01\nlast = 2025-01-01",
            "expected first not after last",
        ),
        (
            CUSTOMERS + "[cutoffs]\nlast = 2026-05-01\ndata_end = 2026-04-01",
            "expected last not after data_end",
        ),
        (CUSTOMERS + "[cohort]\nwhere = 'mrr >='", "cohort: expected a value at the end in 'mrr >='"),
        (CUSTOMERS + "[cohort]\nplan = ['Pro']", "cohort.plan: unknown key"),
        (
            CUSTOMERS + "[segments]\nhigh_touch_mrr = 5\nlow_touch_mrr = 9",
            "expected 0 <= low_touch_mrr < high_touch_mrr",
        ),
        (
            CUSTOMERS + "[segments]\nhigh_touch_plans = ['Pro']\nlow_touch_plans = ['Pro']",
            "expected every plan under one touch model, got 'Pro' under two",
        ),
        (CUSTOMERS + "[segments]\ntenure_days = [12, 6]", "expected tenure_days above 0 that rise"),
        (
            CUSTOMERS + "[problem]\nrule = 'renewal'\nlead_days = 9\naggregate = 'al'",
            "(did you mean 'all'?)",
        ),
        (
            CUSTOMERS + "[problem]\nrule = 'inactivity'",
            "problem.silent_days: the rule 'inactivity' needs",
        ),
        (
            CUSTOMERS + "[check]\nmax_reject_share = 2",
            "check.max_reject_share: expected 1 or less, got 2",
        ),
    ],
)
def test_a_fault_is_told(tmp_path, text, told):
    (fault,) = faults(tmp_path, PROJECT + text)
    assert told in fault


def test_all_faults_come_at_once(tmp_path):
    text = "[sources.customers]\ntable = 'a'\ntimezone = 'X'\n[sources.tickets]\n[cutoffs]\ncount = 0\n"
    assert len(faults(tmp_path, PROJECT + text)) == 3
