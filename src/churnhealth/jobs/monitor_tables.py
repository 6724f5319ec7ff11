"""From what monitoring found to the tables that it publishes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd

from churnhealth.adapters.warehouse import Warehouse
from churnhealth.domain.contracts import TableContract
from churnhealth.domain.monitor_tables import (
    HEALTH_MONITOR_CHECKS,
    HEALTH_MONITOR_CUSTOMERS,
    HEALTH_MONITOR_DRIFT,
    HEALTH_MONITOR_LEAD_TIMES,
    HEALTH_MONITOR_PERIODS,
)
from churnhealth.domain.monitor_words import CHECK_WORDS, word
from churnhealth.evaluate.drift import DRIFT_COLUMNS
from churnhealth.evaluate.surprises import INSTANT

if TYPE_CHECKING:
    from churnhealth.jobs.monitor import MonitorResult

REASONS = 3
CUSTOMER_COLUMNS = tuple(
    name for name in HEALTH_MONITOR_CUSTOMERS.column_names if name not in ("run_id",)
)


def with_reasons(warehouse: Warehouse, found: pd.DataFrame) -> pd.DataFrame:
    """Add what was said of each customer at the time: the three strongest drivers, one a line.

    Parameters
    ----------
    warehouse : Warehouse
        Where the drivers are.
    found : DataFrame
        Of `surprises`, with cutoff and model_version.

    Returns
    -------
    DataFrame
        Columns of `HEALTH_MONITOR_CUSTOMERS` but run_id; missing where no drivers are stored.
    """
    parts = []
    for _, rows in found.groupby(["cutoff", "model_version"], sort=False):
        cutoff, model_version = rows["cutoff"].iloc[0], str(rows["model_version"].iloc[0])
        drivers = warehouse.drivers_of(
            cutoff.to_pydatetime(),
            model_version,
            rows["customer_id"].tolist(),
            REASONS,
        )
        by_customer = drivers.groupby("customer_id")
        told = {
            name: rows["customer_id"].map(by_customer[name].agg(_lines))
            for name in ("reason_en", "reason_ja")
        }
        parts.append(rows.assign(reasons_en=told["reason_en"], reasons_ja=told["reason_ja"]))
    table = pd.concat(parts).sort_index() if parts else found.assign(reasons_en=None, reasons_ja=None)
    return table[list(CUSTOMER_COLUMNS)].reset_index(drop=True)


def monitor_tables(
    result: MonitorResult, checked_at: dt.datetime
) -> Mapping[TableContract, pd.DataFrame]:
    """Return every table with its contract; empty ones too, so that they replace what stood there."""
    run = {"run_id": result.run_id}
    checks = pd.DataFrame(
        [
            (
                one.name,
                word(CHECK_WORDS, one.name, "en"),
                word(CHECK_WORDS, one.name, "ja"),
                one.status,
                one.reason_en,
                one.reason_ja,
            )
            for one in result.checks
        ],
        columns=["check_name", "check_en", "check_ja", "status", "reason_en", "reason_ja"],
    )
    cutoff = pd.Series([result.drift_cutoff] * len(result.drift.indicators), dtype=INSTANT)
    drift = result.drift.indicators[list(DRIFT_COLUMNS)].assign(
        cutoff=cutoff, model_version=result.model_version
    )
    tables = {
        HEALTH_MONITOR_PERIODS: result.periods,
        HEALTH_MONITOR_CUSTOMERS: result.customers,
        HEALTH_MONITOR_LEAD_TIMES: result.lead_times,
        HEALTH_MONITOR_DRIFT: drift,
        HEALTH_MONITOR_CHECKS: checks.assign(
            checked_at=pd.Timestamp(checked_at), model_version=result.model_version
        ),
    }
    return {contract: table.assign(**run) for contract, table in tables.items()}


def _lines(reasons: pd.Series) -> str | None:
    said = [str(one) for one in reasons if isinstance(one, str)]
    return "\n".join(said) or None
