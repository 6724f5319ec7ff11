"""The tables that churnhealth writes: their columns, units, ranges and keys."""

from __future__ import annotations

from churnhealth.domain.contracts import Column, TableContract
from churnhealth.domain.health import BANDS

DRIVER_DIRECTIONS = ("raises", "lowers", "none")
RUN_STATUSES = ("started", "completed", "unchanged", "failed")


def _text(
    name: str, description: str, *, nullable: bool = False, choices: tuple[str, ...] = ()
) -> Column:
    return Column(name, "string", nullable, "", description, choices=choices)


def _json(name: str, description: str, *, nullable: bool = False) -> Column:
    return Column(name, "json", nullable, "", description)


def _instant(name: str, description: str, *, nullable: bool = False) -> Column:
    return Column(name, "timestamp", nullable, "UTC", description)


def _share(name: str, description: str, *, nullable: bool = False) -> Column:
    return Column(name, "double", nullable, "share", description, low=0.0, high=1.0)


def _score(name: str, description: str, *, nullable: bool = False) -> Column:
    return Column(name, "double", nullable, "points", description, low=0.0, high=100.0)


def _double(name: str, unit: str, description: str, *, nullable: bool = False) -> Column:
    return Column(name, "double", nullable, unit, description)


def _count(name: str, low: int, description: str, *, unit: str = "", nullable: bool = False) -> Column:
    return Column(name, "integer", nullable, unit, description, low=low)


_RUN = _text("run_id", "Run that wrote the row.")
_GROUP = _text("indicator_group", "Indicator group, such as usage or support.")
_SLICE = (
    _text("customer_id", "The customer, as the source writes it."),
    _instant("cutoff", "Moment of prediction; data strictly before it."),
    _text("model_version", "Which model scored the customer."),
)
_SLICE_KEY = tuple(column.name for column in _SLICE)

HEALTH_SCORES = TableContract(
    "health_scores",
    (
        *_SLICE,
        _share("churn_probability", "Calibrated probability of churn in the horizon."),
        _share("probability_low", "Lower end of the probability's interval.", nullable=True),
        _share("probability_high", "Upper end of the probability's interval.", nullable=True),
        _score("health_score", "100 x (1 - churn_probability)."),
        _text("health_band", "Band of the churn probability.", choices=BANDS),
        _count("risk_rank", 1, "1 = highest probability at this cutoff."),
        _double("base_points", "points", "The score that the contributions start from."),
        _double("mrr_at_risk", "currency/month", "MRR times churn_probability.", nullable=True),
        _text("currency", "Currency of mrr_at_risk.", nullable=True),
        _instant("scored_at", "When the score was made."),
        _RUN,
    ),
    key=_SLICE_KEY,
)

HEALTH_GROUP_SCORES = TableContract(
    "health_group_scores",
    (
        *_SLICE,
        _GROUP,
        _double("points", "points", "Sum of the contributions of the group's indicators."),
        _score("sub_score", "How well the customer stands in this group alone.", nullable=True),
    ),
    key=(*_SLICE_KEY, "indicator_group"),
)

HEALTH_DRIVERS = TableContract(
    "health_drivers",
    (
        *_SLICE,
        _count("rank", 1, "1 = largest contribution; the last row is all others."),
        _text("indicator", "Name of the indicator."),
        _GROUP,
        _text("value", "The customer's value, as text.", nullable=True),
        _text("typical_value", "The typical value in the reference, as text.", nullable=True),
        _double("contribution_points", "points", "Points added to the health score."),
        _text("direction", "What it does to the health score.", choices=DRIVER_DIRECTIONS),
        _text("reason_en", "The driver as a sentence, in English.", nullable=True),
        _text("reason_ja", "The driver as a sentence, in Japanese.", nullable=True),
    ),
    key=(*_SLICE_KEY, "rank"),
)

HEALTH_INDICATORS = TableContract(
    "health_indicators",
    (*_SLICE, _json("indicators", "The values that were scored: {indicator: value or null}.")),
    key=_SLICE_KEY,
)

HEALTH_RUNS = TableContract(
    "health_runs",
    (
        _RUN,
        _text("job", "Which job ran: score, retrain, promote or rollback."),
        _instant("cutoff", "Cutoff that was scored; none when retraining.", nullable=True),
        _text("model_version", "Model used or made; none when not known yet.", nullable=True),
        _text("input_fingerprint", "Hash of what was read.", nullable=True),
        _count("revision", 1, "1 for the first version of a slice, then counted up.", nullable=True),
        _text("status", "How the run stands.", choices=RUN_STATUSES),
        _count("rows_read", 0, "Customers read.", unit="rows", nullable=True),
        _count("rows_scored", 0, "Customers scored.", unit="rows", nullable=True),
        _count("rows_rejected", 0, "Rows that could not be scored.", unit="rows", nullable=True),
        _instant("started_at", "When the run started."),
        _instant("finished_at", "When the run ended, well or not.", nullable=True),
        _text("message", "What people should know, such as why it failed.", nullable=True),
    ),
    key=("run_id",),
)

HEALTH_REJECTS = TableContract(
    "health_rejects",
    (
        _RUN,
        _text("source", "Table that the row came from."),
        _text("row_hash", "Hash of the row."),
        _text("reason", "Why the row was rejected."),
        _json("row_json", "The row; none when it is not kept.", nullable=True),
    ),
    key=("run_id", "source", "row_hash"),
)

HEALTH_SCORES_HISTORY = TableContract(
    "health_scores_history",
    (*HEALTH_SCORES.columns, _count("revision", 1, "Number of the slice that was replaced.")),
    key=(*_SLICE_KEY, "revision"),
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
