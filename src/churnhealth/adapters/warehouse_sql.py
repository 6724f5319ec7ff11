# Names are quoted and come from our own contracts or from the database's own list; values are bound.
# ruff: noqa: S608
"""The SQL of warehouses: one text for DuckDB and PostgreSQL, nothing that runs it.

Values are bound by number: $1, $2 and so on.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from churnhealth.adapters.warehouse import CURRENT_VIEW, SCORE_JOB, RunRecord
from churnhealth.domain.contracts import Column, TableContract
from churnhealth.domain.tables import (
    HEALTH_INDICATORS,
    HEALTH_RUNS,
    HEALTH_SCORES,
    HEALTH_SCORES_HISTORY,
)
from churnhealth.errors import WarehouseError
from churnhealth.features.sql_text import literal

# The name under which the rows of an Arrow table stand while they are written.
SOURCE = "churnhealth_source"


def quoted(name: str) -> str:
    """Quote a name so that it can only be a name.

    Examples
    --------
    >>> quoted('a"; DROP TABLE b; --')
    '"a""; DROP TABLE b; --"'
    """
    if not name or "\0" in name:
        raise WarehouseError(f"expected the name of a table or column, got {name!r}")
    return '"' + name.replace('"', '""') + '"'


def names(columns: tuple[str, ...], table: str = "") -> str:
    """Quote column names and put commas between them, each behind its table's alias.

    Examples
    --------
    >>> names(("a", "b"), "t")
    't."a", t."b"'
    """
    return ", ".join((f"{table}." if table else "") + quoted(name) for name in columns)


def bound(columns: tuple[str, ...], between: str, first: int = 1) -> str:
    """Compare or set columns to bound values, numbered from `first`.

    Examples
    --------
    >>> bound(("a", "b"), " AND ", first=3)
    '"a" = $3 AND "b" = $4'
    """
    return between.join(f"{quoted(name)} = ${place}" for place, name in enumerate(columns, first))


def create_table(
    contract: TableContract, prefix: str, types: Mapping[str, str], *, indexed: bool = True
) -> str:
    """Write CREATE TABLE IF NOT EXISTS with kinds, NOT NULL and the primary key.

    Parameters
    ----------
    contract : TableContract
        The table.
    prefix : str
        Before its name.
    types : mapping of str to str
        The engine's type of every kind in `domain.contracts.KINDS`.
    indexed : bool
        Whether the engine shall guard the key by an index.
    """
    lines = [f"  {_declared(column, types)}" for column in contract.columns]
    if indexed:
        lines.append(f"  PRIMARY KEY ({names(contract.key)})")
    body = ",\n".join(lines)
    return f"CREATE TABLE IF NOT EXISTS {quoted(prefix + contract.name)} (\n{body}\n)"


def _declared(column: Column, types: Mapping[str, str]) -> str:
    return f"{quoted(column.name)} {types[column.kind]}{'' if column.nullable else ' NOT NULL'}"


def create_current_view(prefix: str) -> str:
    """Write the view `health_current`: each customer's latest score, and the one before.

    The model of the run that finished last is the champion of its cutoff; the latest cutoff wins,
    whatever finished last, so a backfill never becomes current. A customer without a score at the
    newest cutoff keeps the latest one and is stale. Plain joins and window functions, so that the same
    text runs on other engines; no join of scores with themselves, which an engine without statistics
    may run as a loop in a loop.
    """
    latest = f"{scores_of_champions(prefix)}\nWHERE latest.place = 1"
    return f"CREATE OR REPLACE VIEW {quoted(prefix + CURRENT_VIEW)} AS\n{latest}"


def customer_history(prefix: str) -> str:
    """Read a customer's scores by the champions of their cutoffs; binds customer_id.

    The columns of `health_current`; the filter stands inside, so that only rows of the customer are
    read.
    """
    return f"{scores_of_champions(prefix, 'WHERE scores.customer_id = $1')}\nORDER BY latest.cutoff DESC"


def scores_of_champions(prefix: str, only: str = "") -> str:
    """Write the SELECT of scores by the champions of their cutoffs, each with the one before it.

    Columns of `health_current`; `only` is a WHERE over `scores`. A row's place from the customer's
    last score can be asked for as `latest.place`.
    """
    where = f"\n  {only}" if only else ""
    return f"""WITH finished AS (
  SELECT cutoff, model_version,
    ROW_NUMBER() OVER (
      PARTITION BY cutoff ORDER BY finished_at DESC, started_at DESC, run_id DESC
    ) AS place
  FROM {quoted(prefix + HEALTH_RUNS.name)}
  WHERE job = '{SCORE_JOB}' AND status IN ('completed', 'unchanged')
),
champions AS (
  SELECT cutoff, model_version FROM finished WHERE place = 1
),
newest AS (
  SELECT MAX(cutoff) AS cutoff FROM champions
),
ranked AS (
  SELECT {names(HEALTH_SCORES.column_names, "scores")},
    ROW_NUMBER() OVER (PARTITION BY scores.customer_id ORDER BY scores.cutoff DESC) AS place,
    LEAD(scores.cutoff) OVER (
      PARTITION BY scores.customer_id ORDER BY scores.cutoff DESC
    ) AS previous_cutoff,
    LEAD(scores.health_score) OVER (
      PARTITION BY scores.customer_id ORDER BY scores.cutoff DESC
    ) AS previous_health_score
  FROM {quoted(prefix + HEALTH_SCORES.name)} AS scores
  INNER JOIN champions
    ON champions.cutoff = scores.cutoff AND champions.model_version = scores.model_version{where}
)
SELECT {names(HEALTH_SCORES.column_names, "latest")},
  latest.previous_cutoff,
  latest.previous_health_score,
  latest.health_score - latest.previous_health_score AS health_score_change,
  latest.cutoff < newest.cutoff AS is_stale
