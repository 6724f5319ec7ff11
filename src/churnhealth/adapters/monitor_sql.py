# Names are quoted and come from our own contracts; values are bound.
# ruff: noqa: S608
"""The SQL of monitoring: one text for DuckDB and PostgreSQL, values bound by number."""

from __future__ import annotations

from churnhealth.adapters.warehouse import SCORE_JOB
from churnhealth.adapters.warehouse_sql import SOURCE, names, quoted
from churnhealth.domain.contracts import TableContract
from churnhealth.domain.tables import HEALTH_DRIVERS, HEALTH_RUNS


def finished_slices(prefix: str) -> str:
    """Read which slices were scored, and when: first, and last."""
    return (
        "SELECT cutoff, model_version, MIN(finished_at) AS first_finished_at, "
        f"MAX(finished_at) AS finished_at FROM {quoted(prefix + HEALTH_RUNS.name)} "
        f"WHERE job = '{SCORE_JOB}' AND status IN ('completed', 'unchanged') "
        "GROUP BY cutoff, model_version ORDER BY cutoff, finished_at, model_version"
    )


def drivers_of(prefix: str, customers: int, most: int) -> str:
    """Read drivers up to a rank of so many customers; binds cutoff, model_version, their ids."""
    columns, table = names(HEALTH_DRIVERS.column_names), quoted(prefix + HEALTH_DRIVERS.name)
    ids = ", ".join(f"${place}" for place in range(3, customers + 3))
    return (
        f"SELECT {columns} FROM {table} WHERE cutoff = $1 AND model_version = $2 "
        f'AND "rank" <= {int(most)} AND customer_id IN ({ids}) ORDER BY customer_id, "rank"'
    )


def delete_absent(contract: TableContract, prefix: str) -> str:
    """Delete the rows of a whole table whose key is not in the source."""
    same = " AND ".join(f"{SOURCE}.{quoted(name)} = old.{quoted(name)}" for name in contract.key)
    return (
        f"DELETE FROM {quoted(prefix + contract.name)} AS old "
        f"WHERE NOT EXISTS (SELECT 1 FROM {SOURCE} WHERE {same})"
    )


def upsert(contract: TableContract, prefix: str) -> str:
    """Write the source's rows over the table's: new keys are added, known keys take the new values."""
    values = tuple(name for name in contract.column_names if name not in contract.key)
    changes = ", ".join(f"{quoted(name)} = excluded.{quoted(name)}" for name in values)
    columns = names(contract.column_names)
    return (
        f"INSERT INTO {quoted(prefix + contract.name)} ({columns}) SELECT {columns} FROM {SOURCE} "
        f"ON CONFLICT ({names(contract.key)}) DO UPDATE SET {changes}"
    )
