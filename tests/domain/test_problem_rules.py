"""Each rule with its parameters, and the days until its label is certain."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from churnhealth.domain.problem import ChurnProblem
from churnhealth.errors import ConfigError


@pytest.mark.parametrize(
    ("problem", "days"),
    [
        (ChurnProblem(gap_days=5, horizon_days=30, grace_days=2), 37),
        (ChurnProblem(horizon_days=30, churn_column="churned_on"), 31),
        (ChurnProblem("contract_end", gap_days=5, horizon_days=30, grace_days=14), 50),
        (ChurnProblem("contract_end", horizon_days=30, reporting_delay_days=3), 34),
        (ChurnProblem("renewal", lead_days=60, grace_days=14), 75),
        (ChurnProblem("renewal", lead_days=60, horizon_days=30, grace_days=14), 104),
        (ChurnProblem("inactivity", silent_days=90), 90),
        (ChurnProblem("inactivity", silent_days=90, active_days=28), 90),
        (ChurnProblem("inactivity", gap_days=5, horizon_days=30, silent_days=90), 125),
        (ChurnProblem("contraction", horizon_days=90, grace_days=14, share=0.2), 105),
        (ChurnProblem("expansion", gap_days=1, horizon_days=90, share=2.0), 92),
    ],
)
@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York"])
def test_a_label_is_known_when_everything_that_decides_it_is_over(problem, days, zone) -> None:
    local = ChurnProblem.from_dict({**problem.to_dict(), "timezone": zone})
    expected = (pd.Timestamp("2026-02-01") + pd.Timedelta(days=days)).tz_localize(zone)
    assert local.label_known_at("2026-02-01") == expected
    assert local.label_days == days


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"rule": "contract_end"}, "horizon_days: the rule 'contract_end' needs the days"),
        ({"rule": "renewal"}, "lead_days: the rule 'renewal' needs"),
        ({"rule": "inactivity"}, "silent_days: the rule 'inactivity' needs"),
        ({"rule": "inactivity", "silent_days": 0}, "silent_days: expected at least 1 day, got 0"),
        ({"rule": "contraction", "horizon_days": 9}, "share: the rule 'contraction' needs"),
        ({"rule": "contraction", "horizon_days": 9, "share": 1.5}, "share: .* at most 1 .* got 1.5"),
        ({"rule": "expansion", "horizon_days": 9, "share": 0.0}, "share: .* share above 0 .* got 0.0"),
        ({"rule": "expansion", "horizon_days": 9, "share": float("nan")}, "share: .* share above 0"),
        (
            {"rule": "inactivity", "silent_days": 9, "active_days": 0},
            "active_days: expected at least 1 day, got 0",
        ),
        ({"active_days": 30}, "active_days: only for the rule 'inactivity', got 30 with 'column'"),
        ({"silent_days": 30}, "silent_days: only for the rule 'inactivity', got 30 with 'column'"),
        (
            {"rule": "renewal", "lead_days": 9, "gap_days": 1},
            "gap_days: .* lead_days is the time that the team",
        ),
        ({"rule": "inactivity", "silent_days": 9, "grace_days": 1}, "grace_days: expected 0"),
        ({"churn_column": "churned_on"}, "horizon_days: churn dates need"),
        ({"rule": "contract_end", "horizon_days": 9, "churn_column": "x"}, "churn_column: only for"),
        (
            {"rule": "contract_end", "horizon_days": 9, "voluntary_only": True},
            "involuntary_reasons: .* needs the end reasons",
        ),
        ({"voluntary_only": True, "involuntary_reasons": ("x",)}, "voluntary_only: only for the rule"),
        (
            {"rule": "contract_end", "horizon_days": 9, "involuntary_reasons": ("",)},
            "involuntary_reasons: expected a list of words",
        ),
        ({"rule": "renewal", "lead_days": 9, "aggregate": "al"}, r"aggregate: .* mean 'all'\?"),
        ({"reporting_delay_days": -1}, "reporting_delay_days: expected 0 days or more, got -1"),
    ],
)
def test_parameters_that_do_not_fit_the_rule_are_refused(values, message) -> None:
    with pytest.raises(ConfigError, match=rf"problem\.{message}"):
        ChurnProblem(**values)


def test_a_problem_with_every_parameter_survives_json() -> None:
    problem = ChurnProblem(
        "renewal",
        lead_days=60,
        aggregate="any",
        reporting_delay_days=2,
        voluntary_only=True,
        involuntary_reasons=("payment_failed",),
    )
    assert ChurnProblem.from_dict(json.loads(json.dumps(problem.to_dict()))) == problem


def test_a_problem_without_new_parameters_is_written_as_before() -> None:
    assert list(ChurnProblem(horizon_days=90).to_dict()) == [
        "rule",
        "positive_label",
        "lookback_days",
        "gap_days",
        "horizon_days",
        "grace_days",
        "timezone",
    ]
