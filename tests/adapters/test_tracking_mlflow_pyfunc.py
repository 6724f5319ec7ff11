"""The model as other people's tools see it: fitted for real, saved and loaded by MLflow."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from churnhealth.adapters.tracking_mlflow_client import import_mlflow, talking
from churnhealth.adapters.tracking_mlflow_pyfunc import indicator_types, plain_example, save_pyfunc
from churnhealth.estimator import HealthModel


@pytest.fixture(scope="module")
def indicators() -> pd.DataFrame:
    """Return every type that an indicator may have, most with missing values."""
    rng = np.random.default_rng(0)
    rows = 200
    frame = pd.DataFrame(
        {
            "tenure": rng.integers(0, 60, rows),
            "seats": pd.Series(rng.integers(1, 9, rows)).astype("Int64"),
            "mrr": rng.normal(100.0, 10.0, rows),
            "sso": rng.random(rows) < 0.5,
            "trained": pd.Series(rng.random(rows) < 0.5).astype("boolean"),
            "plan": rng.choice(["Basic", "Pro"], rows),
            "region": pd.Series(rng.choice(["東京", "Osaka"], rows)).astype("string"),
            "segment": pd.Categorical(rng.choice(["a", "b"], rows)),
            "tier": pd.Categorical(rng.choice([1, 2, 3], rows)),
        }
    )
    for name in ("seats", "mrr", "trained", "plan", "region", "segment"):
        frame.loc[rng.random(rows) < 0.1, name] = None
    return frame


@pytest.fixture(scope="module")
def model(indicators: pd.DataFrame) -> HealthModel:
    churned = np.random.default_rng(1).random(len(indicators)) < 1 / (1 + indicators["tenure"] / 10)
    return HealthModel(random_state=0).fit(indicators, churned)


@pytest.fixture(scope="module")
def saved(model: HealthModel, indicators: pd.DataFrame, tmp_path_factory: Any) -> Path:
    folder = tmp_path_factory.mktemp("pyfunc")
    model.save(folder / "saved model")
    (folder / "work").mkdir()
    with talking("sqlite:////unused.db", "save the model") as mlflow:
        return save_pyfunc(
            mlflow, folder / "work", folder / "saved model", indicators, run_id="r", model_id="m-1"
        )


@pytest.fixture(scope="module")
def served(saved: Path) -> Any:
    with talking("sqlite:////unused.db", "load the model") as mlflow:
        return mlflow.pyfunc.load_model(str(saved))


def test_a_prediction_is_the_models_own(
    served: Any, model: HealthModel, indicators: pd.DataFrame
) -> None:
    asked = indicators.sample(frac=1, random_state=3)[list(reversed(indicators.columns))]
    answer = served.predict(asked)
    assert list(answer.columns) == ["churn_probability", "health_score", "drivers"]
    assert answer.index.equals(asked.index)
    np.testing.assert_array_equal(answer["churn_probability"], model.churn_probability(asked))
    np.testing.assert_array_equal(answer["health_score"], model.health_score(asked))


def test_drivers_are_the_five_strongest_as_json(
    served: Any, model: HealthModel, indicators: pd.DataFrame
) -> None:
    asked = indicators.iloc[[7, 3]]
    expected = model.explain(asked).drivers(top=5)
    for label, text in served.predict(asked)["drivers"].items():
        drivers = json.loads(text)
        own = expected[expected["row"] == label]
        assert [one["indicator"] for one in drivers] == list(own["indicator"])
        assert [one["contribution_points"] for one in drivers] == list(own["contribution_points"])
        assert [one["rank"] for one in drivers] == list(range(1, len(drivers) + 1))
        assert set(drivers[0]) == set(expected.columns) - {"row"}


def test_a_request_as_json_gets_the_same_answer(
    served: Any, model: HealthModel, indicators: pd.DataFrame
) -> None:
    from mlflow.pyfunc.scoring_server import infer_and_parse_data

    body = json.loads(plain_example(indicators).to_json(orient="split"))
    asked = infer_and_parse_data({"dataframe_split": body}, served.metadata.get_input_schema())
    answer = served.predict(asked)
    np.testing.assert_allclose(answer["churn_probability"], model.churn_probability(indicators.head(5)))


def test_a_column_whose_values_are_all_missing_is_served(served: Any, indicators: pd.DataFrame) -> None:
    asked = indicators.head(3).assign(mrr=None, plan=None, trained=None)
    assert served.predict(asked)["churn_probability"].between(0, 1).all()


def test_one_customer_alone_scores_as_in_a_batch(served: Any, indicators: pd.DataFrame) -> None:
    numbers = ["churn_probability", "health_score"]
    batch = served.predict(indicators)[numbers]
    alone = pd.concat([served.predict(indicators.iloc[[row]])[numbers] for row in range(3)])
    pd.testing.assert_frame_equal(alone, batch.head(3), rtol=1e-12, atol=0)


def test_a_column_that_is_absent_is_refused(served: Any, indicators: pd.DataFrame) -> None:
    with pytest.raises(import_mlflow().exceptions.MlflowException, match=r"missing inputs \['tenure'\]"):
        served.predict(indicators.drop(columns="tenure"))


def test_the_artifact_lies_unchanged_in_the_model_folder(saved: Path) -> None:
    original = saved.parent.parent / "saved model"
    copied = saved / "artifacts" / "health_model"
    assert {path.name: path.read_bytes() for path in copied.iterdir()} == {
        path.name: path.read_bytes() for path in original.iterdir()
    }


def test_the_requirements_are_pinned(saved: Path) -> None:
    lines = (saved / "requirements.txt").read_text().split()
    assert f"churnhealth=={version('churnhealth')}" in lines
    assert f"lightgbm=={version('lightgbm')}" in lines
    assert all("==" in line for line in lines)


def test_the_signature_names_the_indicators_in_order(served: Any, indicators: pd.DataFrame) -> None:
    signature = served.metadata.signature
    assert signature.inputs.required_input_names() == list(indicators.columns)
    outputs = {column.name: column.type.name for column in signature.outputs.inputs}
    assert outputs == {"churn_probability": "double", "health_score": "double", "drivers": "string"}
    assert served.metadata.metadata["indicator_types"]["seats"] == "double"


def test_people_are_told_the_type_of_each_indicator(indicators: pd.DataFrame) -> None:
    assert indicator_types(indicators) == {
        "tenure": "double",
        "seats": "double",
        "mrr": "double",
        "sso": "boolean",
        "trained": "boolean",
        "plan": "string",
        "region": "string",
        "segment": "string",
        "tier": "string",
    }
    objects = pd.DataFrame({"flag": pd.Series([True, None], dtype=object), "empty": [None, None]})
    assert indicator_types(objects) == {"flag": "boolean", "empty": "string"}


def test_the_example_is_five_rows_without_any_kind_of_nan(indicators: pd.DataFrame) -> None:
    example = plain_example(indicators)
    assert len(example) == 5
    missing = example.to_numpy()[indicators.head(5).isna().to_numpy()]
    assert all(value is None for value in missing)
