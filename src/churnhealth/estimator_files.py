"""How `HealthModel` is kept: a folder of data, never a pickle."""

from __future__ import annotations

import importlib.metadata
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from churnhealth.domain.health import HealthBands
from churnhealth.domain.indicators import Catalogue
from churnhealth.domain.problem import ChurnProblem
from churnhealth.errors import ArtifactError
from churnhealth.estimator_explain import Explains
from churnhealth.estimator_inputs import plain_value
from churnhealth.explain.contributions import Reference
from churnhealth.model.artifact import load_artifact, save_artifact
from churnhealth.model.drift_reference import DriftReference
from churnhealth.model.fitted import FittedModel
from churnhealth.model.options import TrainingOptions


class Kept(Explains):
    """Scores and explanations of a model that can be saved and loaded."""

    problem: ChurnProblem | None
    catalogue: Catalogue | None
    bands: HealthBands | None
    options: TrainingOptions | None
    options_: TrainingOptions
    random_state: int
    label_known_through_: pd.Timestamp | None
    artifact_hash_: str | None
    drift_reference_: DriftReference | None

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write the model to a folder of LightGBM text and JSON with checksums; never a pickle.

        Raises
        ------
        ArtifactError
            When the folder holds other files or cannot be written.
        """
        check_is_fitted(self)
        known = self.label_known_through_
        facts = {
            "churnhealth_version": importlib.metadata.version("churnhealth"),
            "problem": (self.problem or ChurnProblem()).to_dict(),
            "classes": [plain_value(label) for label in self.classes_],
            "positive_label": plain_value(self.positive_label_),
            "named_columns": hasattr(self, "feature_names_in_"),
            "indicators": [column.name for column in self.model_.columns],
            "catalogue": self.catalogue_.to_dict(),
            "reference": self.reference_.to_dict(),
            "drift_reference": drift.to_dict() if (drift := self.drift_reference_) else None,
            "bands": {"yellow": self.bands_.yellow, "red": self.bands_.red},
            "label_known_through": None if known is None else known.isoformat(),
            "options": self.options_.to_dict(),
            "random_state": self.random_state,
        }
        self.artifact_hash_ = save_artifact(Path(folder), self.model_, facts)
        return Path(folder)

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> Self:
        """Read a model that `save` wrote; checksums, version and names are checked first.

        Raises
        ------
        ArtifactError
            When the folder is missing, damaged, foreign or of another schema_version.
        """
        fitted, manifest, digest = load_artifact(Path(folder))
        try:
            return cls()._restore(fitted, manifest, digest)
        except (KeyError, TypeError, ValueError) as error:
            raise ArtifactError(f"{folder}: the manifest is incomplete ({error!r})") from error

    def _restore(self, fitted: FittedModel, manifest: Mapping[str, Any], digest: str) -> Self:
        self.problem = ChurnProblem.from_dict(manifest["problem"])
        self.catalogue = self.catalogue_ = Catalogue.from_dict(manifest["catalogue"])
        self.bands = self.bands_ = HealthBands(**manifest["bands"])
        self.random_state = manifest["random_state"]
        # Artifacts of older releases were made with the defaults.
        self.options = self.options_ = TrainingOptions.from_dict(manifest.get("options", {}))
        self.classes_ = np.asarray(manifest["classes"])
        self.positive_label_ = manifest["positive_label"]
        known = manifest["label_known_through"]
        self.label_known_through_ = None if known is None else pd.Timestamp(known)
        self.n_features_in_ = len(fitted.columns)
        if manifest["named_columns"]:
            self.feature_names_in_ = np.asarray(manifest["indicators"], dtype=object)
        self.model_ = fitted
        self.reference_ = Reference.from_dict(manifest["reference"])
        # Artifacts of older releases keep none.
        kept = manifest.get("drift_reference")
        self.drift_reference_ = None if kept is None else DriftReference.from_dict(kept)
        self.artifact_hash_ = digest
        return self
