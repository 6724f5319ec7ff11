"""History tables that lie as Parquet or CSV files anywhere, read through DuckDB."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import duckdb

from churnhealth.adapters.duckdb_session import DuckDBSession
from churnhealth.adapters.parquet_folder import ParquetFolder
from churnhealth.errors import WarehouseError, nearest

_TEXT_FILES = (".csv", ".csv.gz", ".tsv", ".tsv.gz")


class FileTables(ParquetFolder):
    """Tables named by the path of a file, or of a folder of Parquet files; a `SqlRunner`.

    The types of CSV columns are found by DuckDB from all rows; an empty field is a missing value.
    """

    def __init__(self) -> None:
        super().__init__(Path("/"))
        # Opening DuckDB takes longer than most questions, so one instance answers all of them. What
        # does not fit into memory goes to a folder of its own.
        spill = tempfile.mkdtemp(prefix="churnhealth-")
        self._duckdb = duckdb.connect(config={"temp_directory": spill})
        weakref.finalize(self, _close, self._duckdb, spill)

    def describe(self) -> str:
        """Say for people where the tables are."""
        return "files"

    def relation_sql(self, relation: str) -> str:
        """Return a file as it stands after FROM.

        Parameters
        ----------
        relation : str
            Absolute path of a file (.parquet, .csv, .tsv, .csv.gz, .tsv.gz), or of a folder.

        Raises
        ------
        WarehouseError
            When there is no such file.
        """
        path = Path(relation).resolve()
        if not path.exists():
            others = [one.name for one in path.parent.iterdir()] if path.parent.is_dir() else []
            raise WarehouseError(f"no file {path}{nearest(path.name, others)}")
        if path.name.lower().endswith(_TEXT_FILES):
            written = path.as_posix().replace("'", "''")
            return f"read_csv('{written}', header = true, sample_size = -1)"
        return super().relation_sql(str(path))

    @contextmanager
    def _session(self) -> Iterator[DuckDBSession]:
        with closing(self._duckdb.cursor()) as connection:
            try:
                connection.execute("SET TimeZone = 'UTC'")
                yield DuckDBSession(connection)
            except duckdb.Error as error:
                raise WarehouseError(f"files: {error}") from error


def _close(connection: duckdb.DuckDBPyConnection, spill: str) -> None:
    connection.close()
    shutil.rmtree(spill, ignore_errors=True)
