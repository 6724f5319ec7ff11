"""Read the versions and aliases of one registered model out of MLflow's records."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pandas as pd

from churnhealth.adapters.tracking import ModelVersion, model_version_name
from churnhealth.adapters.tracking_mlflow_client import import_mlflow

COMPLETED = "completed"


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

    def completed(self) -> list[str]:
        """Return the numbers of the versions that can become champion, the newest first."""
        ready = [str(one.version) for one in self._search() if one.tags.get(COMPLETED) == "true"]
        return sorted(ready, key=int, reverse=True)

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
        return ModelVersion(
            version=version,
            model_version=model_version_name(version, artifact_hash),
            artifact_hash=artifact_hash,
            run_id=one.run_id or "",
            aliases=tuple(sorted(alias for alias, at in aliases.items() if at == version)),
            metrics=self._metrics(one.run_id),
            created_at=pd.Timestamp(one.creation_timestamp, unit="ms", tz="UTC"),
            completed=one.tags.get(COMPLETED) == "true",
        )

    def _metrics(self, run_id: str | None) -> dict[str, float]:
        found: dict[str, float] = {}
        with tolerate("RESOURCE_DOES_NOT_EXIST"):
            if run_id:
                found = dict(self._client.get_run(run_id).data.metrics)
        return found
