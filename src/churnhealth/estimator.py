"""`HealthModel`: the scikit-learn face of churnhealth."""

from __future__ import annotations

import importlib.metadata
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import (
    _check_sample_weight,
    check_consistent_length,
    check_is_fitted,
    column_or_1d,
    validate_data,
)

from churnhealth.domain.health import FloatArray, HealthBands, health_from_probability
from churnhealth.domain.indicators import Catalogue
from churnhealth.domain.problem import ChurnProblem
from churnhealth.errors import ArtifactError, SchemaError
from churnhealth.explain.attribution import health_points, with_missing_columns
from churnhealth.explain.contributions import Reference, StackExplainer
from churnhealth.explain.explanation import Explanation, sum_by_group
from churnhealth.labels.positive import encode_label, resolve_positive
from churnhealth.model.artifact import load_artifact, save_artifact
from churnhealth.model.columns import EncodedTable, encode_table
from churnhealth.model.fitted import FittedModel, fit_model


class HealthModel(ClassifierMixin, BaseEstimator):
    """A churn classifier whose calibrated probability is the health score, and explains itself.

    Learners (a penalised logistic regression on splines, small LightGBM ensembles) are stacked on
    the log-odds by out-of-fold log loss, together with the base rate, and end in one strictly
    increasing calibrator. So every prediction is a sum over indicators, and `explain` gives it.

    Parameters
    ----------
    problem : ChurnProblem, optional
        What is predicted; `problem.positive_label` names the value that means "churned" where the
        labels are not plain (1/0, True/False, Yes/No, churned/retained).
    catalogue : Catalogue, optional
        Group, unit, direction and labels of the indicators; what it does not name is inferred.
    bands : HealthBands, optional
        Probability cut-offs of the bands; None: from the base rate at fit.
    random_state : int
        Seed of folds and trees: the same seed and data give the same model.
    n_jobs : int, optional
        Threads; None: all cores for large tables, one for small ones.

    Attributes
    ----------
    classes_ : ndarray, shape (2,)
        The two labels, sorted, as scikit-learn has them; `predict_proba` follows this order. Use
        `churn_probability` where the order must not matter.
    positive_label_ : object
        The label that means "churned".
    bands_ : HealthBands
        Bands in use.
    catalogue_ : Catalogue
        One indicator per column.
    model_ : FittedModel
        Columns, stack, calibrator.
    reference_ : Reference
        The population that explanations are told against.
    label_known_through_ : Timestamp or None
        Instant at which the newest training label was certain; None without cutoffs.
    artifact_hash_ : str or None
        SHA-256 of the manifest when saved or loaded.
    n_features_in_ : int
        Number of indicators.
    feature_names_in_ : ndarray of str
        Their names, when `X` was a DataFrame.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"logins": rng.poisson(8, 400), "plan": rng.choice(["Basic", "Pro"], 400)})
    >>> y = rng.random(400) < 1 / (1 + X["logins"])
    >>> model = HealthModel(random_state=0).fit(X, y)
    >>> explanation = model.explain(X)
    >>> total = explanation.base_points + explanation.points.sum(axis=1)
    >>> bool(np.abs(total - model.health_score(X)).max() < 1e-9)
    True
    """

    def __init__(
        self,
        problem: ChurnProblem | None = None,
        *,
        catalogue: Catalogue | None = None,
        bands: HealthBands | None = None,
        random_state: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.problem = problem
        self.catalogue = catalogue
        self.bands = bands
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(
        self,
        X: Any,
        y: Any,
        *,
        cutoff: Any = None,
        customer_id: Any = None,
        sample_weight: Any = None,
    ) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : DataFrame or array, shape (n_rows, n_indicators)
            Indicators only. Numbers, booleans, text, categories; missing values are welcome,
            infinite ones are not.
        y : array-like, shape (n_rows,)
            The label; two values, none missing (leave censored rows out).
        cutoff : array-like of dates, shape (n_rows,), optional
            Moment of prediction of each row; kept as `label_known_through_`.
        customer_id : array-like, shape (n_rows,), optional
            All rows of a customer share a fold.
        sample_weight : array-like, shape (n_rows,), optional
            0 or more; rows of weight 0 are left out.

        Raises
        ------
        SchemaError
            Naming all faults of the columns or of the label.
        """
        problem = self.problem or ChurnProblem()
        frame = self._take_table(X, reset=True)
        if len(frame) < 2:
            raise SchemaError("indicators", ["expected at least 2 rows to learn from, got 1 sample"])
        truth = self._take_label(y, problem)
        check_consistent_length(frame, truth)
        weight = _check_sample_weight(sample_weight, frame, dtype=np.float64, ensure_non_negative=True)
        customers = _codes(customer_id, frame)
        self.label_known_through_ = _label_known_through(cutoff, frame, problem)
        kept = weight > 0
        if len(np.unique(truth[kept])) < 2:
            raise SchemaError("label", ["one class only is left among the rows with a weight above 0"])
        self.model_: FittedModel = fit_model(
            frame.loc[kept],
            truth[kept],
            weight=weight[kept],
            customers=None if customers is None else customers[kept],
            seed=self.random_state,
            threads=self._threads(frame.size),
        )
        matrix = encode_table(frame.loc[kept], self.model_.columns).matrix
        explainer = self._new_explainer()
        self.reference_ = explainer.learn_reference(matrix, seed=self.random_state)
        self.bands_ = self.bands or HealthBands.from_base_rate(self.model_.base_rate)
        names = [column.name for column in self.model_.columns]
        self.catalogue_ = (self.catalogue or Catalogue()).for_columns(names)
        self.artifact_hash_: str | None = None
        return self

    def predict_margin(self, X: Any) -> FloatArray:
        """Return the stack's log-odds before the calibrator, shape (n_rows,)."""
        matrix = self._encode(X).matrix
        return self.model_.stack.margin(matrix)

    def churn_probability(self, X: Any) -> FloatArray:
        """Return calibrated churn probabilities (0-1), shape (n_rows,)."""
        margin = self.predict_margin(X)
        return self.model_.calibrator.probability(margin)

    def predict_proba(self, X: Any) -> FloatArray:
        """Return probabilities of both labels, shape (n_rows, 2), in the order of `classes_`."""
        churned = self.churn_probability(X)
        both = np.column_stack([1.0 - churned, churned])
        return both if self._churned_at == 1 else both[:, ::-1]

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Return the likelier label of each row; health scores are the better use of the model."""
        likelier = np.argmax(self.predict_proba(X), axis=1)
        return np.asarray(self.classes_[likelier])

    def health_score(self, X: Any) -> FloatArray:
        """Return health scores, 100 * (1 - churn_probability), shape (n_rows,)."""
        return health_from_probability(self.churn_probability(X))

    def health_band(self, X: Any) -> npt.NDArray[np.str_]:
        """Return "green", "yellow" or "red" for each row, shape (n_rows,)."""
        return self.bands_.band(self.churn_probability(X))

    def unseen_levels(self, X: Any) -> dict[str, int]:
        """Return, per category column, how many rows have a level that was not seen at fit."""
        return self._encode(X).unseen

    def explain(self, X: Any) -> Explanation:
        """Take health scores apart.

        Returns
        -------
        Explanation
            Its `base_points + points.sum(axis=1)` equals `health_score(X)` to 1e-9.
        """
        return self.explained_probability(X)[1]

    def explained_probability(self, X: Any) -> tuple[FloatArray, Explanation]:
        """Return churn probabilities and what explains them, from one pass through the trees.

        Margins are sums of contributions, so they differ from `predict_margin` by rounding only
        (about 1e-13).

        Returns
        -------
        probability : ndarray, shape (n_rows,)
            As `churn_probability`.
        explanation : Explanation
            As `explain`.
        """
        frame = self._take_table(X, reset=False)
        matrix = encode_table(frame, self.model_.columns).matrix
        phi = self._explainer().centred(matrix, self.reference_)
        columns, base = self.model_.columns, self.reference_.base_margin
        in_points = health_points(phi, base, self._health, self._health_slope)
        log_odds = with_missing_columns(phi, matrix, columns, frame.index)
        by_group = sum_by_group(log_odds, self.catalogue_)
        names = [column.name for column in columns]
        probability = self.model_.calibrator.probability(base + phi.sum(axis=1))
        return probability, Explanation(
            base_points=float(self._health(np.array([base]))[0]),
            points=with_missing_columns(in_points, matrix, columns, frame.index),
            values=frame[names],
            typical=pd.Series([column.typical for column in columns], index=names, dtype=object),
            catalogue=self.catalogue_,
            sub_scores=by_group.apply(lambda group: self._health(base + group.to_numpy())),
        )

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write the model to a folder of LightGBM text and JSON with checksums; never a pickle.

        Raises
        ------
        ArtifactError
            When the folder holds other files or cannot be written.
        """
        check_is_fitted(self)
        known = self.label_known_through_
        facts = {
            "churnhealth_version": importlib.metadata.version("churnhealth"),
            "problem": (self.problem or ChurnProblem()).to_dict(),
            "classes": [_plain(label) for label in self.classes_],
            "positive_label": _plain(self.positive_label_),
            "named_columns": hasattr(self, "feature_names_in_"),
            "indicators": [column.name for column in self.model_.columns],
            "catalogue": self.catalogue_.to_dict(),
            "reference": self.reference_.to_dict(),
            "bands": {"yellow": self.bands_.yellow, "red": self.bands_.red},
            "label_known_through": None if known is None else known.isoformat(),
            "random_state": self.random_state,
        }
        self.artifact_hash_ = save_artifact(Path(folder), self.model_, facts)
        return Path(folder)

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> Self:
        """Read a model that `save` wrote; checksums, version and names are checked first.

        Raises
        ------
        ArtifactError
            When the folder is missing, damaged, foreign or of another schema_version.
        """
        fitted, manifest, digest = load_artifact(Path(folder))
        try:
            return cls()._restore(fitted, manifest, digest)
        except (KeyError, TypeError, ValueError) as error:
            raise ArtifactError(f"{folder}: the manifest is incomplete ({error!r})") from error

    def _restore(self, fitted: FittedModel, manifest: Mapping[str, Any], digest: str) -> Self:
        self.problem = ChurnProblem.from_dict(manifest["problem"])
        self.catalogue = self.catalogue_ = Catalogue.from_dict(manifest["catalogue"])
        self.bands = self.bands_ = HealthBands(**manifest["bands"])
        self.random_state = manifest["random_state"]
        self.classes_ = np.asarray(manifest["classes"])
        self.positive_label_ = manifest["positive_label"]
        known = manifest["label_known_through"]
        self.label_known_through_ = None if known is None else pd.Timestamp(known)
        self.n_features_in_ = len(fitted.columns)
        if manifest["named_columns"]:
            self.feature_names_in_ = np.asarray(manifest["indicators"], dtype=object)
        self.model_ = fitted
        self.reference_ = Reference.from_dict(manifest["reference"])
        self.artifact_hash_ = digest
        return self

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        return tags

    def __getstate__(self) -> dict[str, Any]:
        """Leave the compiled explainer out; it is made again where it is needed."""
        state: dict[str, Any] = dict(super().__getstate__())
        state.pop("_compiled_explainer", None)
        return state

    def _explainer(self) -> StackExplainer:
        known = self.__dict__.get("_compiled_explainer")
        return known if isinstance(known, StackExplainer) else self._new_explainer()

    def _new_explainer(self) -> StackExplainer:
        self._compiled_explainer = StackExplainer(self.model_.stack, threads=self.n_jobs)
        return self._compiled_explainer

    def _health(self, margin: FloatArray) -> FloatArray:
        return health_from_probability(self.model_.calibrator.probability(margin))

    def _health_slope(self, margin: FloatArray) -> FloatArray:
        return -100.0 * self.model_.calibrator.probability_slope(margin)

    @property
    def _churned_at(self) -> int:
        return int(np.flatnonzero(self.classes_ == self.positive_label_)[0])

    def _threads(self, cells: int) -> int:
        return self.n_jobs or (1 if cells < 2_000_000 else os.cpu_count() or 1)

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
        self.classes_ = _sorted_classes(pair.negative, pair.positive)
        return truth


def _sorted_classes(negative: Any, positive: Any) -> npt.NDArray[Any]:
    try:
        return np.unique(np.asarray([negative, positive]))
    except TypeError:
        return np.asarray([negative, positive], dtype=object)


def _codes(customer_id: Any, frame: pd.DataFrame) -> npt.NDArray[np.int64] | None:
    if customer_id is None:
        return None
    check_consistent_length(frame, customer_id)
    codes, _ = pd.factorize(pd.Series(np.asarray(customer_id, dtype=object)))
    if (codes < 0).any():
        rows = np.flatnonzero(codes < 0)[:5].tolist()
        raise SchemaError("customer_id", [f"missing in {int((codes < 0).sum())} rows, first at {rows}"])
    return codes.astype(np.int64)


def _label_known_through(cutoff: Any, frame: pd.DataFrame, problem: ChurnProblem) -> pd.Timestamp | None:
    if cutoff is None:
        return None
    check_consistent_length(frame, cutoff)
    dates = pd.Series(cutoff).reset_index(drop=True)
    if dates.isna().any():
        rows = np.flatnonzero(dates.isna())[:5].tolist()
        raise SchemaError("cutoff", [f"missing in {int(dates.isna().sum())} rows, first at {rows}"])
    return max(problem.label_known_at(date) for date in dates.unique())


def _plain(value: Any) -> Any:
    """Return a JSON value for a label that may be a NumPy scalar."""
    return value.item() if isinstance(value, np.generic) else value
