"""How many of the customers at risk have a value, per indicator and cutoff; counted in the warehouse."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pandas as pd

from churnhealth.domain.catalogue import DeclaredIndicator
from churnhealth.domain.segments import Segments
from churnhealth.domain.sources import History
from churnhealth.features.indicator_sql import computable, is_category
from churnhealth.features.render import render
from churnhealth.features.runner import SqlRunner
from churnhealth.features.segments_sql import computable_segments, segmented_query
from churnhealth.features.sql_text import Cte, quote

COVERAGE_COLUMNS = ("indicator", "cutoff", "customers", "with_value", "not_zero", "share")


def indicator_coverage(
    runner: SqlRunner,
    history: History,
    indicators: Sequence[DeclaredIndicator],
    at_risk: Sequence[Cte],
    cutoffs: Sequence[dt.date],
    segments: Segments | None = None,
) -> pd.DataFrame:
    """Count the customers at risk who have a value, and one other than 0.

    A count is 0, not missing, where a table has no rows: what is 0 for everybody tells that the table
    does not reach back so far.

    Parameters
    ----------
    runner, history, indicators, at_risk, cutoffs, segments
        As in `features.matrix.indicator_matrix`; only counts are fetched.

    Returns
    -------
    DataFrame
        One row per computable indicator or segment and cutoff at which somebody is at risk: indicator,
        cutoff (local date), customers (at risk), with_value, not_zero (a word counts as such), share
        (with_value / customers, 0-1). By the mean share of the indicator, the worst first; then cutoff.
    """
    possible = computable(history, indicators).indicators
    given, _ = computable_segments(history, segments)
    words = {one.name: is_category(one) for one in possible} | {one.name: True for one in given}
    names = list(words)
    known = segmented_query(
        history, possible, segments, names, at_risk, cutoffs, relation_sql=runner.relation_sql
    )
    counts = ["COUNT(*) AS customers"]
    for number, (name, is_word) in enumerate(words.items()):
        column = quote(name)
        other = column if is_word else f"NULLIF({column}, 0)"
        counts += [f"COUNT({column}) AS v{number}", f"COUNT({other}) AS n{number}"]
    lines = ",\n  ".join(["cutoff", *counts])
    sql = f"SELECT\n  {lines}\nFROM (\n{known}\n) AS known\nGROUP BY cutoff"
    rows = runner.query(render(sql, runner.dialect)).to_pylist()
    return _long([(pd.Timestamp(row["cutoff"]).date(), row) for row in rows], names)


def _long(rows: Sequence[tuple[dt.date, dict[str, int]]], names: Sequence[str]) -> pd.DataFrame:
    counted = [
        (name, cutoff, int(row["customers"]), int(row[f"v{number}"]), int(row[f"n{number}"]))
        for number, name in enumerate(names)
        for cutoff, row in rows
    ]
    frame = pd.DataFrame(counted, columns=list(COVERAGE_COLUMNS[:-1]))
    frame["share"] = frame["with_value"] / frame["customers"]
    mean = frame.groupby("indicator")["share"].transform("mean")
    order = frame.assign(mean=mean).sort_values(["mean", "indicator", "cutoff"], kind="stable").index
    return frame.loc[order].reset_index(drop=True)
