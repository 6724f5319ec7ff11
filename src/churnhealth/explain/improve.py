"""What would help? The model asked again with one value improved; its view, not a causal claim.

Customers who use more may stay because they are satisfied. A model that has only watched cannot tell
what would happen if somebody made them use more; it can say whose score that would move, by its own
lights.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd

from churnhealth.domain.health import FloatArray
from churnhealth.domain.indicators import Catalogue
from churnhealth.errors import SchemaError
from churnhealth.explain.explanation import values_at
from churnhealth.explain.similar import IntArray, positions_of, require_one_row_each, segment_numbers
from churnhealth.model.columns import ColumnSpec, encode_table
from churnhealth.model.fitted import FittedModel

MODELS_VIEW = {
    "en": "what the model would say with this one value changed, all others as they are; "
    "not a promise that changing it helps",
    "ja": "この値だけが変わった場合のモデルの見方であり、改善の効果を約束するものではありません",
}
FEWEST_SIMILAR = 20
# Rows that are scored in one go.
BATCH = 20_000
LOWER, UPPER = 0.25, 0.75
IMPROVE_COLUMNS = (
    "customer_id",
    "rank",
    "indicator",
    "indicator_group",
    "value",
    "target_value",
    "gain_points",
    "similar_customers",
)


class Scores(Protocol):
    """A fitted model that scores, such as `HealthModel`."""

    @property
    def catalogue_(self) -> Catalogue:
        """Return the model's indicators; `actionable` says which the vendor can change."""
        ...

    @property
    def model_(self) -> FittedModel:
        """Return what was fitted."""
        ...

    def health_score(self, X: Any) -> FloatArray:
        """Return health scores (0-100)."""
        ...


@dataclass(frozen=True)
class _Asked:
    """Of one indicator, per customer asked: value, quartiles, and whom they come from."""

    spec: ColumnSpec
    value: FloatArray
    low: FloatArray
    high: FloatArray
    similar: IntArray


@dataclass(frozen=True)
class _Gains:
    """Of one indicator, per customer asked: the better target, its gain, and whom it comes from."""

    spec: ColumnSpec
    target: FloatArray
    gain: FloatArray
    similar: IntArray


