# Names are quoted and come from our own contracts; values are bound.
# ruff: noqa: S608
"""The SQL of the report: one text for DuckDB and PostgreSQL, values bound by number."""

from __future__ import annotations

from churnhealth.adapters.warehouse_sql import names, quoted, scores_of_champions
from churnhealth.domain.contracts import TableContract
from churnhealth.domain.tables import HEALTH_GROUP_SCORES


def _marks(first: int, count: int) -> str:
    return ", ".join(f"${place}" for place in range(first, first + count))


def histories_of(prefix: str, customers: int) -> str:
    """Read the scores of so many customers by the champions of their cutoffs; binds their ids."""
    wanted = f"WHERE scores.customer_id IN ({_marks(1, customers)})"
    order = "latest.customer_id, latest.cutoff DESC"
    return f"{scores_of_champions(prefix, wanted)}\nORDER BY {order}"


def rows_of(contract: TableContract, prefix: str, customers: int) -> str:
    """Read a table's rows of so many customers of a slice; binds cutoff, model_version, their ids."""
    columns, table = names(contract.column_names), quoted(prefix + contract.name)
    return (
        f"SELECT {columns} FROM {table} WHERE cutoff = $1 AND model_version = $2 "
        f"AND customer_id IN ({_marks(3, customers)}) ORDER BY {names(contract.key)}"
    )


def slice_groups(prefix: str) -> str:
    """Read the group scores of a slice, narrow; binds cutoff, model_version."""
    columns = names(("customer_id", "indicator_group", "points", "sub_score"))
    return (
        f"SELECT {columns} FROM {quoted(prefix + HEALTH_GROUP_SCORES.name)} "
        "WHERE cutoff = $1 AND model_version = $2 ORDER BY customer_id, indicator_group"
    )


def band_counts(prefix: str, most: int) -> str:
    """Count customers by band at the newest cutoffs."""
    counted = (
        "SELECT cutoff, model_version, health_band, COUNT(*) AS customers, "
        "SUM(mrr_at_risk) AS mrr_at_risk, DENSE_RANK() OVER (ORDER BY cutoff DESC) AS age\n"
        f"FROM (\n{scores_of_champions(prefix)}\n) AS scored\n"
        "GROUP BY cutoff, model_version, health_band"
    )
    return (
        "SELECT cutoff, model_version, health_band, CAST(customers AS BIGINT) AS customers, mrr_at_risk "
        f"FROM (\n{counted}\n) AS counted WHERE age <= {int(most)} ORDER BY cutoff DESC, health_band"
    )
