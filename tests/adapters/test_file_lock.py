"""A lock between processes: one holder, named by its process id, gone when it dies."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from churnhealth.adapters.file_lock import file_lock
from churnhealth.errors import WarehouseError

HOLD = """
import sys, time
from pathlib import Path
from churnhealth.adapters.file_lock import file_lock
with file_lock(Path(sys.argv[1]), "job 'score'", 0.0):
    print("held", flush=True)
    time.sleep(60)
"""


@contextmanager
def held_elsewhere(path: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_another_process_is_named_and_its_lock_dies_with_it(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    with held_elsewhere(path) as holder:
        message = rf"job 'score': already running in process {holder.pid} \(waited 0.1 s"
        with pytest.raises(WarehouseError, match=message), file_lock(path, "job 'score'", 0.1):
            pytest.fail("the lock let two in")
        holder.kill()
        with file_lock(path, "job 'score'", 5.0):
            assert path.read_text() == f"{os.getpid()}\n"


def test_a_lock_can_be_taken_again_after_the_block_and_after_an_error(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.lock"
    with pytest.raises(ValueError, match="inside"), file_lock(path, "job", 0.0):
        raise ValueError("inside")
    with file_lock(path, "job", 0.0):
        assert path.exists()
    with file_lock(path, "job", 0.0):
        assert path.read_text() == f"{os.getpid()}\n"


def test_two_threads_of_one_process_are_kept_apart_too(tmp_path: Path) -> None:
    path, order = tmp_path / "a.lock", []

    def second() -> None:
        with file_lock(path, "job", 10.0):
            order.append("second")

    with file_lock(path, "job", 0.0):
        thread = threading.Thread(target=second)
        thread.start()
        time.sleep(0.1)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_a_lock_that_cannot_be_made_is_an_error_of_ours(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(WarehouseError, match=r"expected to lock the file .*a\.lock.*Choose a folder"),
        file_lock(tmp_path / "file" / "a.lock", "job", 0.0),
    ):
        pytest.fail("there is no such folder")
