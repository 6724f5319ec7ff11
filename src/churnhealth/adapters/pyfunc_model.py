"""The code that MLflow puts beside the artifact: other people's serving tools predict through it."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd

from churnhealth.adapters.tracking_mlflow_client import import_mlflow

mlflow = import_mlflow()
TOP_DRIVERS = 5


class HealthScores(mlflow.pyfunc.PythonModel):  # type: ignore[name-defined,misc]
    """A customer's indicators in; probability, health score and top drivers out."""

    def load_context(self, context: Any) -> None:
        """Read the artifact; a damaged one is refused with an `ArtifactError`."""
        from churnhealth.estimator import HealthModel

        self.model = HealthModel.load(context.artifacts["health_model"])

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> pd.DataFrame:
        """Return one row per customer, in the order and with the index of the input.

        Parameters
        ----------
        context : PythonModelContext
        model_input : DataFrame
            The indicators by name, in any order.
        params : None
            There are none.

        Returns
        -------
        DataFrame
            churn_probability (0-1), health_score (0-100, high is well), drivers (JSON: the strongest
            indicators, each with its value and its contribution in health points).
        """
        indicators = with_categories(model_input.reset_index(drop=True), self.model)
        drivers = self.model.explain(indicators).drivers(top=TOP_DRIVERS)
        return pd.DataFrame(
            {
                "churn_probability": self.model.churn_probability(indicators),
                "health_score": self.model.health_score(indicators),
                "drivers": drivers_json(drivers, len(indicators)),
            },
            index=model_input.index,
        )


def with_categories(indicators: pd.DataFrame, model: Any) -> pd.DataFrame:
    """Make categories again of those whose levels are numbers: a request carries no such type."""
    numbers = set(indicators.select_dtypes("number").columns)
    names = [
        column.name
        for column in model.model_.columns
        if column.kind == "category" and column.name in numbers
    ]
    return indicators.astype(dict.fromkeys(names, "category"))


def drivers_json(drivers: pd.DataFrame, rows: int) -> list[str]:
    """Return one JSON list per customer from the long table of drivers, whose row is a position."""
    plain = drivers.astype(object).where(drivers.notna(), None)
    by_row: list[list[dict[str, Any]]] = [[] for _ in range(rows)]
    for driver in plain.to_dict("records"):
        by_row[driver.pop("row")].append(driver)
    return [json.dumps(one, ensure_ascii=False, default=_python_value) for one in by_row]


def _python_value(value: object) -> object:
    return value.item() if isinstance(value, np.generic) else str(value)


mlflow.models.set_model(HealthScores())
