"""Real jobs in processes of their own that can be killed; run as a program, not a test.

Everything is imported once and nothing is computed here, so that a forked child is warm and safe. Each
line of standard input is a list of jobs, done at once by forked children, and answered by a line with
what became of each. With the argument "mlflow" a first version is written, for MLflow takes seconds to
import what it needs.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import runpy
import select
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from churnhealth.adapters.open_warehouse import open_warehouse
from churnhealth.adapters.postgres_connection import drivers
from churnhealth.adapters.tracking import (
    ModelVersion,
    TrainingRecord,
    manifest_hash,
    model_version_name,
)
from churnhealth.adapters.tracking_mlflow import MlflowRegistry
from churnhealth.adapters.tracking_mlflow_client import import_mlflow, sqlite_uri
from churnhealth.errors import ChurnHealthError
from churnhealth.explain.treeshap import warm_up
from churnhealth.jobs.retrain import retrain
from churnhealth.jobs.score import score
from churnhealth.jobs.settings import load_settings
from churnhealth.jobs.wiring import Workplace, utc_now

HERE = Path(__file__).parent
SHARED = runpy.run_path(str(HERE.parent / "conftest.py"))
RECIPES = runpy.run_path(str(HERE / "conftest.py"))
CAPABILITY_VERSION_3 = 0x20080522


def kept_registry(folder: Path) -> Any:
    """Return the registry of a folder in which one version was kept: the champion."""
    registry = SHARED["MemoryRegistry"](folder)
    digest = manifest_hash(folder / "1")
    name = model_version_name("1", digest)
    moment = pd.Timestamp("2026-04-01", tz="UTC")
    registry.kept = [ModelVersion("1", name, digest, "run1", ("champion",), {}, moment, completed=True)]
    return registry


def opened(job: dict[str, Any], tell: Callable[[str], None]) -> Workplace:
    config = Path(job["project"]) / "churnhealth.toml"
    registry = (
        MlflowRegistry(job["mlflow"], experiment="churn", model_name="b2b")
        if job.get("mlflow")
        else kept_registry(Path(job["project"]) / "registry")
    )
    warehouse = open_warehouse(job["warehouse"], wait_seconds=job.get("wait_seconds", 20.0))
    return Workplace(load_settings(config), config, warehouse, registry, utc_now, tell)


def die_before(owner: Any, call: str, number: int = 1) -> None:
    """Make a method kill -9 this process when it is called for the nth time."""
    original, calls = getattr(owner, call), []

    def counted(*given: Any, **named: Any) -> Any:
        calls.append(call)
        if len(calls) == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*given, **named)

    setattr(owner, call, counted)


def hamper(job: dict[str, Any], stage: str) -> None:
    """Make the process as poor as the job says, from a stage on."""
    limit = job.get("file_limit")
    if limit is not None and limit[0] == stage:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit[1], limit[1]))
    if job.get("no_privilege") and stage == "begin":
        # Root's files become read-only to root as well, by their permission bits alone.
        header, none = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0), (ctypes.c_uint32 * 6)()
        assert ctypes.CDLL(None, use_errno=True).capset(header, none) == 0


def work(job: dict[str, Any], tell: Callable[[str], None]) -> dict[str, Any]:
    def stage(name: str) -> None:
        tell(name)
        hamper(job, name)
        if job.get("die_at") == name:
            os.kill(os.getpid(), signal.SIGKILL)

    stage("begin")
    workplace = opened(job, stage)
    if job.get("die_before_mlflow"):
        die_before(import_mlflow().MlflowClient, *job["die_before_mlflow"])
    if job.get("die_before_warehouse"):
        die_before(workplace.warehouse, job["die_before_warehouse"])
    try:
        if job["job"] == "retrain":
            with pytest.MonkeyPatch.context() as patched:
                RECIPES["learn_quickly"](patched)
                return {"version": retrain(workplace).version.version}
        result = score(workplace)
    except ChurnHealthError as error:
        notes = list(getattr(error, "__notes__", ()))
        return {"error": type(error).__name__, "message": str(error), "notes": notes}
    return {"status": result.status, "revision": result.revision}


def fork(job: dict[str, Any]) -> tuple[int, int]:
    """Start a job; return its process and where it tells its stages and its end."""
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        return child, reading
    code, began = 1, time.monotonic()

    def tell(stage: str, **more: Any) -> None:
        told = {"stage": stage, "at": time.monotonic() - began, **more}
        os.write(writing, (json.dumps(told) + "\n").encode())

    try:
        tell("end", **work(job, tell))
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def watched(job: dict[str, Any], child: int, reading: int) -> dict[str, Any]:
    """Follow a job to its end; kill it so many seconds after a stage began where the job says so."""
    stage, seconds = job.get("kill") or (None, 0.0)
    told, deadline, text = [], None, b""
    while True:
        patience = None if deadline is None else max(0.0, deadline - time.monotonic())
        if not select.select([reading], [], [], patience)[0]:
            os.kill(child, signal.SIGKILL)
            deadline = None
            continue
        part = os.read(reading, 65536)
        if not part:
            break
        *lines, text = (text + part).split(b"\n")
        told += [json.loads(line) for line in lines]
        if deadline is None and any(one["stage"] == stage for one in told):
            stage, deadline = None, time.monotonic() + seconds
    os.close(reading)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    end = told[-1] if told and told[-1]["stage"] == "end" else {}
    return {**end, "code": code, "stages": [[one["stage"], one["at"]] for one in told]}


def warm_mlflow(folder: Path) -> None:
    (folder / "manifest.json").write_text("{}")
    registry = MlflowRegistry(sqlite_uri(folder / "mlflow.db"), experiment="warm", model_name="warm")
    record = replace(
        TrainingRecord("warm", folder, manifest_hash(folder)),
        metrics={"auc": 0.7},
        tables={"bands": pd.DataFrame({"band": ["red"]})},
        input_example=pd.DataFrame({"logins": [1.0]}),
    )
    registry.set_champion(registry.log_version(record).version)


if __name__ == "__main__":
    drivers()
    warm_up()
    if sys.argv[1:] == ["mlflow"]:
        with tempfile.TemporaryDirectory() as scratch:
            warm_mlflow(Path(scratch))
    print("ready", flush=True)
    for line in sys.stdin:
        jobs = json.loads(line)
        started = [(job, *fork(job)) for job in jobs]
        print(json.dumps([watched(*one) for one in started]), flush=True)
