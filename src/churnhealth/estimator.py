"""`HealthModel`: the scikit-learn face of churnhealth."""

from __future__ import annotations

import importlib.metadata
import os
from collections.abc import Mapping, Sequence
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
from churnhealth.domain.scorecard import PointTable
from churnhealth.errors import ArtifactError, SchemaError
from churnhealth.estimator_inputs import (
    check_monotone,
    check_points,
    check_segments,
    customer_codes,
    moments_of,
    plain_value,
    sorted_classes,
)
from churnhealth.evaluate.forecast import ChurnerForecast, forecast_churners
from churnhealth.explain.attribution import health_points, with_missing_columns
from churnhealth.explain.compare import ComparisonGroup
from churnhealth.explain.contributions import Reference, StackExplainer
from churnhealth.explain.explanation import Explanation, sum_by_group
from churnhealth.labels.positive import encode_label, resolve_positive
from churnhealth.model.artifact import load_artifact, save_artifact
from churnhealth.model.columns import EncodedTable, encode_table
from churnhealth.model.drift_reference import DriftReference, learn_drift_reference
from churnhealth.model.fitted import LEAF_BUDGET, FittedModel, Recipe, fit_model
from churnhealth.model.refits import probability_range


class HealthModel(ClassifierMixin, BaseEstimator):
    """A churn classifier whose calibrated probability is the health score, and explains itself.

    Learners (penalised logistic regressions, straight and on splines, small and deep LightGBM
    ensembles) are stacked on the log-odds by out-of-fold log loss, together with the base rate, and end
    in one strictly increasing calibrator. So every prediction is a sum over indicators, and `explain`
    gives it. A simpler rung (base rate, point table, regressions alone) is taken where it has the lower
    loss; `model_.summary` says which and why. With several cutoffs the intercept follows the newest.

    Parameters
    ----------
    problem : ChurnProblem, optional
        What is predicted; `problem.positive_label` names the value that means "churned" where the
        labels are not plain (1/0, True/False, Yes/No, churned/retained).
    catalogue : Catalogue, optional
        Group, unit, direction and labels of the indicators; what it does not name is inferred.
    bands : HealthBands, optional
        Probability cut-offs of the bands; None: from the base rate at fit.
    segments : sequence of str
        Category columns of `X` within which calibration is corrected, where that helps on customers
        put aside.
    monotone : mapping of str to {1, -1}, optional
        Indicators whose rise must never lower (1) or never raise (-1) the churn probability. Nothing
        is assumed of the others.
    points : PointTable, optional
        A points score made by hand: the rung "point table" of the ladder. Its total enters by a line
        that falls: more points, less churn. None: a small table is learned.
    leaf_budget : int
        Most leaves of all trees: the price of scoring and explaining.
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
        Columns, stack, calibrator; `model_.point_table` is the point table, given or learned.
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
        segments: Sequence[str] = (),
        monotone: Mapping[str, int] | None = None,
        points: PointTable | None = None,
        leaf_budget: int = LEAF_BUDGET,
        random_state: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.problem = problem
        self.catalogue = catalogue
        self.bands = bands
        self.segments = segments
        self.monotone = monotone
        self.points = points
        self.leaf_budget = leaf_budget
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
            Moment of prediction of each row. The newest move the intercept, and tell
            `label_known_through_`.
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
        customers = customer_codes(customer_id, frame)
        moments = moments_of(cutoff, frame, problem)
        self.label_known_through_ = (
            None if moments is None else pd.Timestamp(int(moments.known_at.max()), tz="UTC")
        )
        kept = weight > 0
        if len(np.unique(truth[kept])) < 2:
            raise SchemaError("label", ["one class only is left among the rows with a weight above 0"])
        self.model_: FittedModel = fit_model(
            frame.loc[kept],
            truth[kept],
            weight=weight[kept],
            customers=None if customers is None else customers[kept],
            cutoff=None if moments is None else moments.cutoff[kept],
            recipe=Recipe(
                seed=self.random_state,
                threads=self._threads(frame.size),
                leaf_budget=self.leaf_budget,
                segments=check_segments(self.segments, frame),
                monotone=check_monotone(self.monotone, frame),
                points=check_points(self.points, self.monotone),
            ),
        )
        encoded = encode_table(frame.loc[kept], self.model_.columns)
        explainer = self._new_explainer()
        self.reference_ = explainer.learn_reference(encoded.matrix, seed=self.random_state)
        self.drift_reference_: DriftReference | None = learn_drift_reference(
            encoded,
            self.model_.columns,
            self.model_.calibrator.probability(self.model_.stack.margin(encoded.matrix)),
            None if customers is None else len(np.unique(customers[kept])),
        )
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

    def refit_range(self, X: Any, level: float = 0.9) -> pd.DataFrame:
        """Return each customer's probability with the range of refits without groups of customers.

        Parameters
        ----------
        X : DataFrame or array, shape (n_rows, n_indicators)
            Indicators.
        level : float
            How wide, as the level of Student's t (0-1).

        Returns
        -------
        DataFrame
            Columns churn_probability, probability_low, probability_high; the index of `X`.

        Notes
        -----
        It tells a firm estimate from a shaky one. It is no confidence interval: it knows neither what
        the penalties flatten nor what no indicator tells, and holds the true probability less often
        than the level says.
        """
        frame = self._take_table(X, reset=False)
        matrix = encode_table(frame, self.model_.columns).matrix
        low, high = probability_range(self.model_, matrix, level)
        return pd.DataFrame(
            {
                "churn_probability": self.model_.calibrator.probability(
                    self.model_.stack.margin(matrix)
                ),
                "probability_low": low,
                "probability_high": high,
            },
            index=frame.index,
        )

    def expected_churners(self, X: Any, level: float = 0.95) -> ChurnerForecast:
        """Return how many of these customers are expected to churn, with a range.

        Parameters
        ----------
        X : DataFrame or array, shape (n_rows, n_indicators)
            Customers at one cutoff.
        level : float
            Of the range (0-1). It holds chance and how unsure the base rate of the next window is;
            a model fitted without cutoffs does not know how far base rates move.
        """
        return forecast_churners(self.churn_probability(X), self.model_.level_error, level)

    def unseen_levels(self, X: Any) -> dict[str, int]:
        """Return, per category column, how many rows have a level that was not seen at fit."""
        return self._encode(X).unseen

    def explain(self, X: Any, *, against: Any = None) -> Explanation:
        """Take health scores apart.

        Parameters
        ----------
        X : DataFrame or array, shape (n_rows, n_indicators)
            As at fit.
        against : DataFrame or array, optional
            Rows of a comparison group, one or more, such as the healthy customers of the same plan:
            base and typical values are then theirs, and points say how each customer differs from
            them. None: the training population.

        Returns
        -------
        Explanation
            Its `base_points + points.sum(axis=1)` equals `health_score(X)` to 1e-9.
        """
        return self.explained_probability(X, against=against)[1]

    def explained_probability(self, X: Any, *, against: Any = None) -> tuple[FloatArray, Explanation]:
        """Return churn probabilities and what explains them, from one pass through the trees.

        Margins are sums of contributions, so they differ from `predict_margin` by rounding only
        (about 1e-13), whoever the customers are compared with.

        Parameters
        ----------
        X, against
            As for `explain`.

        Returns
        -------
        probability : ndarray, shape (n_rows,)
            As `churn_probability`.
        explanation : Explanation
            As `explain`.
        """
        frame = self._take_table(X, reset=False)
        columns = self.model_.columns
        matrix = encode_table(frame, columns).matrix
        if against is None:
            group = ComparisonGroup.of_training(self.reference_, columns)
        else:
            rows = self._take_table(against, reset=False)
            group = ComparisonGroup.of_rows(rows, columns, self._explainer())
        phi = self._explainer().centred(matrix, group.reference)
        base = group.reference.base_margin
        in_points = health_points(phi, base, self._health, self._health_slope)
        segments = [columns[one.column].name for one in self.model_.stack.corrections]
        log_odds = with_missing_columns(phi, matrix, columns, frame.index, segments)
        by_group = sum_by_group(log_odds, self.catalogue_)
        probability = self.model_.calibrator.probability(base + phi.sum(axis=1))
        return probability, Explanation(
            base_points=float(self._health(np.array([base]))[0]),
            points=with_missing_columns(in_points, matrix, columns, frame.index, segments),
            values=frame[[column.name for column in columns]],
            typical=group.typical,
            catalogue=self.catalogue_,
            sub_scores=by_group.apply(lambda one: self._health(base + one.to_numpy())),
            level_shares=group.level_shares,
            ranges={
                column.name: (column.low, column.high)
                for column in columns
                if column.kind == "number" and column.low is not None and column.high is not None
            },
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
            "classes": [plain_value(label) for label in self.classes_],
            "positive_label": plain_value(self.positive_label_),
            "named_columns": hasattr(self, "feature_names_in_"),
            "indicators": [column.name for column in self.model_.columns],
            "catalogue": self.catalogue_.to_dict(),
            "reference": self.reference_.to_dict(),
            "drift_reference": drift.to_dict() if (drift := self.drift_reference_) else None,
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
        # Artifacts of older releases keep none.
        kept = manifest.get("drift_reference")
        self.drift_reference_ = None if kept is None else DriftReference.from_dict(kept)
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
        self.classes_ = sorted_classes(pair.negative, pair.positive)
        return truth
