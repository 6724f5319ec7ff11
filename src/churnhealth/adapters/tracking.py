"""What a model registry does for the jobs, in plain records; no tracking library is imported here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pandas as pd

from churnhealth.errors import TrackingError

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class FoldRecord:
    """One window of past time on which a run judged its recipe.

    Parameters
    ----------
    name : str
        The window, such as "2026-01-01"; what people see in the list of runs.
    params : mapping of str to str, int, float or bool
        What it was trained and judged on: rows, cutoffs, churners.
    metrics : mapping of str to float
        Measures on this window; units and gaps as in `TrainingRecord`.
    """

    name: str
    params: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class TrainingRecord:
    """Everything that one training run leaves behind: described here, written elsewhere.

    Parameters
    ----------
    run_name : str
        What people see in the list of runs.
    params : mapping of str to str, int, float or bool
        Settings of the run.
    metrics : mapping of str to float
        Measures on data that the model has not seen; log losses in nats, areas and shares 0-1. One
        that is not finite (it could not be measured) is left out of the run.
    tags : mapping of str to str
        Facts to search runs by, such as the fingerprint of the data.
    tables : mapping of str to DataFrame
        Tables by name, without a file suffix; each becomes `tables/<name>.csv`, without its index.
    texts : mapping of str to str
        Texts by file name, such as `model_card.md`.
    pictures : mapping of str to bytes or str
        Pictures by file name: the bytes of a PNG, the text of an SVG; each becomes `pictures/<name>`.
    artifact_folder : Path
        The saved model: the folder that holds `manifest.json`.
    artifact_hash : str
        SHA-256 of the manifest, which holds those of the other files; 64 hexadecimal digits.
    input_example : DataFrame, optional
        A few rows of the indicators, in the order of the model and without identifiers. The
        signature for serving tools is taken from it; without it there is no signature.
    folds : tuple of FoldRecord
        The windows judged, the oldest first; each becomes a run nested in this one.
    """

    run_name: str
    artifact_folder: Path
    artifact_hash: str
    params: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    pictures: Mapping[str, bytes | str] = field(default_factory=dict)
    input_example: pd.DataFrame | None = None
    folds: tuple[FoldRecord, ...] = ()

    def __post_init__(self) -> None:
        if not (self.artifact_folder / MANIFEST).is_file():
            raise TrackingError(
                f"training record: expected the folder of a saved model, with {MANIFEST}, "
                f"got {str(self.artifact_folder)!r}; write it with HealthModel.save(folder)"
            )
        found = manifest_hash(self.artifact_folder)
        if self.artifact_hash != found:
            raise TrackingError(
                f"training record: expected artifact_hash to be the SHA-256 of {MANIFEST}, {found}, "
                f"got {self.artifact_hash!r}; take HealthModel.artifact_hash_ after saving"
            )


@dataclass(frozen=True)
class ModelVersion:
    """One registered version of the model.

    Parameters
    ----------
    version : str
        The registry's own number, such as "3".
    model_version : str
        `version` and the first 12 digits of the artifact's hash: the name that the tables carry, for
        a rebuilt registry starts at 1 again.
    artifact_hash : str
        SHA-256 of the artifact's manifest; empty for a version that churnhealth did not write.
    run_id : str
        The training run that made it.
    aliases : tuple of str
        Such as "champion", in alphabetical order.
    metrics : mapping of str to float
        As logged by the run; empty when the run is gone.
    created_at : Timestamp
        When it was registered, UTC.
    completed : bool
        False when its training run was stopped before everything was written.
    tags : mapping of str to str
        Of the training run: those of its record, and the registry's own; empty when the run is gone.
    label_known_through : Timestamp, optional
        Until when labels were known that it learned from, UTC; None when its artifact does not say.
    """

    version: str
    model_version: str
    artifact_hash: str
    run_id: str
    aliases: tuple[str, ...]
    metrics: Mapping[str, float]
    created_at: pd.Timestamp
    completed: bool
    tags: Mapping[str, str] = field(default_factory=dict)
    label_known_through: pd.Timestamp | None = None


def manifest_hash(folder: Path) -> str:
    """Return the SHA-256 of an artifact's manifest, 64 hexadecimal digits."""
    return hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()


def label_known_through(folder: Path) -> str | None:
    """Return until when an artifact's labels were known, as its manifest writes it; None: not said."""
    try:
        known = json.loads((folder / MANIFEST).read_bytes()).get("label_known_through")
    except (ValueError, AttributeError) as error:
        raise TrackingError(
            f"training record: expected a JSON object in {MANIFEST}, got damaged text ({error}); write "
            "it with HealthModel.save(folder)"
        ) from error
    return None if known is None else str(known)


def model_version_name(version: str, artifact_hash: str) -> str:
    """Return the name of a version that the tables carry.

    Examples
    --------
    >>> model_version_name("3", "0123456789abcdef" * 4)
    '3-0123456789ab'
    """
    return f"{version}-{artifact_hash[:12]}"


class ModelRegistry(Protocol):
    """Where runs are tracked and versions of the model are kept; every failure is a `TrackingError`."""

    def describe(self) -> str:
        """Say in one line where the registry is; credentials are masked."""
        ...

    def log_version(self, record: TrainingRecord) -> ModelVersion:
        """Write a run with all it left behind and register its model; marked completed last.

        The new version carries no alias: nobody scores with it before `set_champion`.
        """
        ...

    def set_champion(self, version: str) -> None:
        """Make a completed version the champion; the champion until now becomes `previous`.

        The alias champion is written last, so whoever reads sees the old one or the new one. A run
        that was killed in between is repaired by the next call.
        """
        ...

    def set_challenger(self, version: str) -> None:
        """Give a completed version the alias challenger."""
        ...

    def champion(self) -> ModelVersion | None:
        """Return the version that scores, or None when there is none yet.

        Raises
        ------
        TrackingError
            The alias points to a version that is gone or was never completed.
        """
        ...

    def versions(self) -> list[ModelVersion]:
        """Return all versions, the newest first, also those that were never completed.

        The version that a promotion would go back to carries the alias "previous".
        """
        ...

    def download(self, version: str, folder: Path) -> Path:
        """Copy a version's artifact into a new or empty folder; return the folder with the manifest.

        Only files are copied: no code of the artifact is run, and nothing is loaded.
        """
        ...

    def logged_text(self, version: str, path: str) -> str | None:
        """Return a text of a version's training run, such as "model_card.md"; None: there is none.

        Tables are CSV: "tables/reliability.csv".
        """
        ...

    def ui_command(self) -> str:
        """Return the command that shows runs and versions in a browser."""
        ...
