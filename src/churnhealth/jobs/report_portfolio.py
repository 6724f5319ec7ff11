"""The portfolio of the report: bands, movement, MRR at risk, segments, two groups at once."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd

from churnhealth.domain.health import BANDS
from churnhealth.evaluate.two_axes import two_axes
from churnhealth.jobs.report_slice import ScoredSlice
from churnhealth.jobs.wiring import Workplace

Document = dict[str, Any]
MOST_CUTOFFS = 12
MOST_SHOWN_LEVELS = 12


def portfolio(workplace: Workplace, scored: ScoredSlice, segments: pd.DataFrame) -> Document:
    """Add up all customers with a new score, whether or not the page holds them.

    Returns
    -------
    dict
        totals, bands, distribution (customers by tens of the score and by band), movement (None
        without an earlier cutoff), timeline, segments, axes, cuts: plain values for JSON; shares 0-1,
        money per month.
    """
    cuts, axes = _axes(scored)
    return {
        "totals": _totals(scored),
        "bands": [_band(scored.fresh, band) for band in BANDS],
        "distribution": _distribution(scored.fresh),
        "movement": _movement(workplace, scored),
        "timeline": _timeline(workplace),
        "segments": [_segment(scored.fresh, segments[name]) for name in segments.columns],
        "axes": axes,
        "cuts": cuts,
    }


def money(values: pd.Series) -> float | None:
    """Add up amounts; None where none is known."""
    known = values.dropna().astype("float64")
    return None if known.empty else float(known.sum())


def _totals(scored: ScoredSlice) -> Document:
    fresh = scored.fresh
    mean = float(fresh["health_score"].mean()) if len(fresh) else None
    change = fresh["health_score_change"].dropna().astype("float64")
    return {
        "customers": len(fresh),
        "stale": len(scored.current) - len(fresh),
        "expected_churners": float(fresh["churn_probability"].sum()),
        "mrr": money(fresh["mrr"]),
        "mrr_at_risk": money(fresh["mrr_at_risk"]),
        "without_mrr": int(fresh["mrr_at_risk"].isna().sum()),
        "mean_health": mean,
        "mean_change": float(change.mean()) if len(change) else None,
        "worse": int((change <= -5).sum()),
        "better": int((change >= 5).sum()),
    }


def _band(fresh: pd.DataFrame, band: str) -> Document:
    rows = fresh[fresh["health_band"] == band]
    return {
        "band": band,
        "customers": len(rows),
        "share": len(rows) / len(fresh) if len(fresh) else 0.0,
        "expected_churners": float(rows["churn_probability"].sum()),
        "mrr": money(rows["mrr"]),
        "mrr_at_risk": money(rows["mrr_at_risk"]),
    }


def _distribution(fresh: pd.DataFrame) -> list[list[int]]:
    """Count customers by tens of the health score, and in each by band."""
    tens = np.minimum(fresh["health_score"].to_numpy(np.float64) // 10, 9)
    bands = fresh["health_band"].to_numpy(dtype=object)
    return [[int(((tens == at) & (bands == band)).sum()) for band in BANDS] for at in range(10)]


def _movement(workplace: Workplace, scored: ScoredSlice) -> Document | None:
    if scored.before.empty:
        return None
    fresh = scored.fresh
    both = fresh.merge(scored.before, on="customer_id", suffixes=("", "_before"))
    cells = pd.crosstab(both["health_band_before"], both["health_band"])
    cells = cells.reindex(index=list(BANDS), columns=list(BANDS), fill_value=0)
    moment = scored.before["cutoff"].iloc[0].tz_convert(workplace.settings.problem.timezone)
    return {
        "since": f"{moment:%Y-%m-%d}",
        "cells": cells.to_numpy().tolist(),
        "joined": len(fresh) - len(both),
        "gone": len(scored.before) - len(both),
        "mrr_at_risk_before": money(scored.before["mrr_at_risk"]),
    }


def _timeline(workplace: Workplace) -> list[Document]:
    counted = workplace.warehouse.band_counts(MOST_CUTOFFS)
    zone = workplace.settings.problem.timezone
    days = []
    for _, rows in counted.groupby("cutoff", sort=True):
        cutoff = rows["cutoff"].iloc[0]
        bands = dict(zip(rows["health_band"], rows["customers"], strict=True))
        day = {"date": f"{cutoff.tz_convert(zone):%Y-%m-%d}", "mrr_at_risk": money(rows["mrr_at_risk"])}
        days.append({**day, "counts": [int(bands.get(band, 0)) for band in BANDS]})
    return days


def _segment(fresh: pd.DataFrame, levels: pd.Series) -> Document:
    rows = fresh.assign(level=fresh["customer_id"].map(levels))
    named = rows[rows["level"].notna()]
    sizes = named["level"].value_counts()
    shown = [str(level) for level in sizes.index[:MOST_SHOWN_LEVELS]]
    return {
        "name": str(levels.name),
        "levels": [_level(level, named[named["level"] == level]) for level in sorted(shown)],
        "more_levels": len(sizes) - len(shown),
        "unknown": len(rows) - len(named),
    }


def _level(level: str, rows: pd.DataFrame) -> Document:
    bands = rows["health_band"].value_counts()
    return {
        "level": level,
        "counts": [int(bands.get(band, 0)) for band in BANDS],
        "churn_probability": float(rows["churn_probability"].mean()),
        "mrr": money(rows["mrr"]),
        "mrr_at_risk": money(rows["mrr_at_risk"]),
    }


def _axes(scored: ScoredSlice) -> tuple[dict[str, list[float]], list[Document]]:
    """Return where each group's thirds begin, and the nine cells of every pair of groups."""
    groups = scored.groups.dropna(axis="columns", how="all")
    rows = scored.fresh.set_index("customer_id")[["churn_probability", "mrr"]]
    cuts = {str(name): _thirds(groups[name]) for name in groups.columns}
    found = []
    for first, second in itertools.combinations(cuts, 2):
        known = groups[[first, second]].dropna().join(rows, how="inner")
        if known.empty:
            found.append({"first": first, "second": second, "cells": [[0, None, None]] * 9})
            continue
        cells = two_axes(
            known[[first, second]],
            first,
            second,
            known["churn_probability"].to_numpy(np.float64),
            mrr=known["mrr"].to_numpy(np.float64),
            cuts={name: cuts[name] for name in (first, second)},
        )
        told = cells[["customers", "churn_probability", "mrr_at_risk"]].astype(object)
        told = told.where(told.notna(), None)
        found.append({"first": first, "second": second, "cells": told.to_numpy().tolist()})
    return cuts, found


def _thirds(sub_scores: pd.Series) -> list[float]:
    """Return where the middle and the upper third begin; sub-scores have one decimal."""
    low, high = (round(float(one), 1) for one in sub_scores.dropna().quantile([1 / 3, 2 / 3]))
    return [low, max(high, round(low + 0.1, 1))]
