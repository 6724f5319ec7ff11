"""Cohort filter and derived segments as SQL expressions over columns of one relation."""

from __future__ import annotations

from churnhealth.domain.cohort import CohortFilter
from churnhealth.domain.segments import LifecycleStages, TouchModel, band_names
from churnhealth.features.sql_text import literal, quote


def cohort_condition(cohort: CohortFilter, alias: str) -> str:
    """Return the condition that a row of a relation is in the cohort; 'TRUE' for everybody.

    Examples
    --------
    >>> cohort_condition(CohortFilter.parse("mrr >= 500 and trial = false"), "c")
    '(c."mrr" >= 500.0 AND c."trial" = FALSE)'
    """
    conditions = []
    for one in cohort.comparisons:
        values = [literal(value) for value in one.values]
        right = f"({', '.join(values)})" if one.sign.endswith("in") else values[0]
        sign = "<>" if one.sign == "!=" else one.sign.upper()
        conditions.append(f"{alias}.{quote(one.column)} {sign} {right}")
    return f"({' AND '.join(conditions)})" if conditions else "TRUE"


def touch_expression(model: TouchModel, mrr: str = "", plan: str = "") -> str:
    """Return the touch of a customer from expressions of its MRR and plan ('' where there is none).

    Examples
    --------
    >>> touch_expression(TouchModel(high_from=5000, low_from=500), mrr="c.mrr")
    "CASE WHEN c.mrr >= 5000 THEN 'high_touch' WHEN c.mrr >= 500 THEN 'low_touch' \
WHEN c.mrr >= 0 THEN 'tech_touch' END"
    """
    whens = [
        f"WHEN {plan} = {literal(name)} THEN {literal(touch)}"
        for name, touch in model.plans.items()
        if plan
    ]
    if mrr and model.high_from is not None:
        levels = {"high_touch": model.high_from, "low_touch": model.low_from, "tech_touch": 0}
        whens += [f"WHEN {mrr} >= {literal(low)} THEN {literal(touch)}" for touch, low in levels.items()]
    return f"CASE {' '.join(whens)} END" if whens else "NULL"


def lifecycle_expression(stages: LifecycleStages, tenure: str, to_renewal: str = "") -> str:
    """Return the lifecycle stage from expressions of tenure and days to renewal ('' for none)."""
    whens = [
        f"WHEN {tenure} < 0 THEN NULL",
        f"WHEN {tenure} < {stages.onboarding_days} THEN 'onboarding'",
    ]
    if to_renewal and stages.renewal_days:
        soon = f"{to_renewal} BETWEEN 0 AND {stages.renewal_days}"
        whens.append(f"WHEN {tenure} >= 0 AND {soon} THEN 'renewal'")
    whens.append(f"WHEN {tenure} < {stages.adoption_days} THEN 'adoption'")
    whens.append(f"WHEN {tenure} >= {stages.adoption_days} THEN 'established'")
    return f"CASE {' '.join(whens)} END"


def tenure_band_expression(tenure: str, edges: tuple[int, ...] = (90, 365, 730)) -> str:
    """Return the tenure band from an expression of the days of tenure.

    Examples
    --------
    >>> tenure_band_expression("d", (30,))
    "CASE WHEN d < 0 THEN NULL WHEN d < 30 THEN '0-29 days' WHEN d >= 30 THEN '30+ days' END"
    """
    names = band_names(edges)
    below = [
        f"WHEN {tenure} < {edge} THEN {literal(name)}"
        for edge, name in zip(edges, names[:-1], strict=True)
    ]
    last = f"WHEN {tenure} >= {edges[-1]} THEN {literal(names[-1])}"
    return f"CASE WHEN {tenure} < 0 THEN NULL {' '.join([*below, last])} END"
