# ruff: noqa: S608
"""The rule `column`: churn dates that the user keeps in the table `customers`."""

from __future__ import annotations

from churnhealth.domain.problem import ChurnProblem
from churnhealth.domain.sources import History
from churnhealth.features.sql_text import Cte


def churn_dates(history: History, problem: ChurnProblem, name: str, moments: str, moment: str) -> Cte:
    """Return a part with each customer's churn date in the newest version known at some moments.

    Parameters
    ----------
    history, problem : History, ChurnProblem
        The sources and the rule.
    name : str
        Name of the part; its columns are cutoff, customer_id, churn_date, and created_at where the
        source has it.
    moments : str
        A part with the columns cutoff and `moment`.
    moment : str
        Its column with the moment: only what was known strictly before counts.
    """
    dated = [one for one in ("valid_from", "recorded_at") if history.has("customers", one)]
    known = " AND ".join(f"(s.{one} IS NULL OR s.{one} < m.{moment})" for one in dated)
    joined = f"INNER JOIN src_customers AS s ON {known}" if known else "CROSS JOIN src_customers AS s"
    column = f"s.{problem.churn_column}"
    order = ", ".join([*(f"s.{one} DESC NULLS LAST" for one in dated), f"{column} DESC NULLS LAST"])
    created = ["created_at"] if history.has("customers", "created_at") else []
    inner = ",\n    ".join(
        [
            "m.cutoff",
            "s.customer_id",
            f"{column} AS churn_date",
            *(f"s.{one}" for one in created),
            f"ROW_NUMBER() OVER (PARTITION BY m.cutoff, s.customer_id ORDER BY {order}) AS version_rank",
        ]
    )
    outer = ", ".join(["cutoff", "customer_id", "churn_date", *created])
    return name, (
        f"SELECT {outer}\n"
        f"FROM (\n  SELECT\n    {inner}\n  FROM {moments} AS m\n  {joined}\n) AS versions\n"
        "WHERE version_rank = 1"
    )


def column_outcomes(history: History, problem: ChurnProblem) -> list[Cte]:
    """Return the parts that end in `outcomes(customer_id, cutoff, outcome)`."""
    outcomes = (
        "SELECT r.customer_id, r.cutoff,\n"
        "  CASE\n"
        "    WHEN d.churn_date IS NULL OR d.churn_date > w.last_day THEN 'stayed'\n"
        "    WHEN d.churn_date > w.gap_day THEN 'churned'\n"
        "    WHEN d.churn_date > w.cutoff_day THEN 'in_gap'\n"
        "    ELSE 'ended_before'\n"
        "  END AS outcome\n"
        "FROM at_risk AS r\n"
        "INNER JOIN label_windows AS w ON w.cutoff = r.cutoff\n"
        "INNER JOIN label_churn_dates AS d ON d.cutoff = r.cutoff AND d.customer_id = r.customer_id"
    )
    dates = churn_dates(history, problem, "label_churn_dates", "label_windows", "known_at")
    return [dates, ("outcomes", outcomes)]
