"""Labels of all customers at risk as a table, with what each cutoff holds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from churnhealth.domain.catalogue import BUILT_IN, DeclaredIndicator
from churnhealth.domain.problem import ChurnProblem
from churnhealth.domain.sources import History
from churnhealth.errors import SchemaError, listed
from churnhealth.features.render import render
from churnhealth.features.runner import SqlRunner
from churnhealth.labels.label_sql import STATUSES, label_sql
from churnhealth.labels.windows import label_windows

COUNTS = ("at_risk", "churners", "stayed", "censored", "not_due", "unknown")


@dataclass(frozen=True)
class LabelTable:
    """Who was at risk at each cutoff, and what became of them.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per customer at risk and cutoff, by cutoff and customer: customer_id (string), cutoff
        (instant, UTC), churned (Int8: 1, 0, NA), label_known_at (instant, UTC), status (string, see
        `labels.label_sql.label_ctes`).
    counts : pandas.DataFrame
        One row per cutoff, also where nobody is at risk: cutoff (instant, UTC), label_known_at,
        at_risk = churners + stayed + censored + not_due + unknown (any other empty label).
    """

    frame: pd.DataFrame
    counts: pd.DataFrame


def label_table(
    runner: SqlRunner,
    history: History,
    problem: ChurnProblem,
    cutoffs: Iterable[dt.date],
    data_end: Any,
    indicators: Sequence[DeclaredIndicator] = BUILT_IN,
) -> LabelTable:
    """Label each customer at risk at each cutoff, inside the warehouse.

    Parameters
    ----------
    runner : SqlRunner
        The warehouse.
    history : History
        The sources; see `features.source_sql.described`.
    problem : ChurnProblem
        The rule.
    cutoffs : iterable of datetime.date
        Local dates; see `labels.cutoffs.calendar_cutoffs`.
    data_end : date or Timestamp
        Nothing is known at or after it; a date means its local midnight.
    indicators : sequence of DeclaredIndicator
        What a cohort may be told by.

    Returns
    -------
    LabelTable

    Raises
    ------
    LeakageError
        A cutoff lies after the end of the data.
    SchemaError, ConfigError
        The history lacks what the rule reads, or another time zone was meant.
    """
    days = sorted(set(cutoffs))
    sql = label_sql(
        history, problem, days, data_end, relation_sql=runner.relation_sql, indicators=indicators
    )
    return labels_of(runner.query(render(sql, runner.dialect)), problem, days, data_end)


def labels_of(
    table: Any, problem: ChurnProblem, cutoffs: Iterable[dt.date], data_end: Any
) -> LabelTable:
    """Turn the result of `label_sql`, as an Arrow table, into a `LabelTable`."""
    windows = label_windows(problem, cutoffs, data_end)
    raw: pd.DataFrame = table.to_pandas()
    unknown = set(raw["status"].dropna().unique()) - set(STATUSES)
    if unknown or raw["status"].isna().any():
        raise SchemaError("labels", [f"expected a status of {listed(STATUSES)}, got {listed(unknown)}"])
    days = [one.cutoff for one in windows]
    cutoff = {pd.Timestamp(one): problem.cutoff_instant(one) for one in days}
    known = {pd.Timestamp(one): problem.label_known_at(one) for one in days}
    local = pd.to_datetime(raw["cutoff"])
    frame = pd.DataFrame(
        {
            "customer_id": raw["customer_id"].astype("str"),
            "cutoff": _instants(local.map(cutoff)),
            "churned": raw["churned"].astype("Int8"),
            "label_known_at": _instants(local.map(known)),
            "status": raw["status"].astype("str"),
        }
    )
    return LabelTable(frame, _counts(frame, list(cutoff.values()), list(known.values())))


def _instants(values: pd.Series) -> pd.Series:
    return pd.to_datetime(values, utc=True).astype("datetime64[us, UTC]")


def _counts(frame: pd.DataFrame, cutoffs: list[pd.Timestamp], known: list[pd.Timestamp]) -> pd.DataFrame:
    kind = pd.Series("unknown", index=frame.index)
    kind[frame["status"].isin(["censored", "not_due"])] = frame["status"]
    kind[(frame["churned"] == 1).fillna(value=False)] = "churners"
    kind[(frame["churned"] == 0).fillna(value=False)] = "stayed"
    index = pd.DatetimeIndex(cutoffs).as_unit("us")
    counted = pd.crosstab(frame["cutoff"], kind).reindex(
        index=index, columns=list(COUNTS[1:]), fill_value=0
    )
    counted.insert(0, "at_risk", counted.sum(axis=1))
    counts = counted.astype("int64").rename_axis(index="cutoff", columns=None).reset_index()
    counts.insert(1, "label_known_at", pd.DatetimeIndex(known).as_unit("us"))
    return counts
