"""The rule `inactivity`: no use for so many days on end, beginning within the horizon."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from churnhealth.domain.problem import ChurnProblem
from churnhealth.domain.sources import History
from churnhealth.features.sql_text import Cte, SqlValue, midnight, values_select
from churnhealth.labels.windows import LabelWindow

_USE_DAYS = "use_days"


def use_days(history: History) -> Cte:
    """Return the part `use_days(customer_id, day, known_from)`: days with use, and when first told."""
    told = "occurred_at"
    if history.has("usage_events", "recorded_at"):
        told = "COALESCE(recorded_at, occurred_at)"
    return _USE_DAYS, (
        f"SELECT customer_id, CAST(occurred_at AS DATE) AS day, MIN({told}) AS known_from\n"
        "FROM src_usage_events\nWHERE occurred_at IS NOT NULL\n"
        "GROUP BY customer_id, CAST(occurred_at AS DATE)"
    )


def inactivity_outcomes(problem: ChurnProblem, windows: Iterable[LabelWindow]) -> list[Cte]:
    """Return the parts that end in `outcomes(customer_id, cutoff, outcome)`.

    A silence may begin on any day from the end of the gap to the last day of the horizon. The day
    before the first of these is put among the days with use, so that a silence which lasts since
    before counts from there on.
    """
    marks = (
        "SELECT r.customer_id, r.cutoff, w.eve AS day\n"
        "FROM at_risk AS r\n"
        "INNER JOIN silence_windows AS w ON w.cutoff = r.cutoff AND w.censored = 0\n"
        "UNION ALL\n"
        "SELECT r.customer_id, r.cutoff, u.day\n"
        "FROM at_risk AS r\n"
        "INNER JOIN silence_windows AS w ON w.cutoff = r.cutoff AND w.censored = 0\n"
        f"INNER JOIN {_USE_DAYS} AS u ON u.customer_id = r.customer_id\n"
        "  AND u.day > w.eve AND u.day < w.until_day AND u.known_from < w.known_at"
    )
    silences = (
        "SELECT customer_id, cutoff, day,\n"
        "  LEAD(day) OVER (PARTITION BY customer_id, cutoff ORDER BY day) AS next_day\n"
        "FROM marks"
    )
    # From one day with use to the next there are as many silent days as their difference, less one.
    outcomes = (
        "SELECT s.customer_id, s.cutoff,\n"
        "  CASE WHEN MAX(CASE WHEN s.day < w.last_day\n"
        "    AND CAST(COALESCE(s.next_day, w.until_day) AS DATE) - CAST(s.day AS DATE) "
        f"> {problem.silent_days}\n"
        "    THEN 1 ELSE 0 END) = 1 THEN 'churned' ELSE 'stayed' END AS outcome\n"
        "FROM silences AS s\n"
        "INNER JOIN silence_windows AS w ON w.cutoff = s.cutoff\n"
        "GROUP BY s.customer_id, s.cutoff"
    )
    return [
        _silence_windows(problem, windows),
        ("marks", marks),
        ("silences", silences),
        ("outcomes", outcomes),
    ]


def _silence_windows(problem: ChurnProblem, windows: Iterable[LabelWindow]) -> Cte:
    silent = dt.timedelta(days=problem.silent_days or 0)
    rows: list[list[SqlValue]] = [
        [
            midnight(one.cutoff),
            one.gap_day - dt.timedelta(days=1),
            one.last_day,
            one.last_day + silent,
            midnight(one.known_day),
            int(one.censored),
        ]
        for one in windows
    ]
    columns = ["cutoff", "eve", "last_day", "until_day", "known_at", "censored"]
    return "silence_windows", values_select(columns, rows)
