"""The door of this floor: what is to be judged is checked once, with all faults in one error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnhealth.domain.health import FloatArray
from churnhealth.errors import SchemaError, listed

TABLE = "evaluation input"
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Rows:
    """Checked columns of equal length, one entry per row.

    Parameters
    ----------
    y : FloatArray
        Truth: 1.0 = churned, 0.0 = stayed.
    p : dict of FloatArray
        Churn probabilities (0-1) by the name of the argument that brought them.
    customer : IntArray
        Number of the customer, 0 to customers - 1, in the order of the sorted identifiers; the row's
        own number when no `customer_id` was given.
    weight : FloatArray or None
        Weight of each row, not negative.
    """

    y: FloatArray
    p: dict[str, FloatArray]
    customer: IntArray
    weight: FloatArray | None = None

    @property
    def customers(self) -> int:
        """How many distinct customers there are."""
        return int(self.customer.max()) + 1


def check_truth_and_probability(y: npt.ArrayLike, p: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return truth and prediction as float arrays, or refuse them with every fault named.

    Parameters
    ----------
    y : array of shape (n,)
        Truth: 1 or True = churned, 0 or False = stayed; nothing else, nothing missing.
    p : array of shape (n,)
        Churn probabilities, 0-1, nothing missing.

    Returns
    -------
    y, p : FloatArray of shape (n,)

    Raises
    ------
    SchemaError
        No rows, unequal lengths, more than one dimension, missing values, text, a `y` that is not
        0 or 1, a `p` outside 0-1.

    Examples
    --------
    >>> check_truth_and_probability([True, False], [0.9, 0.2])
    (array([1., 0.]), array([0.9, 0.2]))
    >>> check_truth_and_probability([0, 2], [0.5, 1.5, 0.1])
    Traceback (most recent call last):
    churnhealth.errors.SchemaError: evaluation input: 3 faults
      - y: expected 0 or 1 (1 = churned), got '2.0' in 1 row, first in row 1; name the label of churn
      - p: expected probabilities between 0 and 1, got '1.5' in 1 row, first in row 1
      - expected columns of equal length, got y: 2, p: 3
    """
    rows = check_rows(y, {"p": p})
    return rows.y, rows.p["p"]


def check_rows(
    y: npt.ArrayLike,
    p: Mapping[str, npt.ArrayLike],
    *,
    customer_id: npt.ArrayLike | None = None,
    sample_weight: npt.ArrayLike | None = None,
    lengths: Mapping[str, int] | None = None,
) -> Rows:
    """Check truth, one or more predictions and what goes with them; all faults in one error.

    Parameters
    ----------
    y, p, customer_id, sample_weight
        As in the functions of this floor; `p` by argument name.
    lengths : mapping of str to int, optional
        Lengths of further columns that must match.

    Raises
    ------
    SchemaError
        As in `check_truth_and_probability`; also a missing `customer_id`, negative weights, or
        weights that are all 0.
    """
    faults: list[str] = []
    truth = _numbers("y", y, faults)
    faults += _value_faults("y", truth, (truth == 0) | (truth == 1), _Y_RULE, _Y_HINT)
    predicted = {name: _probabilities(name, values, faults) for name, values in p.items()}
    weight = None if sample_weight is None else _weights(sample_weight, faults)
    customer = None if customer_id is None else _customer_numbers(customer_id, faults)
    columns: dict[str, Any] = {"y": truth, **predicted, "customer_id": customer, "sample_weight": weight}
    sizes = {name: len(column) for name, column in columns.items() if column is not None}
    faults += _length_faults(sizes | dict(lengths or {}))
    if faults:
        raise SchemaError(TABLE, faults)
    return Rows(truth, predicted, np.arange(truth.size) if customer is None else customer, weight)


_Y_RULE = "expected 0 or 1 (1 = churned)"
_Y_HINT = "; name the label of churn"
_P_RULE = "expected probabilities between 0 and 1"


