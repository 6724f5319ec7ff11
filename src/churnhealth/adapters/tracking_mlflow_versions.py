"""The versions of one registered model in MLflow's records, and their aliases."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pandas as pd

from churnhealth.adapters.tracking import (
    ModelVersion,
    TrainingRecord,
    label_known_through,
    model_version_name,
)
from churnhealth.adapters.tracking_mlflow_client import import_mlflow

COMPLETED, KNOWN_THROUGH = "completed", "label_known_through"


@contextmanager
def tolerate(error_code: str) -> Iterator[None]:
    """Let a call of MLflow fail with this code, such as RESOURCE_DOES_NOT_EXIST, and with no other."""
    try:
        yield
    except import_mlflow().exceptions.MlflowException as error:
        if error.error_code != error_code:
            raise


class Versions:
    """The versions of a registered model; an empty list when it was never registered.

    Parameters
    ----------
    client : MlflowClient
    model_name : str
    """

    def __init__(self, client: Any, model_name: str) -> None:
        self._client = client
        self.model_name = model_name

    def register(self, run: Any, logged: Any, record: TrainingRecord) -> str:
        """Make a version of a logged model, tagged completed last; return its number.

        Parameters
        ----------
        run : RunInfo
        logged : LoggedModel
        record : TrainingRecord
        """
        with tolerate("RESOURCE_ALREADY_EXISTS"):
            self._client.create_registered_model(self.model_name)
        tags = {"artifact_hash": record.artifact_hash}
        known = label_known_through(record.artifact_folder)
        # Not as models:/<id>: MLflow looks such a source up in the process's own tracking store.
        made = self._client.create_model_version(
            self.model_name,
            source=logged.artifact_location,
            run_id=run.run_id,
            tags=tags if known is None else {**tags, KNOWN_THROUGH: known},
            model_id=logged.model_id,
        )
        version = str(made.version)
        # MLflow's own link from a model's page to its version; a server sets it, a database does not.
        link = json.dumps([{"name": self.model_name, "version": int(version)}])
        self._client.set_logged_model_tags(logged.model_id, {"mlflow.modelVersions": link})
        name = model_version_name(version, record.artifact_hash)
        self._client.set_model_version_tag(self.model_name, version, "model_version", name)
        self._client.set_model_version_tag(self.model_name, version, COMPLETED, "true")
        return version

    def set_alias(self, alias: str, version: str) -> None:
        """Point an alias to a version.

        MLflow looks an alias up and then inserts it: of two writers that a server serves at once, the
        later insert breaks the key, and the server answers BAD_REQUEST. The row is there when the call
        is made again, so that it is updated.
        """
        written = False
        with tolerate("BAD_REQUEST"):
            self._client.set_registered_model_alias(self.model_name, alias, version)
            written = True
        if not written:
            self._client.set_registered_model_alias(self.model_name, alias, version)

    def aliases(self) -> dict[str, str]:
        """Return the version by alias, whether or not that version still exists."""
        model = None
        with tolerate("RESOURCE_DOES_NOT_EXIST"):
            model = self._client.get_registered_model(self.model_name)
        return {} if model is None else {alias: str(at) for alias, at in model.aliases.items()}

    def find(self, version: str) -> ModelVersion | None:
        """Return a version, None when there is none with this number."""
        one = None
        with tolerate("RESOURCE_DOES_NOT_EXIST"):
            one = self._client.get_model_version(self.model_name, version)
        return None if one is None else self._described(one, self.aliases())

    def all(self) -> list[ModelVersion]:
        """Return every version, the newest first."""
        aliases = self.aliases()
        found = [self._described(one, aliases) for one in self._search()]
        return sorted(found, key=lambda one: int(one.version), reverse=True)

    def completed(self, run_id: str | None = None) -> list[str]:
        """Return the numbers of the versions that can become champion, the newest first.

        Parameters
        ----------
        run_id : str, optional
            Only those of this training run.
        """
        ready = [
            int(one.version)
            for one in self._search()
            if one.tags.get(COMPLETED) == "true" and run_id in (None, one.run_id)
        ]
        return [str(number) for number in sorted(ready, reverse=True)]

    def _search(self) -> list[Any]:
        wanted = f"name='{self.model_name}'"
        page = self._client.search_model_versions(wanted)
        found = list(page)
        while page.token:
            page = self._client.search_model_versions(wanted, page_token=page.token)
            found.extend(page)
        return found

    def _described(self, one: Any, aliases: dict[str, str]) -> ModelVersion:
        version = str(one.version)
        artifact_hash = one.tags.get("artifact_hash", "")
        known = one.tags.get(KNOWN_THROUGH)
        metrics, tags = self._logged(one.run_id)
        return ModelVersion(
            version=version,
            model_version=model_version_name(version, artifact_hash),
            artifact_hash=artifact_hash,
            run_id=one.run_id or "",
            aliases=tuple(sorted(alias for alias, at in aliases.items() if at == version)),
            metrics=metrics,
            created_at=pd.Timestamp(one.creation_timestamp, unit="ms", tz="UTC"),
            completed=one.tags.get(COMPLETED) == "true",
            tags=tags,
            label_known_through=None if known is None else pd.Timestamp(known),
        )

    def _logged(self, run_id: str | None) -> tuple[dict[str, float], dict[str, str]]:
        """Return metrics and tags of a run; both are empty when it is gone."""
        data = None
        with tolerate("RESOURCE_DOES_NOT_EXIST"):
            data = self._client.get_run(run_id).data if run_id else None
        if data is None:
            return {}, {}
        own = {name: text for name, text in data.tags.items() if not name.startswith("mlflow.")}
        return dict(data.metrics), own
