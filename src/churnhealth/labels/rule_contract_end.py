"""The rule `contract_end`: all contracts over, and no successor within the days of grace."""

from __future__ import annotations

from churnhealth.domain.problem import ChurnProblem
from churnhealth.domain.sources import History
from churnhealth.features.sql_text import Cte
from churnhealth.labels.contract_sql import FAR_DAY, label_contracts
from churnhealth.labels.reasons import is_involuntary

_GROUP = "PARTITION BY customer_id, cutoff"


def contract_end_outcomes(history: History, problem: ChurnProblem) -> list[Cte]:
    """Return the parts that end in `outcomes(customer_id, cutoff, outcome)`.

    Contracts of a customer that overlap, or follow each other within the days of grace, are one
    stay. The stay that holds the cutoff ends on the day of churn.
    """
    involuntary = is_involuntary(problem, "end_reason")
    ordered = (
        "SELECT cutoff, customer_id, subscription_id, start_date,\n"
        f"  COALESCE(end_date, {FAR_DAY}) AS end_day,\n"
        f"  {involuntary} AS involuntary,\n"
        f"  MAX(COALESCE(end_date, {FAR_DAY})) OVER ({_GROUP} ORDER BY start_date, subscription_id\n"
        "    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached\n"
        "FROM label_contracts"
    )
    apart = "CAST(start_date AS DATE) - CAST(reached AS DATE)"
    numbered = (
        "SELECT cutoff, customer_id, start_date, end_day, involuntary,\n"
        f"  SUM(CASE WHEN {apart} <= {problem.grace_days} THEN 0 ELSE 1 END)\n"
        f"    OVER ({_GROUP} ORDER BY start_date, subscription_id\n"
        "    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS stay\n"
        "FROM ordered_contracts"
    )
    stays = (
        "SELECT cutoff, customer_id, stay, MIN(start_date) AS first_day, MAX(end_day) AS churn_day\n"
        "FROM numbered_contracts\nGROUP BY cutoff, customer_id, stay"
    )
    # The stay's last contract says why it ended; of several that end that day, one by choice is enough.
    held = (
        "SELECT s.cutoff, s.customer_id, s.churn_day, MIN(n.involuntary) AS involuntary\n"
        "FROM stays AS s\n"
        "INNER JOIN label_windows AS w ON w.cutoff = s.cutoff\n"
        "  AND s.first_day < w.cutoff_day AND s.churn_day > w.cutoff_day\n"
        "INNER JOIN numbered_contracts AS n ON n.cutoff = s.cutoff\n"
        "  AND n.customer_id = s.customer_id AND n.stay = s.stay AND n.end_day = s.churn_day\n"
        "GROUP BY s.cutoff, s.customer_id, s.churn_day"
    )
    outcomes = (
        "SELECT r.customer_id, r.cutoff,\n"
        "  CASE\n"
        "    WHEN h.churn_day IS NULL THEN 'ended_before'\n"
        "    WHEN h.churn_day > w.last_day THEN 'stayed'\n"
        "    WHEN h.churn_day <= w.gap_day THEN 'in_gap'\n"
        "    WHEN h.involuntary = 1 THEN 'involuntary'\n"
        "    ELSE 'churned'\n"
        "  END AS outcome\n"
        "FROM at_risk AS r\n"
        "INNER JOIN label_windows AS w ON w.cutoff = r.cutoff\n"
        "LEFT JOIN held_stays AS h ON h.cutoff = r.cutoff AND h.customer_id = r.customer_id"
    )
    return [
        label_contracts(history),
        ("ordered_contracts", ordered),
        ("numbered_contracts", numbered),
        ("stays", stays),
        ("held_stays", held),
        ("outcomes", outcomes),
    ]
