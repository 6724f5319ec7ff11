"""What do the columns of a panel mean? Guessed from their usual names, in English and Japanese."""

from __future__ import annotations

import re

import pandas as pd

from churnhealth.errors import ConfigError, listed, nearest
from churnhealth.features.panel import PanelColumns
from churnhealth.features.panel_checks import unusable

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
        "お客様id",
        "お客様番号",
        "取引先id",
        "取引先コード",
        "会社id",
        "企業id",
        "契約者id",
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
        "解約有無",
        "退会",
        "退会フラグ",
        "チャーン",
        "チャーンフラグ",
    ),
    ("exited", "attrition", "attrited", "cancelled", "canceled"),
    ("label", "target"),
)
_CUTOFF_NAMES = (
    ("cutoff", "cutoffdate", "cutofftime"),
    ("snapshotdate", "snapshot", "asof", "asofdate", "observationdate", "基準日", "集計日"),
)
# A column about churning knows the answer; a row number knows nothing.
_NO_INDICATOR = re.compile(
    r"churn|解約|退会|チャーン|attrition|cancell?ation|^unnamed: \d+$|^rownames?$|^row_?(?:no|number)$",
    re.IGNORECASE,
)

# What people call a customer, and who looks after it; the report shows both.
_PEOPLE_NAMES = {
    "name": (
        ("companyname", "customername", "accountname", "clientname"),
        ("会社名", "企業名", "顧客名", "取引先名", "お客様名", "社名"),
        ("company", "name"),
    ),
    "owner": (
        ("csm", "csmname", "owner", "accountmanager", "accountowner", "successmanager"),
        ("担当者", "担当者名", "cs担当", "cs担当者", "営業担当"),
    ),
}
# Text with about as many values as there are customers is a name, an address, a mail: not a level.
_FEWEST_NAMES, _SHARE_OF_NAMES = 50, 0.9


def infer_columns(
    frame: pd.DataFrame,
    customer_id: str | None = None,
    label: str | None = None,
    cutoff: str | None = None,
) -> PanelColumns:
    """Guess what the columns of a panel mean, from their names.

    Proposed to be ignored are columns that cannot be indicators (dates, nested values), row numbers,
    columns whose names speak of churning (a reason, a score of somebody else), and text of which
    nearly every customer has another (names, addresses).

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
    ignore = _proposed_to_ignore(frame, customer, {customer, churn, date})
    return PanelColumns(customer, cutoff=date, label=churn, ignore=ignore)


def infer_people(frame: pd.DataFrame) -> dict[str, str]:
    """Guess which columns hold the name and the owner of a customer.

    Returns
    -------
    dict of str to str
        Column by "name" and "owner"; only where one column alone has a usual name.

    Examples
    --------
    >>> infer_people(pd.DataFrame(columns=["顧客ID", "会社名", "担当者"]))
    {'name': '会社名', 'owner': '担当者'}
    """
    names = [str(name) for name in frame.columns]
    found = {role: _usual(names, usual) for role, usual in _PEOPLE_NAMES.items()}
    return {role: columns[0] for role, columns in found.items() if len(columns) == 1}


def _guessed(names: list[str], usual: tuple[tuple[str, ...], ...], role: str) -> str | None:
    found = _usual(names, usual)
    if len(found) > 1:
        raise _which(role, found)
    return found[0] if found else None


def _usual(names: list[str], usual: tuple[tuple[str, ...], ...]) -> list[str]:
    """Return the columns of the first row of usual names that has any."""
    found = ([one for one in names if re.sub(r"[\W_]+", "", one.lower()) in row] for row in usual)
    return next((columns for columns in found if columns), [])


def _which(role: str, names: list[str]) -> ConfigError:
    option = role.replace("_", "-")
    return ConfigError(
        f"which column is the {role}? Name it with --{option}; these are there: {listed(names, 30)}"
    )


def _proposed_to_ignore(frame: pd.DataFrame, customer: str, roles: set[str | None]) -> tuple[str, ...]:
    customers = frame[customer].nunique()
    others = [
        (str(name), frame.iloc[:, position])
        for position, name in enumerate(frame.columns)
        if str(name) not in roles
    ]
    return tuple(
        name
        for name, values in others
        if _NO_INDICATOR.search(name) or unusable(values) or _names_people(values, customers)
    )


def _names_people(values: pd.Series, customers: int) -> bool:
    if not (pd.api.types.is_string_dtype(values) or isinstance(values.dtype, pd.CategoricalDtype)):
        return False
    different = values.nunique()
    return different >= _FEWEST_NAMES and different >= _SHARE_OF_NAMES * customers
