"""The key figures of a project: from its contracts and surveys, or from what a panel can tell."""

from __future__ import annotations

from churnhealth.errors import ConfigError
from churnhealth.jobs.kpi_history import history_kpi
from churnhealth.jobs.kpi_panel import panel_kpi
from churnhealth.jobs.kpi_tables import KpiReport
from churnhealth.jobs.wiring import Workplace

MONTHS = 12


def kpi(workplace: Workplace, *, months: int = MONTHS) -> KpiReport:
    """Work out churn, retention, expansion, lifetime value, cohorts and NPS; nothing is written.

    Parameters
    ----------
    workplace : Workplace
        As `open_workplace` gives it.
    months : int
        Whole calendar months looked back; a panel has none.

    Returns
    -------
    KpiReport
        What cannot be told, and why, is in its notes.

    Raises
    ------
    ConfigError
        No month asked for.
    SchemaError
        A table that lacks the columns the project names.
    """
    if months < 1:
        raise ConfigError(f"months: expected 1 or more, got {months}")
    if workplace.settings.is_history:
        return history_kpi(workplace, months)
    return panel_kpi(workplace)
