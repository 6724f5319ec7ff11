"""From a user's SQL to a measure: which rows, which columns, and that nothing leaks."""

from __future__ import annotations

from churnhealth.domain.history import HISTORY
from churnhealth.domain.measures import Measure, Where
from churnhealth.domain.sql_measure import AGE, SqlMeasure
from churnhealth.errors import ConfigError, listed, nearest
from churnhealth.features.expressions import check_rows_sql

CONTRACTS = "subscriptions"
TABLES = ("usage_events", "touches", "tickets", "surveys", "milestones", CONTRACTS)


def sql_measure(
    table: str,
    sql: str,
    *,
    window: int | None = None,
    date: str = "",
    where: Where = (),
    extra: tuple[str, ...] = (),
) -> SqlMeasure:
    """Check an aggregate of the user's and return it as a measure.

    Parameters
    ----------
    table : str
        One of `TABLES`. Of events, the rows are those whose date lies in the window; of subscriptions,
        the contracts in force at the cutoff, without a window.
    sql : str
        An aggregate over the columns of the table's contract, the extra columns, and `age`: the days
        from the row's date to the cutoff, 1 for the day before it. A column with a fact date is NULL
        where the fact was not known yet.
    window : int, optional
        Days before the cutoff.
    date : str
        The column that places a row in time; empty: the time of its event.
    where : tuple of (str, tuple of str)
        Only rows whose column has one of the values.
    extra : tuple of str
        The user's own columns of the table.

    Raises
    ------
    ConfigError
        An unknown table or column, a missing argument, or an expression that may not run.
    LeakageError
        `where` reads a column that is not known when the row's date comes.

    Examples
    --------
    >>> sql_measure("usage_events", "sum(quantity)", window=28).sql
    'SUM(quantity)'
    """
    if table not in TABLES:
        raise ConfigError(
            f"table: expected one of {listed(TABLES)} for SQL over rows, got {table!r}"
            f"{nearest(table, TABLES)}"
        )
    rows = _rows(table, window, date, where)
    kinds = {
        column.name: column.kind for column in HISTORY[table].columns if column.name != "customer_id"
    }
    kinds |= dict.fromkeys(extra, "")
    if table != CONTRACTS:
        kinds[AGE] = "integer"
    checked = check_rows_sql(sql, kinds)
    contract = HISTORY[table].names
    return SqlMeasure(rows, checked.sql, tuple(name for name in checked.columns if name in contract))


def _rows(table: str, window: int | None, date: str, where: Where) -> Measure:
    if table != CONTRACTS:
        if window is None:
            raise ConfigError(f"window: expected days before the cutoff, for SQL over {table!r}")
        return Measure(table, "count", window, date=date, where=where)
    given = [name for name, value in (("window", window), ("date", date), ("where", where)) if value]
    if given:
        raise ConfigError(
            f"SQL over {table!r} reads the contracts in force at the cutoff: it has no use for "
            f"{listed(given)}; write a condition as CASE WHEN ... THEN ... END"
        )
    return Measure(table, "contracts")