FROM ranked AS latest
CROSS JOIN newest"""


def alike_customers(prefix: str, limit: int) -> str:
    """Read customers whose ids stand beside one in order, or contain it; binds that id and its tail.

    Three times at most `limit` ids. An order needs no function that an engine may lack.
    """
    table, most = quoted(prefix + HEALTH_SCORES.name), int(limit)
    inside = "STRPOS(LOWER(customer_id), LOWER(CAST($2 AS VARCHAR))) > 0"
    return (
        f"SELECT customer_id FROM (SELECT DISTINCT customer_id FROM {table} "
        f"WHERE customer_id >= $1 ORDER BY customer_id LIMIT {most}) AS after "
        f"UNION SELECT customer_id FROM (SELECT DISTINCT customer_id FROM {table} "
        f"WHERE customer_id < $1 ORDER BY customer_id DESC LIMIT {most}) AS before "
        f"UNION SELECT customer_id FROM (SELECT DISTINCT customer_id, LENGTH(customer_id) AS size "
        f"FROM {table} WHERE {inside} ORDER BY size, customer_id LIMIT {most}) AS inside"
    )


def sampled_indicators(prefix: str, most: int) -> str:
    """Read indicators of a slice in the order of a hash of the ids; binds cutoff, model_version."""
    columns, table = names(HEALTH_INDICATORS.column_names), quoted(prefix + HEALTH_INDICATORS.name)
    return (
        f"SELECT {columns} FROM {table} WHERE cutoff = $1 AND model_version = $2 "
        f"ORDER BY MD5(customer_id), customer_id LIMIT {int(most)}"
    )


def delete_slice(contract: TableContract, prefix: str) -> str:
    """Delete a whole slice; binds cutoff, model_version."""
    table = quoted(prefix + contract.name)
    return f"DELETE FROM {table} WHERE cutoff = $1 AND model_version = $2"


def insert(contract: TableContract, prefix: str) -> str:
    """Add the source's rows; a key that stands there already is an error."""
    columns = names(contract.column_names)
    return f"INSERT INTO {quoted(prefix + contract.name)} ({columns}) SELECT {columns} FROM {SOURCE}"


def keep_history(prefix: str) -> str:
    """Copy a slice to the history; binds revision, cutoff, model_version."""
    return (
        f"INSERT INTO {quoted(prefix + HEALTH_SCORES_HISTORY.name)} "
        f"({names(HEALTH_SCORES_HISTORY.column_names)}) "
        f"SELECT {names(HEALTH_SCORES.column_names)}, CAST($1 AS INTEGER) "
        f"FROM {quoted(prefix + HEALTH_SCORES.name)} WHERE cutoff = $2 AND model_version = $3"
    )


def staged_rows(contract: TableContract, run: RunRecord, place: str) -> str:
    """Select whole rows of a table from where a run's scored customers wait.

    Added are the columns that are the same for the whole run, and the rank among all customers: the
    highest probability first, equal ones in the order of their ids.

    Parameters
    ----------
    contract : TableContract
        One of the slice's tables, or the rejects.
    run : RunRecord
        A score run.
    place : str
        As it stands after FROM.
    """
    added = {
        "cutoff": _instant(run.cutoff),
        "model_version": f"CAST({literal(run.model_version)} AS VARCHAR)",
        "run_id": f"CAST({literal(run.run_id)} AS VARCHAR)",
        "risk_rank": "ROW_NUMBER() OVER (ORDER BY churn_probability DESC, customer_id)",
    }
    columns = [
        f"{added[name]} AS {quoted(name)}" if name in added else quoted(name)
        for name in contract.column_names
    ]
    return f"SELECT {', '.join(columns)} FROM {place}"


def count_rows(place: str) -> str:
    """Count the rows of what stands after FROM."""
    return f"SELECT COUNT(*) FROM {place}"


def repeated_customers(place: str) -> str:
    """Count the customers who stand more than once among those who wait."""
    repeated = f"SELECT customer_id FROM {place} GROUP BY customer_id HAVING COUNT(*) > 1"
    return f"SELECT COUNT(*) FROM ({repeated}) AS repeated"


def _instant(moment: datetime | None) -> str:
    text = None if moment is None else moment.isoformat()
    return f"CAST({literal(text)} AS TIMESTAMP WITH TIME ZONE)"


def read_riskiest(prefix: str) -> str:
    """Read the scores of a slice with the highest probability; binds cutoff, model_version, most."""
    return (
        f"SELECT * FROM {quoted(prefix + HEALTH_SCORES.name)} WHERE cutoff = $1 "
        "AND model_version = $2 AND risk_rank <= $3 ORDER BY risk_rank"
    )


def read(name: str, where: tuple[str, ...], order: str) -> str:
    """Read all columns of a table of ours; binds the values of `where`."""
    wanted = f" WHERE {bound(where, ' AND ')}" if where else ""
    return f"SELECT * FROM {quoted(name)}{wanted} ORDER BY {order}"
