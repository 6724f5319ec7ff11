"""An indicator that the user wrote as one SQL expression over the rows of a history table."""

from __future__ import annotations

from dataclasses import dataclass

from churnhealth.domain.measures import Measure

AGE = "age"


@dataclass(frozen=True)
class SqlMeasure:
    """An aggregate expression, and the rows that it is taken over.

    Made by `features.own_measures.sql_measure`, which parses and checks the expression.

    Parameters
    ----------
    rows : Measure
        Which rows: a `count` over a window of events, or the `contracts` in force.
    sql : str
        The expression in DuckDB's dialect, in one fixed way of writing.
    columns : tuple of str
        The contract columns that it reads.
    """

    rows: Measure
    sql: str
    columns: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """Return "sql"."""
        return "sql"

    @property
    def table(self) -> str:
        """Return the history table."""
        return self.rows.table

    @property
    def words(self) -> str:
        """Return the whole declaration in one line.

        Examples
        --------
        >>> SqlMeasure(Measure("usage_events", "count", 28), "SUM(quantity)", ("quantity",)).words
        'SUM(quantity) over count in usage_events, 28 days'
        """
        return f"{self.sql} over {self.rows.words}"

    def needs(self) -> dict[str, tuple[str, ...]]:
        """Return the columns without which it cannot be computed, by table, with their fact dates.

        Examples
        --------
        >>> SqlMeasure(Measure("tickets", "count", 28), "AVG(csat)", ("csat",)).needs()
        {'tickets': ('customer_id', 'opened_at', 'csat', 'csat_given_at')}
        """
        dates = [self.rows.contract.column(name).dated_by for name in self.columns]
        names = [*self.rows.needs()[self.table], *self.columns, *dates]
        return {self.table: tuple(dict.fromkeys(name for name in names if name))}
