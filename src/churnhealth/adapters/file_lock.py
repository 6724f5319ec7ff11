"""A lock between processes that dies with its holder: nothing to clean up after kill -9."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from churnhealth.errors import WarehouseError

_PAUSE_SECONDS = 0.05

if sys.platform == "win32":
    import msvcrt

    # Locked bytes cannot be read by others on Windows, so lock one far behind the process id.
    _FAR = 1 << 30

    def _try_lock(file: BinaryIO) -> None:
        file.seek(_FAR)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _try_lock(file: BinaryIO) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def file_lock(path: Path, what: str, wait_seconds: float) -> Iterator[None]:
    """Hold an exclusive lock on a small file for as long as the block runs.

    Parameters
    ----------
    path : Path
        The lock's file; it is made when missing, holds the holder's process id, and stays.
    what : str
        What is locked, for the error.
    wait_seconds : float
        How long to wait for another holder.

    Raises
    ------
    WarehouseError
        When the deadline passes (names the holder's process id), or the file cannot be opened.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+b")
    except OSError as error:
        raise WarehouseError(
            f"{what}: expected to lock the file {path}, got: {error.strerror}. "
            "Choose a folder that can be written to."
        ) from error
    with file:  # closing the file gives the lock back
        _wait_for(file, path, what, wait_seconds)
        file.truncate(0)
        file.write(f"{os.getpid()}\n".encode())
        file.flush()
        yield


def _wait_for(file: BinaryIO, path: Path, what: str, wait_seconds: float) -> None:
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            _try_lock(file)
        except OSError as error:
            if time.monotonic() >= deadline:
                raise WarehouseError(
                    f"{what}: already running in process {_holder(file)} (waited {wait_seconds:g} s for "
                    f"{path}). Wait until it has finished, or end that process."
                ) from error
            time.sleep(_PAUSE_SECONDS)
        else:
            return


def _holder(file: BinaryIO) -> str:
    file.seek(0)
    return file.read(20).decode("ascii", "replace").strip() or "(unknown)"
