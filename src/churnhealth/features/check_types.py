"""Read a user's column, of whatever type it came in, as the kind that the contract wants.

Every reading is an SQL expression that never fails: what cannot be read becomes NULL, and the row is
counted as a fault. Instants become local timestamps without a zone, in the project's time zone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from churnhealth.features.sql_text import literal

TEXT_FORMS = ("iso", "day_first", "month_first")

_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?"
_ISO = rf"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}([ T]{_TIME})?$"
_ISO_ZONED = rf"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[ T]{_TIME} ?(Z|[+-][0-9]{{2}}(:?[0-9]{{2}})?)$"
_SEPARATED = rf"^[0-9]{{1,2}}[-/.][0-9]{{1,2}}[-/.][0-9]{{4}}( {_TIME})?$"
_NUMBER = r"^[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]{1,3})?$"
_WHOLE = r"^[+-]?[0-9]{1,18}$"

_FAMILIES = (
    ("zoned", r"^(TIMESTAMP WITH TIME ZONE|TIMESTAMPTZ|TIMESTAMP_TZ|TIMESTAMP_LTZ)"),
    ("naive", r"^(TIMESTAMP|DATETIME)"),
    ("date", r"^DATE$"),
    ("boolean", r"^BOOL"),
    ("integer", r"^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?[0-9]*|LONG|SHORT|BYTE)\b"),
    ("double", r"^(DOUBLE|FLOAT|REAL|DECIMAL|NUMERIC|NUMBER)"),
    ("text", r"^(VARCHAR|CHAR|TEXT|STRING|BPCHAR|NAME|UUID|ENUM)"),
)


@dataclass(frozen=True)
class Zones:
    """The time zone of a source's naive timestamps, and the project's."""

    source: str
    project: str


@dataclass(frozen=True)
class Reading:
    """A column read as a kind.

    Parameters
    ----------
    value : str
        SQL; NULL where the text cannot be read.
    can_fail : bool
        Can a value be there that is not read?
    readable : bool
        False: a column of this type is never read as this kind; `value` is NULL in every row.
    """

    value: str
    can_fail: bool = False
    readable: bool = True


def family(engine_type: str) -> str:
    """Return what sort of type an engine's type is.

    Examples
    --------
    >>> [family(one) for one in ("VARCHAR", "timestamp with time zone", "DECIMAL(18,2)", "int8", "DATE")]
    ['text', 'zoned', 'double', 'integer', 'date']
    >>> family("STRUCT(a INTEGER)")
    'other'
    """
    name = engine_type.upper()
    return next((word for word, pattern in _FAMILIES if re.search(pattern, name)), "other")


def read_as(kind: str, column: str, engine_type: str, zones: Zones, form: str = "iso") -> Reading:
    """Return how to read a column as a kind of the contract.

    Parameters
    ----------
    kind : str
        As in `HistoryColumn.kind`.
    column : str
        SQL of the user's column, quoted.
    engine_type : str
        The type that the engine gives it.
    zones : Zones
        Of naive timestamps, and of the project.
    form : {"iso", "day_first", "month_first"}
        How text dates are written.
    """
    sort = family(engine_type)
    if kind == "string":
        return Reading(_text(column, sort))
    if kind == "timestamp":
        return _moment(column, sort, zones, form)
    if kind == "date":
        moment = _moment(column, sort, zones, form)
        return Reading(f"CAST({moment.value} AS DATE)", moment.can_fail, moment.readable)
    return _plain(kind, column, sort)


def text_date_counts(column: str) -> Mapping[str, str]:
    """Return aggregates that tell how the text dates of a column are written.

    Keys: filled (rows with text), iso, separated (two numbers and a year), first_over_12 and
    second_over_12 (of the separated: the number that can be no month).
    """
    day, month, _ = _parts(column)
    separated = _matches(column, _SEPARATED)
    iso = f"({_matches(column, _ISO)} OR {_matches(column, _ISO_ZONED)})"
    return {
        "filled": f"COUNT({column})",
        "iso": _count(iso),
        "separated": _count(separated),
        "first_over_12": _count(f"CASE WHEN {separated} THEN {day} > 12 ELSE FALSE END"),
        "second_over_12": _count(f"CASE WHEN {separated} THEN {month} > 12 ELSE FALSE END"),
    }


def text_form(counts: Mapping[str, int]) -> str:
    """Tell from the counts of `text_date_counts` how the dates of a column are written.

    Returns
    -------
    {"iso", "day_first", "month_first", "ambiguous", "mixed", "unknown"}
        "ambiguous": no number is above 12, so day and month cannot be told apart.

    Examples
    --------
    >>> none = {"iso": 0, "first_over_12": 0, "second_over_12": 0}
    >>> text_form({**none, "separated": 9, "first_over_12": 5})
    'day_first'
    >>> text_form({**none, "separated": 9})
    'ambiguous'
    """
    if counts["iso"] and counts["separated"]:
        return "mixed"
    if counts["iso"]:
        return "iso"
    if not counts["separated"]:
        return "unknown"
    forms = {
        (True, False): "day_first",
        (False, True): "month_first",
        (False, False): "ambiguous",
    }
    return forms.get((counts["first_over_12"] > 0, counts["second_over_12"] > 0), "mixed")


def _text(column: str, sort: str) -> str:
    """Write 123.0 as '123', so that numbers of one table meet the text of another."""
    text = f"CAST({column} AS VARCHAR)"
    if sort != "double":
        return text
    whole = f"{column} = FLOOR({column}) AND ABS({column}) < 1e18"
    return f"CASE WHEN {whole} THEN CAST(CAST({column} AS BIGINT) AS VARCHAR) ELSE {text} END"


def _moment(column: str, sort: str, zones: Zones, form: str) -> Reading:
    project = literal(zones.project)
    if sort == "zoned":
        return Reading(f"({column} AT TIME ZONE {project})")
    if sort == "date":
        return Reading(f"CAST({column} AS TIMESTAMP)")
    if sort == "naive":
        return Reading(_to_project(column, zones))
    if sort == "text":
        return Reading(_text_moment(column, zones, form), can_fail=True)
    return Reading("CAST(NULL AS TIMESTAMP)", readable=False)


def _to_project(value: str, zones: Zones) -> str:
    if zones.source == zones.project:
        return f"CAST({value} AS TIMESTAMP)"
    return f"(({value} AT TIME ZONE {literal(zones.source)}) AT TIME ZONE {literal(zones.project)})"


def _text_moment(column: str, zones: Zones, form: str) -> str:
    """Dates are days of the project; texts with a time are moments of the source's zone."""
    if form == "iso":
        year, month, day = (f"CAST(SUBSTRING({column}, {at}, {n}) AS INTEGER)" for at, n in _ISO_PLACES)
        zoned = f"(TRY_CAST({column} AS TIMESTAMPTZ) AT TIME ZONE {literal(zones.project)})"
        naive = f"TRY_CAST({column} AS TIMESTAMP)"
        matched, more = _matches(column, _ISO), f" WHEN {_matches(column, _ISO_ZONED)} THEN {zoned}"
    else:
        first, second, year = _parts(column)
        day, month = (first, second) if form == "day_first" else (second, first)
        time = f"CASE WHEN {column} LIKE '% %' THEN SPLIT_PART({column}, ' ', 2) ELSE '00:00' END"
        date = f"LPAD(CAST({year} AS VARCHAR), 4, '0') || '-' || {_two(month)} || '-' || {_two(day)}"
        naive = f"TRY_CAST({date} || ' ' || {time} AS TIMESTAMP)"
        matched, more = _matches(column, _SEPARATED), ""
    real = f"CASE WHEN {matched} THEN {_is_day(year, month, day)} ELSE FALSE END"
    if zones.source != zones.project:
        has_time = f"CASE WHEN {real} AND {column} LIKE '%:%' THEN {_to_project(naive, zones)}"
        return f"{has_time} WHEN {real} THEN {naive}{more} END"
    return f"CASE WHEN {real} THEN {naive}{more} END"


