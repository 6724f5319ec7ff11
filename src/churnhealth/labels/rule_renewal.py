"""The rule `renewal`: contracts whose renewal date is due, and what became of them."""

from __future__ import annotations

from churnhealth.domain.problem import ChurnProblem
from churnhealth.domain.sources import History
from churnhealth.features.sql_text import Cte
from churnhealth.labels.contract_sql import FAR_DAY, label_contracts
from churnhealth.labels.reasons import is_involuntary

# How many contracts decide, and what their fates (1 lost, 0 renewed) must come to.
_DECIDES = {"all": "MIN(f.lost)", "any": "MAX(f.lost)", "largest": "MAX(f.lost)"}

_OUTCOMES = (
    "SELECT r.customer_id, r.cutoff,\n"
    "  CASE\n"
    "    WHEN d.customer_id IS NULL THEN 'not_due'\n"
    "    WHEN f.customer_id IS NULL THEN 'ended_before'\n"
    "    WHEN f.lost = 0 THEN 'stayed'\n"
    "    WHEN f.involuntary = 1 THEN 'involuntary'\n"
    "    ELSE 'churned'\n"
    "  END AS outcome\n"
    "FROM at_risk AS r\n"
    "LEFT JOIN (SELECT DISTINCT cutoff, customer_id FROM due_contracts) AS d\n"
    "  ON d.cutoff = r.cutoff AND d.customer_id = r.customer_id\n"
    "LEFT JOIN renewals_decided AS f ON f.cutoff = r.cutoff AND f.customer_id = r.customer_id"
)


def renewal_outcomes(history: History, problem: ChurnProblem) -> list[Cte]:
    """Return the parts that end in `outcomes(customer_id, cutoff, outcome)`.

    A contract due is renewed when it, or a contract of the customer that begins from its end to
    `grace_days` after its renewal date, is in force after the renewal date. Which contract follows
    which is not in the data: any that begins on those days counts as a successor.
    """
    return [
        label_contracts(history),
        ("due_contracts", _due(history)),
        ("contracts_beside", _beside(problem)),
        ("renewal_chain", _chain(problem)),
        ("renewal_fates", _fates(problem)),
        ("renewals_decided", _decided(problem)),
        ("outcomes", _OUTCOMES),
    ]


def _due(history: History) -> str:
    """Return the contracts whose renewal date lies in the window, the largest first."""
    has_mrr = history.has("subscriptions", "mrr")
    size = "COALESCE(k.mrr, 0) DESC, " if has_mrr else ""
    return (
        "SELECT k.cutoff, k.customer_id, k.subscription_id, k.renewal_date,\n"
        "  ROW_NUMBER() OVER (PARTITION BY k.cutoff, k.customer_id\n"
        f"    ORDER BY {size}k.subscription_id) AS size_rank\n"
        "FROM known_contracts AS k\n"
        "INNER JOIN label_windows AS w ON w.cutoff = k.cutoff\n"
        "WHERE k.start_date <= w.cutoff_day AND (k.end_date IS NULL OR k.end_date > w.cutoff_day)\n"
        "  AND k.renewal_date >= w.gap_day AND k.renewal_date < w.last_day"
    )


def _beside(problem: ChurnProblem) -> str:
    """Return each contract due beside every contract of its customer."""
    key = "d.cutoff, d.customer_id, d.subscription_id"
    own_end = f"CASE WHEN f.subscription_id = d.subscription_id THEN COALESCE(f.end_date, {FAR_DAY}) END"
    # One join, and the contract's own end by a window: planners take a second join for a small one.
    return (
        f"SELECT {key}, d.renewal_date, d.size_rank, f.start_date,\n"
        "  f.subscription_id AS other_id,\n"
        f"  COALESCE(f.end_date, {FAR_DAY}) AS end_day,\n"
        f"  {is_involuntary(problem, 'f.end_reason')} AS involuntary,\n"
        f"  MAX({own_end}) OVER (PARTITION BY {key}) AS own_end\n"
        "FROM due_contracts AS d\n"
        "INNER JOIN label_contracts AS f ON f.cutoff = d.cutoff AND f.customer_id = d.customer_id"
    )


def _chain(problem: ChurnProblem) -> str:
    """Return each contract due with its successors, the one that ends last first."""
    return (
        "SELECT cutoff, customer_id, renewal_date, size_rank, end_day, involuntary,\n"
        "  ROW_NUMBER() OVER (PARTITION BY cutoff, customer_id, subscription_id\n"
        "    ORDER BY end_day DESC, start_date DESC, other_id) AS last_rank\n"
        "FROM contracts_beside\n"
        "WHERE other_id = subscription_id OR (start_date >= own_end\n"
        f"  AND CAST(start_date AS DATE) - CAST(renewal_date AS DATE) <= {problem.grace_days})"
    )


def _fates(problem: ChurnProblem) -> str:
    """Return whether each contract that decides was lost."""
    only = " AND size_rank = 1" if problem.aggregate == "largest" else ""
    return (
        "SELECT cutoff, customer_id, involuntary,\n"
        "  CASE WHEN end_day <= renewal_date THEN 1 ELSE 0 END AS lost\n"
        f"FROM renewal_chain\nWHERE last_rank = 1{only}"
    )


def _decided(problem: ChurnProblem) -> str:
    """Return one fate per customer and cutoff."""
    return (
        f"SELECT f.cutoff, f.customer_id, {_DECIDES[problem.aggregate]} AS lost,\n"
        "  MIN(CASE WHEN f.lost = 1 THEN f.involuntary END) AS involuntary\n"
        "FROM renewal_fates AS f\nGROUP BY f.cutoff, f.customer_id"
    )
