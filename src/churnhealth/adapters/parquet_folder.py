"""A folder of Parquet files as a source of history tables, read through DuckDB."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa

from churnhealth.adapters.arrow_frames import arrow_to_frame
from churnhealth.adapters.arrow_plain import plain_batches, plain_table
from churnhealth.adapters.duckdb_session import DuckDBSession
from churnhealth.errors import WarehouseError, listed, nearest

_SUFFIX = ".parquet"


class ParquetFolder:
    """Tables that lie as Parquet files in one folder; keeps the `SqlRunner` protocol, writes nothing.

    A table is a file `<table>.parquet`, or a folder `<table>` with part files in it and in folders
    below (`month=2026-04` makes a column `month`). Files and folders whose names begin with "_" or
    "." are left out. Part files may lack columns that others have.

    Parameters
    ----------
    folder : str or Path
        Must be there.

    Raises
    ------
    WarehouseError
        When there is no such folder.
    """

    dialect = "duckdb"

    def __init__(self, folder: str | Path) -> None:
        self._folder = Path(folder).absolute()
        if not self._folder.is_dir():
            raise WarehouseError(f"{self._folder}: expected a folder of Parquet files, got no folder")

    def describe(self) -> str:
        """Say for people where the tables are."""
        return f"Parquet files in {self._folder}"

    def tables(self) -> list[str]:
        """List the tables."""
        return sorted({one.stem if one.is_file() else one.name for one in self._visible()})

    def relation_sql(self, relation: str) -> str:
        """Return the table as it stands after FROM: `read_parquet` over its files.

        Parameters
        ----------
        relation : str
            The table's name, or its path below the folder, such as "raw/usage.parquet".

        Raises
        ------
        WarehouseError
            When there is no such table, or it is a Delta table.
        """
        place = self._place(relation)
        if place.is_file():
            return f"read_parquet([{quoted_file(place)}])"
        if (place / "_delta_log").exists():
            raise WarehouseError(
                f"{place}: is a Delta table, whose files also hold rows that were deleted. Export it to "
                "plain Parquet files first."
            )
        parts = _parts(place)
        if not parts:
            raise WarehouseError(f"{place}: expected Parquet files in this folder, got none")
        hive = any("=" in one.relative_to(place).parent.as_posix() for one in parts)
        files = ", ".join(quoted_file(one) for one in parts)
        return f"read_parquet([{files}], union_by_name = true, hive_partitioning = {str(hive).lower()})"

    def columns(self, relation: str) -> list[tuple[str, str]]:
        """List name and type of every column, in order; types in DuckDB's words, such as VARCHAR."""
        place = self.relation_sql(relation)
        with self._session() as session:
            return session.columns(place)

    def query(self, sql: str) -> pa.Table:
        """Run one SELECT and return all of its rows; kinds as in every other warehouse."""
        with self._session() as session:
            return plain_table(session.table(sql))

    def query_batches(self, sql: str) -> Iterable[pa.RecordBatch]:
        """Run one SELECT and give its rows batch by batch."""
        with self._session() as session:
            yield from plain_batches(session.batches(sql))

    def read_table(self, table: str) -> pd.DataFrame:
        """Read a whole table; instants in UTC."""
        return arrow_to_frame(self.query(f"SELECT * FROM {self.relation_sql(table)}"))  # noqa: S608

    def _visible(self) -> Iterator[Path]:
        for one in self._folder.iterdir():
            if not one.name.startswith(("_", ".")) and (one.is_dir() or one.suffix == _SUFFIX):
                yield one

    def _place(self, relation: str) -> Path:
        for name in (relation, relation + _SUFFIX):
            if not name.strip("/.") or "\0" in name or ".." in Path(name).parts:
                continue
            place = self._folder / name
            if place.is_relative_to(self._folder) and place.exists():
                return place
        known = self.tables()
        there = f"There are {listed(known, most=20)}." if known else "There are none."
        raise WarehouseError(
            f"{self._folder}: no table {relation!r}{nearest(relation, known)}. {there} A table is a "
            "file <table>.parquet or a folder <table> of such files."
        )

    @contextmanager
    def _session(self) -> Iterator[DuckDBSession]:
        # What does not fit into memory goes to a folder of this query's own, not to the working folder.
        with (
            tempfile.TemporaryDirectory(prefix="churnhealth-") as spill,
            closing(duckdb.connect(config={"temp_directory": spill})) as connection,
        ):
            try:
                connection.execute("SET TimeZone = 'UTC'")
                yield DuckDBSession(connection)
            except duckdb.Error as error:
                raise WarehouseError(f"{self._folder}: {error}") from error


def _parts(folder: Path) -> list[Path]:
    return sorted(
        one
        for one in folder.rglob(f"*{_SUFFIX}")
        if one.is_file()
        and not any(part.startswith(("_", ".")) for part in one.relative_to(folder).parts)
    )


def quoted_file(file: Path) -> str:
    """Write a path as a literal that means this file only.

    Examples
    --------
    >>> quoted_file(Path("/data/it's [1].parquet"))
    "'/data/it''s [[]1].parquet'"
    """
    one_file = re.sub(r"([*?\[])", r"[\1]", file.as_posix())
    return "'" + one_file.replace("'", "''") + "'"
