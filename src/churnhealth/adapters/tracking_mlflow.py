"""Runs tracked and model versions kept in MLflow, by explicit addresses and ids only."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from churnhealth.adapters.tracking import (
    MANIFEST,
    ModelVersion,
    TrainingRecord,
    manifest_hash,
)
from churnhealth.adapters.tracking_mlflow_client import (
    alone,
    check_uri,
    connect,
    import_mlflow,
    masked,
    sqlite_path,
    talking,
)
from churnhealth.adapters.tracking_mlflow_pyfunc import ARTIFACT_PATH
from churnhealth.adapters.tracking_mlflow_repair import repair_killed
from churnhealth.adapters.tracking_mlflow_run import open_run, read_text, run_tags, write_run
from churnhealth.adapters.tracking_mlflow_versions import Versions, tolerate
from churnhealth.errors import TrackingError, listed

CHAMPION, CHALLENGER, PREVIOUS = "champion", "challenger", "previous"

# Stores that this process reaches without a server: it says where the files lie.
_DATABASES = ("sqlite", "postgresql", "mysql", "mssql")


class MlflowRegistry:
    """A `ModelRegistry` in MLflow.

    Parameters
    ----------
    tracking_uri : str
        `sqlite:////absolute/path/mlflow.db`, the address of a server, or any other store of MLflow
        that has a model registry. A missing sqlite file and its folder are made when first needed.
    experiment : str
        Name of the experiment that gathers the runs; made when missing.
    model_name : str
        Name of the registered model; made when missing.
    artifact_root : Path, optional
        Folder for the files of a new experiment in a database; beside an sqlite file it is
        `mlartifacts` by default. A server decides for itself where its files lie.

    Raises
    ------
    TrackingError
        The URI is a folder (MLflow's old file store), or a name cannot be used.
    """

    def __init__(
        self, tracking_uri: str, *, experiment: str, model_name: str, artifact_root: Path | None = None
    ) -> None:
        check_uri(tracking_uri)
        if not re.fullmatch(r"[^/:'\"]+", model_name):
            raise TrackingError(
                f"MLflow: expected a model name without quotes, '/' and ':', got {model_name!r}"
            )
        self.tracking_uri = tracking_uri
        self.experiment = experiment
        self.model_name = model_name
        database = sqlite_path(tracking_uri)
        self.artifact_root = artifact_root or (database and database.parent / "mlartifacts")

    def describe(self) -> str:
        """Say in one line where the registry is; credentials are masked.

        Examples
        --------
        >>> registry = MlflowRegistry("https://ann:pw@example.com", experiment="churn", model_name="b2b")
        >>> registry.describe()
        "MLflow at https://***@example.com, experiment 'churn', model 'b2b'"
        """
        where = masked(self.tracking_uri)
        return f"MLflow at {where}, experiment {self.experiment!r}, model {self.model_name!r}"

    def ui_command(self) -> str:
        """Return the command that shows runs and versions in a browser.

        Examples
        --------
        >>> MlflowRegistry("https://example.com", experiment="churn", model_name="b2b").ui_command()
        'python -m webbrowser https://example.com'
        """
        parts = urlsplit(self.tracking_uri)
        if parts.scheme in ("http", "https"):
            address = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
            return f"python -m webbrowser {shlex.quote(address)}"
        # Outside an activated environment the program is not on the path.
        program = "mlflow" if shutil.which("mlflow") else str(Path(sys.executable).with_name("mlflow"))
        return shlex.join([program, "ui", "--backend-store-uri", masked(self.tracking_uri)])

    def log_version(self, record: TrainingRecord) -> ModelVersion:
        """Write a run with all it left behind and register its model; tagged completed last.

        What a killed process left open is closed first: its run, nested runs and logged model.

        Parameters
        ----------
        record : TrainingRecord

        Returns
        -------
        ModelVersion
            Completed, without aliases.

        Raises
        ------
        TrackingError
            The run is then marked as failed, and its version, if there is one, is not completed.
        """
        with self._talking("log the training run") as mlflow:
            tags, place = run_tags(record, self.model_name), self._experiment_id()
            with open_run(mlflow, self._client, place, record.run_name, tags) as run:
                repair_killed(self._client, run, self._versions)
                logged = write_run(mlflow, self._client, run, record)
                version = self._versions.register(run, logged, record)
            return self._completed(version)

    def set_champion(self, version: str) -> None:
        """Make a completed version the champion; the champion until now becomes `previous`.

        In an sqlite store nobody else moves an alias between the two writes.

        Raises
        ------
        TrackingError
            There is no such version, or it was never completed.
        """
        with self._talking(f"make version {version} the champion"):
            self._completed(version)
            self._move_champion(version)

    def _move_champion(self, version: str) -> None:
        with alone(self.tracking_uri):
            old = self._versions.aliases().get(CHAMPION)
            if old == version:
                return
            before = self._versions.find(old) if old is not None else None
            if before is not None and before.completed:
                self._versions.set_alias(PREVIOUS, before.version)
            self._versions.set_alias(CHAMPION, version)

    def set_challenger(self, version: str) -> None:
        """Give a completed version the alias challenger; errors as in `set_champion`."""
        with self._talking(f"make version {version} the challenger"):
            self._completed(version)
            self._versions.set_alias(CHALLENGER, version)

    def champion(self) -> ModelVersion | None:
        """Return the version that scores, or None when there is none yet.

        Raises
        ------
        TrackingError
            The alias points to a version that is gone or was never completed.
        """
        with self._talking("read the champion"):
            version = self._versions.aliases().get(CHAMPION)
            if version is None:
                return None
            found = self._versions.find(version)
            if found is not None and found.completed:
                return found
            state = "does not exist any more" if found is None else "was never completed"
            raise TrackingError(
                f"{self.describe()}: expected the alias 'champion' at a completed version, got version "
                f"{version}, which {state}. {self._way_out()}"
            )

    def versions(self) -> list[ModelVersion]:
        """Return all versions, the newest first, also those that were never completed."""
        with self._talking("list the versions"):
            return self._versions.all()

    def download(self, version: str, folder: Path) -> Path:
        """Copy a version's artifact into a new or empty folder; return the folder with the manifest.

        Only files are copied: MLflow's own loading would run the code that a model folder names.

        Raises
        ------
        TrackingError
            There is no such version, its files are gone or are not those that were registered, or
            `folder` is not empty.
        """
        if folder.exists() and any(folder.iterdir()):
            raise TrackingError(
                f"download of version {version}: expected a new or empty folder, got {str(folder)!r} "
                "with files in it, which would mix with the model's; name another folder"
            )
        with self._talking(f"download version {version}") as mlflow:
            one = self._client.get_model_version(self.model_name, version)
            uri = self._client.get_model_version_download_uri(self.model_name, version).rstrip("/")
            copied = mlflow.artifacts.download_artifacts(
                artifact_uri=f"{uri}/{ARTIFACT_PATH}",
                dst_path=str(folder),
                tracking_uri=self.tracking_uri,
                registry_uri=self.tracking_uri,
            )
        self._check_copy(version, Path(copied), one.tags.get("artifact_hash", ""))
        return Path(copied)

    def logged_text(self, version: str, path: str) -> str | None:
        """Return a text of a version's training run, such as "model_card.md"; None: there is none."""
        with self._talking(f"read {path} of version {version}") as mlflow:
            run_id = self._client.get_model_version(self.model_name, version).run_id
            return read_text(mlflow, self._client, run_id, path, self.tracking_uri)

    def _talking(self, doing: str) -> AbstractContextManager[ModuleType]:
        return talking(self.tracking_uri, doing)

    @cached_property
    def _client(self) -> Any:
        return connect(import_mlflow(), self.tracking_uri)

    @cached_property
    def _versions(self) -> Versions:
        return Versions(self._client, self.model_name)

    def _experiment_id(self) -> str:
        found = self._client.get_experiment_by_name(self.experiment) or self._make_experiment()
        if found.lifecycle_stage != "active":
            raise TrackingError(
                f"{self.describe()}: expected an active experiment, but it was deleted; restore it with "
                f"'mlflow experiments restore -x {found.experiment_id}', or name another one"
            )
        return str(found.experiment_id)

    def _make_experiment(self) -> Any:
        location = None
        if self.tracking_uri.startswith(_DATABASES):
            if self.artifact_root is None:
                raise TrackingError(
                    f"{self.describe()}: expected artifact_root, a folder for the files of the new "
                    "experiment, which a database cannot hold; got none"
                )
            location = self.artifact_root.absolute().as_uri()
        # Another process may be the first to make it.
        with tolerate("RESOURCE_ALREADY_EXISTS"):
            self._client.create_experiment(self.experiment, artifact_location=location)
        return self._client.get_experiment_by_name(self.experiment)

    def _check_copy(self, version: str, artifact: Path, registered: str) -> None:
        found = manifest_hash(artifact) if (artifact / MANIFEST).is_file() else "no such file"
        if found != registered:
            raise TrackingError(
                f"{self.describe()}: expected {MANIFEST} of version {version} with the SHA-256 that was "
                f"registered, {registered or 'none'}, got {found}: its files were altered, or it is not "
                "a version of churnhealth; train again or use another version"
            )

    def _completed(self, version: str) -> ModelVersion:
        found = self._versions.find(version)
        if found is not None and found.completed:
            return found
        state = "there is none" if found is None else "its training run was stopped before the end"
        raise TrackingError(
            f"{self.describe()}: expected a completed version, got {version!r}: {state}. "
            f"Completed versions: {self._listed()}"
        )

    def _way_out(self) -> str:
        if self._versions.completed():
            return f"`churnhealth promote VERSION` makes another the champion: {self._listed()}"
        return "No version is completed: delete the alias in MLflow's pages, then `churnhealth retrain`"

    def _listed(self) -> str:
        return listed(self._versions.completed()) or "none"
