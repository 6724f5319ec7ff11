"""Key figures from a panel: what its labels and the published scores tell, and what they cannot."""

from __future__ import annotations

import numpy as np
import pandas as pd

from churnhealth.domain.kpi import (
    DAYS_PER_MONTH,
    ChurnRate,
    against_guide,
    churn_rate,
)
from churnhealth.domain.problem import ChurnProblem
from churnhealth.errors import WarehouseError
from churnhealth.evaluate.bootstrap import wilson_interval
from churnhealth.evaluate.intervals import LEVEL
from churnhealth.features.panel import Panel
from churnhealth.jobs.kpi_tables import KpiReport, KpiValue
from churnhealth.jobs.kpi_words import NOTES
from churnhealth.jobs.training_rows import read_training_panel
from churnhealth.jobs.wiring import Workplace


def panel_kpi(workplace: Workplace) -> KpiReport:
    """Work out what a project with a panel can tell.

    Churn rates are those of the newest cutoff with labels, over the label's own horizon; the guide of
    3 % a month is compared with the rate converted to a month, where the horizon is known.
    """
    notes, values, currency = [NOTES["panel"]], [], None
    if workplace.settings.panel.label is None:
        notes.append(NOTES["no_label"])
    else:
        panel = read_training_panel(workplace)
        found, more = _labelled(panel, workplace.settings.problem)
        values, notes, currency = found, [*more, *notes], panel.currency
    scored, scored_currency = _scored(workplace)
    return KpiReport(
        "panel", (*values, *scored), currency=currency or scored_currency, notes=tuple(notes)
    )


def _labelled(panel: Panel, problem: ChurnProblem) -> tuple[list[KpiValue], list[dict[str, str]]]:
    known = ~np.isnan(panel.y) if panel.y is not None else np.zeros(len(panel.X), dtype=bool)
    if panel.y is None or not known.any():
        return [], [NOTES["no_label"]]
    newest = panel.cutoff[known].max()
    here = known & (panel.cutoff == newest).to_numpy()
    churned, period = panel.y[here] == 1.0, f"{newest.tz_convert(problem.timezone):%Y-%m-%d}"
    # Where the horizon is not known the rate has no period, so it stays a plain share.
    share = churn_rate(float(churned.sum()), float(len(churned)), months=1.0).value
    low, high = wilson_interval(share, len(churned), LEVEL)
    values = [
        KpiValue("churn_rate_horizon", share, "share", period, low, high),
        KpiValue("retention_rate", 1.0 - share, "share", period),
    ]
    values += _money(panel, here, churned, period)
    if not problem.horizon_days:
        return values, [NOTES["no_horizon"]]
    months = problem.horizon_days / DAYS_PER_MONTH
    monthly, *ends = (ChurnRate(one, months).monthly() for one in (share, low, high))
    lower, upper = (one.value for one in ends)
    guide = against_guide(monthly)
    values.insert(
        1, KpiValue("churn_rate_monthly", monthly.value, "share/month", period, lower, upper, guide)
    )
    return values, [NOTES["horizon"]]


def _money(panel: Panel, here: np.ndarray, churned: np.ndarray, period: str) -> list[KpiValue]:
    if panel.mrr is None or panel.currency is None:
        return []
    mrr = np.asarray(panel.mrr, dtype=np.float64)[here]
    total = float(np.nansum(mrr))
    if not total:
        return []
    lost = min(float(np.nansum(mrr[churned])), total)
    money = f"{panel.currency}/month"
    return [
        KpiValue("mrr_churn_rate_horizon", churn_rate(lost, total, months=1.0).value, "share", period),
        KpiValue("average_mrr", float(np.nanmean(mrr)), money, period),
    ]


def _scored(workplace: Workplace) -> tuple[list[KpiValue], str | None]:
    """Return what the scores published last expect; nothing before there are any."""
    try:
        current = workplace.warehouse.current_scores()
    except WarehouseError:
        return [], None
    fresh = current[~current["is_stale"].astype(bool)] if len(current) else current
    if fresh.empty:
        return [], None
    return _expected(fresh, workplace.settings.project.timezone)


def _expected(fresh: pd.DataFrame, timezone: str) -> tuple[list[KpiValue], str | None]:
    period = f"{fresh['cutoff'].max().tz_convert(timezone):%Y-%m-%d}"
    values = [
        KpiValue("customers", len(fresh), "customers", period),
        KpiValue("expected_churners", float(fresh["churn_probability"].sum()), "customers", period),
    ]
    currencies = fresh["currency"].dropna().unique()
    if len(currencies) != 1:
        return values, None
    at_risk = float(fresh["mrr_at_risk"].sum())
    money = f"{currencies[0]}/month"
    return [*values, KpiValue("mrr_at_risk", at_risk, money, period)], str(currencies[0])
