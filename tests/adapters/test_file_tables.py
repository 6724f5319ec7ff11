from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from churnhealth.adapters.file_tables import FileTables
from churnhealth.errors import WarehouseError

FRAME = pd.DataFrame(
    {"customer_id": ["顧客1", "B"], "seats": [3, 4], "start_date": ["2026-04-01", None]}
)


def test_parquet_and_csv_give_the_same_rows(tmp_path: Path):
    parquet, csv = tmp_path / "it's [1].parquet", tmp_path / "it's.csv"
    FRAME.to_parquet(parquet)
    FRAME.to_csv(csv, index=False)
    files = FileTables()
    rows = [
        files.query(
            "SELECT customer_id, seats, CAST(start_date AS VARCHAR) AS d "
            f"FROM {files.relation_sql(str(path))}"
        ).to_pylist()
        for path in (parquet, csv)
    ]
    assert (
        rows[0]
        == rows[1]
        == [
            {"customer_id": "顧客1", "seats": 3, "d": "2026-04-01"},
            {"customer_id": "B", "seats": 4, "d": None},
        ]
    )


def test_types_of_csv_columns_are_found_from_all_rows(tmp_path: Path):
    path = tmp_path / "long.csv"
    path.write_text("x\n" + "1\n" * 30_000 + "one\n")
    assert FileTables().columns(str(path)) == [("x", "VARCHAR")]


def test_tabs_separate_the_columns_of_tsv(tmp_path: Path):
    path = tmp_path / "t.tsv"
    path.write_text("a\tb\n1\tx y\n")
    assert [name for name, _ in FileTables().columns(str(path))] == ["a", "b"]


def test_a_file_that_is_not_there_names_its_neighbour(tmp_path: Path):
    (tmp_path / "usage.parquet").touch()
    with pytest.raises(WarehouseError, match=r"did you mean 'usage\.parquet'"):
        FileTables().relation_sql(str(tmp_path / "usge.parquet"))
