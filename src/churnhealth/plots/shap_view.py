"""Our contributions as shap's own object, so that shap's pictures can be drawn from them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from churnhealth.domain.health import FloatArray
from churnhealth.errors import MissingDependencyError
from churnhealth.explain.explanation import Explanation, source_of


def shap_explanation(explanation: Explanation, language: str | None = None) -> Any:
    """Return contributions in health points as a `shap.Explanation`.

    Base value and values add up to the health score, so `shap.plots.waterfall(made[0])` ends at the
    published score; `shap.plots.beeswarm(made)` and `shap.plots.bar(made)` show all customers.

    Parameters
    ----------
    explanation : Explanation
        Of `HealthModel.explain`.
    language : {"en", "ja"}, optional
        Language of the names; None: the names of the columns.

    Returns
    -------
    shap.Explanation
        values, shape (n_customers, n_columns), in health points (0-100); base_values, shape
        (n_customers,); data, the customers' values as numbers (levels by their codes in the order of
        their names, NaN where missing); display_data, the same as they came.

    Raises
    ------
    MissingDependencyError
        When shap is not installed.
    """
    try:
        import shap
    except ImportError as error:
        raise MissingDependencyError(
            "shap's pictures need the package shap; pip install 'churnhealth[plots]'"
        ) from error
    columns = [str(name) for name in explanation.points.columns]
    shown = explanation.values[[source_of(name) for name in columns]]
    return shap.Explanation(
        values=explanation.points.to_numpy(dtype=np.float64),
        base_values=np.full(len(shown), explanation.base_points),
        data=np.column_stack([_numbers(shown.iloc[:, at]) for at in range(len(columns))]),
        display_data=shown.astype(object).where(shown.notna(), None).to_numpy(),
        feature_names=[_name(name, explanation, language) for name in columns],
    )


def _numbers(values: pd.Series[Any]) -> FloatArray:
    """Return numbers to colour by: levels by the order of their names."""
    if pd.api.types.is_numeric_dtype(values.dtype) or pd.api.types.is_bool_dtype(values.dtype):
        return np.asarray(values.astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan))
    codes, _ = pd.factorize(values.astype("string"), sort=True)
    return np.asarray(np.where(codes < 0, np.nan, codes), dtype=np.float64)


def _name(column: str, explanation: Explanation, language: str | None) -> str:
    source = source_of(column)
    known = explanation.catalogue.get(source)
    if language is None or known is None:
        return column
    return known.label(language) + column.removeprefix(source)
