"""The ONE door from history tables to the matrix of indicators: for retrain, score and notebooks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from churnhealth.domain.catalogue import DeclaredIndicator
from churnhealth.domain.problem import ChurnProblem
from churnhealth.domain.segments import Segments
from churnhealth.domain.sources import History
from churnhealth.errors import ConfigError
from churnhealth.features.indicator_sql import Computable, at_risk_parts, computable, is_category
from churnhealth.features.keys import INSTANT_DTYPE
from churnhealth.features.render import render
from churnhealth.features.runner import SqlRunner
from churnhealth.features.segments_sql import computable_segments, segmented_query
from churnhealth.features.slices_sql import Slice, slice_starts_query
from churnhealth.features.source_sql import described, source_ctes
from churnhealth.features.sql_text import Cte, cutoffs_cte

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
    return _computed(_asked(runner, history, indicators, at_risk_sql, cutoffs, segments))


def indicator_batches(
    runner: SqlRunner,
    history: History,
    indicators: Sequence[DeclaredIndicator],
    at_risk_sql: str | Sequence[Cte],
    cutoffs: Sequence[dt.date],
    segments: Segments | None = None,
    *,
    customers: int,
) -> Iterator[pd.DataFrame]:
    """Compute the same matrix slice by slice of the customers, with bounded memory.

    Every slice reads the sources again and keeps the state of its own customers only.

    Parameters
    ----------
    runner, history, indicators, at_risk_sql, cutoffs, segments
        As for `indicator_matrix`. Whether a customer is at risk must follow from its own rows.
    customers : int
        Customers of a slice, at least 1; the last one may have fewer.

    Yields
    ------
    DataFrame
        Columns and types of `indicator_matrix`; all rows of a customer lie in one slice, and the
        slices together have the rows of the whole matrix.

    Raises
    ------
    SchemaError
        A column named in the sources does not exist.
    ConfigError
        Not one indicator can be computed, or a slice would be empty.
    """
    if customers < 1:
        raise ConfigError(f"customers: expected at least 1 customer in a slice, got {customers!r}")
    asked = _asked(runner, history, indicators, at_risk_sql, cutoffs, segments)
    sources = source_ctes(asked.history, relation_sql=runner.relation_sql)
    parts = [cutoffs_cte(cutoffs), *sources, *at_risk_parts(at_risk_sql)]
    found = runner.query(render(slice_starts_query(parts, customers), runner.dialect))
    starts = [str(one) for one in found.column(0).to_pylist()]
    for number, after in enumerate([*starts[1:], None][: len(starts)]):
        # The first slice has no lower and the last no upper limit: together they hold everybody.
        first = starts[number] if number else None
        only = None if first is None and after is None else (first, after)
        yield _computed(asked, only)


@dataclass(frozen=True)
class _Asked:
    """What of indicators and segments a history can give, and for whom it is asked."""

    runner: SqlRunner
    history: History
    possible: Computable
    segments: Segments | None
    types: dict[str, str]
    notes: tuple[str, ...]
    at_risk: str | Sequence[Cte]
    cutoffs: Sequence[dt.date]


def _asked(
    runner: SqlRunner,
    history: History,
    indicators: Sequence[DeclaredIndicator],
    at_risk: str | Sequence[Cte],
    cutoffs: Sequence[dt.date],
    segments: Segments | None,
) -> _Asked:
    history = described(history, runner)
    possible = computable(history, indicators)
    if not possible.indicators:
        raise ConfigError("\n".join(["expected at least one indicator", *possible.notes]))
    given, notes = computable_segments(history, segments)
    types = {one.name: "str" if is_category(one) else "float64" for one in possible.indicators}
    types |= {one.name: "str" for one in given}
    told = (*possible.notes, *notes)
    return _Asked(runner, history, possible, segments, types, told, at_risk, cutoffs)


def _computed(asked: _Asked, customers: Slice | None = None) -> pd.DataFrame:
    sql = segmented_query(
        asked.history,
        asked.possible.indicators,
        asked.segments,
        list(asked.types),
        asked.at_risk,
        asked.cutoffs,
        relation_sql=asked.runner.relation_sql,
        customers=customers,
    )
    frame: pd.DataFrame = asked.runner.query(render(sql, asked.runner.dialect)).to_pandas()
    frame = _typed(frame, asked.types, asked.history.timezone)
    frame.attrs[NOTES] = list(asked.notes)
    return frame


def _typed(frame: pd.DataFrame, types: dict[str, str], zone: str) -> pd.DataFrame:
    frame = frame.astype({"customer_id": "str", **types})
    problem = ChurnProblem(timezone=zone)
    codes, midnights = pd.factorize(frame["cutoff"])
    instants = pd.Index([problem.cutoff_instant(one) for one in midnights], dtype=INSTANT_DTYPE)
    frame["cutoff"] = instants[codes]
    return frame.sort_values(["cutoff", "customer_id"], ignore_index=True)
