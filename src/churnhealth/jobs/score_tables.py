"""From a model and a batch of customers to the tables of a scoring run; no warehouse, no clock."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from churnhealth.adapters.json_rows import json_rows
from churnhealth.adapters.score_batch import KINDS, ScoreBatch, batch_schema
from churnhealth.domain.health import BANDS
from churnhealth.domain.tables import HEALTH_REJECTS
from churnhealth.estimator import HealthModel
from churnhealth.explain.explanation import Explanation
from churnhealth.features.panel import Panel
from churnhealth.jobs.driver_rows import driver_rows
from churnhealth.jobs.value_texts import arrow_values


def score_batch(
    model: HealthModel, panel: Panel, *, scored_at: datetime, drivers: int = 5
) -> ScoreBatch:
    """Score and explain every customer of a panel, from one pass through the model's trees.

    Parameters
    ----------
    model : HealthModel
        The champion.
    panel : Panel
        Customers at one cutoff, as `scoring_batches` gives them; at least one.
    scored_at : datetime
        Time zone aware; stands beside every score.
    drivers : int
        Strongest contributions per customer that get a row of their own.

    Returns
    -------
    ScoreBatch
    """
    probability, explanation = model.explained_probability(panel.X)
    customers = pa.array(panel.customer_id.to_numpy(dtype=object), pa.large_string())
    return ScoreBatch(
        scores=_scores(model, panel, probability, explanation.base_points, customers, scored_at),
        group_scores=_group_scores(explanation, customers),
        drivers=driver_rows(explanation, customers, drivers),
        indicators=pa.table({"customer_id": customers, "indicators": _indicator_json(panel.X)}),
        rejects=reject_table(panel.rejects),
    )


def reject_table(rejects: pd.DataFrame) -> pa.Table:
    """Return the rejects of a batch as Arrow."""
    schema = batch_schema(HEALTH_REJECTS)
    columns = [
        pa.array(rejects[name].to_numpy(dtype=object), pa.large_string()) for name in schema.names
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def _scores(
    model: HealthModel,
    panel: Panel,
    probability: npt.NDArray[np.float64],
    base_points: float,
    customers: pa.Array,
    scored_at: datetime,
) -> pa.Table:
    count = len(customers)
    unknown = pa.nulls(count, pa.float64())
    bands = np.searchsorted([model.bands_.yellow, model.bands_.red], probability, side="right")
    at_risk = None if panel.mrr is None else pa.array(probability * panel.mrr, from_pandas=True)
    currency = panel.currency if panel.mrr is not None else None
    return pa.table(
        {
            "customer_id": customers,
            "churn_probability": probability,
            "probability_low": unknown,
            "probability_high": unknown,
            "health_score": 100.0 * (1.0 - probability),
            "health_band": pa.DictionaryArray.from_arrays(
                pa.array(bands.astype(np.int8)), pa.array(BANDS, pa.large_string())
            ),
            "base_points": np.full(count, base_points),
            "mrr_at_risk": unknown if at_risk is None else at_risk,
            "currency": pa.repeat(pa.scalar(currency, pa.large_string()), count),
            "scored_at": pa.repeat(pa.scalar(scored_at, KINDS["timestamp"]), count),
        }
    )


def _group_scores(explanation: Explanation, customers: pa.Array) -> pa.Table:
    """One row per customer and group, customer by customer."""
    points = explanation.groups()
    groups, count = [str(name) for name in points.columns], len(customers)
    sub_scores = explanation.sub_scores[list(points.columns)]
    who = np.repeat(np.arange(count, dtype=np.int32), len(groups))
    which = np.tile(np.arange(len(groups), dtype=np.int32), count)
    return pa.table(
        {
            "customer_id": pa.DictionaryArray.from_arrays(pa.array(who), customers),
            "indicator_group": pa.DictionaryArray.from_arrays(
                pa.array(which), pa.array(groups, pa.large_string())
            ),
            "points": points.to_numpy(np.float64).ravel(),
            "sub_score": pa.array(sub_scores.to_numpy(np.float64).ravel(), from_pandas=True),
        }
    )


def _indicator_json(frame: pd.DataFrame) -> pa.Array:
    columns = [arrow_values(frame[name]) for name in frame.columns]
    return json_rows(pa.Table.from_arrays(columns, names=[str(name) for name in frame.columns]))
