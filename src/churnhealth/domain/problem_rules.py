"""Which parameters of a churn problem go with which rule, and the faults of one that cannot be."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from churnhealth.errors import ConfigError, listed, nearest

if TYPE_CHECKING:
    from churnhealth.domain.problem import ChurnProblem

RULES = ("column", "contract_end", "renewal", "inactivity", "contraction", "expansion")
AGGREGATES = ("all", "any", "largest")
MRR_RULES = ("contraction", "expansion")
REASON_RULES = ("contract_end", "renewal")

# Parameter -> the rules that need it, and the rules that may have it; None: every rule may.
_NEEDED_BY: dict[str, tuple[str, ...]] = {
    "horizon_days": ("contract_end", *MRR_RULES),
    "silent_days": ("inactivity",),
    "share": MRR_RULES,
    "lead_days": ("renewal",),
}
_ONLY_FOR: dict[str, tuple[str, ...]] = {
    "silent_days": ("inactivity",),
    "active_days": ("inactivity",),
    "share": MRR_RULES,
    "lead_days": ("renewal",),
    "churn_column": ("column",),
    "voluntary_only": REASON_RULES,
    "involuntary_reasons": REASON_RULES,
}
_NEEDED_TEXT = {
    "horizon_days": "the days after the gap in which it counts, such as 90",
    "silent_days": "the days without use that mean that the customer is gone, such as 90",
    "share": "the part of the MRR by which it changes, such as 0.2",
    "lead_days": "the days from the cutoff to the renewal date, such as 60",
}


def check_problem(problem: ChurnProblem) -> None:
    """Raise a `ConfigError` that names the first parameter which cannot be as it is.

    Examples
    --------
    >>> from churnhealth.domain.problem import ChurnProblem
    >>> ChurnProblem("inactivity")
    Traceback (most recent call last):
    ...
    churnhealth.errors.ConfigError: problem.silent_days: the rule 'inactivity' needs the days without \
use that mean that the customer is gone, such as 90
    """
    _check_word("rule", problem.rule, RULES)
    _check_word("aggregate", problem.aggregate, AGGREGATES)
    for name in ("lookback_days", "horizon_days", "silent_days", "active_days", "lead_days"):
        value = getattr(problem, name)
        if value is not None and value < 1:
            raise ConfigError(f"problem.{name}: expected at least 1 day, got {value!r}")
    for name in ("gap_days", "grace_days", "reporting_delay_days"):
        if getattr(problem, name) < 0:
            raise ConfigError(f"problem.{name}: expected 0 days or more, got {getattr(problem, name)!r}")
    _check_zone(problem.timezone)
    _check_parameters_of_rule(problem)
    _check_share(problem)
    _check_reasons(problem)


def _check_word(name: str, value: object, known: tuple[str, ...]) -> None:
    if value not in known:
        hint = nearest(str(value), known)
        raise ConfigError(f"problem.{name}: expected one of {listed(known)}, got {value!r}{hint}")


def _check_zone(timezone: str) -> None:
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigError(
            f"problem.timezone: expected an IANA name such as 'Asia/Tokyo', got {timezone!r}"
        ) from error


def _check_parameters_of_rule(problem: ChurnProblem) -> None:
    rule = problem.rule
    for name, rules in _NEEDED_BY.items():
        if rule in rules and getattr(problem, name) is None:
            raise ConfigError(f"problem.{name}: the rule {rule!r} needs {_NEEDED_TEXT[name]}")
    if problem.churn_column is not None and rule == "column" and problem.horizon_days is None:
        raise ConfigError(
            f"problem.horizon_days: churn dates need {_NEEDED_TEXT['horizon_days']}; a ready label "
            "has no churn_column"
        )
    for name, rules in _ONLY_FOR.items():
        value = getattr(problem, name)
        if rule not in rules and value not in (None, False, ()):
            raise ConfigError(
                f"problem.{name}: only for the rule {listed(rules)}, got {value!r} with {rule!r}; "
                "remove it, or choose that rule"
            )
    if rule == "renewal" and problem.gap_days:
        raise ConfigError(
            f"problem.gap_days: expected 0 with the rule 'renewal', got {problem.gap_days!r}; "
            "lead_days is the time that the team has"
        )
    if rule == "inactivity" and problem.grace_days:
        raise ConfigError(
            f"problem.grace_days: expected 0 with the rule 'inactivity', got {problem.grace_days!r}; "
            "silent_days says when a customer is gone"
        )


def _check_share(problem: ChurnProblem) -> None:
    share = problem.share
    if share is None:
        return
    if problem.rule == "contraction" and not 0.0 < share <= 1.0:
        raise ConfigError(
            f"problem.share: expected a share above 0 and at most 1 (0.2 is 20 percent), got {share!r}"
        )
    if not 0.0 < share < float("inf"):
        raise ConfigError(f"problem.share: expected a share above 0 (0.2 is 20 percent), got {share!r}")


def _check_reasons(problem: ChurnProblem) -> None:
    words = problem.involuntary_reasons
    if not isinstance(words, tuple) or not all(isinstance(one, str) and one.strip() for one in words):
        raise ConfigError(f"problem.involuntary_reasons: expected a list of words, got {words!r}")
    if problem.voluntary_only and not words:
        raise ConfigError(
            "problem.involuntary_reasons: voluntary_only needs the end reasons that the customer did "
            'not choose, such as ["payment_failed", "bankruptcy"]'
        )
