"""Which value of a label means "churned": understood where it is plain, named by the user elsewhere.

Nothing is sorted: a classifier that sorts "churned" before "retained" turns every score upside down.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnhealth.errors import SchemaError, listed, nearest

FloatArray = npt.NDArray[np.float64]

TABLE = "label"

# Families of plain words, each (churned, not churned); "true" and "false" are read as 1 and 0.
_FAMILIES: tuple[tuple[frozenset[str], frozenset[str]], ...] = (
    (frozenset({"1"}), frozenset({"0", "-1"})),
    (frozenset({"yes", "y"}), frozenset({"no", "n"})),
    (
        frozenset({"churned"}),
        frozenset({"not churned", "not_churned", "retained", "active", "stayed"}),
    ),
    (frozenset({"はい"}), frozenset({"いいえ"})),
    (frozenset({"あり", "有"}), frozenset({"なし", "無"})),
    (
        frozenset({"解約", "解約済", "解約済み", "退会"}),
        frozenset({"継続", "継続中", "利用中", "契約中"}),
    ),
)


@dataclass(frozen=True)
class ClassPair:
    """The two values of a label as they stand in the data.

    Parameters
    ----------
    positive : object
        The value that means "churned"; None where it does not occur (and one class was allowed).
    negative : object
        The other value; None where it does not occur.
    """

    positive: Any
    negative: Any


def resolve_positive(
    values: object, positive_label: object = None, *, allow_one_class: bool = False
) -> ClassPair:
    """Find the value that means "churned", and the one that means the opposite.

    Understood without a word: 1 against 0 or -1, True against False, Yes (Y) against No (N),
    "churned" against "not churned", "retained", "active" or "stayed"; in Japanese はい against いいえ,
    あり against なし, 解約 (解約済み, 退会) against 継続 (継続中, 利用中, 契約中). Case and surrounding
    blanks of text do not count. Every other pair needs `positive_label`.

    Parameters
    ----------
    values : Series, array or list, shape (n,)
        The label of each row, of any type; missing values and blank text are passed over.
    positive_label : object, optional
        The value that means "churned".
    allow_one_class : bool
        Accept labels of which only one class occurs, as when rows are scored.

    Returns
    -------
    ClassPair
        The values as they first stand in the data, as plain Python objects.

    Raises
    ------
    SchemaError
        No label at all, one class only, more than two, or a pair that is not plain.

    Examples
    --------
    >>> resolve_positive(["Yes", "No", "No"])
    ClassPair(positive='Yes', negative='No')
    >>> resolve_positive([1, 2, 2], positive_label=2)
    ClassPair(positive=2, negative=1)
    """
    return _Classes(values).pair(positive_label, allow_one_class=allow_one_class)


def encode_label(
    series: object, positive_label: object = None, *, allow_one_class: bool = False
) -> FloatArray:
    """Turn a label of any type into 1.0 (churned), 0.0 (not churned) and NaN (censored).

    Parameters
    ----------
    series : Series, array or list, shape (n,)
        The label of each row; missing values and blank text are censored, never 0.
    positive_label, allow_one_class
        As in `resolve_positive`, whose errors are raised.

    Returns
    -------
    ndarray of float, shape (n,)

    Examples
    --------
    >>> encode_label(["churned", None, "retained"])
    array([ 1., nan,  0.])
    """
    classes = _Classes(series)
    pair = classes.pair(positive_label, allow_one_class=allow_one_class)
    positive_key = _key(pair.positive) if pair.positive is not None else None
    by_class = np.array([float(key == positive_key) for key in classes.keys] + [np.nan])
    by_value = np.array([*classes.class_of_value, -1], dtype=np.intp)
    return by_class[by_value[classes.codes]]


class _Classes:
    """The distinct values of a label, gathered by what they mean."""

    def __init__(self, values: object) -> None:
        self.codes, distinct = _factorized(values)
        places: dict[str, int] = {}
        self.raw: list[Any] = []
        self.class_of_value: list[int] = []
        for value in distinct:
            key = _key(value)
            if key and key not in places:
                places[key] = len(self.raw)
                self.raw.append(value)
            self.class_of_value.append(places.get(key, -1))
        self.keys = list(places)
        self.rows_of_class = self._rows_of_class()

    def _rows_of_class(self) -> list[int]:
        rows = [0] * len(self.keys)
        counts = np.bincount(self.codes[self.codes >= 0], minlength=len(self.class_of_value))
        for place, count in zip(self.class_of_value, counts, strict=True):
            if place >= 0:
                rows[place] += int(count)
        return rows

    def pair(self, positive_label: object, *, allow_one_class: bool) -> ClassPair:
        self._check_number(allow_one_class=allow_one_class)
        if positive_label is None:
            at = self._understood()
        else:
            at = self._named(positive_label, allow_one_class=allow_one_class)
        if len(self.raw) == 2:
            return ClassPair(self.raw[at], self.raw[1 - at])
        if at == 0:
            return ClassPair(self.raw[0], None)
        return ClassPair(positive_label, self.raw[0])

    def _check_number(self, *, allow_one_class: bool) -> None:
        if not self.raw:
            raise _fault(
                f"expected two values, got none: {len(self.codes)} rows, every label is missing"
            )
        if len(self.raw) > 2:
            raise _fault(
                f"expected two values, got {len(self.raw)}: {self._counted()}; "
                "name another column as the label, or make two classes of these"
            )
        if len(self.raw) == 1 and not allow_one_class:
            raise _fault(
                f"expected two classes, got one: {self._counted()}; customers who churned and "
                "customers who did not are both needed"
            )

    def _understood(self) -> int:
        """Return the place of the class that plainly means churned; 1 when its opposite is alone."""
        for positives, negatives in _FAMILIES:
            at = next((i for i, key in enumerate(self.keys) if key in positives), None)
            if at is None and len(self.keys) == 1 and self.keys[0] in negatives:
                return 1
            if at is not None and negatives.issuperset(self.keys[:at] + self.keys[at + 1 :]):
                return at
        written = " or ".join(f"positive_label = {_toml(value)}" for value in self.raw)
        raise _fault(
            f"which value means churned? Got {self._counted()}; write {written} under [problem] in "
            "churnhealth.toml (`churnhealth init`: --positive-label; Python: positive_label=...)"
        )

    def _named(self, positive_label: object, *, allow_one_class: bool) -> int:
        key = _key(positive_label)
        if key in self.keys:
            return self.keys.index(key)
        if len(self.raw) == 1 and allow_one_class:
            return 1
        hint = nearest(str(positive_label), [str(value) for value in self.raw])
        raise _fault(
            f"positive_label is {_toml(positive_label)}, but the label holds {self._counted()}{hint}"
        )

    def _counted(self, most: int = 6) -> str:
        pairs = list(zip(self.raw, self.rows_of_class, strict=True))
        shown = [f"{_toml(value)} ({rows} rows)" for value, rows in pairs[:most]]
        return ", ".join(shown) + (f" and {len(pairs) - most} more" if len(pairs) > most else "")


def _factorized(values: object) -> tuple[npt.NDArray[np.intp], list[Any]]:
    """Number the distinct values: -1 is missing; values come back as plain Python objects."""
    if isinstance(values, pd.DataFrame) or (isinstance(values, np.ndarray) and values.ndim != 1):
        raise _fault(f"expected one column, got a table of shape {values.shape}")
    series = values if isinstance(values, pd.Series) else pd.Series(values)
    try:
        codes, distinct = pd.factorize(series)
    except TypeError:
        raise _fault(f"expected plain values, got {listed(series.dropna().head(2))}") from None
    return codes, [value.item() if isinstance(value, np.generic) else value for value in distinct]


def _key(value: object) -> str:
    """Return what two writings of the same class have in common; '' for blank text."""
    if isinstance(value, (bool, np.bool_)):
        return str(int(value))
    text = str(value).strip().casefold()
    text = re.sub(r"^([+-]?\d+)\.0+$", r"\1", text)
    return {"true": "1", "false": "0"}.get(text, text)


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, (int, float)) else json.dumps(str(value), ensure_ascii=False)


def _fault(text: str) -> SchemaError:
    return SchemaError(TABLE, [text])
