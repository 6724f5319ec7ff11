"""Tables on their way into a picture: checked with all faults at once, and reduced to what is drawn."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from churnhealth.domain.contracts import Column, TableContract
from churnhealth.errors import SchemaError, listed, nearest
from churnhealth.plots.needed import alt, layered
from churnhealth.plots.theme import WIDTH, Look

# A picture holds its rows as text, and nobody sees more marks than that.
MOST_ROWS = 5_000


def checked(
    table: Any,
    name: str,
    columns: Sequence[Column],
    *,
    dates: Sequence[str] = (),
    as_they_come: Sequence[str] = (),
    instead: str = "draw fewer rows, or sum them up first",
) -> pd.DataFrame:
    """Return the columns that a picture needs, or refuse the table with every fault named.

    Parameters
    ----------
    table : DataFrame
        Further columns are left alone, and out of the picture.
    name : str
        What the table is, for the message.
    columns : sequence of Column
        What is needed.
    dates : sequence of str
        Columns that hold dates, instants, or ISO text of dates; none missing.
    as_they_come : sequence of str
        Columns of any kind.
    instead : str
        What to do with a table of more than `MOST_ROWS` rows.

    Returns
    -------
    DataFrame
        A copy with these columns, rows numbered from 0; no rows when the table has none.

    Raises
    ------
    SchemaError
    """
    if not isinstance(table, pd.DataFrame):
        raise SchemaError(name, [f"expected a DataFrame, got {type(table).__name__}"])
    needed = [*(column.name for column in columns), *dates, *as_they_come]
    if not len(table) and not len(table.columns):
        return pd.DataFrame(columns=needed)
    faults = _column_faults([str(one) for one in table.columns], needed)
    here = [one for one in needed if list(table.columns).count(one) == 1]
    taken = table[here].reset_index(drop=True)
    known = tuple(column for column in columns if column.name in here)
    faults += TableContract(name, known, key=()).faults(taken[[one.name for one in known]])
    faults += [fault for one in dates if one in here for fault in _date_faults(one, taken[one])]
    if len(table) > MOST_ROWS:
        faults.append(f"expected at most {MOST_ROWS:,} rows, got {len(table):,}; {instead}")
    if faults:
        raise SchemaError(name, faults)
    return taken


def _column_faults(got: Sequence[str], needed: Sequence[str]) -> list[str]:
    others = [one for one in got if one not in needed]
    faults = [f"missing column {one!r}{nearest(one, others)}" for one in needed if one not in got]
    repeated = [one for one in needed if got.count(one) > 1]
    return faults + (
        [f"columns that stand there more than once: {listed(repeated)}"] if repeated else []
    )


def _date_faults(name: str, values: pd.Series[Any]) -> list[str]:
    found = [moment(value) for value in values]
    wrong = [place for place, one in enumerate(found) if one is None]
    if not wrong:
        return []
    rows = listed(wrong, most=3).replace("'", "")
    return [f"{name}: expected dates, got others or none in {len(wrong)} rows (rows {rows})"]


def moment(value: object, timezone: str = "UTC") -> dt.datetime | None:
    """Return a date or instant as local time without a zone, None where it is neither.

    Examples
    --------
    >>> moment("2026-04-01"), moment("soon"), moment(float("nan"))
    (datetime.datetime(2026, 4, 1, 0, 0), None, None)
    >>> moment(pd.Timestamp("2026-03-31 15:00", tz="UTC"), "Asia/Tokyo")
    datetime.datetime(2026, 4, 1, 0, 0)
    """
    if not isinstance(value, str | dt.date | np.datetime64):
        return None
    try:
        found: Any = pd.Timestamp(value)
    except ValueError:
        return None
    if pd.isna(found):
        return None
    local = found.tz_convert(timezone).tz_localize(None) if found.tzinfo else found
    day: dt.datetime = local.to_pydatetime()
    return day


def inline(rows: pd.DataFrame | Iterable[dict[str, Any]]) -> alt.InlineData:
    """Return rows as data inside the picture, whatever data transformer is set: nothing goes to disk.

    Missing and undefined values become null; instants are written as local time, because a bare date
    would be read as UTC and drawn a day early west of Greenwich.
    """
    lines = rows.to_dict("records") if isinstance(rows, pd.DataFrame) else rows
    return alt.InlineData(values=[{str(k): _plain(v) for k, v in line.items()} for line in lines])


def _plain(value: Any) -> Any:
    if value is None or (np.ndim(value) == 0 and pd.isna(value)):
        return None
    if isinstance(value, dt.datetime):
        return value.replace(tzinfo=None).isoformat()
    if isinstance(value, dt.date):
        return f"{value.isoformat()}T00:00:00"
    return value.item() if isinstance(value, np.generic) else value


def nothing(look: Look, title: str, key: str = "no_rows") -> alt.LayerChart:
    """Return the picture of a table without rows: it says so."""
    mark = alt.Chart(inline([{"said": look.word(key)}])).mark_text(
        fontSize=15, color=look.colour("muted")
    )
    said = mark.encode(text=alt.Text("said:N")).properties(width=WIDTH, height=80)
    return look.dress(layered(said), title)
