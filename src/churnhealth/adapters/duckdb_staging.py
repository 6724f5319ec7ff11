"""Scored customers that wait beside a DuckDB file, so that everybody can read the file meanwhile."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from churnhealth.adapters.parquet_folder import quoted_file
from churnhealth.domain.contracts import TableContract
from churnhealth.errors import WarehouseError


class ParquetStaging:
    """A folder of Parquet files, one per table and batch; keeps the `StagingArea` protocol.

    Parameters
    ----------
    folder : Path
        Ours alone; made at the first batch.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, list[Path]] = {}

    def clear(self) -> None:
        """Remove the folder."""
        self._files = {}
        try:
            if self._folder.exists():
                shutil.rmtree(self._folder)
        except OSError as error:
            raise _unusable(self._folder, error) from error

    def add(self, contract: TableContract, rows: pa.Table) -> None:
        """Write one file."""
        files = self._files.setdefault(contract.name, [])
        file = self._folder / f"{contract.name}-{len(files):06d}.parquet"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            # Read once and removed: statistics and strong compression would only cost time.
            pq.write_table(rows, file, compression="lz4", write_statistics=False)
        except OSError as error:
            raise _unusable(self._folder, error) from error
        files.append(file)

    def place(self, contract: TableContract) -> str:
        """Return the files of a table as they stand after FROM."""
        files = ", ".join(quoted_file(one) for one in self._files[contract.name])
        return f"read_parquet([{files}])"


def _unusable(folder: Path, error: OSError) -> WarehouseError:
    return WarehouseError(
        f"{folder}: expected a folder to keep scored customers in until they are published, but it "
        f"cannot be used: {error.strerror or error}. Check the disk's space and your permissions."
    )
