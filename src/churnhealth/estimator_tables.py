"""How `HealthModel` takes what it is given: tables of indicators, and labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from churnhealth.domain.health import FloatArray
from churnhealth.domain.problem import ChurnProblem
from churnhealth.errors import SchemaError
from churnhealth.estimator_inputs import sorted_classes
from churnhealth.labels.positive import encode_label, resolve_positive
from churnhealth.model.columns import EncodedTable, encode_table
from churnhealth.model.fitted import FittedModel


class TakesTables(ClassifierMixin, BaseEstimator):
    """Tables by name, arrays by position; labels of two values, of which one means "churned"."""

    model_: FittedModel
    classes_: npt.NDArray[Any]
    positive_label_: Any

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        return tags

    @property
    def _churned_at(self) -> int:
        return int(np.flatnonzero(self.classes_ == self.positive_label_)[0])

    def _encode(self, X: Any) -> EncodedTable:
        return encode_table(self._take_table(X, reset=False), self.model_.columns)

    def _take_table(self, X: Any, *, reset: bool) -> pd.DataFrame:
        """Return a DataFrame with text names; arrays get the names x0, x1, ..."""
        if not reset:
            check_is_fitted(self)
        if not isinstance(X, pd.DataFrame) and hasattr(X, "to_pandas"):
            X = X.to_pandas()
        if isinstance(X, pd.DataFrame):
            return self._take_frame(X, reset=reset)
        if not reset and hasattr(self, "feature_names_in_"):
            raise SchemaError(
                "indicators",
                [f"expected a table with column names as at fit, got {type(X).__name__} without names"],
            )
        array = validate_data(self, X, reset=reset, dtype="numeric", ensure_all_finite="allow-nan")
        return pd.DataFrame(array, columns=[f"x{at}" for at in range(array.shape[1])])

    def _take_frame(self, X: pd.DataFrame, *, reset: bool) -> pd.DataFrame:
        frame = X.set_axis([str(name) for name in X.columns], axis=1)
        if frame.empty:
            raise SchemaError(
                "indicators",
                [f"expected rows and columns, found 0 sample(s) or 0 feature(s): {X.shape}"],
            )
        if reset:
            self.n_features_in_ = frame.shape[1]
            self.__dict__.pop("feature_names_in_", None)
            self.feature_names_in_ = np.asarray(frame.columns, dtype=object)
        return frame

    def _take_label(self, y: Any, problem: ChurnProblem) -> FloatArray:
        if y is None:
            raise ValueError("requires y to be passed, but the target y is None")
        label = y if isinstance(y, pd.Series) else column_or_1d(y, warn=True)
        if not isinstance(label, pd.Series):
            check_classification_targets(label)
            kind = type_of_target(label)
            if kind == "multiclass":
                raise ValueError(
                    f"Only binary classification is supported. The type of the target is {kind}."
                )
        pair = resolve_positive(label, problem.positive_label)
        truth = encode_label(label, problem.positive_label)
        if np.isnan(truth).any():
            raise SchemaError(
                "label",
                [f"{int(np.isnan(truth).sum())} rows have no label (censored); leave them out of fit"],
            )
        self.positive_label_ = pair.positive
        self.classes_ = sorted_classes(pair.negative, pair.positive)
        return truth
