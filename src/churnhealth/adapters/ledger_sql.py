# Names are quoted and come from our own contracts; values are bound.
# ruff: noqa: S608
"""The SQL of the ledger of runs: one text for all engines, values bound by number."""

from __future__ import annotations

from churnhealth.adapters.warehouse import SCORE_JOB
from churnhealth.adapters.warehouse_sql import bound, names, quoted
from churnhealth.domain.tables import HEALTH_RUNS


def add_run(prefix: str, columns: tuple[str, ...]) -> str:
    """Add a ledger row; binds the columns' values."""
    marks = ", ".join(f"${place}" for place in range(1, len(columns) + 1))
    return f"INSERT INTO {quoted(prefix + HEALTH_RUNS.name)} ({names(columns)}) VALUES ({marks})"


def change_run(prefix: str, changed: tuple[str, ...], where: tuple[str, ...]) -> str:
    """Change columns of started ledger rows; binds the changed values, then those of `where`.

    Clocks jump: whatever `finished_at` says, a run never ends before it began, nor before one that
    ended earlier for the same cutoff. So the run that ended last is the one that the ledger shows as
    last, which is what `health_current` goes by.

    Returns the run_id of every row that was changed.
    """
    table = quoted(prefix + HEALTH_RUNS.name)
    values = [
        f"{quoted(name)} = {_not_before_others(table, place) if name == 'finished_at' else f'${place}'}"
        for place, name in enumerate(changed, 1)
    ]
    return (
        f"UPDATE {table} SET {', '.join(values)} "
        f"WHERE status = 'started' AND {bound(where, ' AND ', len(changed) + 1)} RETURNING run_id"
    )


def _not_before_others(table: str, place: int) -> str:
    return (
        f"GREATEST(${place}, {table}.started_at, (SELECT MAX(ended.finished_at) + INTERVAL '1 "
        f"microsecond' FROM {table} AS ended WHERE ended.job = {table}.job "
        f"AND ended.cutoff = {table}.cutoff AND ended.status IN ('completed', 'unchanged')))"
    )


def newest_finished(prefix: str) -> str:
    """Read revision and fingerprint of a slice as it stands; binds cutoff, model_version."""
    return (
        f"SELECT revision, input_fingerprint FROM {quoted(prefix + HEALTH_RUNS.name)} "
        f"WHERE job = '{SCORE_JOB}' AND status IN ('completed', 'unchanged') "
        "AND cutoff = $1 AND model_version = $2 ORDER BY revision DESC LIMIT 1"
    )


def rows_scored(prefix: str) -> str:
    """Read how many customers a slice has, out of the ledger; binds cutoff, model_version."""
    return (
        f"SELECT rows_scored FROM {quoted(prefix + HEALTH_RUNS.name)} "
        f"WHERE job = '{SCORE_JOB}' AND status IN ('completed', 'unchanged') "
        "AND cutoff = $1 AND model_version = $2 ORDER BY revision DESC, finished_at DESC LIMIT 1"
    )
