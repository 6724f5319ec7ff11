"""Writers of one registry that can be killed; run as a program, not a test.

A first version is written once, for MLflow takes seconds to import what it needs; then each line of
standard input is a list of jobs, done at once by forked children, and answered by a line with their exit
codes (-9: killed).
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

from churnhealth.adapters.tracking import FoldRecord, TrainingRecord, manifest_hash
from churnhealth.adapters.tracking_mlflow import MlflowRegistry
from churnhealth.adapters.tracking_mlflow_client import import_mlflow, sqlite_uri

FOLDS = tuple(FoldRecord(f"window {at}", metrics={"log_loss": 0.1 * at}) for at in (1, 2))


def kill_before(call: str, number: int) -> None:
    """Make a method of MLflow's client kill -9 this process when it is called for the nth time."""
    client = import_mlflow().MlflowClient
    original, calls = getattr(client, call), []

    def counted(*given: Any, **named: Any) -> Any:
        calls.append(call)
        if len(calls) == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*given, **named)

    setattr(client, call, counted)


def write(uri: str, model: str, artifact: str, kill: tuple[str, int] | None = None) -> None:
    if kill is not None:
        kill_before(*kill)
    registry = MlflowRegistry(uri, experiment=f"about {model}", model_name=model)
    folder = Path(artifact)
    made = TrainingRecord("a quarter", folder, manifest_hash(folder), folds=FOLDS)
    registry.set_champion(registry.log_version(made).version)


def fork(job: dict[str, Any]) -> int:
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        write(**job)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / "manifest.json").write_text("{}")
        write(sqlite_uri(Path(scratch) / "mlflow.db"), "warm", scratch)
    print("ready", flush=True)
    for line in sys.stdin:
        children = [fork(job) for job in json.loads(line)]
        codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        print(json.dumps(codes), flush=True)
