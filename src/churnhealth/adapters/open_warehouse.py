"""From a place, as people write it, to the warehouse behind it."""

from __future__ import annotations

import re
from pathlib import Path

from churnhealth.adapters.duckdb_warehouse import DuckDBWarehouse
from churnhealth.adapters.parquet_folder import ParquetFolder
from churnhealth.adapters.postgres_address import SCHEMES
from churnhealth.adapters.postgres_warehouse import PostgresWarehouse
from churnhealth.adapters.warehouse import Warehouse
from churnhealth.errors import WarehouseError
from churnhealth.features.runner import SqlRunner

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


def open_warehouse(
    location: str,
    *,
    prefix: str = "",
    wait_seconds: float = 10.0,
    expansion_prefix: str | None = None,
) -> Warehouse:
    """Return the warehouse at a place; nothing is opened yet.

    Parameters
    ----------
    location : str
        The path of a DuckDB file, or a URI `postgresql://user@host/database`.
    prefix : str
        Before the names of the output tables.
    wait_seconds : float
        How long to wait for other processes and for the server.
    expansion_prefix : str, optional
        The prefix of a project that predicts growing MRR here, for the list of whom to grow.

    Raises
    ------
    WarehouseError
        When the place is a folder, or a URI of a kind that cannot be written to.
    """
    if location.startswith(SCHEMES):
        return PostgresWarehouse(
            location, prefix=prefix, wait_seconds=wait_seconds, expansion_prefix=expansion_prefix
        )
    _check_path(location)
    if Path(location).is_dir():
        raise WarehouseError(
            f"warehouse: expected a DuckDB file or a PostgreSQL address, got the folder {location}. A "
            "folder of Parquet files can be read as a source, but scores cannot be written to it; name "
            "a file in it, such as warehouse.duckdb."
        )
    return DuckDBWarehouse(
        location, prefix=prefix, wait_seconds=wait_seconds, expansion_prefix=expansion_prefix
    )


def open_source(location: str, *, wait_seconds: float = 10.0) -> SqlRunner:
    """Return what runs SQL at a place: any warehouse, or a folder of Parquet files.

    Raises
    ------
    WarehouseError
        When the place is a URI of a kind that is not known.
    """
    if not location.startswith(SCHEMES):
        _check_path(location)
        if Path(location).is_dir():
            return ParquetFolder(location)
    return open_warehouse(location, wait_seconds=wait_seconds)


def _check_path(location: str) -> None:
    scheme = _SCHEME.match(location)
    # Only the scheme is shown: the rest may hold a password.
    if scheme is not None:
        raise WarehouseError(
            f"warehouse: expected the path of a DuckDB file, or postgresql://user@host/database, got an "
            f"address that begins with {scheme[0]!r}"
        )
