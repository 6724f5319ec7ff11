"""What one MLflow run holds: parameters, metrics, tables, texts and the logged model."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path, PurePosixPath
from types import ModuleType
from typing import Any

from churnhealth.adapters.tracking import TrainingRecord
from churnhealth.adapters.tracking_mlflow_pyfunc import ARTIFACT, save_pyfunc
from churnhealth.errors import TrackingError


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
        A table or text has a name that is not a plain file name.
    """
    params = {name: str(value) for name, value in record.params.items()}
    logged = client.create_logged_model(
        run.experiment_id, name=ARTIFACT, source_run_id=run.run_id, params=params
    )
    # Metrics name the model: without it MLflow takes the model that the process has set as active.
    # On a model's page MLflow shows NaN as 0, so what is not finite stays out.
    metrics = [
        mlflow.entities.Metric(name, float(value), run.start_time, 0, logged.model_id, run_id=run.run_id)
        for name, value in record.metrics.items()
        if math.isfinite(value)
    ]
    listed_params = [mlflow.entities.Param(name, value) for name, value in params.items()]
    client.log_batch(run.run_id, metrics=metrics, params=listed_params, synchronous=True)
    with tempfile.TemporaryDirectory() as folder:
        _log_files(client, run.run_id, record, Path(folder))
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


def _log_files(client: Any, run_id: str, record: TrainingRecord, folder: Path) -> None:
    """Log tables as CSV, which MLflow's pages show as tables, and texts as they are."""
    for name, table in record.tables.items():
        path = folder / "tables" / f"{_plain(name)}.csv"
        path.parent.mkdir(exist_ok=True)
        table.to_csv(path, index=False, lineterminator="\n")
    for name, text in record.texts.items():
        (folder / _plain(name)).write_text(text, encoding="utf-8", newline="\n")
    if record.tables or record.texts:
        client.log_artifacts(run_id, str(folder))


def _plain(name: str) -> str:
    if not name or PurePosixPath(name).name != name or "\\" in name:
        raise TrackingError(
            f"training record: expected a plain file name for a table or text, got {name!r}"
        )
    return name
