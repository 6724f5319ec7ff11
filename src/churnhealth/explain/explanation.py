"""An explanation of health scores: tables that add up to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from churnhealth.domain.indicators import Catalogue
from churnhealth.explain.attribution import MISSING_SUFFIX, SEGMENT_SUFFIX
from churnhealth.explain.ranking import strongest
from churnhealth.explain.shown import explanation_html, explanation_text

ALL_OTHERS = "(all others)"
DRIVER_COLUMNS = (
    "row",
    "rank",
    "indicator",
    "indicator_group",
    "value",
    "typical_value",
    "contribution_points",
    "direction",
)


@dataclass(frozen=True, repr=False)
class Explanation:
    """Health scores taken apart: `base_points + points.sum(axis=1)` is the health score.

    Parameters
    ----------
    base_points : float
        Health score (0-100) at the mean margin of the reference population. It is not their mean
        score: the map from margin to score is a curve, and only at the mean margin do contributions
        that are centred on the reference population start from nothing.
    points : DataFrame, shape (n_customers, n_indicators)
        Contribution of each indicator in health points; above 0 raises the score. A column
        `x:missing` holds what a missing value of `x` contributes.
    values : DataFrame, shape (n_customers, n_indicators)
        The customers' values, as they came.
    typical : Series, length n_indicators
        Median, or most frequent level, of the training rows.
    catalogue : Catalogue
        Groups, units and labels of the indicators.
    sub_scores : DataFrame, shape (n_customers, n_groups)
        The health score (0-100) that a customer would have if only this group differed from the
        base.
    level_shares : mapping of str to mapping of str to float
        Per category, the share (0-1) of the reference population with each level; those that are not
        known are left out of the sentences.
    ranges : mapping of str to (float, float)
        Per number, its smallest and largest value in the training rows.
    """

    base_points: float
    points: pd.DataFrame
    values: pd.DataFrame
    typical: pd.Series
    catalogue: Catalogue
    sub_scores: pd.DataFrame
    level_shares: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def health_score(self) -> pd.Series:
        """Health scores (0-100), as the sum of base and contributions."""
        return (self.base_points + self.points.sum(axis=1)).rename("health_score")

    def groups(self) -> pd.DataFrame:
        """Return points by indicator group, shape (n_customers, n_groups); they add up as well."""
        return sum_by_group(self.points, self.catalogue)

    def importance(self) -> pd.DataFrame:
        """Return the mean absolute points of every indicator, the strongest first.

        Returns
        -------
        DataFrame
            Columns indicator, indicator_group, mean_absolute_points.
        """
        strength = self.points.abs().mean().sort_values(ascending=False, kind="stable")
        return pd.DataFrame(
            {
                "indicator": strength.index,
                "indicator_group": [group_of(name, self.catalogue) for name in strength.index],
                "mean_absolute_points": strength.to_numpy(),
            }
        )

    def drivers(self, top: int = 5, *, others: bool = False) -> pd.DataFrame:
        """Return each customer's strongest contributions, up and down, as a long table.

        Parameters
        ----------
        top : int
            At most so many drivers per customer; indicators that contribute nothing are not listed.
        others : bool
            Add a last row per customer, "(all others)", so that base and rows add up to the score.

        Returns
        -------
        DataFrame
            Columns row (index label of the customer), rank (1 is the strongest), indicator,
            indicator_group, value, typical_value, contribution_points, direction ("raises",
            "lowers" or "none": what it does to the health score). Ties keep the order of columns.
        """
        if top < 1:
            raise ValueError(f"drivers: expected top of 1 or more, got {top!r}")
        points = self.points.to_numpy(dtype=np.float64)
        order = strongest(points, top)
        taken = np.take_along_axis(points, order, axis=1)
        rows, ranks = np.nonzero(taken)
        table = self._driver_rows(rows, order[rows, ranks], ranks + 1, taken[rows, ranks])
        return self._with_others(table, rows, points, taken) if others else table

    def _driver_rows(
        self, rows: np.ndarray, at: np.ndarray, ranks: np.ndarray, points: np.ndarray
    ) -> pd.DataFrame:
        names = self.points.columns.to_numpy(dtype=object)
        sources = [source_of(str(name)) for name in names]
        groups = np.asarray([group_of(str(name), self.catalogue) for name in names], dtype=object)
        typical = np.asarray([self.typical.get(source) for source in sources], dtype=object)
        value_at = np.asarray([self.values.columns.get_loc(source) for source in sources])
        values = values_at(self.values, rows, value_at[at])
        return pd.DataFrame(
            {
                "row": self.points.index.to_numpy()[rows],
                "rank": ranks,
                "indicator": names[at],
                "indicator_group": groups[at],
                "value": values,
                "typical_value": typical[at],
                "contribution_points": points,
                "direction": direction_of(points),
            },
            columns=list(DRIVER_COLUMNS),
        )

    def _with_others(
        self, table: pd.DataFrame, rows: np.ndarray, points: np.ndarray, taken: np.ndarray
    ) -> pd.DataFrame:
        count = len(points)
        rest = points.sum(axis=1) - taken.sum(axis=1)
        last = pd.DataFrame(
            {
                "row": self.points.index.to_numpy(),
                "rank": np.bincount(rows, minlength=count) + 1,
                "indicator": ALL_OTHERS,
                "indicator_group": ALL_OTHERS,
                "value": None,
                "typical_value": None,
                "contribution_points": rest,
                "direction": direction_of(rest),
            },
            columns=list(DRIVER_COLUMNS),
        )
        position = np.concatenate([rows, np.arange(count)])
        both = pd.concat(
            [table, last.astype({"value": object, "typical_value": object})], ignore_index=True
        )
        order = np.lexsort([both["rank"].to_numpy(), position])
        return both.iloc[order].reset_index(drop=True)

    def __str__(self) -> str:
        """Show the first customers' scores and drivers as text; a single customer in full."""
        return explanation_text(self)

    def __repr__(self) -> str:
        return explanation_text(self)

    def _repr_html_(self) -> str:
        return explanation_html(self)


def direction_of(points: np.ndarray) -> np.ndarray:
    """Say what points do to the health score: "raises", "lowers", or "none"."""
    words = np.asarray(["lowers", "none", "raises"], dtype=object)
    return np.asarray(words[np.sign(points).astype(int) + 1])


def source_of(name: str) -> str:
    """Return the indicator behind a column of points: `nps` of `nps:missing` or `nps:segment`."""
    return name.removesuffix(MISSING_SUFFIX).removesuffix(SEGMENT_SUFFIX)


def group_of(name: str, catalogue: Catalogue) -> str:
    """Return the indicator group of a column of points."""
    known = catalogue.get(name) or catalogue.get(source_of(name))
    return known.group if known else "other"


def sum_by_group(table: pd.DataFrame, catalogue: Catalogue) -> pd.DataFrame:
    """Add up columns by indicator group; groups stand in the order of their first indicator."""
    groups = [group_of(str(name), catalogue) for name in table.columns]
    names = list(dict.fromkeys(groups))
    sums = {
        name: table.loc[:, [group == name for group in groups]].to_numpy().sum(axis=1) for name in names
    }
    return pd.DataFrame(sums, index=table.index, columns=names)


def values_at(values: pd.DataFrame, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Pick one cell per (row, column); missing ones are None."""
    out = np.full(len(rows), None, dtype=object)
    for column in np.unique(columns):
        chosen = columns == column
        cells = values.iloc[rows[chosen], column]
        out[chosen] = cells.astype(object).where(cells.notna(), None).to_numpy()
    return out
