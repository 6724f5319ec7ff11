"""Against whom is a customer told? The training population, or a chosen group of rows.

The contributions stay what they are; only what they are measured from moves. Less than the mean of
the group they add up from the group's mean margin to the customer's own, so that the score is again
base + contributions, for any group.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from churnhealth.domain.health import FloatArray
from churnhealth.errors import SchemaError
from churnhealth.explain.contributions import Reference, StackExplainer
from churnhealth.model.columns import ColumnSpec, encode_table, learn_columns


@dataclass(frozen=True)
class ComparisonGroup:
    """The customers that an explanation is told against.

    Parameters
    ----------
    reference : Reference
        Their mean contributions and mean margin, in log-odds.
    typical : Series, length n_indicators
        Their median, or most frequent level, by indicator; None where all are missing.
    level_shares : mapping of str to mapping of str to float
        By category, the share (0-1) of them with each level; levels of a few are left out.
    """

    reference: Reference
    typical: pd.Series
    level_shares: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @classmethod
    def of_training(cls, reference: Reference, columns: Sequence[ColumnSpec]) -> ComparisonGroup:
        """Return the training population, as the model remembers it."""
        return cls(reference, _typical(columns), _level_shares(columns))

    @classmethod
    def of_rows(
        cls, rows: pd.DataFrame, columns: Sequence[ColumnSpec], explainer: StackExplainer
    ) -> ComparisonGroup:
        """Return the group of these rows; all of them count, none is sampled.

        Parameters
        ----------
        rows : DataFrame, shape (n_rows, n_indicators)
            One row or more, with the columns of the fit.
        columns : sequence of ColumnSpec
            The model's columns.
        explainer : StackExplainer
            Of the model's stack.

        Raises
        ------
        SchemaError
            Columns are missing, unexpected or of another type than at fit.
        """
        matrix = encode_table(rows, columns).matrix
        names = [column.name for column in columns]
        own = learn_columns(rows[names])
        return cls(mean_reference(explainer.contributions(matrix)), _typical(own), _level_shares(own))


def mean_reference(contributions: FloatArray) -> Reference:
    """Return the centre of a group: mean contributions and mean margin.

    Parameters
    ----------
    contributions : ndarray, shape (n_rows, n_indicators + 1)
        In log-odds, the constant last; each row adds up to its margin.

    Raises
    ------
    SchemaError
        There are no rows.

    Examples
    --------
    >>> import numpy as np
    >>> mean_reference(np.array([[1.0, 0.0, -2.0], [3.0, 0.5, -2.0]]))
    Reference(centres=array([2.  , 0.25]), base_margin=0.25)
    """
    if not len(contributions):
        raise SchemaError("comparison group", ["expected at least one row to compare with, got none"])
    means = contributions.mean(axis=0)
    return Reference(means[:-1], float(means.sum()))


def _typical(columns: Sequence[ColumnSpec]) -> pd.Series:
    names = [column.name for column in columns]
    return pd.Series([column.typical for column in columns], index=names, dtype=object)


def _level_shares(columns: Sequence[ColumnSpec]) -> dict[str, dict[str, float]]:
    return {column.name: column.level_shares for column in columns if column.shares}