def what_would_help(
    model: Scores,
    rows: pd.DataFrame,
    customers: Iterable[object] | None = None,
    *,
    segments: pd.DataFrame | None = None,
    top: int = 5,
) -> pd.DataFrame:
    """Find the actionable indicators whose plausible improvement raises a customer's score most.

    Plausible is what a quarter of similar customers reach: the 75th percentile for a value below
    it, the 25th for a value above it (each the smallest observed value with that share of values at
    or below it), whichever raises the score more; where the indicator has a direction, only the
    healthier one. Every target is put into the customer's row and
    scored anew, with all other values as they are, also those that would move along in life.

    It costs at most two scored rows per customer asked and actionable indicator.

    This is the model's view and not a causal claim; `attrs["note"]` of the table says so in English
    and Japanese.

    Parameters
    ----------
    model : Scores
        A fitted `HealthModel`.
    rows : DataFrame, shape (n_customers, n_indicators)
        All customers of a cutoff, whose percentiles count; the index holds customer_id.
    customers : iterable of labels, optional
        For whom; None: all.
    segments : DataFrame of n_customers rows, optional
        Columns in which similar customers are equal, such as `rows[["plan"]]`, in the order of
        `rows`; None, or fewer than 20 such customers with a value: all customers.
    top : int
        At most so many indicators per customer.

    Returns
    -------
    DataFrame
        `customer_id`, `rank` (1 gains most; ties keep the order of columns), `indicator`,
        `indicator_group`, `value`, `target_value`, `gain_points` (health points, above 0),
        `similar_customers` (how many values the percentile comes from). Only gains above 0; missing
        values and categories have no direction to improve in and are left out.

    Raises
    ------
    SchemaError
        A customer has no row or several, `segments` does not fit, or columns differ from the fit.

    Examples
    --------
    >>> import churnhealth as ch
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"logins": rng.poisson(8, 600), "seats": rng.integers(1, 9, 600)})
    >>> logins = ch.Indicator("logins", actionable=True)
    >>> model = ch.HealthModel(catalogue=ch.Catalogue((logins,)), leaf_budget=1)
    >>> model = model.fit(X, rng.random(600) < 2 / (1 + X["logins"]))
    >>> customers = X.set_axis([f"C{at}" for at in range(600)])
    >>> customers.loc["C7", "logins"] = 2
    >>> table = ch.what_would_help(model, customers, ["C7"])
    >>> table[["indicator", "value", "target_value", "similar_customers"]].values.tolist()
    [['logins', 2, 10.0, 600]]
    """
    if top < 1:
        raise ValueError(f"what_would_help: expected top of 1 or more, got {top!r}")
    require_one_row_each(rows, "customers")
    matrix = encode_table(rows, model.model_.columns).matrix
    numbers = _numbers(rows, segments)
    at = np.arange(len(rows)) if customers is None else positions_of(rows, customers)
    asked = rows.iloc[at]
    specs = [
        (place, spec)
        for place, spec in enumerate(model.model_.columns)
        if len(at) and model.catalogue_[spec.name].actionable and spec.kind != "category"
    ]
    plain = asked.assign(**{spec.name: matrix[at, place] for place, spec in specs})
    score = model.health_score(plain) if specs else np.zeros(0)
    gains: list[_Gains] = []
    size = max(1, BATCH // max(1, 2 * len(at)))
    for first in range(0, len(specs), size):
        some = specs[first : first + size]
        known = [_Asked(spec, *_quartiles(matrix[:, place], numbers, at)) for place, spec in some]
        gains += _gains(model, plain, score, known)
    table = _table(asked, gains, model.catalogue_, top)
    table.attrs["note"] = dict(MODELS_VIEW)
    return table


def _numbers(rows: pd.DataFrame, segments: pd.DataFrame | None) -> IntArray:
    if segments is None:
        return np.zeros(len(rows), dtype=np.int64)
    if len(segments) != len(rows) or not segments.index.equals(rows.index):
        raise SchemaError(
            "segments",
            [f"expected the {len(rows)} customers of the rows in their order, got {len(segments)} rows"],
        )
    return segment_numbers(segments)


def _quartiles(
    values: FloatArray, numbers: IntArray, at: IntArray
) -> tuple[FloatArray, FloatArray, FloatArray, IntArray]:
    """Return value, lower and upper quartile, and their number of values, for the rows at `at`."""
    everybody = values[~np.isnan(values)]
    found = np.full((len(at), 2), np.nan)
    counts = np.zeros(len(at), dtype=np.int64)
    for number in np.unique(numbers[at]):
        alike = values[(numbers == number) & ~np.isnan(values)]
        alike = alike if len(alike) >= FEWEST_SIMILAR else everybody
        chosen = numbers[at] == number
        counts[chosen] = len(alike)
        if len(alike):
            found[chosen] = np.quantile(alike, (LOWER, UPPER), method="inverted_cdf")
    return values[at], found[:, 0], found[:, 1], counts


def _gains(
    model: Scores, plain: pd.DataFrame, score: FloatArray, asked: Sequence[_Asked]
) -> list[_Gains]:
    """Score every row with every value exchanged, all in one go, and keep what raises most."""
    ways = [model.catalogue_[one.spec.name].direction for one in asked]
    trials = [
        (place, np.flatnonzero(inward), quartile)
        for place, (one, way) in enumerate(zip(asked, ways, strict=True))
        for quartile, inward, against in (
            (one.high, one.value < one.high, "more_is_riskier"),
            (one.low, one.value > one.low, "more_is_healthier"),
        )
        if way != against
    ]
    named = [(asked[place].spec.name, rows, quartile) for place, rows, quartile in trials]
    raised = _raised(model, plain, score, named)
    targets = np.full((len(asked), len(plain)), np.nan)
    gains = np.zeros((len(asked), len(plain)))
    for (place, rows, quartile), more in zip(trials, raised, strict=True):
        better = more > gains[place, rows]
        gains[place, rows[better]] = more[better]
        targets[place, rows[better]] = quartile[rows[better]]
    return [
        _Gains(one.spec, target, gain, one.similar)
        for one, target, gain in zip(asked, targets, gains, strict=True)
    ]


def _raised(
    model: Scores,
    plain: pd.DataFrame,
    score: FloatArray,
    trials: Sequence[tuple[str, IntArray, FloatArray]],
) -> list[FloatArray]:
    """Return per trial (column, rows, values) how many points it adds to each of its rows."""
    at = np.concatenate([rows for _, rows, _ in trials])
    if not len(at):
        return [np.zeros(0)] * len(trials)
    changed = plain.iloc[at]
    columns = {name: changed[name].to_numpy(copy=True) for name, _, _ in trials}
    ends = np.cumsum([len(rows) for _, rows, _ in trials])
    for (name, rows, values), end in zip(trials, ends, strict=True):
        columns[name][end - len(rows) : end] = values[rows]
    gained = model.health_score(changed.assign(**columns)) - score[at]
    return np.split(gained, ends[:-1])


def _table(asked: pd.DataFrame, gains: list[_Gains], catalogue: Catalogue, top: int) -> pd.DataFrame:
    if not gains:
        return pd.DataFrame({name: [] for name in IMPROVE_COLUMNS})
    points = np.column_stack([one.gain for one in gains])
    order = np.argsort(-points, axis=1, kind="stable")[:, :top]
    row, rank = np.nonzero(np.take_along_axis(points, order, axis=1) > 0.0)
    which = order[row, rank]
    names = np.array([one.spec.name for one in gains], dtype=object)
    groups = np.array([catalogue[name].group for name in names], dtype=object)
    found = (
        asked.index.to_numpy()[row],
        rank + 1,
        names[which],
        groups[which],
        values_at(asked, row, asked.columns.get_indexer(pd.Index(names))[which]),
        _targets(gains, row, which),
        points[row, which],
        np.column_stack([one.similar for one in gains])[row, which],
    )
    return pd.DataFrame(dict(zip(IMPROVE_COLUMNS, found, strict=True)))


def _targets(gains: list[_Gains], row: IntArray, which: IntArray) -> np.ndarray:
    out = np.full(len(row), None, dtype=object)
    for place, (customer, one) in enumerate(zip(row, which, strict=True)):
        target = float(gains[one].target[customer])
        out[place] = bool(target) if gains[one].spec.kind == "boolean" else target
    return out
