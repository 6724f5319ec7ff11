"""One call that judges a model: metrics with intervals, reliability, lift, segments, sentences."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnhealth.domain.html import html_card, html_list
from churnhealth.domain.indicators import Catalogue
from churnhealth.domain.table_text import html_table, text_table
from churnhealth.domain.table_text import shown as shown_cell
from churnhealth.errors import SchemaError, listed, nearest
from churnhealth.evaluate.checks import TABLE, Rows, check_rows, check_settings
from churnhealth.evaluate.distribution import no_scores, score_distribution
from churnhealth.evaluate.groups import GROUP_COLUMNS, Score, permuted_predictions, what_groups_add
from churnhealth.evaluate.lift import lift_with_intervals
from churnhealth.evaluate.metric_table import COUNTED, metric_table
from churnhealth.evaluate.reliability import reliability_table
from churnhealth.evaluate.segments import SEGMENT_COLUMNS, calibration_by_segment
from churnhealth.evaluate.sentences import sentences_of


@dataclass(frozen=True, eq=False, repr=False)
class EvaluationReport:
    """What was found about one model on one set of rows.

    Parameters
    ----------
    metrics : pandas.DataFrame
        `metric`, `value`, `low`, `high` (90 % interval, NaN where there is none), `note`. Not
        defined = NaN, with the reason in the note.
    reliability : pandas.DataFrame
        As made by `reliability_table`.
    lift : pandas.DataFrame
        As made by `lift_with_intervals`.
    by_segment : pandas.DataFrame
        As made by `calibration_by_segment`; no rows when no segments were given.
    groups : pandas.DataFrame
        As made by `what_groups_add`; no rows when no score function was given.
    scores : pandas.DataFrame
        As made by `score_distribution`: where the rows are, without bands.
    """

    metrics: pd.DataFrame
    reliability: pd.DataFrame
    lift: pd.DataFrame
    by_segment: pd.DataFrame
    groups: pd.DataFrame
    scores: pd.DataFrame = field(default_factory=no_scores)

    def metric(self, name: str) -> float:
        """Return the value of one metric; NaN when it is not defined on these rows.

        Raises
        ------
        SchemaError
            There is no metric of that name.
        """
        found = self.metrics.loc[self.metrics["metric"] == name, "value"]
        if found.empty:
            known = self.metrics["metric"].tolist()
            fault = f"expected one of {listed(known, most=30)}, got {name!r}{nearest(name, known)}"
            raise SchemaError("evaluation metrics", [fault])
        return float(found.iloc[0])

    def to_dict(self) -> dict[str, float]:
        """Return flat numbers for a tracker: `roc_auc`, `roc_auc_low`, `roc_auc_high`, ...

        What is not defined is left out.
        """
        columns = {"value": "", "low": "_low", "high": "_high"}
        flat = {
            f"{line['metric']}{ending}": float(line[column])
            for line in self.metrics.to_dict("records")
            for column, ending in columns.items()
        }
        return {name: value for name, value in flat.items() if np.isfinite(value)}

    def sentences(self, language: str = "en") -> list[str]:
        """Say in whole sentences what the data can and cannot support, in "en" or "ja"."""
        return sentences_of(self.metrics, self.lift, self.by_segment, self.groups, language)

    def __str__(self) -> str:
        parts = ["\n".join(self.sentences())]
        parts += [f"{title}\n\n{text_table(table)}" for title, table in self._tables()]
        return "\n\n".join(parts)

    def _repr_html_(self) -> str:
        tables = (html_table(table, title) for title, table in self._tables())
        return html_card("Evaluation", html_list(self.sentences()), *tables)

    def __repr__(self) -> str:
        return str(self)

    def _tables(self) -> list[tuple[str, pd.DataFrame]]:
        tables = [
            ("Metrics, with 90 % intervals", _for_people(self.metrics)),
            ("Reliability in bins of equal size", self.reliability),
            ("The riskiest customers, with 90 % intervals", _with_bounds(self.lift)),
            ("Calibration by segment", self.by_segment),
            ("What each indicator group adds (log loss without it, less log loss)", self.groups),
        ]
        return [(title, table) for title, table in tables if len(table)]


def evaluate_model(
    y: npt.ArrayLike,
    p: npt.ArrayLike,
    *,
    customer_id: npt.ArrayLike | None = None,
    mrr: npt.ArrayLike | None = None,
    segments: pd.DataFrame | None = None,
    indicators: pd.DataFrame | None = None,
    score: Score | None = None,
    catalogue: Catalogue | None = None,
    n_boot: int = 300,
    n_sim: int = 200,
    random_state: int = 0,
) -> EvaluationReport:
    """Judge churn probabilities against what happened.

    Intervals cover 90 %, by resampling customers (all rows of a customer together); ECE and ICI
    have intervals of their own kind (`distance_interval`) and a floor, the 95 % quantile of what a
    perfect model shows. With fewer than 30 churners or stayers the AUC is bounded by Newcombe's
    formula; base rate, observed-minus-expected and lift by Wilson's. The order of the rows changes
    nothing, but for the shuffles behind `groups`.

    Where customers have several rows, floors, bands and segments take into account how much these
    rows churned together (`row_dependence`).

    Beyond 1,024 distinct probabilities, resamples and floors work on groups of near-equal
    probability (equal rank to 1 / 1,024, or log-odds to 0.05); the values themselves are exact.

    Parameters
    ----------
    y : array of shape (n,)
        Truth: 1 = churned, 0 = stayed.
    p : array of shape (n,)
        Churn probabilities, 0-1.
    customer_id : array of shape (n,), optional
        Whose row it is, when customers have several rows (cutoffs).
    mrr : array of shape (n,), optional
        Monthly recurring revenue, one currency, 0 or more; NaN = not known.
    segments : pandas.DataFrame of n rows, optional
        One categorical column per segment, such as plan or region.
    indicators : pandas.DataFrame of n rows, optional
        What the model saw of these rows; needed with `score`.
    score : callable of a DataFrame, optional
        Gives the churn probabilities of `indicators`, such as `HealthModel.churn_probability`; then
        the report says what each indicator group adds, by shuffling it (`permuted_predictions`).
    catalogue : Catalogue, optional
        The group of each indicator; inferred from their names when not given.
    n_boot : int
        Resamples; 0 = no intervals.
    n_sim : int
        Simulated perfect models for the floors; 0 = no floors.
    random_state : int
        Seed; same input and seed, same report.

    Returns
    -------
    EvaluationReport
        Never fails on one class or constant probabilities: what is not defined is NaN.

    Raises
    ------
    SchemaError
        When the input has faults, see `check_truth_and_probability`; `score` without `indicators`.

    Examples
    --------
    >>> y, p = [0, 0, 1, 0, 1, 1], [0.1, 0.2, 0.3, 0.4, 0.7, 0.8]
    >>> report = evaluate_model(y, p, n_boot=20, n_sim=20)
    >>> round(report.metric("roc_auc"), 4)
    0.8889
    >>> report.sentences()[0]
    '6 customers, 3 churners: base rate 0.500, 90 % interval 0.221 to 0.779.'
    """
    check_settings(n_boot=(n_boot, 0, np.inf), n_sim=(n_sim, 0, np.inf))
    if score is not None and indicators is None:
        raise SchemaError(
            TABLE, ["indicators: expected those that `score` is to be asked with, got None"]
        )
    extra = {"mrr": mrr, "segments": segments, "indicators": indicators}
    lengths = {name: _length(name, column) for name, column in extra.items() if column is not None}
    rows = check_rows(y, {"p": p}, customer_id=customer_id, lengths=lengths)
    truth, predicted, owner = rows.y, rows.p["p"], rows.customer
    return EvaluationReport(
        metrics=metric_table(
            truth, predicted, owner, n_boot=n_boot, n_sim=n_sim, random_state=random_state
        ),
        reliability=reliability_table(truth, predicted, customer_id=owner),
        lift=lift_with_intervals(
            truth, predicted, mrr=mrr, customer_id=owner, n=n_boot, random_state=random_state
        ),
        by_segment=pd.DataFrame(columns=list(SEGMENT_COLUMNS))
        if segments is None
        else calibration_by_segment(truth, predicted, segments, owner),
        groups=pd.DataFrame(columns=list(GROUP_COLUMNS))
        if score is None or indicators is None
        else _groups(rows, score, indicators, catalogue or Catalogue(), n_boot, random_state),
        scores=score_distribution(predicted),
    )


def _groups(
    rows: Rows,
    score: Score,
    indicators: pd.DataFrame,
    catalogue: Catalogue,
    n_boot: int,
    random_state: int,
) -> pd.DataFrame:
    without = permuted_predictions(score, indicators, catalogue, random_state=random_state)
    return what_groups_add(
        rows.y, rows.p["p"], without, rows.customer, n=n_boot, random_state=random_state
    )


def _length(name: str, column: Any) -> int:
    shape = np.shape(column)
    if not shape:
        raise SchemaError(TABLE, [f"{name}: expected one entry per row, got {type(column).__name__}"])
    return int(shape[0])


def _for_people(metrics: pd.DataFrame) -> pd.DataFrame:
    whole = metrics["metric"].isin(COUNTED).to_numpy()
    value = [int(one) if count else one for one, count in zip(metrics["value"], whole, strict=True)]
    return metrics.assign(value=pd.Series(value, dtype=object, index=metrics.index))


def _with_bounds(lift: pd.DataFrame) -> pd.DataFrame:
    bounded = [name for name in lift.columns if f"{name}_low" in lift]
    shown = lift[[name for name in lift.columns if not str(name).endswith(("_low", "_high"))]].copy()
    for name in bounded:
        columns = (lift[name], lift[f"{name}_low"], lift[f"{name}_high"])
        shown[name] = [
            f"{value:.3f} ({low:.3f} to {high:.3f})" if np.isfinite(low) else shown_cell(value)
            for value, low, high in zip(*columns, strict=True)
        ]
    return shown
