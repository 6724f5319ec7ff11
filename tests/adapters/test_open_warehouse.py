"""From what people write to the warehouse behind it."""

from __future__ import annotations

from pathlib import Path

import pytest

from churnhealth.adapters.duckdb_warehouse import DuckDBWarehouse
from churnhealth.adapters.open_warehouse import open_source, open_warehouse
from churnhealth.adapters.parquet_folder import ParquetFolder
from churnhealth.adapters.postgres_warehouse import PostgresWarehouse
from churnhealth.errors import WarehouseError


def test_a_path_is_a_duckdb_file_and_a_uri_is_postgres(tmp_path: Path) -> None:
    for door in (open_warehouse, open_source):
        assert isinstance(door(str(tmp_path / "a.duckdb")), DuckDBWarehouse)
        assert isinstance(door("postgresql://db/crm"), PostgresWarehouse)
        assert isinstance(door("postgres://db/crm"), PostgresWarehouse)
    assert list(tmp_path.iterdir()) == []


def test_prefix_and_waiting_are_handed_on(tmp_path: Path) -> None:
    for location in (str(tmp_path / "a.duckdb"), "postgresql://db/crm"):
        warehouse = open_warehouse(location, prefix="emea_", wait_seconds=0.1)
        assert warehouse.describe().endswith("output tables begin with 'emea_'")


def test_a_folder_can_be_read_but_not_written_to(tmp_path: Path) -> None:
    assert isinstance(open_source(str(tmp_path)), ParquetFolder)
    with pytest.raises(WarehouseError, match="can be read as a source, but scores cannot be written"):
        open_warehouse(str(tmp_path))


@pytest.mark.parametrize("scheme", ["mysql://", "snowflake://", "https://", "postgresql+psycopg2://"])
def test_an_address_of_another_kind_is_refused_and_not_shown(scheme: str) -> None:
    for door in (open_warehouse, open_source):
        with pytest.raises(WarehouseError, match="an address that begins with") as caught:
            door(f"{scheme}ann:secret@db/crm")
        assert "secret" not in str(caught.value)
