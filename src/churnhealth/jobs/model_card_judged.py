"""The part of the model card that tells how past quarters went, and what the promotion gate checked."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from churnhealth.domain.promotion import Verdict
from churnhealth.evaluate.backtest import Backtest
from churnhealth.jobs.model_card_text import cell, section

# Metric by metric: how the column is called, and with how many digits.
BACKTEST_SHOWN = {
    "log_loss": ("log loss", 4),
    "brier": ("Brier", 4),
    "brier_skill": ("Brier skill", 3),
    "roc_auc": ("AUC", 3),
    "average_precision": ("average precision", 3),
    "lift_at_capacity": ("lift at capacity", 2),
    "captured_mrr": ("captured MRR", 2),
    "calibration_slope": ("slope", 2),
    "calibration_intercept": ("intercept", 2),
    "ici": ("calibration error", 4),
    "ici_floor_95": ("its floor", 4),
}


def backtest_lines(backtest: Backtest) -> list[str]:
    """Return the windows, and the metrics of every model in each of them, as Markdown."""
    many = len(backtest.windows) > 1
    title = "Past quarters, each by what was known then" if many else "Beside simpler models"
    names = ["window", "trained on (rows, churners)", "judged (rows, churners)", "base rate", "capacity"]
    windows = [
        (
            one["window"],
            f"{one['train_rows']:,}, {one['train_churners']:,}",
            f"{one['test_rows']:,}, {one['test_churners']:,}",
            f"{one['base_rate']:.3f}",
            f"{one['capacity']:,}",
        )
        for one in backtest.windows.to_dict("records")
    ]
    head = ["window", "model", *(name for name, _ in BACKTEST_SHOWN.values())]
    _, _, _, *table = section(title, head, _metric_rows(backtest))
    note = "Intervals cover 90 %, by resampling customers. Capacity: customers that the team contacts."
    return [*section(title, names, windows), "", note, "", *table]


def _metric_rows(backtest: Backtest) -> Iterator[tuple[str, ...]]:
    for window in backtest.judged:
        for model in backtest.models:
            known = backtest.measures(window, model)
            shown = BACKTEST_SHOWN.items()
            yield window, model, *(_told(known.get(one), digits) for one, (_, digits) in shown)


def _told(measured: tuple[float, float, float] | None, digits: int) -> str:
    if measured is None or not np.isfinite(measured[0]):
        return ""
    value, low, high = measured
    shown = f"{value:.{digits}f}"
    return f"{shown} ({low:.{digits}f} to {high:.{digits}f})" if np.isfinite(low) else shown


def check_lines(verdict: Verdict) -> list[str]:
    """Return the checks of the gate as Markdown; what to do is told where one fired."""
    lines = [
        (one.code, one.outcome, cell(one.found), cell(one.advice) if one.fired else "")
        for one in verdict.checks
    ]
    return section("Checks", ["check", "outcome", "found", "what to do"], lines)
