"""What is the ranking worth to a team that can contact only so many customers?"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from churnhealth.evaluate.checks import check_money, check_rows, check_settings
from churnhealth.evaluate.counts import count_rows
from churnhealth.evaluate.discrimination import count_by_probability, in_top, lift_table


class Captured(NamedTuple):
    """Who is found among the riskiest customers that a team has time for.

    `customers` contacted, `churners` among them (expected under ties), `churn_rate` (0-1), `lift`,
    and the shares (0-1) of all churners and of the churned MRR (NaN without MRR) that they hold.
    """

    customers: int
    churners: float
    churn_rate: float
    lift: float
    captured_churners: float
    captured_mrr: float


def captured_at_capacity(
    y: npt.ArrayLike, p: npt.ArrayLike, capacity: int, mrr: npt.ArrayLike | None = None
) -> Captured:
    """Count what a team finds that contacts the `capacity` riskiest customers.

    Parameters
    ----------
    y, p : arrays of shape (n,)
        Truth (1 = churned) and churn probabilities (0-1), one row per customer.
    capacity : int
        Customers that can be contacted, 1 or more; beyond the number of rows it means all of them.
    mrr : array of shape (n,), optional
        Monthly recurring revenue, one currency, not negative; NaN = not known.

    Raises
    ------
    SchemaError
        When the input has faults or the capacity is below 1.

    Examples
    --------
    >>> captured_at_capacity([1, 0, 1, 0], [0.9, 0.8, 0.3, 0.1], capacity=1).captured_churners
    0.5
    """
    check_settings(capacity=(capacity, 1, np.inf))
    rows = check_rows(y, {"p": p}).y.size
    table = lift_table(y, p, shares=[min(capacity, rows) / rows], mrr=mrr)
    (found,) = table[list(Captured._fields)].itertuples(index=False, name=None)
    return Captured(*found)


def expected_profit(
    y: npt.ArrayLike,
    p: npt.ArrayLike,
    capacity: int,
    value_saved: npt.ArrayLike,
    cost: float,
    success_rate: float,
) -> float:
    """Return the profit of contacting the `capacity` riskiest customers, against contacting nobody.

    profit = success_rate x (sum of `value_saved` over the churners contacted) - cost x contacted.
    Ties at the edge count as expected under random order. A contact changes nothing for stayers.

    Parameters
    ----------
    y, p : arrays of shape (n,)
        Truth (1 = churned) and churn probabilities (0-1), one row per customer.
    capacity : int
        Customers contacted, 0 or more; beyond the number of rows it means all of them.
    value_saved : float or array of shape (n,)
        What keeping a churner is worth, in currency units, not negative: one figure for all, or one
        each.
    cost : float
        Of contacting one customer, in the same currency, 0 or more.
    success_rate : float
        Share of contacted churners who stay because of it, 0-1.

    Returns
    -------
    float
        In currency units; negative when the contacts cost more than they save.

    Raises
    ------
    SchemaError
        When the input has faults, a value is missing, or a setting is out of range.

    Examples
    --------
    One churner among two contacts: 0.5 x 1000 - 2 x 100.

    >>> expected_profit([1, 0, 1], [0.9, 0.8, 0.1], 2, value_saved=1000, cost=100, success_rate=0.5)
    300.0
    """
    check_settings(
        capacity=(capacity, 0, np.inf), cost=(cost, 0.0, np.inf), success_rate=(success_rate, 0.0, 1.0)
    )
    each = np.ndim(value_saved) > 0
    given = value_saved if each else np.asarray([value_saved])
    values = check_money("value_saved", given, may_miss=False)
    rows = check_rows(y, {"p": p}, lengths={"value_saved": values.size} if each else {})
    counts = count_rows(rows.y, rows.p["p"])
    saved = count_by_probability(rows.p["p"], rows.y * values)
    contacted = float(min(capacity, counts.rows))
    return success_rate * in_top(counts, saved, contacted) - cost * contacted
