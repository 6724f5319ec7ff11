"""Write a first churnhealth.toml, with everything that was inferred laid open for editing."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import pandas as pd
import tomlkit
from tomlkit.items import Table

from churnhealth.domain.indicators import DIRECTIONS, GROUP_LABELS, Catalogue
from churnhealth.domain.problem import ChurnProblem
from churnhealth.errors import ConfigError, listed, nearest
from churnhealth.features.panel import PanelColumns
from churnhealth.features.panel_checks import unusable
from churnhealth.jobs.settings import PanelSource

# Usual names, without case, blanks and punctuation; the first row with a hit wins.
_CUSTOMER_NAMES = (
    (
        "customerid",
        "customer",
        "custid",
        "customerno",
        "customernumber",
        "顧客id",
        "顧客番号",
        "顧客コード",
    ),
    ("accountid", "clientid", "companyid", "tenantid", "userid", "account", "client", "accountno"),
    ("id",),
)
_LABEL_NAMES = (
    (
        "churned",
        "churn",
        "ischurn",
        "ischurned",
        "haschurned",
        "churnlabel",
        "churnflag",
        "解約",
        "解約フラグ",
    ),
    ("exited", "attrition", "attrited", "cancelled", "canceled"),
    ("label", "target"),
)
_CUTOFF_NAMES = (
    ("cutoff", "cutoffdate", "cutofftime"),
    ("snapshotdate", "snapshot", "asof", "asofdate", "observationdate", "基準日"),
)
# A column about churning knows the answer; a row number knows nothing.
_NO_INDICATOR = re.compile(
    r"churn|解約|attrition|cancell?ation|^unnamed: \d+$|^rownames?$|^row_?(?:no|number)$", re.IGNORECASE
)

_POINTS = (
    "{ bins = [{ low = 1, high = 10, points = 5 }, { low = 10, high = 20, points = 10 }] }"
    "  # a points score of your own: docs/point-table.md"
)


def infer_columns(
    frame: pd.DataFrame,
    customer_id: str | None = None,
    label: str | None = None,
    cutoff: str | None = None,
) -> PanelColumns:
    """Guess what the columns of a panel mean, from their names.

    Proposed to be ignored are columns that cannot be indicators (dates, nested values), row numbers,
    and columns whose names speak of churning (a reason, a score of somebody else).

    Parameters
    ----------
    frame : DataFrame
        The panel.
    customer_id, label, cutoff : str, optional
        Columns that the user names; they are not guessed.

    Returns
    -------
    PanelColumns
        `cutoff` is None where no column looks like one.

    Raises
    ------
    ConfigError
        A named column is not there, or customer_id or label cannot be told.

    Examples
    --------
    >>> infer_columns(pd.DataFrame({"customerID": ["a"], "tenure": [3], "Churn": ["No"]}))
    PanelColumns(customer_id='customerID', cutoff=None, label='Churn', mrr=None, currency=None, \
ignore=(), indicators=None)
    """
    names = [str(name) for name in frame.columns]
    customer = customer_id or _guessed(names, _CUSTOMER_NAMES, "customer_id")
    churn = label or _guessed(names, _LABEL_NAMES, "label")
    date = cutoff or _guessed(names, _CUTOFF_NAMES, "cutoff")
    if customer is None or churn is None:
        raise _which("customer_id" if customer is None else "label", names)
    for role, name in (("customer_id", customer), ("label", churn), ("cutoff", date)):
        if name is not None and name not in names:
            raise ConfigError(f"{role}: the panel has no column {listed([name])}{nearest(name, names)}")
    roles = {customer, churn, date}
    return PanelColumns(customer, cutoff=date, label=churn, ignore=_proposed_to_ignore(frame, roles))


def _guessed(names: list[str], usual: tuple[tuple[str, ...], ...], role: str) -> str | None:
    for row in usual:
        found = [name for name in names if re.sub(r"[\W_]+", "", name.lower()) in row]
        if len(found) > 1:
            raise _which(role, found)
        if found:
            return found[0]
    return None


def _which(role: str, names: list[str]) -> ConfigError:
    option = role.replace("_", "-")
    return ConfigError(
        f"which column is the {role}? Name it with --{option}; these are there: {listed(names, 30)}"
    )


def _proposed_to_ignore(frame: pd.DataFrame, roles: set[str | None]) -> tuple[str, ...]:
    others = [
        (str(name), frame.iloc[:, position])
        for position, name in enumerate(frame.columns)
        if str(name) not in roles
    ]
    return tuple(name for name, values in others if _NO_INDICATOR.search(name) or unusable(values))


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
