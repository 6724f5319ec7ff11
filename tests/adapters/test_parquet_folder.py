"""A folder of Parquet files as tables: part files, partitions, odd names, foreign files."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from churnhealth.adapters.parquet_folder import ParquetFolder
from churnhealth.errors import WarehouseError


def write(path: Path, **columns: list[object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)


def values(folder: ParquetFolder, table: str, column: str = "a") -> list[object]:
    return sorted(folder.read_table(table)[column].tolist())


def test_a_table_is_a_file_or_a_folder_of_part_files(tmp_path: Path) -> None:
    write(tmp_path / "customers.parquet", a=[1])
    write(tmp_path / "usage" / "part-0.parquet", a=[2])
    write(tmp_path / "usage" / "2026" / "part-1.parquet", a=[3])
    folder = ParquetFolder(tmp_path)
    assert folder.tables() == ["customers", "usage"]
    assert values(folder, "customers") == [1]
    assert values(folder, "usage") == [2, 3]
    assert values(folder, "usage/2026") == values(folder, "usage/2026/part-1.parquet") == [3]
    assert folder.describe() == f"Parquet files in {tmp_path}"
    assert folder.dialect == "duckdb"


def test_partitions_become_columns_but_folders_above_do_not(tmp_path: Path) -> None:
    root = tmp_path / "run=7"
    write(root / "usage" / "part.parquet", a=[1])
    write(root / "months" / "month=2026-04" / "part.parquet", a=[2])
    folder = ParquetFolder(root)
    assert folder.columns("usage") == [("a", "BIGINT")]
    assert ("month", "VARCHAR") in folder.columns("months")
    assert values(folder, "months", "month") == ["2026-04"]


def test_part_files_may_lack_columns_that_others_have(tmp_path: Path) -> None:
    write(tmp_path / "usage" / "1.parquet", a=[1])
    write(tmp_path / "usage" / "2.parquet", b=["x"], a=[2])
    frame = ParquetFolder(tmp_path).read_table("usage").sort_values("a")
    assert frame["a"].tolist() == [1, 2]
    assert frame["b"].isna().tolist() == [True, False]


def test_hidden_and_foreign_files_are_left_out(tmp_path: Path) -> None:
    write(tmp_path / "usage" / "part.parquet", a=[1])
    write(tmp_path / "usage" / "_temporary" / "part.parquet", a=[99])
    write(tmp_path / "usage" / ".part.parquet", a=[99])
    (tmp_path / "usage" / "_SUCCESS").touch()
    (tmp_path / "_logs").mkdir()
    (tmp_path / "churnhealth.toml").touch()
    folder = ParquetFolder(tmp_path)
    assert folder.tables() == ["usage"]
    assert values(folder, "usage") == [1]


def test_a_delta_table_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "usage" / "part.parquet", a=[1])
    (tmp_path / "usage" / "_delta_log").mkdir()
    with pytest.raises(
        WarehouseError, match="is a Delta table, whose files also hold rows that were del"
    ):
        ParquetFolder(tmp_path).relation_sql("usage")


@pytest.mark.parametrize("name", ["it's", "a[1]", "*", "?", '"; DROP TABLE a; --', "表 💥", "a.b"])
def test_any_name_means_its_own_file_only(tmp_path: Path, name: str) -> None:
    write(tmp_path / f"{name}.parquet", a=[1])
    write(tmp_path / "a1.parquet", a=[99])
    write(tmp_path / "x.parquet", a=[99])
    folder = ParquetFolder(tmp_path)
    assert values(folder, name) == [1]
    assert name in folder.tables()


@pytest.mark.parametrize("relation", ["", ".", "..", "../own/usage", "/etc/passwd", "a\0b", "nothing"])
def test_what_is_no_table_of_the_folder_is_an_error(tmp_path: Path, relation: str) -> None:
    write(tmp_path / "own" / "usage.parquet", a=[1])
    with pytest.raises(WarehouseError, match=r"no table .*There are 'usage'\. A table is a file"):
        ParquetFolder(tmp_path / "own").relation_sql(relation)


def test_an_empty_folder_and_a_missing_one_say_so(tmp_path: Path) -> None:
    (tmp_path / "usage").mkdir()
    with pytest.raises(WarehouseError, match="usage: expected Parquet files in this folder, got none"):
        ParquetFolder(tmp_path).relation_sql("usage")
    with pytest.raises(WarehouseError, match="expected a folder of Parquet files, got no folder"):
        ParquetFolder(tmp_path / "nowhere")


def test_a_file_that_is_not_parquet_is_an_error_of_ours(tmp_path: Path) -> None:
    (tmp_path / "usage.parquet").write_text("not parquet at all", encoding="utf-8")
    with pytest.raises(WarehouseError, match=r"usage\.parquet"):
        ParquetFolder(tmp_path).columns("usage")


def test_reading_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    write(tmp_path / "tables" / "usage.parquet", a=[1])
    assert values(ParquetFolder(tmp_path / "tables"), "usage") == [1]
    assert os.listdir(work) == []  # noqa: PTH208
    assert os.listdir(tmp_path / "tables") == ["usage.parquet"]  # noqa: PTH208
