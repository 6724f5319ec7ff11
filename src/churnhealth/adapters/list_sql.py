# Names are quoted and come from our own lists.
# ruff: noqa: S608
"""The SQL of the lists: views over `health_current`, so that they can never be out of step with it."""

from __future__ import annotations

from churnhealth.adapters.warehouse import CURRENT_VIEW
from churnhealth.adapters.warehouse_sql import names, quoted
from churnhealth.domain.list_columns import (
    BY_EXPANSION,
    BY_HEALTH,
    EXPANSION_COLUMNS,
    EXPANSION_VIEW,
    PREVENTION_COLUMNS,
    PREVENTION_VIEW,
)

_OF_CUSTOMER = tuple(one for one in PREVENTION_COLUMNS if one not in ("list_rank", "mrr"))


def create_prevention_view(prefix: str) -> str:
    """Write the view `health_prevention`: yellow and red customers of the newest cutoff.

    The most MRR at risk first; where the MRR is not known, the highest churn probability.
    """
    order = "fresh.mrr_at_risk DESC NULLS LAST, fresh.churn_probability DESC, fresh.customer_id"
    return f"""CREATE OR REPLACE VIEW {quoted(prefix + PREVENTION_VIEW)} AS
{_fresh(prefix)}
SELECT {_ranked(order)}
FROM fresh
WHERE fresh.health_band <> 'green'"""


def create_expansion_view(prefix: str, expansion_prefix: str | None = None) -> str:
    """Write the view `health_expansion`: green customers of the newest cutoff.

    Those scored at the same cutoff by a project that predicts growing MRR come first, the highest
    probability first; the others, and everybody where there is no such project, by health score (in
    whole points) and of equals the largest MRR. The column ranked_by says which.

    Parameters
    ----------
    prefix : str
        Before our table names.
    expansion_prefix : str, optional
        Before those of the other project, in the same database and schema.
    """
    grows, join = "CAST(NULL AS DOUBLE PRECISION)", ""
    if expansion_prefix is not None:
        grows = "growing.churn_probability"
        join = (
            f"\nLEFT JOIN {quoted(expansion_prefix + CURRENT_VIEW)} AS growing\n"
            "  ON growing.customer_id = fresh.customer_id AND growing.cutoff = fresh.cutoff"
        )
    order = (
        f"{grows} DESC NULLS LAST, FLOOR(fresh.health_score) DESC, fresh.mrr DESC NULLS LAST, "
        "fresh.health_score DESC, fresh.customer_id"
    )
    by = f"CASE WHEN {grows} IS NULL THEN '{BY_HEALTH}' ELSE '{BY_EXPANSION}' END"
    return f"""CREATE OR REPLACE VIEW {quoted(prefix + EXPANSION_VIEW)} AS
{_fresh(prefix)}
SELECT {_ranked(order)},
  {grows} AS expansion_probability,
  {by} AS ranked_by
FROM fresh{join}
WHERE fresh.health_band = 'green'"""


def read_list(prefix: str, view: str) -> str:
    """Read a list in its order."""
    columns = EXPANSION_COLUMNS if view == EXPANSION_VIEW else PREVENTION_COLUMNS
    return f"SELECT {names(columns)} FROM {quoted(prefix + view)} ORDER BY list_rank"


def count_stale(prefix: str) -> str:
    """Count the customers without a score at the newest cutoff."""
    return f"SELECT COUNT(*) FROM {quoted(prefix + CURRENT_VIEW)} WHERE is_stale"


def _fresh(prefix: str) -> str:
    return f"""WITH fresh AS (
  SELECT {names(_OF_CUSTOMER)},
    CASE WHEN churn_probability > 0 THEN mrr_at_risk / churn_probability END AS mrr
  FROM {quoted(prefix + CURRENT_VIEW)}
  WHERE NOT is_stale
)"""


def _ranked(order: str) -> str:
    rank = f"ROW_NUMBER() OVER (ORDER BY {order}) AS list_rank"
    return f"{rank},\n  {names(PREVENTION_COLUMNS[1:], 'fresh')}"
