"""What changes for the customers when one model takes the place of another? No labels are needed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

# An indicator below this share of all contributions moves few scores, whatever its sign.
WORTH_TELLING = 0.05
# Contributions of one indicator under two models; as far below 0 they point in opposite ways.
OPPOSITE = -0.5
FEWEST_VALUES = 10


def flipped_drivers(before: pd.DataFrame, after: pd.DataFrame) -> list[str]:
    """Name the indicators whose effect has the opposite sign under the new model.

    The sign of an effect is told by the customers themselves: an indicator has flipped when those whose
    score it raised under the old model are those whose score it lowers under the new one (correlation
    of its contributions of at most -0.5). So numbers, curves and categories are told alike. Only
    indicators that carry at least 5 % of all contributions under both models are looked at.

    Parameters
    ----------
    before, after : DataFrame, shape (n_customers, n_indicators)
        Contributions in health points of the same customers under the old and the new model, one
        column per indicator; columns of one side only are not compared.

    Returns
    -------
    list of str
        The strongest under the new model first.

    Examples
    --------
    >>> old = pd.DataFrame({"logins": [-4.0, 0.0, 4.0], "nps": [1.0, 0.0, -1.0]})
    >>> flipped_drivers(old, old.assign(logins=-old["logins"]))
    ['logins']
    """
    shares = [importance_shares(one) for one in (before, after)]
    both = [name for name in after.columns if name in before.columns]
    found = [
        str(name)
        for name in both
        if all(one.get(str(name), 0.0) >= WORTH_TELLING for one in shares)
        and _correlation(before[name], after[name]) <= OPPOSITE
    ]
    return sorted(found, key=lambda name: -shares[1][name])


def importance_shares(points: pd.DataFrame) -> dict[str, float]:
    """Return the share (0-1) of every indicator in the mean absolute contributions.

    Examples
    --------
    >>> importance_shares(pd.DataFrame({"logins": [-3.0, 3.0], "nps": [1.0, -1.0]}))
    {'logins': 0.75, 'nps': 0.25}
    """
    sizes = points.abs().mean()
    total = float(sizes.sum())
    return {str(name): float(size) / total if total > 0 else 0.0 for name, size in sizes.items()}


def _correlation(one: pd.Series, other: pd.Series) -> float:
    x, z = one.to_numpy(dtype=np.float64), other.to_numpy(dtype=np.float64)
    x, z = x - x.mean(), z - z.mean()
    size = float(np.sqrt((x @ x) * (z @ z)))
    return float(x @ z) / size if size > 0 else 0.0


def lone_aucs(side_by_side: pd.DataFrame) -> dict[str, float]:
    """Return how well each indicator tells churners by itself: an AUC, 0.5-1, whatever its direction.

    Values count where at least 10 who churned and 10 who stayed have one. A missing value tells as
    well: of a column that is filled for churners only, that is all there is.

    Parameters
    ----------
    side_by_side : DataFrame
        As made by `healthy_against_churned`.

    Returns
    -------
    dict of str to float
        The strongest level of a category counts; 0.5 where nothing is told.

    Examples
    --------
    >>> from churnhealth.evaluate.side_by_side import healthy_against_churned
    >>> reason = pd.DataFrame({"reason": [None] * 12 + ["price"] * 12})
    >>> lone_aucs(healthy_against_churned([0] * 12 + [1] * 12, reason))
    {'reason': 1.0}
    """
    found: dict[str, float] = {}
    for line in side_by_side.to_dict("records"):
        name = str(line["indicator"])
        enough = min(line["healthy_rows"], line["churned_rows"]) >= FEWEST_VALUES
        value = _either_way(line["auc"]) if enough else 0.5
        missing = 0.5 + abs(line["churned_missing"] - line["healthy_missing"]) / 2.0
        found[name] = max(found.get(name, 0.5), value, missing if np.isfinite(missing) else 0.5)
    return found


def _either_way(auc: float) -> float:
    return 0.5 + abs(auc - 0.5) if np.isfinite(auc) else 0.5


def band_changes(before: npt.ArrayLike, after: npt.ArrayLike) -> int:
    """Count the customers whose health band differs.

    Examples
    --------
    >>> band_changes(["green", "red", "red"], ["green", "yellow", "red"])
    1
    """
    return int(np.sum(np.asarray(before) != np.asarray(after)))
