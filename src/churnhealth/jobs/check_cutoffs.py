"""How many customers and churners each cutoff has, and what can be learned from so many."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pandas as pd

from churnhealth.domain.catalogue import BUILT_IN, DeclaredIndicator
from churnhealth.domain.problem import ChurnProblem
from churnhealth.domain.sources import History
from churnhealth.features.render import render
from churnhealth.features.runner import SqlRunner
from churnhealth.features.sql_text import with_query
from churnhealth.labels.label_sql import label_ctes

DAYS_OF_A_MONTH = 365.25 / 12
FEW_CHURNERS, SOME_CHURNERS = 50, 200
COLUMNS = ("cutoff", "customers", "churners", "stayed", "unlabelled", "censored")

_COUNTS = """COUNT(*) AS customers,
  SUM(CASE WHEN churned = 1 THEN 1 ELSE 0 END) AS churners,
  SUM(CASE WHEN churned = 0 THEN 1 ELSE 0 END) AS stayed,
  SUM(CASE WHEN churned IS NULL THEN 1 ELSE 0 END) AS unlabelled,
  SUM(CASE WHEN status = 'censored' THEN 1 ELSE 0 END) AS censored"""


def count_cutoffs(
    history: History,
    problem: ChurnProblem,
    cutoffs: Sequence[dt.date],
    end: dt.date,
    runner: SqlRunner,
    indicators: Sequence[DeclaredIndicator] = BUILT_IN,
) -> tuple[pd.DataFrame, int]:
    """Count, inside the warehouse, the customers at risk at every cutoff and what became of them.

    `indicators` are those that the cohort may name.

    Returns
    -------
    counts : DataFrame
        cutoff (local date), customers (at risk), churners, stayed, unlabelled (the label is NA, for
        whatever reason), censored (the horizon is not over); a cutoff with nobody at risk has zeros.
    churners : int
        Different customers who churned; one who churned within two horizons counts once.
    """
    ctes = label_ctes(
        history, problem, cutoffs, end, relation_sql=runner.relation_sql, indicators=indicators
    )
    by_cutoff = with_query(ctes, f"SELECT cutoff, {_COUNTS}\nFROM labels GROUP BY cutoff")
    rows = runner.query(render(by_cutoff, runner.dialect)).to_pylist()
    counted = {pd.Timestamp(row.pop("cutoff")).date(): row for row in rows}
    frame = pd.DataFrame(
        [
            {"cutoff": day, **{name: int(counted.get(day, {}).get(name) or 0) for name in COLUMNS[1:]}}
            for day in cutoffs
        ],
        columns=list(COLUMNS),
    )
    distinct = with_query(ctes, "SELECT COUNT(DISTINCT customer_id) AS n FROM labels WHERE churned = 1")
    (row,) = runner.query(render(distinct, runner.dialect)).to_pylist()
    return frame, int(row["n"])


def what_can_be_learned(
    counts: pd.DataFrame,
    churners: int,
    problem: ChurnProblem,
    minimum_customers: int = 200,
    minimum_churners: int = 20,
) -> tuple[str, ...]:
    """Say in words what so many customers and churners allow.

    Parameters
    ----------
    counts : DataFrame
        From `count_cutoffs`.
    churners : int
        Different customers who churned.
    problem : ChurnProblem
        Brings the horizon.
    minimum_customers, minimum_churners : int
        Below these no model is trained.

    Examples
    --------
    >>> counts = pd.DataFrame(
    ...     {"customers": [100], "churners": [9], "stayed": [91], "unlabelled": [0], "censored": [0]}
    ... )
    >>> for line in what_can_be_learned(counts, 9, ChurnProblem(horizon_days=90)):
    ...     print(line)
    100 labelled rows at 1 cutoffs, 9 different churners; 9.0% churn within the horizon of 90 days, \
3.1% a month.
    Too few to train on: at least 200 labelled rows and 20 churners are needed. Take more or earlier \
cutoffs, a longer horizon, or score by hand-made points until then.
    Only one cutoff has labels: whether the model holds on later time cannot be shown.
    """
    labelled = int(counts["churners"].sum() + counts["stayed"].sum())
    lines = [f"Counted are only customers of the cohort: {problem.cohort}"] if problem.cohort else []
    lines.append(_totals(counts, labelled, churners, problem))
    censored = int(counts["censored"].sum())
    if censored:
        lines.append(
            f"{censored:,} rows are censored: their labels are not certain before the data end, so they "
            "are left out, not counted as stayed."
        )
    if labelled < minimum_customers or churners < minimum_churners:
        lines.append(
            f"Too few to train on: at least {minimum_customers} labelled rows and {minimum_churners} "
            "churners are needed. Take more or earlier cutoffs, a longer horizon, or score by hand-made "
            "points until then."
        )
    elif churners < FEW_CHURNERS:
        lines.append(
            "Few churners: the base rate and two or three strong indicators can be learned; intervals "
            "will be wide, and a model may not beat the base rate."
        )
    elif churners < SOME_CHURNERS:
        lines.append(
            f"Enough churners for a strongly regularised model of about {churners // 10} indicators; "
            "differences between segments cannot be told apart yet."
        )
    else:
        lines.append("Enough churners for all indicators, for a test on later time, and for segments.")
    if churners and int((counts["churners"] + counts["stayed"] > 0).sum()) < 2:
        lines.append(
            "Only one cutoff has labels: whether the model holds on later time cannot be shown."
        )
    return tuple(lines)


def _totals(counts: pd.DataFrame, labelled: int, churners: int, problem: ChurnProblem) -> str:
    used = int((counts["churners"] + counts["stayed"] > 0).sum())
    text = f"{labelled:,} labelled rows at {used} cutoffs, {churners:,} different churners"
    if not labelled or not problem.horizon_days:
        return text + "."
    share = float(counts["churners"].sum()) / labelled
    monthly = 1.0 - (1.0 - share) ** (DAYS_OF_A_MONTH / problem.horizon_days)
    return (
        f"{text}; {share:.1%} churn within the horizon of {problem.horizon_days} days, "
        f"{monthly:.1%} a month."
    )
