"""From a model and a panel to the tables of one scoring run; no warehouse, no clock."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from churnhealth.adapters.warehouse import ScoreSlice
from churnhealth.estimator import HealthModel
from churnhealth.explain.explanation import Explanation
from churnhealth.explain.reasons import reasons
from churnhealth.features.panel import Panel


def score_tables(
    model: HealthModel,
    panel: Panel,
    *,
    model_version: str,
    run_id: str,
    scored_at: datetime,
    drivers: int = 5,
) -> ScoreSlice:
    """Score and explain every customer of a panel.

    Parameters
    ----------
    model : HealthModel
        The champion.
    panel : Panel
        Customers at one cutoff, as `scoring_panel` gives them.
    model_version, run_id : str
        Kept with every row.
    scored_at : datetime
        Time zone aware.
    drivers : int
        Strongest contributions per customer that get a row of their own.

    Returns
    -------
    ScoreSlice
        Columns as in `churnhealth.domain.tables`.
    """
    explanation = model.explain(panel.X)
    key = pd.DataFrame(
        {
            "customer_id": panel.customer_id.to_numpy(),
            "cutoff": panel.cutoff.to_numpy(),
            "model_version": model_version,
        }
    )
    key["cutoff"] = pd.Series(panel.cutoff).reset_index(drop=True)
    return ScoreSlice(
        scores=_scores(model, panel, explanation, key).assign(scored_at=scored_at, run_id=run_id),
        group_scores=_group_scores(explanation, key),
        drivers=_drivers(explanation, key, drivers),
        indicators=key.assign(indicators=_indicator_json(panel.X)),
        rejects=panel.rejects,
    )


def value_text(value: object) -> str | None:
    """Write a value for a text column: the shortest form that reads back as the same number.

    Examples
    --------
    >>> value_text(12.0), value_text(0.1), value_text(True), value_text("Gold"), value_text(None)
    ('12', '0.1', 'true', 'Gold', None)
    """
    if value is None:
        return None
    plain = _plain(value)
    if isinstance(plain, bool):
        return "true" if plain else "false"
    if isinstance(plain, float) and plain.is_integer() and abs(plain) < 1e15:
        return str(int(plain))
    return str(plain)


def _scores(
    model: HealthModel, panel: Panel, explanation: Explanation, key: pd.DataFrame
) -> pd.DataFrame:
    probability = model.churn_probability(panel.X)
    mrr = np.full(len(key), np.nan) if panel.mrr is None else panel.mrr
    scores = key.assign(
        churn_probability=probability,
        probability_low=np.nan,
        probability_high=np.nan,
        health_score=100.0 * (1.0 - probability),
        health_band=model.bands_.band(probability),
        risk_rank=_ranks(probability, key["customer_id"]),
        base_points=explanation.base_points,
        mrr_at_risk=probability * mrr,
    )
    return scores.assign(currency=None if panel.mrr is None else panel.currency)


def _ranks(probability: np.ndarray, customer_id: pd.Series) -> np.ndarray:
    """Rank from 1, the highest probability first; equal ones in the order of their ids."""
    order = np.lexsort([customer_id.to_numpy(dtype=str), -probability])
    ranks = np.empty(len(order), dtype=np.int64)
    ranks[order] = np.arange(1, len(order) + 1)
    return ranks


def _group_scores(explanation: Explanation, key: pd.DataFrame) -> pd.DataFrame:
    points, sub_scores = explanation.groups(), explanation.sub_scores
    parts = [
        key.assign(
            indicator_group=group,
            points=points[group].to_numpy(),
            sub_score=sub_scores[group].to_numpy(),
        )
        for group in points.columns
    ]
    return pd.concat(parts, ignore_index=True)


def _drivers(explanation: Explanation, key: pd.DataFrame, top: int) -> pd.DataFrame:
    table = explanation.drivers(top, others=True)
    rows = key.iloc[table["row"].to_numpy()].reset_index(drop=True)
    told = table.drop(columns="row").assign(
        reason_en=reasons(table, explanation.catalogue, "en", explanation=explanation),
        reason_ja=reasons(table, explanation.catalogue, "ja", explanation=explanation),
        value=table["value"].map(value_text, na_action="ignore"),
        typical_value=table["typical_value"].map(value_text, na_action="ignore"),
    )
    return pd.concat([rows, told], axis=1)


def _indicator_json(frame: pd.DataFrame) -> list[str]:
    columns = {name: _json_values(frame[name]) for name in frame.columns}
    rows = zip(*columns.values(), strict=True)
    return [json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False) for row in rows]


def _json_values(values: pd.Series) -> list[Any]:
    return [
        None if missing else _plain(value) for value, missing in zip(values, values.isna(), strict=True)
    ]


def _plain(value: Any) -> Any:
    plain = value.item() if isinstance(value, np.generic) else value
    return plain if isinstance(plain, (bool, int, float, str)) else str(plain)
