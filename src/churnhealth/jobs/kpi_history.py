"""Key figures from history tables: contracts month by month, cohorts, surveys."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import dataclass
from typing import Any

import pandas as pd

from churnhealth.domain.kpi import (
    ChurnRate,
    against_guide,
    churn_rate,
    expected_months,
    lifetime_value,
    net_promoter_score,
)
from churnhealth.domain.kpi_cohorts import cohort_retention
from churnhealth.domain.kpi_contracts import (
    PeriodMovement,
    customer_stays,
    customers_on,
    mrr_on,
    period_movement,
    with_newest_ends,
)
from churnhealth.domain.sources import History
from churnhealth.evaluate.bootstrap import wilson_interval
from churnhealth.evaluate.intervals import LEVEL
from churnhealth.features.render import render
from churnhealth.features.runner import SqlRunner
from churnhealth.features.source_columns import present_columns
from churnhealth.features.source_sql import described, source_ctes
from churnhealth.features.sql_text import literal, with_query
from churnhealth.jobs.kpi_tables import MONTHLY_COLUMNS, NPS_COLUMNS, KpiReport, KpiValue
from churnhealth.jobs.kpi_words import NOTES
from churnhealth.jobs.sources import data_end, source_runner
from churnhealth.jobs.wiring import Workplace

_CONTRACTS = (
    "customer_id",
    "subscription_id",
    "start_date",
    "end_date",
    "mrr",
    "currency",
    "valid_from",
)
_RATES = (
    "retention_rate",
    "mrr_churn_rate",
    "mrr_expansion_rate",
    "customer_expansion_rate",
    "net_revenue_retention",
)


@dataclass(frozen=True, eq=False)
class _Contracts:
    """Contracts, the stays made of them, and the one currency of their MRR."""

    rows: pd.DataFrame
    stays: pd.DataFrame
    currency: str | None

    @property
    def priced(self) -> pd.DataFrame | None:
        return self.rows if self.currency is not None else None


def history_kpi(workplace: Workplace, months: int) -> KpiReport:
    """Work out the key figures of a project with a history.

    Parameters
    ----------
    workplace : Workplace
        Settings, warehouse, clock.
    months : int
        Whole calendar months before the end of the data, in the project's zone.
    """
    settings = workplace.settings
    runner = source_runner(settings, workplace.warehouse)
    history = described(present_columns(settings.history, runner), runner)
    end = data_end(settings, workplace.clock())
    nps = _nps_table(history, runner, end, months)
    told = [] if len(nps) else [NOTES["no_nps"]]
    if not history.has("subscriptions"):
        return KpiReport("history", _nps_values(nps), nps=nps, notes=(NOTES["no_contracts"], *told))
    contracts = _contracts(history, runner, settings.problem.grace_days)
    movements = _movements(contracts, end, months)
    told = [*_money_notes(contracts, history), *told]
    cohorts = cohort_retention(contracts.stays, end)
    if not movements:
        asked = _nps_values(nps)
        return KpiReport("history", asked, cohorts=cohorts, nps=nps, notes=(NOTES["no_months"], *told))
    values, more = _values(contracts, movements)
    if settings.problem.grace_days:
        more.append(NOTES["grace"])
    monthly = pd.DataFrame([_month(one) for one in movements], columns=list(MONTHLY_COLUMNS))
    return KpiReport(
        "history",
        (*values, *_nps_values(nps)),
        monthly,
        cohorts,
        nps,
        contracts.currency,
        (*told, *more),
    )


def whole_months(end: dt.date, months: int) -> list[tuple[dt.date, dt.date]]:
    """Return the last whole calendar months before a day, oldest first: first day, first day after.

    Examples
    --------
    >>> whole_months(dt.date(2026, 3, 15), 1)
    [(datetime.date(2026, 2, 1), datetime.date(2026, 3, 1))]
    """
    turn = end.year * 12 + end.month - 1
    days = [dt.date(one // 12, one % 12 + 1, 1) for one in range(turn - months, turn + 1)]
    return list(itertools.pairwise(days))


def _contracts(history: History, runner: SqlRunner, grace_days: int) -> _Contracts:
    names = [name for name in _CONTRACTS if history.has("subscriptions", name)]
    ctes = source_ctes(history, "subscriptions", relation_sql=runner.relation_sql)
    sql = with_query(ctes, f"SELECT {', '.join(names)} FROM src_subscriptions")  # noqa: S608
    rows = runner.query(render(sql, runner.dialect)).to_pandas()
    rows = rows[rows["start_date"].notna()]
    dates = [name for name in ("start_date", "end_date", "valid_from") if name in rows]
    rows = with_newest_ends(rows.astype(dict.fromkeys(dates, "datetime64[us]")))
    return _Contracts(rows, customer_stays(rows, grace_days), _currency(rows))


def _currency(rows: pd.DataFrame) -> str | None:
    if "mrr" not in rows or "currency" not in rows or rows["mrr"].isna().all():
        return None
    found = rows["currency"].dropna().unique()
    return str(found[0]) if len(found) == 1 else None


def _movements(contracts: _Contracts, end: dt.date, months: int) -> list[PeriodMovement]:
    found = [
        period_movement(contracts.stays, contracts.priced, first, after, months=1.0)
        for first, after in whole_months(end, months)
    ]
    return [one for one in found if one.customers]


def _month(one: PeriodMovement) -> dict[str, Any]:
    churn = one.churn or ChurnRate(0.0, 1.0)
    low, high = wilson_interval(churn.value, one.customers, LEVEL)
    return {
        "month": one.start,
        "customers": one.customers,
        "churned": one.churned,
        "joined": one.joined,
        "churn_rate": churn.value,
        "churn_low": low,
        "churn_high": high,
        "guide": against_guide(churn),
        "retention_rate": churn.retention,
        "mrr": one.mrr,
        "mrr_churn_rate": one.mrr_churn.value if one.mrr_churn else None,
        "mrr_expansion_rate": one.mrr_expansion,
        "customer_expansion_rate": one.customer_expansion,
        "net_revenue_retention": one.net_revenue_retention,
    }


def _values(
    contracts: _Contracts, movements: list[PeriodMovement]
) -> tuple[list[KpiValue], list[dict[str, str]]]:
    last, day = movements[-1], movements[-1].end
    month = f"{last.start:%Y-%m}"
    row, there = _month(last), customers_on(contracts.stays, day)
    churn = [row[name] for name in ("churn_rate", "churn_low", "churn_high", "guide")]
    values = [
        KpiValue("customers", len(there), "customers", day.isoformat()),
        KpiValue("churn_rate", churn[0], "share/month", month, *churn[1:]),
        *(KpiValue(name, row[name], "share/month", month) for name in _RATES if row[name] is not None),
    ]
    return _with_lifetime(contracts, movements, values, there)


def _with_lifetime(
    contracts: _Contracts,
    movements: list[PeriodMovement],
    values: list[KpiValue],
    there: pd.Index,
) -> tuple[list[KpiValue], list[dict[str, str]]]:
    lost, seen = sum(one.churned for one in movements), sum(one.customers for one in movements)
    average = churn_rate(lost, seen, months=1.0)
    span = f"{movements[0].start:%Y-%m}–{movements[-1].start:%Y-%m}"
    low, high = wilson_interval(average.value, seen, LEVEL)
    guide = against_guide(average)
    values.append(KpiValue("churn_rate_average", average.value, "share/month", span, low, high, guide))
    if not lost:
        return values, [NOTES["nobody_left"]]
    stay = expected_months(average)
    values.append(KpiValue("expected_months", stay, "months", span))
    if contracts.currency is None or not len(there):
        return values, []
    day = movements[-1].end
    paid = mrr_on(contracts.rows, day).reindex(there).dropna()
    total, mean = float(paid.sum()), float(paid.mean())
    money = f"{contracts.currency}/month"
    values.insert(1, KpiValue("mrr", total, money, day.isoformat()))
    values.append(KpiValue("average_mrr", mean, money, day.isoformat()))
    values.append(KpiValue("lifetime_value", lifetime_value(mean, stay), contracts.currency, span))
    return values, []


def _money_notes(contracts: _Contracts, history: History) -> list[dict[str, str]]:
    if contracts.currency is None:
        return [NOTES["no_money"]]
    return [] if history.has("subscriptions", "valid_from") else [NOTES["no_versions"]]


def _nps_table(history: History, runner: SqlRunner, end: dt.date, months: int) -> pd.DataFrame:
    none = pd.DataFrame(columns=list(NPS_COLUMNS))
    if not history.has("surveys", "score"):
        return none
    first = whole_months(end, months)[0][0]
    ctes = source_ctes(history, "surveys", relation_sql=runner.relation_sql)
    answered = "answered_at IS NULL" if history.has("surveys", "answered_at") else "FALSE"
    known = f"answered_at < {literal(end)}" if history.has("surveys", "answered_at") else "TRUE"
    select = (
        f"SELECT sent_at, CASE WHEN {known} AND NOT ({answered}) THEN score END AS score "  # noqa: S608
        "FROM src_surveys WHERE kind = 'NPS' AND scale_low = 0 AND scale_high = 10 "
        f"AND sent_at >= {literal(first)} AND sent_at < {literal(end)}"
    )
    rows = runner.query(render(with_query(ctes, select), runner.dialect)).to_pandas()
    lines = []
    for month, asked in rows.groupby(rows["sent_at"].astype("datetime64[us]").dt.to_period("M")):
        found = net_promoter_score(asked["score"].to_numpy(dtype="float64", na_value=float("nan")))
        share = found.answers / len(asked)
        lines.append((month.start_time.date(), len(asked), found.answers, share, found.score))
    return pd.DataFrame(lines, columns=list(NPS_COLUMNS)) if lines else none


def _nps_values(nps: pd.DataFrame) -> tuple[KpiValue, ...]:
    """Return the NPS of all months together: their scores weighted by answers."""
    answers, asked = int(nps["answers"].sum()), int(nps["asked"].sum())
    if not answers:
        return ()
    span = f"{nps['month'].iloc[0]:%Y-%m}–{nps['month'].iloc[-1]:%Y-%m}"
    score = float((nps["nps"].fillna(0.0) * nps["answers"]).sum() / answers)
    rate = KpiValue("nps_response_rate", answers / asked, "share", span)
    return (KpiValue("nps", score, "points", span), rate)
