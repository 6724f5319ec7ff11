"""The two lists that come of every scoring run: their names, columns and order."""

from __future__ import annotations

PREVENTION_VIEW, EXPANSION_VIEW = "health_prevention", "health_expansion"
# list_rank: 1 = first of its list. mrr: per month, in `currency`; NULL where it is not known.
PREVENTION_COLUMNS = (
    "list_rank",
    "customer_id",
    "cutoff",
    "health_score",
    "health_band",
    "churn_probability",
    "mrr",
    "mrr_at_risk",
    "currency",
    "health_score_change",
)
# expansion_probability: 0-1, of a model of growing MRR; NULL where none has scored the customer.
EXPANSION_COLUMNS = (*PREVENTION_COLUMNS, "expansion_probability", "ranked_by")
BY_EXPANSION, BY_HEALTH = "expansion_probability", "health_score"
