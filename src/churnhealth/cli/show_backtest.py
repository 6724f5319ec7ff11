"""How a retraining run prints its checks, and how past quarters went."""

from __future__ import annotations

import math
from typing import Any

from rich.table import Table
from rich.text import Text

from churnhealth.cli.printing import new_table, plain_text
from churnhealth.domain.promotion import Verdict
from churnhealth.evaluate.backtest import Backtest

STYLES = {"stop": "bold red", "warn": "yellow", "passed": "green"}
# Metric by metric: how the column is called, and with how many digits; intervals are in the card.
SHOWN = {
    "log_loss": ("log loss", 4),
    "roc_auc": ("AUC", 3),
    "lift_at_capacity": ("lift", 2),
    "calibration_slope": ("slope", 2),
    "ici": ("error", 3),
}


def checks(verdict: Verdict) -> Table:
    """Return what the promotion gate asked, and what to do where a check fired."""
    table = new_table("Checks", ["check", "outcome", "found"])
    for one in verdict.checks:
        found = f"{one.found} {one.advice}" if one.fired else one.found
        table.add_row(one.code, Text(one.outcome, STYLES[one.outcome]), plain_text(found))
    return table


def windows(backtest: Backtest) -> Table:
    """Return the windows that were judged: what trained, and what was judged."""
    table = new_table(
        "Judged, each by what was known then",
        ["window", "trained on", "churners", "judged", "churners", "base rate", "capacity"],
    )
    for one in backtest.windows.to_dict("records"):
        counts = ("train_rows", "train_churners", "test_rows", "test_churners")
        told = [f"{one[name]:,}" for name in counts]
        table.add_row(
            plain_text(one["window"]), *told, f"{one['base_rate']:.1%}", f"{one['capacity']:,}"
        )
    return table


def models(backtest: Backtest) -> Table:
    """Return the metrics of every model in every window."""
    names = [name for name, _ in SHOWN.values()]
    title = "Beside simpler models (lift: at capacity; error: of calibration)"
    table = new_table(title, ["window", "model", *names])
    for window in backtest.judged:
        for model in backtest.models:
            known = backtest.measures(window, model)
            cells = [_told(known.get(metric), digits) for metric, (_, digits) in SHOWN.items()]
            first = window if model == backtest.models[0] else ""
            table.add_row(plain_text(first), plain_text(model), *cells)
    return table


def _told(measured: tuple[float, float, float] | None, digits: int) -> str:
    known = measured is not None and math.isfinite(measured[0])
    return f"{measured[0]:.{digits}f}" if measured is not None and known else ""


def document(backtest: Backtest) -> dict[str, list[dict[str, Any]]]:
    """Return the tables for machines; what is not defined is null."""
    tables = {
        "windows": backtest.windows,
        "metrics": backtest.metrics,
        "segments": backtest.segments,
        "differences": backtest.differences,
    }
    return {
        name: [
            {str(key): _plain(value) for key, value in line.items()} for line in table.to_dict("records")
        ]
        for name, table in tables.items()
    }


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
