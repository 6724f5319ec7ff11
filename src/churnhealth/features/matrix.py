"""The ONE door from history tables to the matrix of indicators: for retrain, score and notebooks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import pandas as pd

from churnhealth.domain.catalogue import DeclaredIndicator
from churnhealth.domain.problem import ChurnProblem
from churnhealth.domain.segments import Segments
from churnhealth.domain.sources import History
from churnhealth.errors import ConfigError
from churnhealth.features.indicator_sql import computable, is_category
from churnhealth.features.keys import INSTANT_DTYPE
from churnhealth.features.render import render
from churnhealth.features.runner import SqlRunner
from churnhealth.features.segments_sql import computable_segments, segmented_query
from churnhealth.features.source_sql import described
from churnhealth.features.sql_text import Cte

NOTES = "notes"


def indicator_matrix(
    runner: SqlRunner,
    history: History,
    indicators: Sequence[DeclaredIndicator],
    at_risk_sql: str | Sequence[Cte],
    cutoffs: Sequence[dt.date],
    segments: Segments | None = None,
) -> pd.DataFrame:
    """Compute indicators for everybody at risk, each row from what was known before its cutoff.

    Parameters
    ----------
    runner : SqlRunner
        The warehouse; everything is computed inside it.
    history : History
        Where the sources lie.
    indicators : sequence of DeclaredIndicator
        What to compute. Those whose source or column is absent are left out.
    at_risk_sql : str, or sequence of (name, SELECT)
        Who is asked about, see `features.indicator_sql.indicator_query`.
    cutoffs : sequence of datetime.date
        All cutoffs of `at_risk_sql`, as local dates.
    segments : Segments, optional
        Those that can be worked out become categories after the indicators.

    Returns
    -------
    DataFrame, shape (n, 2 + n_indicators)
        customer_id (str), cutoff (datetime64[us, UTC], the instant of the local midnight), then one
        column per indicator and segment: float, or str for categories; NaN where there is nothing to
        measure. Rows by cutoff and customer_id. `attrs["notes"]` lists what was left out, and why.

    Raises
    ------
    SchemaError
        A column named in the sources does not exist.
    ConfigError
        Not one indicator can be computed.
    """
    history = described(history, runner)
    possible = computable(history, indicators)
    if not possible.indicators:
        raise ConfigError("\n".join(["expected at least one indicator", *possible.notes]))
    given, notes = computable_segments(history, segments)
    types = {one.name: "str" if is_category(one) else "float64" for one in possible.indicators}
    types |= {one.name: "str" for one in given}
    sql = segmented_query(
        history,
        possible.indicators,
        segments,
        list(types),
        at_risk_sql,
        cutoffs,
        relation_sql=runner.relation_sql,
    )
    frame: pd.DataFrame = runner.query(render(sql, runner.dialect)).to_pandas()
    frame = _typed(frame, types, history.timezone)
    frame.attrs[NOTES] = [*possible.notes, *notes]
    return frame


def _typed(frame: pd.DataFrame, types: Mapping[str, str], zone: str) -> pd.DataFrame:
    frame = frame.astype({"customer_id": "str", **types})
    problem = ChurnProblem(timezone=zone)
    codes, midnights = pd.factorize(frame["cutoff"])
    instants = pd.Index([problem.cutoff_instant(one) for one in midnights], dtype=INSTANT_DTYPE)
    frame["cutoff"] = instants[codes]
    return frame.sort_values(["cutoff", "customer_id"], ignore_index=True)
