"""The tables that churnhealth writes: their columns, units, ranges and keys."""

from __future__ import annotations

from churnhealth.domain.contracts import TableContract
from churnhealth.domain.health import BANDS
from churnhealth.domain.table_columns import (
    GROUP,
    RUN,
    SLICE,
    SLICE_KEY,
    count,
    double,
    instant,
    json,
    score,
    share,
    text,
)

DRIVER_DIRECTIONS = ("raises", "lowers", "none")
RUN_STATUSES = ("started", "completed", "unchanged", "failed")


HEALTH_SCORES = TableContract(
    "health_scores",
    (
        *SLICE,
        share("churn_probability", "Calibrated probability of churn in the horizon."),
        share("probability_low", "Lower end of the probability's interval.", nullable=True),
        share("probability_high", "Upper end of the probability's interval.", nullable=True),
        score("health_score", "100 x (1 - churn_probability)."),
        text("health_band", "Band of the churn probability.", choices=BANDS),
        count("risk_rank", 1, "1 = highest probability at this cutoff."),
        double("base_points", "points", "The score that the contributions start from."),
        double("mrr_at_risk", "currency/month", "MRR times churn_probability.", nullable=True),
        text("currency", "Currency of mrr_at_risk.", nullable=True),
        instant("scored_at", "When the score was made."),
        RUN,
    ),
    key=SLICE_KEY,
)

HEALTH_GROUP_SCORES = TableContract(
    "health_group_scores",
    (
        *SLICE,
        GROUP,
        double("points", "points", "Sum of the contributions of the group's indicators."),
        score("sub_score", "How well the customer stands in this group alone.", nullable=True),
    ),
    key=(*SLICE_KEY, "indicator_group"),
)

HEALTH_DRIVERS = TableContract(
    "health_drivers",
    (
        *SLICE,
        count("rank", 1, "1 = largest contribution; the last row is all others."),
        text("indicator", "Name of the indicator."),
        GROUP,
        text("value", "The customer's value, as text.", nullable=True),
        text("typical_value", "The typical value in the reference, as text.", nullable=True),
        double("contribution_points", "points", "Points added to the health score."),
        text("direction", "What it does to the health score.", choices=DRIVER_DIRECTIONS),
        text("reason_en", "The driver as a sentence, in English.", nullable=True),
        text("reason_ja", "The driver as a sentence, in Japanese.", nullable=True),
    ),
    key=(*SLICE_KEY, "rank"),
)

HEALTH_INDICATORS = TableContract(
    "health_indicators",
    (*SLICE, json("indicators", "The values that were scored: {indicator: value or null}.")),
    key=SLICE_KEY,
)

HEALTH_RUNS = TableContract(
    "health_runs",
    (
        RUN,
        text("job", "Which job ran: score, retrain, check, monitor, promote or rollback."),
        instant("cutoff", "Cutoff that was scored; none for other jobs.", nullable=True),
        text("model_version", "Model used or made; none when not known yet.", nullable=True),
        text("input_fingerprint", "Hash of what was read.", nullable=True),
        count("revision", 1, "1 for the first version of a slice, then counted up.", nullable=True),
        text("status", "How the run stands.", choices=RUN_STATUSES),
        count("rows_read", 0, "Customers read.", unit="rows", nullable=True),
        count("rows_scored", 0, "Customers scored.", unit="rows", nullable=True),
        count("rows_rejected", 0, "Rows that could not be scored.", unit="rows", nullable=True),
        instant("started_at", "When the run started."),
        instant(
            "finished_at",
            "When the run ended, well or not; never before an earlier one of its cutoff.",
            nullable=True,
        ),
        text("message", "What people should know, such as why it failed.", nullable=True),
    ),
    key=("run_id",),
)

HEALTH_REJECTS = TableContract(
    "health_rejects",
    (
        RUN,
        text("source", "Table that the row came from."),
        text("row_hash", "Hash of the row."),
        text("reason", "Why the row was rejected."),
        json("row_json", "The row; none when it is not kept.", nullable=True),
    ),
    key=("run_id", "source", "row_hash"),
)

HEALTH_SCORES_HISTORY = TableContract(
    "health_scores_history",
    (*HEALTH_SCORES.columns, count("revision", 1, "Number of the slice that was replaced.")),
    key=(*SLICE_KEY, "revision"),
)

OUTPUT_TABLES = (
    HEALTH_SCORES,
    HEALTH_GROUP_SCORES,
    HEALTH_DRIVERS,
    HEALTH_INDICATORS,
    HEALTH_RUNS,
    HEALTH_REJECTS,
    HEALTH_SCORES_HISTORY,
)
