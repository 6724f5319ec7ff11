"""What the report reads of the scores published last, for all customers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from churnhealth.domain.indicators import Catalogue
from churnhealth.jobs.segment_columns import MOST_LEVELS, USUAL
from churnhealth.jobs.wiring import Workplace

# Beyond so many customers segments and coverage are told of a sample.
MOST_INDICATORS = 100_000
MOST_SEGMENTS = 5
# Of categories that nobody named as segments.
MOST_FOUND = 3
MRR_SIZE = "mrr_size"


@dataclass(frozen=True, eq=False)
class ScoredSlice:
    """The scores at the newest cutoff, and what is known of the customers scored.

    Parameters
    ----------
    current : DataFrame
        `health_current`, customers with a new score first by need: columns of `health_current` and mrr.
    before : DataFrame
        The slice of the cutoff before: customer_id, health_band, mrr_at_risk; no rows without one.
    indicators : DataFrame
        customer_id as index; of the newest slice, at most 100,000 customers.
    groups : DataFrame
        customer_id as index, a column of sub-scores (0-100, to one decimal) per indicator group.
    catalogue : Catalogue
        Words for the indicators.
    """

    current: pd.DataFrame
    before: pd.DataFrame
    indicators: pd.DataFrame
    groups: pd.DataFrame
    catalogue: Catalogue

    @property
    def fresh(self) -> pd.DataFrame:
        """Customers with a score at the newest cutoff."""
        return self.current[~self.current["is_stale"].astype(bool)]

    @property
    def slice(self) -> tuple[datetime, str] | None:
        """Cutoff and model version of the newest scores; None without any."""
        if self.fresh.empty:
            return None
        row = self.fresh.iloc[0]
        return row["cutoff"].to_pydatetime(), str(row["model_version"])


def read_slice(workplace: Workplace) -> ScoredSlice:
    """Read the scores published last.

    Raises
    ------
    WarehouseError
        The warehouse has no tables of scores.
    """
    warehouse = workplace.warehouse
    current = by_need(warehouse.current_scores())
    none = ScoredSlice(
        current,
        pd.DataFrame(columns=["customer_id", "health_band", "mrr_at_risk"]),
        pd.DataFrame(),
        pd.DataFrame(),
        workplace.catalogue,
    )
    if none.slice is None:
        return none
    cutoff, model_version = none.slice
    stored = warehouse.sampled_indicators(cutoff, model_version, MOST_INDICATORS)
    rows = pd.DataFrame(
        [json.loads(text) for text in stored["indicators"]],
        index=pd.Index(stored["customer_id"].astype(object), name="customer_id"),
    )
    groups = warehouse.slice_groups(cutoff, model_version)
    wide = groups.set_index(["customer_id", "indicator_group"])["sub_score"].unstack().round(1)  # noqa: PD010
    before = _before(workplace, cutoff)
    return ScoredSlice(
        current,
        none.before if before is None else before,
        rows,
        wide,
        workplace.catalogue.for_columns([str(name) for name in rows.columns]),
    )


def by_need(current: pd.DataFrame) -> pd.DataFrame:
    """Put the customers in the order in which they need care, and add their mrr.

    Yellow and red customers by MRR at risk, then green ones by churn probability, then those without a
    new score.
    """
    if current.empty:
        return current.assign(mrr=pd.Series(dtype="float64"))
    probability = current["churn_probability"].astype("float64")
    at_risk = current["mrr_at_risk"].astype("float64")
    green = current["health_band"] == "green"
    order = current.assign(
        mrr=at_risk / probability.where(probability > 0),
        stale=current["is_stale"].astype(bool),
        green=green,
        need=at_risk.where(~green),
    ).sort_values(
        ["stale", "green", "need", "churn_probability", "customer_id"],
        ascending=[True, True, False, False, True],
    )
    return order.drop(columns=["stale", "green", "need"]).reset_index(drop=True)


def _before(workplace: Workplace, cutoff: datetime) -> pd.DataFrame | None:
    """Read the slice of the newest cutoff before, as its champion scored it."""
    finished = workplace.warehouse.finished_slices()
    earlier = finished[finished["cutoff"] < cutoff].sort_values(["cutoff", "finished_at"])
    if earlier.empty:
        return None
    last = earlier.iloc[-1]
    moment = last["cutoff"].to_pydatetime()
    scores = workplace.warehouse.slice_scores(moment, str(last["model_version"]))
    return scores[["customer_id", "health_band", "mrr_at_risk"]].assign(cutoff=last["cutoff"])


def segments_of(scored: ScoredSlice, declared: tuple[str, ...] = ()) -> pd.DataFrame:
    """Return the segments that customers can be looked at by, customer_id as index.

    Those declared, else touch model, plan and the like, else categories of few levels, contract ones
    first; at most five, and the MRR in thirds where it is known. Text, missing where not known.
    """
    rows = scored.indicators
    known = [name for name in (*declared, *USUAL) if name in rows]
    chosen = list(dict.fromkeys(known)) or _categories(scored)
    few = [name for name in chosen if rows[name].nunique() <= MOST_LEVELS]
    found = pd.DataFrame(
        {name: rows[name].map(_level) for name in few[:MOST_SEGMENTS]}, index=rows.index
    )
    sizes = _sizes(scored.fresh)
    return found.join(sizes, how="outer") if sizes is not None else found


def _categories(scored: ScoredSlice) -> list[str]:
    rows = scored.indicators
    texts = [
        str(name)
        for name in rows.columns
        if rows[name].map(lambda value: isinstance(value, str)).any() and len(rows[name].unique()) > 1
    ]
    return sorted(texts, key=lambda name: scored.catalogue[name].group != "contract")[:MOST_FOUND]


def _level(value: object) -> str | None:
    missing = value is None or (isinstance(value, float) and np.isnan(value))
    return None if missing else str(value)


def _sizes(fresh: pd.DataFrame) -> pd.Series | None:
    mrr = fresh.set_index("customer_id")["mrr"].astype("float64")
    if mrr.notna().sum() < 3 or mrr.nunique() < 3:
        return None
    low, high = (float(f"{one:.2g}") for one in mrr.quantile([1 / 3, 2 / 3]))
    if not low < high:
        return None
    names: Mapping[int, str] = {0: f"< {low:,.6g}", 1: f"{low:,.6g} – {high:,.6g}", 2: f"≥ {high:,.6g}"}
    place = pd.Series(np.digitize(mrr, [low, high]), index=mrr.index)
    return place.map(names).where(mrr.notna(), None).rename(MRR_SIZE)