def check_money(name: str, values: npt.ArrayLike, *, may_miss: bool = True) -> FloatArray:
    """Return amounts (currency units, not negative) as floats; missing ones stay NaN.

    Raises
    ------
    SchemaError
        Text, a negative or an infinite amount; a missing one unless `may_miss`.
    """
    faults: list[str] = []
    amounts = _numbers(name, values, faults, may_miss=may_miss)
    good = np.isnan(amounts) | (np.isfinite(amounts) & (amounts >= 0))
    faults += _value_faults(name, amounts, good, "expected finite amounts of 0 or more")
    if faults:
        raise SchemaError(TABLE, faults)
    return amounts


def check_settings(**settings: tuple[float, float, float]) -> None:
    """Refuse settings outside their range; each is (value, lowest, highest), ends included.

    Raises
    ------
    SchemaError
        Naming every setting that is out of range, with its range.
    """
    faults = [
        f"{name}: expected between {lowest:g} and {highest:g}, got {value!r}"
        for name, (value, lowest, highest) in settings.items()
        if not lowest <= value <= highest
    ]
    if faults:
        raise SchemaError("evaluation settings", faults)


def _numbers(name: str, values: Any, faults: list[str], *, may_miss: bool = False) -> FloatArray:
    if np.ndim(values) != 1:
        shape = np.shape(values)
        faults.append(f"{name}: expected one value per row, got shape {shape}; pass one column")
        return np.zeros(0)
    given = pd.Series(values)
    numbers = pd.to_numeric(given, errors="coerce")
    text = given[(numbers.isna() & given.notna()).to_numpy()]
    missing = np.flatnonzero(given.isna().to_numpy())
    if len(text):
        faults.append(f"{name}: expected numbers, got {listed(text.unique())}")
    if missing.size and not may_miss:
        where = f"{_in_rows(missing.size)}, first in row {missing[0]}"
        faults.append(f"{name}: expected no missing values, got them {where}")
    return np.asarray(numbers.to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)


def _probabilities(name: str, values: Any, faults: list[str]) -> FloatArray:
    numbers = _numbers(name, values, faults)
    faults += _value_faults(name, numbers, (numbers >= 0) & (numbers <= 1), _P_RULE)
    return numbers


def _value_faults(name: str, values: FloatArray, good: Any, rule: str, hint: str = "") -> list[str]:
    bad = np.flatnonzero(~(good | np.isnan(values)))
    if not bad.size:
        return []
    shown = listed(np.unique(values[bad]), most=4)
    return [f"{name}: {rule}, got {shown} {_in_rows(bad.size)}, first in row {bad[0]}{hint}"]


def _in_rows(count: int) -> str:
    return f"in {count} row" + ("s" if count != 1 else "")


def _weights(sample_weight: npt.ArrayLike, faults: list[str]) -> FloatArray:
    weight = _numbers("sample_weight", sample_weight, faults)
    good = np.isfinite(weight) & (weight >= 0)
    faults += _value_faults("sample_weight", weight, good, "expected finite weights of 0 or more")
    if weight.size and not np.any(weight > 0):
        faults.append("sample_weight: expected some weight above 0, got none")
    return weight


def _customer_numbers(customer_id: Any, faults: list[str]) -> IntArray:
    if np.ndim(customer_id) != 1:
        faults.append(f"customer_id: expected one value per row, got shape {np.shape(customer_id)}")
        return np.zeros(0, dtype=np.int64)
    given = pd.Series(customer_id)
    missing = np.flatnonzero(given.isna().to_numpy())
    if missing.size:
        where = f"{_in_rows(missing.size)}, first in row {missing[0]}"
        faults.append(f"customer_id: expected no missing values, got them {where}")
    keys = given if pd.api.types.is_numeric_dtype(given) else given.astype(str)
    return np.asarray(pd.factorize(keys, sort=True)[0], dtype=np.int64)


def _length_faults(sizes: Mapping[str, int]) -> list[str]:
    if len(set(sizes.values())) > 1:
        got = ", ".join(f"{name}: {size}" for name, size in sizes.items())
        return [f"expected columns of equal length, got {got}"]
    return [] if next(iter(sizes.values())) else ["expected at least one row, got none"]
