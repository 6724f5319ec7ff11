"""What became of published scores: predicted and observed churners, period by period."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from churnhealth.domain.health import FloatArray
from churnhealth.domain.monitor_tables import BOUNDED, HEALTH_MONITOR_PERIODS, PERIOD_VERDICTS
from churnhealth.domain.retrain_due import ScoreEvidence
from churnhealth.evaluate.calibration import floor_of
from churnhealth.evaluate.checks import IntArray, check_rows
from churnhealth.evaluate.clusters import clustered_worlds, design_effect, row_dependence
from churnhealth.evaluate.counts import Counts, coarsen, count_rows, simulated_counts
from churnhealth.evaluate.loss import base_rate_losses, log_loss
from churnhealth.evaluate.metric_table import metric_table
from churnhealth.evaluate.poisson_binomial import churner_interval
from churnhealth.evaluate.smooth import CalibrationCurve, ici_of_counts

PERIOD_COLUMNS = tuple(one for one in HEALTH_MONITOR_PERIODS.column_names if one != "run_id")
LEVEL = 0.95
RESAMPLES = 200
WORLDS = 400


def periods_table(judged: pd.DataFrame, unlabelled: Mapping[str, int], champion: str) -> pd.DataFrame:
    """Compare predicted and observed churners by cutoff, by month, for the champion, and in all.

    Where customers have several rows (cutoffs whose windows overlap), ranges are as much wider as these
    rows were found to churn together (`row_dependence`).

    Parameters
    ----------
    judged : DataFrame
        One row per score whose label is known: customer_id, period (local date of the cutoff, text
        such as "2026-04-01"), model_version, churn_probability (0-1), churned (0 or 1).
    unlabelled : mapping of str to int
        Scores of closed windows without a label, by period.
    champion : str
        The model_version whose scores get a line of their own.

    Returns
    -------
    DataFrame
        Columns of `HEALTH_MONITOR_PERIODS` but run_id; by period, no rows when nothing is judged.
    """
    lines: list[dict[str, object]] = []
    # A month with one cutoff, or a champion that made all scores, is the same rows again.
    known: dict[bytes, dict[str, float | str]] = {}
    for kind, period, rows, missing in _periods(judged, unlabelled, champion):
        same = rows.index.to_numpy().tobytes()
        if same not in known:
            known[same] = _line(rows)
        lines.append({"period_kind": kind, "period": period, "without_label": missing} | known[same])
    return pd.DataFrame(lines, columns=list(PERIOD_COLUMNS))


def score_evidence(
    judged: pd.DataFrame, level: float = 0.99, random_state: int = 0
) -> ScoreEvidence | None:
    """Ask of all given scores together whether they came true, beyond what chance allows.

    Parameters
    ----------
    judged : DataFrame
        As in `periods_table`.
    level : float
        Of the range and the floor, 0-1; a true model passes both in so many cases each.
    random_state : int
        Seed of the simulated worlds.

    Returns
    -------
    ScoreEvidence or None
        None without rows.
    """
    if judged.empty:
        return None
    y, p, customer = _rows(judged)
    counts, dependence = count_rows(y, p), row_dependence(y, p, customer)
    wider = float(np.sqrt(design_effect(p, customer, dependence)))
    low, high = _range(counts, wider, level)
    coarse = coarsen(counts)
    curve, rng = CalibrationCurve.over(coarse), np.random.default_rng(random_state)
    worlds: Iterator[Counts] = (
        clustered_worlds(p, customer, dependence, WORLDS, rng)
        if dependence
        else simulated_counts(coarse, WORLDS, rng)
    )
    return ScoreEvidence(
        customers=y.size,
        churners=int(counts.churners),
        predicted=float(p.sum()),
        low=low,
        high=high,
        ici=ici_of_counts(coarse, curve),
        ici_floor=floor_of([ici_of_counts(world, curve) for world in worlds], level).quantile,
        log_loss=log_loss(y, p),
        log_loss_base_rate=base_rate_losses(counts.base_rate)[0],
        level=level,
    )


def _periods(
    judged: pd.DataFrame, unlabelled: Mapping[str, int], champion: str
) -> Iterator[tuple[str, str, pd.DataFrame, int]]:
    if judged.empty:
        return
    for period, rows in judged.groupby("period", sort=True):
        yield "cutoff", str(period), rows, unlabelled.get(str(period), 0)
    for month, rows in judged.groupby(judged["period"].str[:7], sort=True):
        missing = sum(count for day, count in unlabelled.items() if day.startswith(str(month)))
        yield "month", str(month), rows, missing
    own = judged[judged["model_version"] == champion]
    if len(own):
        days = set(own["period"])
        yield "model", champion, own, sum(n for day, n in unlabelled.items() if day in days)
    yield "all", "", judged, sum(unlabelled.values())


def _line(rows: pd.DataFrame) -> dict[str, float | str]:
    y, p, customer = _rows(rows)
    counts = count_rows(y, p)
    wider = float(np.sqrt(design_effect(p, customer, row_dependence(y, p, customer))))
    low, high = _range(counts, wider, LEVEL)
    table = metric_table(y, p, customer, n_boot=RESAMPLES, n_sim=0, random_state=0)
    figures = table[["value", "low", "high"]].astype("float64").to_numpy()
    metrics = dict(zip(table["metric"], figures.tolist(), strict=True))
    _, rate_low, rate_high = metrics["base_rate"]
    bounded = {
        f"{name}{end}": metrics[name][place]
        for name in BOUNDED
        for place, end in enumerate(("", "_low", "_high"))
    }
    return {
        "customers": y.size,
        "churners": int(counts.churners),
        "predicted_churners": float(p.sum()),
        "churners_low": low,
        "churners_high": high,
        "verdict": PERIOD_VERDICTS[int(counts.churners > high) + 2 * int(counts.churners < low)],
        "churn_rate": counts.base_rate,
        "churn_rate_low": rate_low,
        "churn_rate_high": rate_high,
        "log_loss": metrics["log_loss"][0],
        "log_loss_base_rate": metrics["log_loss_base_rate"][0],
        **bounded,
    }


def _rows(judged: pd.DataFrame) -> tuple[FloatArray, FloatArray, IntArray]:
    rows = check_rows(
        judged["churned"], {"p": judged["churn_probability"]}, customer_id=judged["customer_id"]
    )
    return rows.y, rows.p["p"], rows.customer


def _range(counts: Counts, wider: float, level: float) -> tuple[float, float]:
    bounds = churner_interval(counts.probability, counts.total, level)
    if wider == 1.0:
        return bounds
    expected = float(counts.total @ counts.probability)
    low, high = (float(np.clip(expected + wider * (b - expected), 0.0, counts.rows)) for b in bounds)
    return low, high
