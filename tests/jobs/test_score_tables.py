from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from churnhealth.domain.problem import ChurnProblem
from churnhealth.estimator import HealthModel
from churnhealth.explain.reasons import reasons
from churnhealth.features.panel import Panel, PanelColumns
from churnhealth.features.panel_scoring import scoring_panel
from churnhealth.jobs.drift import DriftTally
from churnhealth.jobs.score_tables import score_batch
from churnhealth.jobs.score_tally import ScoreTally
from churnhealth.jobs.scoring_source import panel_slices
from churnhealth.jobs.value_texts import arrow_values, value_texts

NOW = dt.datetime(2026, 4, 2, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def panel(fitted: HealthModel, make_customers: Callable) -> Panel:
    frame, _, _ = make_customers(240, 3)
    frame = frame.assign(customer_id=[f"c{at:03d}" for at in range(len(frame))])
    names = [column.name for column in fitted.model_.columns]
    columns, problem = PanelColumns("customer_id"), fitted.problem
    return scoring_panel(
        frame, columns, problem or ChurnProblem(), indicators=names, cutoff="2026-04-01"
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, "3"),
        (3.0, "3"),
        (-0.0, "0"),
        (0.1, "0.1"),
        (123456789012.0, "123456789012"),
        (1e300, "1e+300"),
        (np.float64(2.5), "2.5"),
        (np.bool_(True), "true"),  # noqa: FBT003
        ("  as it is ", "  as it is "),
        (None, None),
    ],
)
def test_values_are_written_in_the_shortest_form_that_reads_back(
    value: object, text: str | None
) -> None:
    assert value_texts(arrow_values(pd.Series([value])))[0].as_py() == text


def test_a_column_of_mixed_kinds_is_text() -> None:
    mixed = pd.Series(["a", 1, None], dtype=object)
    assert arrow_values(mixed).to_pylist() == ["a", "1", None]


def test_one_pass_gives_the_margin_that_lightgbm_predicts(fitted: HealthModel, panel: Panel) -> None:
    probability, _ = fitted.explained_probability(panel.X)
    own = np.log(probability / (1 - probability))
    expected = fitted.churn_probability(panel.X)
    assert np.abs(probability - expected).max() < 1e-12
    assert np.abs(own - np.log(expected / (1 - expected))).max() < 1e-10


def test_drivers_are_those_of_the_explanation_with_their_sentences(
    fitted: HealthModel, panel: Panel
) -> None:
    explanation = fitted.explain(panel.X)
    expected = explanation.drivers(3, others=True)
    rows = score_batch(fitted, panel, scored_at=NOW, drivers=3).drivers.to_pandas()
    customers = panel.customer_id.to_numpy()[expected["row"]]
    assert rows["customer_id"].tolist() == customers.tolist()
    for name in ("rank", "indicator", "indicator_group", "direction"):
        assert rows[name].tolist() == expected[name].tolist()
    assert rows["contribution_points"].to_numpy() == pytest.approx(expected["contribution_points"])
    told = expected.assign(contribution_points=expected["contribution_points"].round(1))
    assert rows["reason_en"].tolist() == reasons(
        told, explanation.catalogue, "en", explanation=explanation
    )
    assert rows["reason_ja"].tolist() == reasons(
        told, explanation.catalogue, "ja", explanation=explanation
    )
    known = expected["value"].map(lambda one: isinstance(one, float) and not np.isnan(one))
    assert [float(one) for one in rows["value"][known]] == expected["value"][known].tolist()


def test_base_and_groups_and_drivers_are_the_score(fitted: HealthModel, panel: Panel) -> None:
    batch = score_batch(fitted, panel, scored_at=NOW)
    batch.check()
    scores = batch.scores.to_pandas().set_index("customer_id")
    for table, column in ((batch.drivers, "contribution_points"), (batch.group_scores, "points")):
        rows = table.to_pandas().astype({"customer_id": str})
        total = rows.groupby("customer_id")[column].sum().reindex(scores.index)
        assert np.abs(scores["base_points"] + total - scores["health_score"]).max() < 1e-9


def test_indicator_values_read_back_from_json(fitted: HealthModel, panel: Panel) -> None:
    texts = score_batch(fitted, panel, scored_at=NOW).indicators["indicators"].to_pylist()
    for text, (_, row) in zip(texts, panel.X.iterrows(), strict=True):
        expected = {name: None if pd.isna(value) else value for name, value in row.items()}
        assert json.loads(text) == expected


@pytest.mark.parametrize("rows", [1, 7, 100, 1000])
def test_the_fingerprint_and_the_tables_do_not_depend_on_the_batches(
    fitted: HealthModel, panel: Panel, rows: int
) -> None:
    part = panel_slices(next(panel_slices(panel, 40)), rows)
    whole, cut = (ScoreTally("1", 5, DriftTally(fitted)) for _ in range(2))
    whole.read(fitted, next(panel_slices(panel, 40)))
    scores = []
    for batch in part:
        cut.read(fitted, batch)
        scores.append(score_batch(fitted, batch, scored_at=NOW).scores)
    assert cut.fingerprint() == whole.fingerprint()
    assert cut.rows_read == whole.rows_read == 40
    whole_batch = score_batch(fitted, next(panel_slices(panel, 40)), scored_at=NOW)
    once = whole_batch.scores["churn_probability"].to_numpy()
    got = pa.concat_tables(scores)["churn_probability"].to_numpy()
    assert np.abs(got - once).max() < 1e-14
