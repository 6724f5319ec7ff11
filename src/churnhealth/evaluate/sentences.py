"""What the data can and cannot support, in sentences."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from churnhealth.evaluate.intervals import FEW
from churnhealth.evaluate.segments import LEVEL as SEGMENT_LEVEL

MOST_SEGMENTS = 5


class _Metrics:
    """Looks up value and bounds of a metric."""

    def __init__(self, metrics: pd.DataFrame) -> None:
        self._by_name = metrics.set_index("metric")[["value", "low", "high"]].to_dict("index")

    def __getitem__(self, name: str) -> tuple[float, float, float]:
        line = self._by_name[name]
        return line["value"], line["low"], line["high"]

    def value(self, name: str) -> float:
        return self[name][0]


def sentences_of(metrics: pd.DataFrame, lift: pd.DataFrame, by_segment: pd.DataFrame) -> list[str]:
    """Say what a report's tables mean, the most important first.

    Parameters
    ----------
    metrics : pandas.DataFrame
        As made by `metric_table`.
    lift : pandas.DataFrame
        As made by `lift_table`.
    by_segment : pandas.DataFrame
        As made by `metrics_by_segment`; may be empty.

    Returns
    -------
    list of str
        Whole sentences; figures are shares (0-1) with 90 % intervals.
    """
    look = _Metrics(metrics)
    parts: list[Callable[[_Metrics], list[str]]] = [_size, _ranking, _skill, _level, _spread, _shape]
    return [sentence for part in parts for sentence in part(look)] + _found(lift) + _segments(by_segment)


def _size(look: _Metrics) -> list[str]:
    rows, customers, churners = (int(look.value(name)) for name in ("rows", "customers", "churners"))
    said = f"{_many(customers, 'customer')}" + (f" in {rows:,} rows" if rows != customers else "")
    found = [f"{said}, {_many(churners, 'churner')}: base rate {_with_interval(look['base_rate'])}."]
    if look.value("base_rate") in (0.0, 1.0):
        what = "churned" if churners else "stayed"
        found.append(f"Everybody {what}: how well churners are told from stayers cannot be judged.")
    elif min(churners, customers - churners) < FEW:
        found.append(
            "Too few churners or stayers for resampling: losses, lift and average precision are less "
            "certain than their intervals say."
        )
    return found


def _ranking(look: _Metrics) -> list[str]:
    value, low, high = look["roc_auc"]
    if not np.isfinite([value, low, high]).all():
        return []
    churners, digits = _many(int(look.value("churners")), "churner"), 2 if high - low > 0.02 else 3
    doubt = " A ranking by chance cannot be ruled out." if low <= 0.5 <= high else ""
    return [f"{churners}: AUC between {low:.{digits}f} and {high:.{digits}f}.{doubt}"]


def _skill(look: _Metrics) -> list[str]:
    value, low, high = look["log_loss_skill"]
    if not np.isfinite([value, low, high]).all():
        return []
    loss, base = look.value("log_loss"), look.value("log_loss_base_rate")
    # The base rate was taken from the same rows: that alone is worth so much to it (chi-squared, 90 %).
    head_start = 2.706 / (2.0 * look.value("customers")) / base
    if -head_start <= high and low <= 0.0:
        verdict = "not told apart from the base rate by these data"
    else:
        verdict = "better than the base rate" if low > 0.0 else "worse than the base rate"
    shares = _with_interval((value, low, high))
    return [f"Log loss {loss:.4f} against {base:.4f}: {verdict} (skill {shares})."]


def _level(look: _Metrics) -> list[str]:
    gap, low, high = look["observed_minus_expected"]
    if not _excludes(low, high, 0.0):
        return []
    observed = look.value("base_rate")
    said = f"{'More' if gap > 0 else 'Fewer'} customers churned than predicted"
    return [f"{said}: {observed:.3f} observed, {observed - gap:.3f} predicted."]


def _spread(look: _Metrics) -> list[str]:
    value, low, high = look["calibration_slope"]
    if not _excludes(low, high, 1.0):
        return []
    verdict = "too extreme" if value < 1.0 else "too timid"
    return [f"The probabilities are {verdict}: calibration slope {_with_interval((value, low, high))}."]


def _shape(look: _Metrics) -> list[str]:
    value, floor = look.value("ici"), look.value("ici_floor_95")
    if not np.isfinite([value, floor]).all():
        return []
    if value <= floor:
        verdict = "no miscalibration that these data could show"
    else:
        verdict = "miscalibrated beyond chance"
    return [f"Mean calibration error (ICI) {value:.4f}, by chance up to {floor:.4f}: {verdict}."]


def _found(lift: pd.DataFrame) -> list[str]:
    tenth = lift[np.isclose(lift["share"], 0.1) & lift["captured_churners"].notna()]
    said = []
    for line in tenth.to_dict("records"):
        found = f"The riskiest tenth ({_many(int(line['customers']), 'row')}) holds"
        found += f" {line['captured_churners']:.3f} of the churners"
        if np.isfinite(line["captured_mrr"]):
            found += f" and {line['captured_mrr']:.3f} of the churned MRR"
        said.append(f"{found}.")
    return said


def _segments(by_segment: pd.DataFrame) -> list[str]:
    if by_segment.empty:
        return []
    outside = by_segment[~by_segment["inside"].astype(bool)]
    chance = (1.0 - SEGMENT_LEVEL) * len(by_segment)
    said = f"{_many(len(by_segment), 'segment value')}, {len(outside)} outside what chance allows"
    said += f" (about {chance:.1f} expected even if all were right)"
    if outside.empty:
        return [said + "."]
    named = [
        f"{line['segment']} = {line['value']} ({line['difference']:+.3f})"
        for line in sorted(outside.to_dict("records"), key=lambda line: -abs(line["difference"]))
    ]
    more = ", ..." if len(named) > MOST_SEGMENTS else ""
    return [f"{said}: {', '.join(named[:MOST_SEGMENTS])}{more}."]


def _excludes(low: float, high: float, right: float) -> bool:
    return low > right + 1e-9 or high < right - 1e-9


def _with_interval(line: tuple[float, float, float]) -> str:
    value, low, high = line
    bounds = f", 90 % interval {low:.3f} to {high:.3f}" if np.isfinite([low, high]).all() else ""
    return f"{value:.3f}{bounds}"


def _many(count: int, word: str) -> str:
    return f"{count:,} {word}" + ("" if count == 1 else "s")
