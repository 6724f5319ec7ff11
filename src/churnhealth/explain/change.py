"""Why did the score move between two cutoffs? The model changed, the customer changed, or both.

    new model on the old row - old model on the old row    the model
    new model on the new row - new model on the old row    what the customer does

Both are taken apart by indicator as differences of points: those of one model start from one base, so
they add up. Points come from a curve (see `explain.attribution`), so an indicator whose value did not
change can move a little when others do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd

from churnhealth.domain.indicators import Catalogue
from churnhealth.errors import SchemaError
from churnhealth.explain.explanation import Explanation, group_of, source_of, values_at
from churnhealth.explain.similar import require_one_row_each

MODEL, ADDED, DROPPED, BEHAVIOUR = PARTS = ("model", "added", "dropped", "behaviour")
BASE = "(base)"
CHANGE_COLUMNS = (
    "customer_id",
    "part",
    "indicator",
    "indicator_group",
    "value_before",
    "value_after",
    "points",
)


class Explains(Protocol):
    """A fitted model that takes its scores apart, such as `HealthModel`."""

    @property
    def catalogue_(self) -> Catalogue:
        """Return the model's indicators, in the order of its columns."""
        ...

    def explain(self, X: Any) -> Explanation:
        """Return base and points that add up to the health scores."""
        ...


@dataclass(frozen=True)
class ScoreChange:
    """Differences of health scores, taken apart.

    Parameters
    ----------
    parts : DataFrame
        One row per customer, part and column of points that is not 0: `customer_id`, `part`,
        `indicator` ("(base)" for the model's base), `indicator_group`, `value_before`,
        `value_after` (None when missing or not stored), `points` (health points; above 0 raised the
        score). Parts are "model" (indicators of both models, and the base), "added" and "dropped"
        (indicators of the new, or the old, model only) and "behaviour"; the first three together
        are the new model on the old row less the old model on the old row.
    totals : DataFrame
        One row per customer: `customer_id`, `score_before`, `score_after`, `change`, and the sum of
        each part: `change = model + added + dropped + behaviour`.
    added, dropped : tuple of str
        Indicators that only the new, or only the old, model has.
    only_before, only_after : Index
        Customers with a row at one of the cutoffs only; nothing can be said of them.
    """

    parts: pd.DataFrame
    totals: pd.DataFrame
    added: tuple[str, ...]
    dropped: tuple[str, ...]
    only_before: pd.Index
    only_after: pd.Index


def score_change(
    old: Explains, new: Explains, rows_before: pd.DataFrame, rows_after: pd.DataFrame
) -> ScoreChange:
    """Take the difference of the scores at two cutoffs apart.

    Parameters
    ----------
    old, new : Explains
        The models that scored; the same one twice when it was not retrained.
    rows_before, rows_after : DataFrame
        The indicators that were scored, as stored; the index holds customer_id, one row each.
        `rows_before` needs the indicators of the old model. Where it lacks one of the new model's,
        the customer is taken to have had the later value already: nobody knows the earlier one, and
        what a new indicator brings belongs to the model.

    Raises
    ------
    SchemaError
        A customer has several rows, no customer has both, or columns of the models are missing.

    Examples
    --------
    >>> import numpy as np
    >>> import churnhealth as ch
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"logins": rng.poisson(8, 600), "seats": rng.integers(1, 9, 600)})
    >>> model = ch.HealthModel(leaf_budget=1).fit(X, rng.random(600) < 2 / (1 + X["logins"]))
    >>> march = X.head(1).assign(logins=12).set_axis(["C1"])
    >>> april = march.assign(logins=5)
    >>> change = ch.score_change(model, model, march, april)
    >>> parts = change.totals[["model", "added", "dropped", "behaviour"]].sum(axis=1)
    >>> bool((parts - change.totals["change"]).abs().max() < 1e-9)
    True
    >>> line = change.parts.nsmallest(1, "points").iloc[0]
    >>> line["part"], line["indicator"], line["value_before"], line["value_after"]
    ('behaviour', 'logins', 12, 5)
    """
    require_one_row_each(rows_before, "rows before")
    require_one_row_each(rows_after, "rows after")
    both = rows_after.index[rows_after.index.isin(rows_before.index)]
    if both.empty:
        raise SchemaError("rows before and after", ["expected customers with a row in both, got none"])
    before, after = rows_before.loc[both], rows_after.loc[both]
    added = tuple(name for name in new.catalogue_ if name not in old.catalogue_)
    dropped = tuple(name for name in old.catalogue_ if name not in new.catalogue_)
    held = before.assign(**{name: after[name] for name in added if name not in before and name in after})
    first = old.explain(_columns(before, old))
    between = new.explain(_columns(held, new))
    last = new.explain(_columns(after, new))
    moved = {
        **_model_parts(first, between, added, dropped),
        BEHAVIOUR: _difference(last.points, between.points),
    }
    return ScoreChange(
        parts=_long(moved, before, after, (new.catalogue_, old.catalogue_)),
        totals=_totals(moved, first, last),
        added=added,
        dropped=dropped,
        only_before=rows_before.index[~rows_before.index.isin(both)],
        only_after=rows_after.index[~rows_after.index.isin(both)],
    )