_ISO_PLACES = ((1, 4), (6, 2), (9, 2))


def _parts(column: str) -> tuple[str, str, str]:
    dashed = f"REPLACE(REPLACE({column}, '/', '-'), '.', '-')"
    first, second = (f"CAST(SPLIT_PART({dashed}, '-', {at}) AS INTEGER)" for at in (1, 2))
    year = f"CAST(SUBSTRING(SPLIT_PART({dashed}, '-', 3), 1, 4) AS INTEGER)"
    return first, second, year


def _two(number: str) -> str:
    return f"LPAD(CAST({number} AS VARCHAR), 2, '0')"


def _is_day(year: str, month: str, day: str) -> str:
    leap = f"(({year} % 4 = 0 AND {year} % 100 <> 0) OR {year} % 400 = 0)"
    last = (
        f"CASE WHEN {month} IN (4, 6, 9, 11) THEN 30 WHEN {month} = 2 AND {leap} THEN 29 "
        f"WHEN {month} = 2 THEN 28 ELSE 31 END"
    )
    return f"({year} >= 1 AND {month} BETWEEN 1 AND 12 AND {day} BETWEEN 1 AND {last})"


def _plain(kind: str, column: str, sort: str) -> Reading:
    sql = {"double": "DOUBLE", "integer": "BIGINT", "boolean": "BOOLEAN"}[kind]
    never = Reading(f"CAST(NULL AS {sql})", readable=False)
    if sort == "text":
        return _text_as(kind, column, sql)
    if kind == "boolean":
        if sort == "boolean":
            return Reading(column)
        values = f"CASE WHEN {column} = 1 THEN TRUE WHEN {column} = 0 THEN FALSE END"
        return Reading(values, can_fail=True) if sort in ("integer", "double") else never
    if sort == "integer" or (kind == "double" and sort == "double"):
        return Reading(f"CAST({column} AS {sql})")
    if sort == "double":
        is_whole = f"{column} = FLOOR({column}) AND ABS({column}) < 1e18"
        whole = f"CASE WHEN {is_whole} THEN CAST({column} AS {sql}) END"
        return Reading(whole, can_fail=True)
    return never


def _text_as(kind: str, column: str, sql: str) -> Reading:
    if kind == "boolean":
        word = f"LOWER({column})"
        value = (
            f"CASE WHEN {word} IN ('true', 't', 'yes', '1') THEN TRUE "
            f"WHEN {word} IN ('false', 'f', 'no', '0') THEN FALSE END"
        )
        return Reading(value, can_fail=True)
    pattern = _NUMBER if kind == "double" else _WHOLE
    return Reading(
        f"CASE WHEN {_matches(column, pattern)} THEN TRY_CAST({column} AS {sql}) END", can_fail=True
    )


def _matches(column: str, pattern: str) -> str:
    return f"REGEXP_MATCHES({column}, {literal(pattern)})"


def _count(condition: str) -> str:
    return f"COALESCE(SUM(CASE WHEN {condition} THEN 1 ELSE 0 END), 0)"
