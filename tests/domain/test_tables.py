"""The output tables: names, keys and ranges as the design has them."""

from __future__ import annotations

import pandas as pd
import pytest

from churnhealth.domain import tables
from churnhealth.domain.contracts import TableContract
from churnhealth.errors import SchemaError

SCORED_AT = pd.Timestamp("2026-04-01", tz="UTC")
SLICE_KEY = ("customer_id", "cutoff", "model_version")


def score_row(**changed: object) -> pd.DataFrame:
    row = {
        "customer_id": "c1",
        "cutoff": SCORED_AT,
        "model_version": "1-abc",
        "churn_probability": 0.25,
        "probability_low": None,
        "probability_high": None,
        "health_score": 75.0,
        "health_band": "yellow",
        "risk_rank": 1,
        "base_points": 80.0,
        "mrr_at_risk": None,
        "currency": None,
        "scored_at": SCORED_AT,
        "run_id": "r1",
    }
    return pd.DataFrame([{**row, **changed}])


def test_the_output_tables_have_their_names_and_keys() -> None:
    assert {contract.name: contract.key for contract in tables.OUTPUT_TABLES} == {
        "health_scores": SLICE_KEY,
        "health_group_scores": (*SLICE_KEY, "indicator_group"),
        "health_drivers": (*SLICE_KEY, "rank"),
        "health_indicators": SLICE_KEY,
        "health_runs": ("run_id",),
        "health_rejects": ("run_id", "source", "row_hash"),
        "health_scores_history": (*SLICE_KEY, "revision"),
    }


def test_the_history_has_the_columns_of_the_scores_and_the_revision() -> None:
    assert tables.HEALTH_SCORES_HISTORY.column_names == (
        *tables.HEALTH_SCORES.column_names,
        "revision",
    )


@pytest.mark.parametrize("contract", tables.OUTPUT_TABLES, ids=lambda contract: contract.name)
def test_key_columns_are_never_missing_and_every_column_is_described(contract: TableContract) -> None:
    assert not any(column.nullable for column in contract.columns if column.name in contract.key)
    assert all(column.description.endswith(".") for column in contract.columns)
    assert len(set(contract.column_names)) == len(contract.columns)


def test_a_score_without_interval_and_money_keeps_the_contract() -> None:
    assert tables.HEALTH_SCORES.faults(score_row()) == []


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"churn_probability": 1.01}, "churn_probability: expected 0 to 1"),
        ({"probability_low": -0.01}, "probability_low: expected 0 to 1"),
        ({"probability_high": 2.0}, "probability_high: expected 0 to 1"),
        ({"health_score": 100.5}, "health_score: expected 0 to 100"),
        ({"health_band": "orange"}, "health_band: expected one of 'green', 'yellow', 'red'"),
        ({"risk_rank": 0}, "risk_rank: expected at least 1"),
        ({"base_points": float("inf")}, "base_points: expected finite numbers"),
        ({"health_score": None}, "health_score: expected a value in every row"),
        ({"scored_at": pd.Timestamp("2026-04-01")}, "scored_at: expected timestamps with a time zone"),
    ],
)  # fmt: skip
def test_a_score_outside_its_range_is_refused(changed: dict[str, object], fault: str) -> None:
    with pytest.raises(SchemaError, match="health_scores: 1 fault") as caught:
        tables.HEALTH_SCORES.check(score_row(**changed))
    assert caught.value.faults[0].startswith(fault)


def test_a_customer_scored_twice_at_a_cutoff_is_refused() -> None:
    twice = pd.concat([score_row(), score_row(churn_probability=0.5)], ignore_index=True)
    assert tables.HEALTH_SCORES.faults(twice) == [
        "key (customer_id, cutoff, model_version): each once, got 2 rows that share theirs (rows 0, 1)"
    ]
