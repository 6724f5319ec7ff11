from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from churnhealth.adapters.tracking import TrainingRecord, manifest_hash
from churnhealth.errors import TrackingError


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    (tmp_path / "manifest.json").write_bytes(b"{}")
    return tmp_path


def test_the_hash_of_an_artifact_is_that_of_its_manifests_bytes(artifact: Path) -> None:
    # echo -n '{}' | sha256sum
    expected = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    assert manifest_hash(artifact) == expected == hashlib.sha256(b"{}").hexdigest()


def test_a_record_takes_a_saved_model_with_its_hash(artifact: Path) -> None:
    record = TrainingRecord("first", artifact, manifest_hash(artifact))
    assert record.params == record.metrics == record.tags == record.tables == record.texts == {}
    assert record.input_example is None


def test_a_record_refuses_a_folder_that_is_no_saved_model(tmp_path: Path) -> None:
    with pytest.raises(TrackingError, match=r"with manifest\.json, got .*HealthModel\.save"):
        TrainingRecord("first", tmp_path, "0" * 64)


def test_a_record_refuses_the_hash_of_something_else(artifact: Path) -> None:
    with pytest.raises(TrackingError, match=r"44136fa355b3.*got '0000.*artifact_hash_ after saving"):
        TrainingRecord("first", artifact, "0" * 64)
