"""What one MLflow run holds: parameters, metrics, tables, texts, pictures, the model, nested folds."""

from __future__ import annotations

import math
import platform
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from types import ModuleType
from typing import Any

from churnhealth.adapters.tracking import FoldRecord, TrainingRecord
from churnhealth.adapters.tracking_mlflow_pyfunc import ARTIFACT, RUNTIME, save_pyfunc
from churnhealth.adapters.tracking_mlflow_repair import PARENT_TAG, end_parts, writer_tags
from churnhealth.adapters.tracking_mlflow_versions import tolerate
from churnhealth.errors import TrackingError


def run_tags(record: TrainingRecord, model_name: str) -> dict[str, str]:
    """Return the tags of a record's run: its own, versions of packages, and who writes it."""
    packages = {f"package.{name}": version(name) for name in RUNTIME}
    python = {"package.python": platform.python_version()}
    return {**packages, **python, **record.tags, **writer_tags(model_name)}


@contextmanager
def open_run(
    mlflow: ModuleType, client: Any, experiment_id: str, name: str, tags: Mapping[str, str]
) -> Iterator[Any]:
    """Give a new run; at the end it is FINISHED, or FAILED with all its parts when the block fails.

    Parameters
    ----------
    mlflow : module
    client : MlflowClient
    experiment_id : str
    name : str
        What people see in the list of runs.
    tags : mapping of str to str

    Yields
    ------
    RunInfo
    """
    run = client.create_run(experiment_id, run_name=name, tags=dict(tags)).info
    status = "FAILED"
    try:
        yield run
        status = "FINISHED"
    finally:
        # When the store is out of reach, the first failure is the one to report.
        with suppress(mlflow.exceptions.MlflowException):
            if status == "FAILED":
                end_parts(client, run, status)
            client.set_terminated(run.run_id, status)


def write_run(mlflow: ModuleType, client: Any, run: Any, record: TrainingRecord) -> Any:
    """Write everything of a record into an open run; return MLflow's record of the logged model.

    Parameters
    ----------
    mlflow : module
    client : MlflowClient
    run : RunInfo
        The run that was made for this record; it is left open.
    record : TrainingRecord

    Raises
    ------
    TrackingError
        A table, text or picture has a name that is not a plain file name.
    """
    params = {name: str(value) for name, value in record.params.items()}
    logged = client.create_logged_model(
        run.experiment_id, name=ARTIFACT, source_run_id=run.run_id, params=params
    )
    _log_numbers(mlflow, client, run, record, logged.model_id)
    with tempfile.TemporaryDirectory() as folder:
        _log_files(client, run.run_id, record, Path(folder))
    for fold in record.folds:
        tags = {PARENT_TAG: run.run_id}
        with open_run(mlflow, client, run.experiment_id, fold.name, tags) as nested:
            _log_numbers(mlflow, client, nested, fold, logged.model_id)
    with tempfile.TemporaryDirectory() as folder:
        model = save_pyfunc(
            mlflow,
            Path(folder),
            record.artifact_folder,
            record.input_example,
            run_id=run.run_id,
            model_id=logged.model_id,
        )
        client.log_model_artifacts(logged.model_id, str(model))
    client.log_outputs(run.run_id, [mlflow.entities.LoggedModelOutput(logged.model_id, step=0)])
    return client.finalize_logged_model(logged.model_id, "READY")


def _log_numbers(
    mlflow: ModuleType, client: Any, run: Any, record: TrainingRecord | FoldRecord, model_id: str
) -> None:
    """Log parameters and metrics.

    Metrics name the model: without it MLflow takes the model that the process has set as active. On a
    model's page MLflow shows NaN as 0, so what is not finite stays out.
    """
    metric, param = mlflow.entities.Metric, mlflow.entities.Param
    metrics = [
        metric(name, float(value), run.start_time, 0, model_id, run_id=run.run_id)
        for name, value in record.metrics.items()
        if math.isfinite(value)
    ]
    params = [param(name, str(value)) for name, value in record.params.items()]
    client.log_batch(run.run_id, metrics=metrics, params=params, synchronous=True)


def _log_files(client: Any, run_id: str, record: TrainingRecord, folder: Path) -> None:
    """Log tables as CSV, which MLflow's pages show as tables, texts and pictures as they are."""
    for name, table in record.tables.items():
        path = folder / "tables" / f"{_plain(name)}.csv"
        path.parent.mkdir(exist_ok=True)
        table.to_csv(path, index=False, lineterminator="\n")
    for name, text in record.texts.items():
        (folder / _plain(name)).write_text(text, encoding="utf-8", newline="\n")
    for name, picture in record.pictures.items():
        path = folder / "pictures" / _plain(name)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(picture.encode() if isinstance(picture, str) else picture)
    if record.tables or record.texts or record.pictures:
        client.log_artifacts(run_id, str(folder))


def _plain(name: str) -> str:
    if not name or PurePosixPath(name).name != name or "\\" in name:
        raise TrackingError(
            f"training record: expected a plain file name for a table, text or picture, got {name!r}"
        )
    return name


def read_text(mlflow: ModuleType, client: Any, run_id: str, path: str, uri: str) -> str | None:
    """Read a text among the files of a run; None when the run or the file is gone.

    Parameters
    ----------
    mlflow : module
    client : MlflowClient
    run_id : str
    path : str
        Relative, such as "tables/reliability.csv".
    uri : str
        The tracking URI.
    """
    parent = str(PurePosixPath(path).parent)
    found: list[Any] = []
    with tolerate("RESOURCE_DOES_NOT_EXIST"):
        found = client.list_artifacts(run_id, None if parent == "." else parent)
    if path not in [one.path for one in found]:
        return None
    with tempfile.TemporaryDirectory() as folder:
        copied = mlflow.artifacts.download_artifacts(
            run_id=run_id, artifact_path=path, dst_path=folder, tracking_uri=uri
        )
        return Path(copied).read_text(encoding="utf-8")