def _columns(rows: pd.DataFrame, model: Explains) -> pd.DataFrame:
    """Return the model's columns; the model itself says which are missing."""
    return rows[[name for name in model.catalogue_ if name in rows.columns]]


def _difference(later: pd.DataFrame, earlier: pd.DataFrame) -> pd.DataFrame:
    columns = later.columns.union(earlier.columns, sort=False)
    return later.reindex(columns=columns, fill_value=0.0) - earlier.reindex(
        columns=columns, fill_value=0.0
    )


def _model_parts(
    first: Explanation, between: Explanation, added: Sequence[str], dropped: Sequence[str]
) -> dict[str, pd.DataFrame]:
    points = _difference(between.points, first.points)
    part = {**dict.fromkeys(added, ADDED), **dict.fromkeys(dropped, DROPPED)}
    belongs = np.array([part.get(source_of(str(name)), MODEL) for name in points.columns], dtype=object)
    split = {name: points.loc[:, belongs == name] for name in (MODEL, ADDED, DROPPED)}
    split[MODEL] = split[MODEL].assign(**{BASE: between.base_points - first.base_points})
    return split


def _totals(moved: dict[str, pd.DataFrame], first: Explanation, last: Explanation) -> pd.DataFrame:
    before, after = first.health_score.to_numpy(), last.health_score.to_numpy()
    known = {
        "customer_id": first.points.index,
        "score_before": before,
        "score_after": after,
        "change": after - before,
    }
    return pd.DataFrame({**known, **{part: moved[part].to_numpy().sum(axis=1) for part in PARTS}})


def _long(
    moved: dict[str, pd.DataFrame],
    before: pd.DataFrame,
    after: pd.DataFrame,
    catalogues: Sequence[Catalogue],
) -> pd.DataFrame:
    """Write what is not 0 line by line; by customer, then part, then column."""
    names = np.array([str(name) for part in PARTS for name in moved[part].columns], dtype=object)
    part = np.array([part for part in PARTS for _ in moved[part].columns], dtype=object)
    points = np.hstack([moved[one].to_numpy(dtype=np.float64) for one in PARTS])
    row, column = np.nonzero(points)
    groups = np.array([_group(name, catalogues) for name in names], dtype=object)
    sources = [source_of(name) for name in names[column]]
    found = (
        before.index.to_numpy()[row],
        part[column],
        names[column],
        groups[column],
        _values(before, row, sources),
        _values(after, row, sources),
        points[row, column],
    )
    return pd.DataFrame(dict(zip(CHANGE_COLUMNS, found, strict=True)))


def _group(name: str, catalogues: Sequence[Catalogue]) -> str:
    if name == BASE:
        return BASE
    known = [catalogue for catalogue in catalogues if source_of(name) in catalogue]
    return group_of(name, known[0] if known else catalogues[0])


def _values(rows: pd.DataFrame, row: np.ndarray, sources: Sequence[str]) -> np.ndarray:
    """Pick the cells of stored columns; the others are None."""
    at = rows.columns.get_indexer(pd.Index(sources, dtype=object))
    out = np.full(len(row), None, dtype=object)
    out[at >= 0] = values_at(rows, row[at >= 0], at[at >= 0])
    return out
