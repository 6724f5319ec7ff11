"""The numbers that `HealthModel` publishes: margins, probabilities, health scores, bands, ranges."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnhealth.domain.health import FloatArray, HealthBands, health_from_probability
from churnhealth.estimator_tables import TakesTables
from churnhealth.evaluate.forecast import ChurnerForecast, forecast_churners
from churnhealth.model.columns import encode_table
from churnhealth.model.refits import probability_range


class Scores(TakesTables):
    """Scores of any rows, once fitted."""

    bands_: HealthBands

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
