"""The judged windows of a retraining as records of their own: what was trained, judged and measured."""

from __future__ import annotations

import pandas as pd

from churnhealth.adapters.tracking import FoldRecord
from churnhealth.evaluate.backtest import Backtest
from churnhealth.features.panel import Panel
from churnhealth.jobs.backtest import CHALLENGER, JudgedWindow
from churnhealth.jobs.judging import CHAMPION, Judged
from churnhealth.jobs.wiring import Workplace

# What is told of every model in every window; more is in the table `backtest_metrics`.
FOLD_METRICS = (
    "log_loss",
    "brier",
    "brier_skill",
    "roc_auc",
    "average_precision",
    "lift_at_capacity",
    "captured_churners",
    "captured_mrr",
    "calibration_slope",
    "calibration_intercept",
    "observed_minus_expected",
    "ici",
    "ici_floor_95",
)
UNKNOWN = "unknown"


def fold_records(workplace: Workplace, panel: Panel, judged: Judged) -> tuple[FoldRecord, ...]:
    """Return one record per judged window, the oldest first.

    The challenger's metrics carry their own names, with `_low` and `_high` for the ends of their 90 %
    intervals, so that a window can be compared with its quarter; those of other models come after
    the model and a slash, such as `base_rate/log_loss`. The champion is judged on the newest window.

    Parameters
    ----------
    workplace : Workplace
        Its time zone tells the days.
    panel : Panel
        The rows that the windows are masks of.
    judged : Judged
        What was found there.
    """
    newest = len(judged.windows) - 1
    return tuple(
        FoldRecord(
            one.window.name,
            _params(workplace, panel, judged.backtest, one),
            _metrics(judged, one.window.name, newest=at == newest),
        )
        for at, one in enumerate(judged.windows)
    )


def _params(
    workplace: Workplace, panel: Panel, table: Backtest, judged: JudgedWindow
) -> dict[str, str | int | float | bool]:
    window, zone = judged.window, workplace.settings.problem.timezone
    (rows,) = table.windows[table.windows["window"] == window.name].to_dict("records")
    days = [str(at.tz_convert(zone).date()) for at in sorted(panel.cutoff[window.train].unique())]
    return {
        "window": window.name,
        "judged_cutoff": _instant(window.cutoff, zone),
        "train_cutoffs": len(days),
        "train_cutoff_first": days[0],
        "train_cutoff_last": days[-1],
        "label_known_through": _instant(judged.label_known_through, zone),
        **{str(name): int(rows[name]) for name in rows if name not in ("window", "base_rate")},
        "base_rate": float(rows["base_rate"]),
    }


def _instant(at: pd.Timestamp | None, zone: str) -> str:
    return UNKNOWN if at is None else at.tz_convert(zone).isoformat()


def _metrics(judged: Judged, window: str, *, newest: bool) -> dict[str, float]:
    told = dict[str, float]()
    for model in judged.backtest.models:
        told |= _of_model(judged.backtest, window, model)
    champion = judged.champion.table if judged.champion and newest else None
    return told if champion is None else told | _of_model(champion, window, CHAMPION)


def _of_model(table: Backtest, window: str, model: str) -> dict[str, float]:
    known = table.measures(window, model)
    prefix = "" if model == CHALLENGER else f"{model.replace(' ', '_')}/"
    return {
        f"{prefix}{metric}{ending}": value
        for metric in FOLD_METRICS
        if metric in known
        for ending, value in zip(("", "_low", "_high"), known[metric], strict=True)
    }
