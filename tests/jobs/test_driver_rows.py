"""Stored drivers: one sentence per distinct fact, with everything that sentences tell."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from churnhealth.domain.catalogue import BUILT_IN, catalogue_of
from churnhealth.domain.indicators import Catalogue, Indicator
from churnhealth.estimator import HealthModel
from churnhealth.explain.explanation import Explanation
from churnhealth.explain.reasons import reasons
from churnhealth.jobs.driver_rows import driver_rows
from churnhealth.model.stack import SegmentCorrection

BUILT = catalogue_of(BUILT_IN)
NAMES = ("usage_ratio_28d", "usage_events_28d", "tickets_28d")
CATALOGUE = Catalogue((*(BUILT[name] for name in NAMES), Indicator("plan", label_en="plan")))


@pytest.fixture
def explanation() -> Explanation:
    """Two customers with the same ratio of other counts, one with more tickets than ever seen."""
    who = ["A", "B", "C"]
    values = pd.DataFrame(
        {
            "usage_ratio_28d": [0.75, 0.75, 0.75],
            "usage_events_28d": [9.0, 12.0, 9.0],
            "tickets_28d": [40.0, 2.0, 2.0],
            "plan": ["Pro", "Basic", "Pro"],
        },
        index=who,
    )
    points = pd.DataFrame(
        {
            "usage_ratio_28d": [-9.0, -9.0, -9.0],
            "usage_events_28d": [0.0, 0.0, 0.0],
            "tickets_28d": [-3.0, -3.0, -3.0],
            "plan": [0.0, 0.0, 0.0],
            "plan:segment": [2.0, 2.0, 2.0],
        },
        index=who,
    )
    ranges = {"tickets_28d": (0.0, 9.0)}
    return Explanation(80.0, points, values, pd.Series(dtype=object), CATALOGUE, points, ranges=ranges)


def _sentences(explanation: Explanation, indicator: str) -> list[str]:
    customers = pa.array(explanation.points.index.to_list(), pa.large_string())
    rows = driver_rows(explanation, customers, 3).to_pandas()
    return rows.loc[rows["indicator"] == indicator, "reason_en"].tolist()


def test_the_same_ratio_of_other_counts_is_another_sentence(explanation: Explanation) -> None:
    # 9 / 0.75 = 12 and 12 / 0.75 = 16 uses before.
    words = "Usage events in the last 28 days: 25 % fewer than the period before ({}). Health −9 points"
    counts = ["12 → 9", "16 → 12", "12 → 9"]
    assert _sentences(explanation, "usage_ratio_28d") == [words.format(one) for one in counts]


def test_a_missing_count_leaves_the_ratio(explanation: Explanation) -> None:
    values = explanation.values.assign(usage_events_28d=[9.0, np.nan, np.nan])
    told = _sentences(replace(explanation, values=values), "usage_ratio_28d")
    assert ["→" in one for one in told] == [True, False, False]


def test_a_value_outside_the_training_data_is_told_to_whom_it_belongs(explanation: Explanation) -> None:
    told = _sentences(explanation, "tickets_28d")
    assert ["outside the 0 to 9 of the training data" in one for one in told] == [True, False, False]


def test_a_correction_is_told_of_its_segment(explanation: Explanation) -> None:
    assert _sentences(explanation, "plan:segment") == [
        "Customers of this segment (plan: Pro). Health +2 points",
        "Customers of this segment (plan: Basic). Health +2 points",
        "Customers of this segment (plan: Pro). Health +2 points",
    ]


def test_rows_of_a_corrected_model_are_those_of_its_explanation(
    fitted: HealthModel, customers: tuple
) -> None:
    model, frame = _corrected(fitted), customers[0].iloc[:60].reset_index(drop=True)
    frame.loc[0, "logins"] = 10_000
    probability, explanation = model.explained_probability(frame)
    assert np.abs(probability - model.churn_probability(frame)).max() < 1e-12
    assert np.abs(explanation.health_score - model.health_score(frame)).max() < 1e-9
    expected = explanation.drivers(20, others=True)
    assert "plan:segment" in set(expected["indicator"])
    expected = expected.assign(contribution_points=expected["contribution_points"].round(1))
    ids = pa.array([f"c{at}" for at in range(len(frame))], pa.large_string())
    rows = driver_rows(explanation, ids, 20).to_pandas()
    for language in ("en", "ja"):
        told = reasons(expected, model.catalogue_, language, explanation=explanation)
        assert rows[f"reason_{language}"].tolist() == told
    own = rows[(rows["customer_id"] == "c0") & (rows["indicator"] == "logins")]
    assert own["reason_en"].str.contains("of the training data").all()
    assert len(own) == 1


def test_the_probability_does_not_depend_on_whom_customers_are_compared_with(
    fitted: HealthModel, customers: tuple
) -> None:
    model, frame = _corrected(fitted), customers[0]
    alone, _ = model.explained_probability(frame[:50])
    compared, explanation = model.explained_probability(frame[:50], against=frame[50:90])
    assert np.abs(compared - alone).max() < 1e-12
    told = model.explain(frame[:50], against=frame[50:90])
    pd.testing.assert_frame_equal(told.points, explanation.points)


def _corrected(model: HealthModel) -> HealthModel:
    """Return the model with a correction by plan on top, as if learned at fit."""
    columns, stack = model.model_.columns, model.model_.stack
    plan = [column.name for column in columns].index("plan")
    amounts = tuple(0.2 * (at + 1) for at in range(len(columns[plan].levels)))
    corrected = replace(stack, corrections=(SegmentCorrection(plan, amounts),))
    made = HealthModel(random_state=0)
    made.__dict__.update(model.__getstate__())
    made.model_ = replace(model.model_, stack=corrected)
    centres = np.append(model.reference_.centres, 0.0)
    made.reference_ = replace(model.reference_, centres=centres)
    return made
