"""One customer's history behind one indicator: what was counted on each day before the cutoff."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

import pandas as pd

from churnhealth.domain.catalogue import DeclaredIndicator
from churnhealth.domain.indicators import Indicator
from churnhealth.domain.measures import Measure
from churnhealth.domain.sources import History
from churnhealth.errors import ConfigError, SchemaError, listed, nearest
from churnhealth.features.cells import both, condition, select_lines, when
from churnhealth.features.render import render
from churnhealth.features.runner import SqlRunner
from churnhealth.features.source_sql import described, source_ctes
from churnhealth.features.sql_text import SOURCE_PREFIX, literal, local_date, midnight, with_query
from churnhealth.features.windows_sql import recorded_before

SERIES_TABLES = ("usage_events", "touches", "tickets")
# Of the other kinds no day has a count of its own: means, shares, last values.
_ROWS = ("count", "any", "ratio", "trend", "per", "distinct_days", "recency")
_DIFFERENT = ("distinct", "seats_share")
# Several rows of these belong to one event.
_ON_ONE_DAY = ("touch_id", "ticket_id")
_COUNTS = ("count", "distinct", "sum")
SERIES_KINDS = (*_ROWS, *_DIFFERENT, "sum")


def has_daily_series(measure: object) -> bool:
    """Say whether `daily_series` can be asked for this measure.

    Examples
    --------
    >>> has_daily_series(Measure("usage_events", "ratio", 28))
    True
    >>> has_daily_series(Measure("tickets", "mean", 90, "csat", "csat_given_at"))
    False
    """
    return (
        isinstance(measure, Measure) and measure.table in SERIES_TABLES and measure.kind in SERIES_KINDS
    )


def is_count(measure: Measure) -> bool:
    """Say whether an indicator is itself a count, not a ratio, a trend or a time.

    Examples
    --------
    >>> is_count(Measure("tickets", "count", 28)), is_count(Measure("tickets", "recency"))
    (True, False)
    """
    return measure.kind in _COUNTS


def adds_up(measure: Measure) -> bool:
    """Say whether the values of several days can be added up.

    A user who is active on two days is one user of the week: such days cannot.

    Examples
    --------
    >>> adds_up(Measure("usage_events", "count", 28))
    True
    >>> adds_up(Measure("usage_events", "distinct", 28, "user_id"))
    False
    """
    return measure.kind not in _DIFFERENT or measure.column in _ON_ONE_DAY


def counted_by(
    one: DeclaredIndicator, known: Iterable[DeclaredIndicator]
) -> tuple[Indicator, Measure] | None:
    """Return the indicator that counts what stands behind another one, day by day.

    Behind a ratio, a trend or the time of the last event stands a count of events, behind a share of
    seats one of users.

    Parameters
    ----------
    one : DeclaredIndicator
        Any indicator.
    known : iterable of DeclaredIndicator
        Where a count of the same rows is looked for.

    Returns
    -------
    (Indicator, Measure) or None
        Itself where it counts, or where nothing else counts its rows; None when it has no daily series.

    Examples
    --------
    >>> from churnhealth.domain.catalogue import BUILT_IN
    >>> names = {one.name: one for one in BUILT_IN}
    >>> wanted = ("usage_ratio_7d", "touch_recency_days", "usage_seats_share_28d", "usage_events_28d")
    >>> [counted_by(names[name], BUILT_IN)[0].name for name in wanted]
    ['usage_events_7d', 'touches_28d', 'usage_users_28d', 'usage_events_28d']
    >>> counted_by(names["nps_last"], BUILT_IN) is None
    True
    """
    measure = one.measure
    if not isinstance(measure, Measure) or not has_daily_series(measure):
        return None
    if is_count(measure):
        return one.indicator, measure
    columns = (measure.column,) if measure.kind == "seats_share" else ("", *_ON_ONE_DAY)
    for column in columns:
        kind = "distinct" if column else "count"
        alike = (measure.table, kind, column, measure.date, measure.where)
        for other in known:
            if isinstance(other.measure, Measure) and _counting(other.measure) == alike:
                return other.indicator, other.measure
    return one.indicator, measure


def _counting(measure: Measure) -> tuple[object, ...]:
    return (measure.table, measure.kind, measure.column, measure.date, measure.where)


def daily_series(
    runner: SqlRunner,
    history: History,
    measure: Measure,
    customer_id: str,
    cutoff: dt.date,
    days: int = 180,
) -> pd.Series:
    """Count day by day what an indicator counts over a window, as it was known at the cutoff.

    Parameters
    ----------
    runner : SqlRunner
        The warehouse.
    history : History
        Where the tables lie.
    measure : Measure
        Of "usage_events", "touches" or "tickets" and of a kind that counts rows, different values
        or a sum; see `has_daily_series`. Its window does not matter.
    customer_id : str
        Whose.
    cutoff : datetime.date
        Local date, or local midnight, of the project's zone; rows of that day or later, or recorded
        then, do not exist.
    days : int
        Length in calendar days, the last one the day before the cutoff.

    Returns
    -------
    Series of float
        By day without gaps (index `day`), 0 where nothing happened. It begins with the customer's
        first row in the table when that is later, so that a new customer is not a rise; empty when
        there is no row before the cutoff.

    Raises
    ------
    ConfigError
        The measure has no daily series, its table no source, or `days` is below 1.
    SchemaError
        The customer is in none of the tables (the nearest id is named).
    """
    found = daily_series_of(runner, history, measure, [customer_id], cutoff, days)
    if customer_id in found:
        return found[customer_id]
    _require_customer(described(history, runner), measure.table, customer_id, runner)
    return pd.Series([], index=pd.DatetimeIndex([], name="day"), dtype="float64", name=measure.kind)


def daily_series_of(
    runner: SqlRunner,
    history: History,
    measure: Measure,
    customer_ids: Sequence[str],
    cutoff: dt.date,
    days: int = 180,
) -> dict[str, pd.Series]:
    """Count as `daily_series` does for several customers, in one pass over the table.

    Returns
    -------
    dict of str to Series
        Customers without a row before the cutoff, known or not, are not in it.
    """
    if not has_daily_series(measure):
        raise ConfigError(
            f"{measure}: expected a kind of {listed(SERIES_KINDS, 12)} of {listed(SERIES_TABLES)}, "
            "which have a count per day"
        )
    if days < 1:
        raise ConfigError(f"daily series: expected 1 day or more, got {days!r}")
    if not customer_ids:
        return {}
    history, end = described(history, runner), local_date(cutoff)
    found = runner.query(_series_sql(history, measure, customer_ids, end, runner)).to_pandas()
    parts = found.groupby("customer_id", sort=False)[["day", "value"]]
    return {str(customer): _whole(rows, end, days).rename(measure.kind) for customer, rows in parts}


def _whole(found: pd.DataFrame, end: dt.date, days: int) -> pd.Series:
    """Return one customer's values of the days before the end, without gaps."""
    by_day = found.set_index(pd.DatetimeIndex(found["day"], name="day").as_unit("s"))["value"]
    first = max(by_day.index.min(), pd.Timestamp(end) - pd.Timedelta(days, "D"))
    whole = pd.date_range(first, pd.Timestamp(end) - pd.Timedelta(1, "D"), name="day", unit="s")
    series: pd.Series = by_day.astype("float64").reindex(whole, fill_value=0.0)
    return series


