"""`HealthModel`: the scikit-learn face of churnhealth."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.utils.validation import (
    _check_sample_weight,
    check_consistent_length,
)

from churnhealth.domain.health import HealthBands
from churnhealth.domain.indicators import Catalogue
from churnhealth.domain.problem import ChurnProblem
from churnhealth.domain.scorecard import PointTable
from churnhealth.errors import SchemaError
from churnhealth.estimator_inputs import (
    TrainingTable,
    check_monotone,
    check_options,
    check_points,
    check_segments,
    customer_codes,
    moments_of,
)
from churnhealth.estimator_shown import Shown
from churnhealth.model.columns import encode_table
from churnhealth.model.drift_reference import DriftReference, learn_drift_reference
from churnhealth.model.fitted import LEAF_BUDGET, FittedModel, Recipe, fit_model
from churnhealth.model.inner_folds import OptionJudge, inner_folds
from churnhealth.model.options import TrainingOptions


class HealthModel(Shown):
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
    options : TrainingOptions, optional
        How bold the learners are; None: the defaults. `search_options` looks for better ones.
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
    options_ : TrainingOptions
        Options in use.
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
        options: TrainingOptions | None = None,
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
        self.options = options
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
        rows = self._training_table(X, y, cutoff, customer_id, sample_weight)
        self.label_known_through_ = rows.label_known_through
        recipe = self._recipe(rows.frame)
        self.options_ = recipe.options
        self.model_: FittedModel = fit_model(
            rows.frame,
            rows.y,
            weight=rows.weight,
            customers=rows.customers,
            cutoff=rows.cutoff,
            recipe=recipe,
        )
        encoded = encode_table(rows.frame, self.model_.columns)
        explainer = self._new_explainer()
        self.reference_ = explainer.learn_reference(encoded.matrix, seed=self.random_state)
        self.drift_reference_: DriftReference | None = learn_drift_reference(
            encoded,
            self.model_.columns,
            self.model_.calibrator.probability(self.model_.stack.margin(encoded.matrix)),
            None if rows.customers is None else len(np.unique(rows.customers)),
        )
        self.bands_ = self.bands or HealthBands.from_base_rate(self.model_.base_rate)
        names = [column.name for column in self.model_.columns]
        self.catalogue_ = (self.catalogue or Catalogue()).for_columns(names)
        self.artifact_hash_: str | None = None
        return self

    def option_judge(
        self, X: Any, y: Any, *, cutoff: Any = None, customer_id: Any = None
    ) -> OptionJudge:
        """Return what judges options on inner folds of training rows; see `search.search_options`.

        Parameters
        ----------
        X, y, cutoff, customer_id
            As for `fit`; this model is neither fitted nor changed.
        """
        asked = clone(self)
        rows = asked._training_table(X, y, cutoff, customer_id)
        problem = self.problem or ChurnProblem()
        folds = inner_folds(rows.y, rows.customers, rows.cutoff, problem, seed=self.random_state)
        recipe = asked._recipe(rows.frame)
        return OptionJudge(rows.frame, rows.y, rows.weight, rows.customers, rows.cutoff, folds, recipe)

    def _training_table(
        self, X: Any, y: Any, cutoff: Any, customer_id: Any, sample_weight: Any = None
    ) -> TrainingTable:
        """Check what `fit` is given, and leave out rows of weight 0."""
        problem = self.problem or ChurnProblem()
        frame = self._take_table(X, reset=True)
        if len(frame) < 2:
            raise SchemaError("indicators", ["expected at least 2 rows to learn from, got 1 sample"])
        truth = self._take_label(y, problem)
        check_consistent_length(frame, truth)
        weight = _check_sample_weight(sample_weight, frame, dtype=np.float64, ensure_non_negative=True)
        customers = customer_codes(customer_id, frame)
        moments = moments_of(cutoff, frame, problem)
        kept = weight > 0
        if len(np.unique(truth[kept])) < 2:
            raise SchemaError("label", ["one class only is left among the rows with a weight above 0"])
        return TrainingTable(
            frame.loc[kept],
            truth[kept],
            weight[kept],
            None if customers is None else customers[kept],
            None if moments is None else moments.cutoff[kept],
            None if moments is None else pd.Timestamp(int(moments.known_at.max()), tz="UTC"),
        )

    def _recipe(self, frame: pd.DataFrame) -> Recipe:
        return Recipe(
            seed=self.random_state,
            threads=self._threads(frame.size),
            leaf_budget=self.leaf_budget,
            segments=check_segments(self.segments, frame),
            monotone=check_monotone(self.monotone, frame),
            points=check_points(self.points, self.monotone),
            options=check_options(self.options),
        )

    def _threads(self, cells: int) -> int:
        return self.n_jobs or (1 if cells < 2_000_000 else os.cpu_count() or 1)
