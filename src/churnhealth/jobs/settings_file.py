"""Write a first churnhealth.toml, with everything that was inferred laid open for editing."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import tomlkit
from tomlkit.items import Table

from churnhealth.domain.indicators import DIRECTIONS, GROUP_LABELS, Catalogue
from churnhealth.domain.problem import ChurnProblem
from churnhealth.features.panel import PanelColumns
from churnhealth.jobs.settings import PanelSource

_POINTS = (
    "{ bins = [{ low = 1, high = 10, points = 5 }, { low = 10, high = 20, points = 10 }] }"
    "  # a points score of your own: docs/point-table.md"
)


def settings_toml(
    name: str,
    source: PanelSource,
    columns: PanelColumns,
    problem: ChurnProblem,
    catalogue: Catalogue,
    *,
    language: str = "en",
    cutoff_date: dt.date | None = None,
    scoring: PanelSource | None = None,
    people: Mapping[str, str] | None = None,
) -> str:
    """Write churnhealth.toml.

    Parameters
    ----------
    name : str
        Name of the project; also of the MLflow experiment and the registered model.
    source : PanelSource
        Where the panel is; a file is written as it is given (relative to the configuration).
    columns : PanelColumns
        What the panel's columns mean.
    problem : ChurnProblem
        What is predicted; its time zone is the project's.
    catalogue : Catalogue
        Every indicator becomes a section of its own that can be edited.
    language : {"en", "ja"}
        Language of reports.
    cutoff_date : date, optional
        The one cutoff of a panel that has no cutoff column.
    scoring : PanelSource, optional
        Where the customers to be scored are; None: where the panel is.
    people : mapping of str to str, optional
        Columns with the name and the owner of a customer, for the report.

    Returns
    -------
    str
        TOML; `load_settings` gives back the same problem, columns and catalogue.
    """
    document = tomlkit.document()
    document.add(
        tomlkit.comment("Settings of churnhealth. Relative paths start at the folder of this file.")
    )
    document.add("project", _project(name, problem.timezone, language))
    document.add("problem", _problem(problem))
    document.add("panel", _panel(source, columns, cutoff_date))
    if scoring is not None:
        document.add("scoring", _table(_source(scoring)))
    document.add("report", _report(people or {}))
    document.add("points", _table({"logins": None}, {"logins": _POINTS}))
    document.add("tracking", _tracking(name))
    if catalogue.group_labels:
        document.add("groups", _groups(catalogue))
    document.add(tomlkit.nl())
    document.add(tomlkit.comment("Indicators, as inferred from their names; edit what is wrong."))
    document.add(tomlkit.comment(f"group: {', '.join(GROUP_LABELS)}, or one of your own"))
    document.add(tomlkit.comment(f"direction: {', '.join(DIRECTIONS)}"))
    if catalogue.indicators:
        document.add("indicators", _indicators(catalogue))
    return tomlkit.dumps(document)


def _project(name: str, timezone: str, language: str) -> Table:
    table = _table({"name": name, "timezone": timezone, "language": language})
    table["timezone"].comment("a date begins at local midnight")
    return table


def _problem(problem: ChurnProblem) -> Table:
    values = problem.to_dict()
    del values["timezone"]
    return _table(
        values,
        {
            "positive_label": '"churned"  # the value of the label that means churned',
            "lookback_days": "90  # days before the cutoff that the indicators look at",
            "horizon_days": "90  # days after the gap in which churning counts",
        },
    )


def _panel(source: PanelSource, columns: PanelColumns, cutoff_date: dt.date | None) -> Table:
    values = {
        **_source(source),
        "customer_id": columns.customer_id,
        "cutoff": columns.cutoff,
        "cutoff_date": cutoff_date,
        "label": columns.label,
        "mrr": columns.mrr,
        "currency": columns.currency,
        "ignore": list(columns.ignore),
        "indicators": None if columns.indicators is None else list(columns.indicators),
    }
    hints = {
        "mrr": '"monthly_charges"  # money per month; needs currency',
        "currency": '"JPY"',
    }
    if columns.cutoff is None and cutoff_date is None:
        hints["cutoff_date"] = "2026-04-01  # the moment of prediction of all rows"
    table = _table(values, hints)
    table["ignore"].comment("columns that are no indicators")
    return table


def _report(people: Mapping[str, str]) -> Table:
    values = {role: people.get(role) for role in ("name", "owner")}
    hints = {
        "name": '"company"  # what people call the customer',
        "owner": '"csm"  # who looks after it',
    }
    return _table(values, hints)


def _source(source: PanelSource) -> dict[str, str | None]:
    return {"table": source.table, "file": None if source.file is None else source.file.as_posix()}


def _tracking(name: str) -> Table:
    safe = re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-.") or "churnhealth"
    hints = {"uri": '"env:MLFLOW_URI"  # default: a database under models/; env:NAME reads a variable'}
    return _table({"uri": None, "experiment": name, "model_name": safe}, hints)


def _groups(catalogue: Catalogue) -> Table:
    tables = tomlkit.table(is_super_table=True)
    for group, labels in catalogue.group_labels.items():
        tables.add(group, _table({"label_en": labels.get("en", ""), "label_ja": labels.get("ja", "")}))
    return tables


def _indicators(catalogue: Catalogue) -> Table:
    tables = tomlkit.table(is_super_table=True)
    for indicator in catalogue.indicators:
        values = asdict(indicator)
        del values["computed"]
        tables.add(values.pop("name"), _table(values))
    return tables


def _table(values: Mapping[str, Any], hints: Mapping[str, str] | None = None) -> Table:
    """Write a section; a value that is None becomes a comment where there is a hint for it."""
    table = tomlkit.table()
    for name, value in values.items():
        if value is not None:
            table.add(name, value)
        elif hints and name in hints:
            table.add(tomlkit.comment(f"{name} = {hints[name]}"))
    return table
