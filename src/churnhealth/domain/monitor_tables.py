"""The tables that `monitor` writes: what became of past scores; each run replaces them."""

from __future__ import annotations

from churnhealth.domain.contracts import Column, TableContract
from churnhealth.domain.table_columns import (
    GROUP,
    RUN,
    SLICE,
    SLICE_KEY,
    count,
    double,
    instant,
    score,
    share,
    text,
)
from churnhealth.domain.tables import OUTPUT_TABLES

PERIOD_KINDS = ("cutoff", "month", "model", "all")
PERIOD_VERDICTS = ("as predicted", "more than predicted", "fewer than predicted")
SURPRISES = ("green_but_churned", "red_but_stayed")
DRIFT_VERDICTS = ("ok", "warn", "stop")
CHECK_STATUSES = ("due", "ok", "unknown")
BOUNDED = {
    "calibration_in_the_large": "Log-odds to add to every prediction; 0 = right.",
    "calibration_slope": "1 = right, below 1 = too extreme.",
    "log_loss_skill": "Share of the base rate's log loss that was saved.",
    "roc_auc": "0.5 = chance, 1 = every churner above every stayer.",
    "lift_at_10pct": "Churn among the riskiest tenth against the base rate.",
}


def _bounded(name: str, description: str) -> tuple[Column, ...]:
    ends = (("low", "Lower"), ("high", "Upper"))
    return (
        double(name, "", description, nullable=True),
        *(double(f"{name}_{end}", "", f"{word} end, 90 %.", nullable=True) for end, word in ends),
    )


HEALTH_MONITOR_PERIODS = TableContract(
    "health_monitor_periods",
    (
        RUN,
        text(
            "period_kind", "One cutoff, a month of cutoffs, the champion's, all.", choices=PERIOD_KINDS
        ),
        text("period", "Local date of the cutoff, month, or model version; empty for all."),
        count("customers", 0, "Scores whose label is known.", unit="rows"),
        count("without_label", 0, "Scores of closed windows without a label.", unit="rows"),
        count("churners", 0, "Scores after which the customer churned.", unit="rows"),
        double("predicted_churners", "rows", "Sum of the churn probabilities."),
        double("churners_low", "rows", "Lower end of what chance allows, 95 %."),
        double("churners_high", "rows", "Upper end of what chance allows, 95 %."),
        text("verdict", "Churners against that range.", choices=PERIOD_VERDICTS),
        share("churn_rate", "Churners / customers, within the horizon."),
        share("churn_rate_low", "Lower end, 90 %.", nullable=True),
        share("churn_rate_high", "Upper end, 90 %.", nullable=True),
        double("log_loss", "nats", "Of the published probabilities."),
        double("log_loss_base_rate", "nats", "Of the period's own churn rate for everybody."),
        *(column for name, words in BOUNDED.items() for column in _bounded(name, words)),
    ),
    key=("period_kind", "period"),
)

HEALTH_MONITOR_CUSTOMERS = TableContract(
    "health_monitor_customers",
    (
        RUN,
        *SLICE,
        text("finding", "What was unexpected.", choices=SURPRISES),
        share("churn_probability", "As published."),
        score("health_score", "As published."),
        double("mrr_at_risk", "currency/month", "As published.", nullable=True),
        text("currency", "Currency of mrr_at_risk.", nullable=True),
        text("reasons_en", "The strongest drivers then, in English.", nullable=True),
        text("reasons_ja", "The strongest drivers then, in Japanese.", nullable=True),
    ),
    key=SLICE_KEY,
)

HEALTH_MONITOR_LEAD_TIMES = TableContract(
    "health_monitor_lead_times",
    (
        RUN,
        text("customer_id", "A customer who churned."),
        instant("churned_after", "The churn lies after this instant."),
        instant("churned_by", "The churn lies at or before this instant.", nullable=True),
        instant("first_red_cutoff", "First cutoff at which the customer was red.", nullable=True),
        instant("red_since_cutoff", "Red without a break since then, to the end.", nullable=True),
        double("lead_days_low", "days", "From the first red to churned_after, or 0.", nullable=True),
        double("lead_days_high", "days", "From the first red to churned_by.", nullable=True),
    ),
    key=("customer_id",),
)

HEALTH_MONITOR_DRIFT = TableContract(
    "health_monitor_drift",
    (
        RUN,
        instant("cutoff", "The newest scored cutoff."),
        text("model_version", "Whose reference."),
        text("indicator", "The indicator, or (health score)."),
        GROUP,
        double("psi", "", "Population stability index."),
        double("psi_by_chance", "", "Its expectation without drift."),
        double("psi_chance_limit", "", "What chance seldom exceeds."),
        share("ks", "Distance of the distributions; none for categories.", nullable=True),
        share("missing_reference", "Missing at fit."),
        share("missing_now", "Missing now."),
        share("outside_reference", "Never seen or beyond the range, at fit."),
        share("outside_now", "Never seen or beyond the training range, now."),
        text("verdict", "Against the thresholds and chance.", choices=DRIFT_VERDICTS),
        text("note", "Why it is not called drift.", nullable=True),
    ),
    key=("indicator",),
)

HEALTH_MONITOR_CHECKS = TableContract(
    "health_monitor_checks",
    (
        RUN,
        instant("checked_at", "When the check was made."),
        text("model_version", "The champion."),
        text("check_name", "calibration_level, calibration_shape, log_loss, drift or age."),
        text("check_en", "What is checked, in English."),
        text("check_ja", "What is checked, in Japanese."),
        text("status", "Does it call for a retrain?", choices=CHECK_STATUSES),
        text("reason_en", "Why, in English."),
        text("reason_ja", "Why, in Japanese."),
    ),
    key=("check_name",),
)

MONITOR_TABLES = (
    HEALTH_MONITOR_PERIODS,
    HEALTH_MONITOR_CUSTOMERS,
    HEALTH_MONITOR_LEAD_TIMES,
    HEALTH_MONITOR_DRIFT,
    HEALTH_MONITOR_CHECKS,
)

# Everything that a warehouse is prepared with.
CREATED_TABLES = (*OUTPUT_TABLES, *MONITOR_TABLES)
