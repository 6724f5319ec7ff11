"""Tell the runs that a killed process left open from those that still live, and close the former.

Whether a model may be used is said by its version's tag "completed" and by nothing here: a run that is
closed by mistake while it lives marks itself as finished when it ends.
"""

from __future__ import annotations

import os
import socket
from typing import Any

from churnhealth.adapters.tracking_mlflow_versions import Versions

MODEL_TAG, WRITER_TAG = "churnhealth_model", "churnhealth_writer"
PARENT_TAG = "mlflow.parentRunId"

# Writing a run takes minutes at most; on another machine a process cannot be looked for.
_LONGEST_MS = 24 * 60 * 60 * 1000


def writer_tags(model_name: str) -> dict[str, str]:
    """Return the tags by which the next run recognises what this process left open."""
    return {MODEL_TAG: model_name, WRITER_TAG: f"{socket.gethostname()}:{os.getpid()}"}


def repair_killed(client: Any, run: Any, versions: Versions) -> None:
    """Mark the runs of a model whose writer was killed as KILLED, all their parts first.

    One whose version was completed lacked only its own last mark: it becomes FINISHED.

    Parameters
    ----------
    client : MlflowClient
    run : RunInfo
        The run that has just begun; only runs of its experiment are looked at.
    versions : Versions
        Of the model; runs of others in the same experiment are left alone.
    """
    running = f"attributes.status = 'RUNNING' and tags.{MODEL_TAG} = '{versions.model_name}'"
    for other in client.search_runs([run.experiment_id], running):
        age = run.start_time - other.info.start_time
        if other.info.run_id != run.run_id and not _lives(other.data.tags.get(WRITER_TAG, ""), age):
            status = "FINISHED" if versions.completed(other.info.run_id) else "KILLED"
            if status == "KILLED":
                end_parts(client, other.info, status)
            client.set_terminated(other.info.run_id, status)


def end_parts(client: Any, run: Any, status: str) -> None:
    """Close what belongs to a run that came to nothing: its nested runs and its logged model.

    Parameters
    ----------
    client : MlflowClient
    run : RunInfo
    status : {"FAILED", "KILLED"}
        Of the nested runs, also of those that were finished: the quarter that they judge never was.
    """
    nested = client.search_runs([run.experiment_id], f"tags.`{PARENT_TAG}` = '{run.run_id}'")
    for fold in nested:
        client.set_terminated(fold.info.run_id, status)
    for model in client.search_logged_models([run.experiment_id], f"source_run_id = '{run.run_id}'"):
        if model.status == "PENDING":
            client.finalize_logged_model(model.model_id, "FAILED")


def _lives(writer: str, age_ms: int) -> bool:
    host, _, process = writer.rpartition(":")
    if age_ms > _LONGEST_MS:
        return False
    # On Windows signal 0 would end the process.
    if host != socket.gethostname() or not process.isdigit() or os.name != "posix":
        return True
    return int(process) != os.getpid() and _is_running(int(process))


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
