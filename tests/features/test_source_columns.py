from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from churnhealth.adapters.duckdb_warehouse import DuckDBWarehouse
from churnhealth.domain.sources import History, Source
from churnhealth.errors import SchemaError
from churnhealth.features.source_columns import present_columns


@pytest.fixture
def warehouse(tmp_path: Path) -> DuckDBWarehouse:
    made = DuckDBWarehouse(tmp_path / "w.duckdb")
    made.write_table(
        "accounts", pd.DataFrame({"account": ["a"], "name": ["x"], "segment": [1], "z": [0]})
    )
    return made


def history(columns: dict[str, str]) -> History:
    return History({"customers": Source("customers", "accounts", columns)}, "UTC")


def test_named_columns_and_those_of_the_same_name_are_there(warehouse):
    source = present_columns(history({"customer_id": "account"}), warehouse).sources["customers"]
    assert source.columns == {"customer_id": "account", "name": "name", "segment": "segment"}
    assert source.stored["segment"] == "BIGINT"


def test_a_column_of_the_same_name_and_another_meaning_can_be_left_out(warehouse):
    named = {"customer_id": "account", "segment": ""}
    source = present_columns(history(named), warehouse).sources["customers"]
    assert source.columns == {"customer_id": "account", "name": "name"}


def test_all_named_columns_that_are_not_there_are_told(warehouse):
    with pytest.raises(SchemaError) as caught:
        present_columns(history({"customer_id": "acount", "region": "land"}), warehouse)
    assert len(caught.value.faults) == 2
    assert "no column 'acount' for 'customer_id' (did you mean 'account'?)" in caught.value.faults[0]
