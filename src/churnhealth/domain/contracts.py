"""What a table must look like: columns with kind, unit and range, and a key; all faults in one error."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from churnhealth.errors import ConfigError, SchemaError, listed, nearest

KINDS = ("string", "timestamp", "double", "integer", "json")


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Parameters
    ----------
    name : str
        Column name.
    kind : {"string", "timestamp", "double", "integer", "json"}
        `timestamp` is an instant (time zone aware), `json` is text that holds JSON.
    nullable : bool
        May a value be missing?
    unit : str
        Such as "points", "share" (0-1), "UTC"; empty when it has none.
    description : str
        One sentence for people.
    low, high : float, optional
        Smallest and largest allowed number, both included.
    choices : tuple of str
        The allowed texts; empty when any text will do.

    Examples
    --------
    >>> Column("share", "double", False, "share", "A share.", low=0.0, high=1.0).high
    1.0
    """

    name: str
    kind: str
    nullable: bool
    unit: str
    description: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            hint = nearest(str(self.kind), KINDS)
            raise ConfigError(
                f"column {self.name!r}: expected kind one of {listed(KINDS)}, got {self.kind!r}{hint}"
            )


@dataclass(frozen=True)
class TableContract:
    """What a table looks like.

    Parameters
    ----------
    name : str
        Table name, without a prefix.
    columns : tuple of Column
        In the order in which tables show them.
    key : tuple of str
        Columns that together name a row once; empty: rows may be alike.

    Examples
    --------
    >>> who = Column("id", "string", False, "", "Who.")
    >>> share = Column("share", "double", False, "share", "A share.", low=0.0, high=1.0)
    >>> contract = TableContract("shares", (who, share), key=("id",))
    >>> contract.check(pd.DataFrame({"id": ["a", "b"], "share": [0.5, 1.0]}))
    >>> contract.faults(pd.DataFrame({"id": ["a", "a"], "share": [0.5, 1.5]}))
    ["share: expected 0 to 1, got '1.5' (row 1)", 'key (id): each once, got 2 rows that share theirs \
(rows 0, 1)']
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    def __post_init__(self) -> None:
        unknown = [name for name in self.key if name not in self.column_names]
        if unknown:
            raise ConfigError(
                f"table {self.name}: expected key columns among {listed(self.column_names)}, "
                f"got {listed(unknown)}"
            )

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    def check(self, frame: pd.DataFrame) -> None:
        """Raise ONE SchemaError that names every fault of `frame`; return when there is none.

        Looked at: missing, unexpected and repeated columns, kinds, missing values, infinite numbers,
        ranges, choices, duplicate keys. The order of columns does not matter. Rows are named by
        position (from 0), not by their content, so that a message shows nobody's data.

        Parameters
        ----------
        frame : DataFrame
            The table; never changed.

        Raises
        ------
        SchemaError
            With the table's name and all faults.
        """
        faults = self.faults(frame)
        if faults:
            raise SchemaError(self.name, faults)

    def faults(self, frame: pd.DataFrame) -> list[str]:
        """List what `check` would complain about, one text per fault."""
        faults = [*self._column_faults(frame)]
        got = list(frame.columns)
        for column in self.columns:
            if got.count(column.name) == 1:
                faults.extend(_value_faults(column, frame[column.name]))
        faults.extend(self._key_faults(frame))
        return faults

    def _column_faults(self, frame: pd.DataFrame) -> Iterator[str]:
        got = list(frame.columns)
        missing = [name for name in self.column_names if name not in got]
        unexpected = [name for name in got if name not in self.column_names]
        repeated = [name for name in self.column_names if got.count(name) > 1]
        if missing:
            yield f"missing columns: {listed(missing)}"
        if unexpected:
            hints = [f"{name!r}{nearest(str(name), missing)}" for name in unexpected[:8]]
            more = f" and {len(unexpected) - 8} more" if len(unexpected) > 8 else ""
            yield f"unexpected columns: {', '.join(hints)}{more}"
        if repeated:
            yield f"columns that stand there more than once: {listed(repeated)}"

    def _key_faults(self, frame: pd.DataFrame) -> Iterator[str]:
        if not self.key:
            return
        got = list(frame.columns)
        for column in self.columns:
            if column.name in self.key and (
                got.count(column.name) != 1 or not _is_kind(column.kind, frame[column.name])
            ):
                return
        twice = frame.duplicated(list(self.key), keep=False).to_numpy()
        if twice.any():
            keys = ", ".join(self.key)
            yield f"key ({keys}): each once, got {twice.sum()} rows that share theirs ({_rows(twice)})"


def _value_faults(column: Column, values: pd.Series) -> Iterator[str]:
    missing = values.isna().to_numpy(dtype=bool)
    if missing.any() and not column.nullable:
        yield f"{column.name}: expected a value in every row, got none in {_rows(missing)}"
    if missing.all():
        return
    if not _is_kind(column.kind, values):
        yield f"{column.name}: expected {_WANTED[column.kind]}, got {_got(values)}"
    elif column.kind in ("double", "integer"):
        yield from _number_faults(column, values)
    elif column.choices:
        foreign = ~values.isin(column.choices).to_numpy() & ~missing
        if foreign.any():
            got = listed(pd.unique(values[foreign]), most=3)
            wanted = listed(column.choices)
            yield f"{column.name}: expected one of {wanted}, got {got} ({_rows(foreign)})"


def _number_faults(column: Column, values: pd.Series) -> Iterator[str]:
    numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    infinite = np.isinf(numbers)
    if infinite.any():
        yield f"{column.name}: expected finite numbers, got infinite ones ({_rows(infinite)})"
    low = -np.inf if column.low is None else column.low
    high = np.inf if column.high is None else column.high
    outside = ((numbers < low) | (numbers > high)) & ~infinite
    if outside.any():
        got = listed(numbers[outside], most=3)
        yield f"{column.name}: expected {_span(column)}, got {got} ({_rows(outside)})"


_WANTED = {
    "string": "text",
    "json": "JSON text",
    "timestamp": "timestamps with a time zone",
    "double": "numbers",
    "integer": "whole numbers",
}


def _is_kind(kind: str, values: pd.Series) -> bool:
    if kind == "timestamp":
        return isinstance(values.dtype, pd.DatetimeTZDtype)
    if kind in ("string", "json"):
        plain = values.cat.categories if isinstance(values.dtype, pd.CategoricalDtype) else values
        return pd.api.types.infer_dtype(plain, skipna=True) == "string"
    if not pd.api.types.is_numeric_dtype(values.dtype) or pd.api.types.is_bool_dtype(values.dtype):
        return False
    if kind == "double" or pd.api.types.is_integer_dtype(values.dtype):
        return not pd.api.types.is_complex_dtype(values.dtype)
    # A column of whole numbers with gaps arrives as floats.
    numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    return bool(np.all(np.isnan(numbers) | (numbers == np.round(numbers))))


def _got(values: pd.Series) -> str:
    if values.dtype == object:
        return pd.api.types.infer_dtype(values, skipna=True)
    return str(values.dtype)


def _span(column: Column) -> str:
    if column.low is None:
        return f"at most {column.high:g}"
    return f"at least {column.low:g}" if column.high is None else f"{column.low:g} to {column.high:g}"


def _rows(mask: np.ndarray, most: int = 3) -> str:
    places = np.flatnonzero(mask)
    shown = ", ".join(str(place) for place in places[:most])
    more = f" and {len(places) - most} more" if len(places) > most else ""
    return f"row{'s' if len(places) != 1 else ''} {shown}{more}"
