"""Which contract columns a source has: those that the user named, and those of the same name."""

from __future__ import annotations

from dataclasses import replace

from churnhealth.domain.history import HISTORY
from churnhealth.domain.sources import History, Source
from churnhealth.errors import SchemaError, nearest
from churnhealth.features.runner import SqlRunner


def present_columns(history: History, runner: SqlRunner) -> History:
    """Return the history with every column that is really there, and how it is stored.

    A contract column that the user did not name is taken from a column of the same name, where there
    is one. A column that the user named "" is left out.

    Raises
    ------
    SchemaError
        With all named columns that the relations do not have.
    """
    faults: list[str] = []
    sources = {}
    for name, source in history.sources.items():
        sources[name], absent = found_columns(source, runner)
        faults += [f"{name}: {fault}" for fault in absent]
    if faults:
        raise SchemaError("history", faults)
    return replace(history, sources=sources)


def found_columns(source: Source, runner: SqlRunner) -> tuple[Source, list[str]]:
    """Return a source with the columns that are there, and what is wrong with those that are not.

    Raises
    ------
    WarehouseError
        There is no such relation.
    """
    stored = dict(runner.columns(source.relation))
    same = {name: name for name in HISTORY[source.table].names if name in stored}
    wanted = {name: mine for name, mine in {**same, **source.columns}.items() if mine}
    faults = [
        f"{source.relation} has no column {mine!r} for {name!r}{nearest(mine, stored)}"
        for name, mine in {**wanted, **source.extra}.items()
        if mine not in stored
    ]
    columns = {
        name: wanted[name] for name in HISTORY[source.table].names if wanted.get(name, "") in stored
    }
    return replace(source, columns=columns, stored=stored), faults
