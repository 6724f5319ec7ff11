"""How `HealthModel` takes its scores apart."""

from __future__ import annotations

from typing import Any

import numpy as np

from churnhealth.domain.health import FloatArray, health_from_probability
from churnhealth.domain.indicators import Catalogue
from churnhealth.estimator_scores import Scores
from churnhealth.explain.attribution import health_points, with_missing_columns
from churnhealth.explain.compare import ComparisonGroup
from churnhealth.explain.contributions import Reference, StackExplainer
from churnhealth.explain.explanation import Explanation, sum_by_group
from churnhealth.model.columns import encode_table


class Explains(Scores):
    """Scores, and what they are made of."""

    catalogue_: Catalogue
    reference_: Reference
    n_jobs: int | None

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
