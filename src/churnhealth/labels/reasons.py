"""Ends that the customer chose, told from ends that it did not, by the reason given."""

from __future__ import annotations

from churnhealth.domain.problem import ChurnProblem
from churnhealth.features.sql_text import literal


def is_involuntary(problem: ChurnProblem, column: str) -> str:
    """Return an expression: 1 where the end reason in a column is one that nobody chose, else 0.

    Examples
    --------
    >>> problem = ChurnProblem(
    ...     "contract_end", horizon_days=90, involuntary_reasons=(" Payment_Failed", "bankruptcy")
    ... )
    >>> is_involuntary(problem, "end_reason")
    "CASE WHEN LOWER(TRIM(end_reason)) IN ('bankruptcy', 'payment_failed') THEN 1 ELSE 0 END"
    """
    words = sorted({one.strip().lower() for one in problem.involuntary_reasons})
    if not words:
        return "0"
    listed_words = ", ".join(literal(one) for one in words)
    return f"CASE WHEN LOWER(TRIM({column})) IN ({listed_words}) THEN 1 ELSE 0 END"