def _series_sql(
    history: History, measure: Measure, customer_ids: Sequence[str], end: dt.date, runner: SqlRunner
) -> str:
    """Return the SELECT of day and value over all days with a row, however few of them count."""
    day, cutoff = f"CAST(e.{measure.date_column} AS DATE)", literal(midnight(end))
    where = both(
        f"e.customer_id IN ({', '.join(literal(one) for one in customer_ids)})",
        f"e.{measure.date_column} < {cutoff}",
        recorded_before(history, measure.table, cutoff),
    )
    columns = ["e.customer_id AS customer_id", f"{day} AS day", f"{_value(measure)} AS value"]
    table = f"{SOURCE_PREFIX}{measure.table}"
    select = (
        f"{select_lines(columns)}\nFROM {table} AS e\nWHERE {where}\n"
        f"GROUP BY e.customer_id, {day}\nORDER BY 1, 2"
    )
    sources = source_ctes(history, measure.table, relation_sql=runner.relation_sql)
    return render(with_query(sources, select), runner.dialect)


def _value(measure: Measure) -> str:
    inside = condition(measure.where) or "TRUE"
    column = f"e.{measure.column}"
    if measure.kind == "sum":
        return f"SUM({when(inside, f'COALESCE({column}, 0)', '0')})"
    if measure.kind in _DIFFERENT:
        return f"COUNT(DISTINCT {when(inside, column)})"
    return f"COUNT({when(inside, '1')})"


def _require_customer(history: History, table: str, customer_id: str, runner: SqlRunner) -> None:
    """Raise when nobody knows the customer; no row before the cutoff alone is no fault."""
    asked = [name for name in ("customers", table) if name in history.sources]
    select = "\nUNION\n".join(f"SELECT customer_id FROM {SOURCE_PREFIX}{name}" for name in asked)  # noqa: S608
    sources = source_ctes(history, *asked, relation_sql=runner.relation_sql)
    sql = render(with_query(sources, select), runner.dialect)
    known = [str(one) for one in runner.query(sql).column("customer_id").to_pylist()]
    if customer_id not in known:
        fault = (
            f"no customer {listed([customer_id])}{nearest(customer_id, known)}; {len(known)} are known"
        )
        raise SchemaError(table, [fault])
