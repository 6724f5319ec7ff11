from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from churnhealth.errors import ArtifactError
from churnhealth.estimator import HealthModel


@pytest.fixture
def folder(fitted: HealthModel, tmp_path: Path) -> Path:
    return fitted.save(tmp_path / "model")


def rewrite_manifest(folder: Path, **changes: object) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest.update(changes)
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_a_model_comes_back_to_the_bit(folder: Path, fitted: HealthModel, customers: tuple) -> None:
    frame = customers[0]
    back = HealthModel.load(folder)
    assert np.array_equal(back.churn_probability(frame), fitted.churn_probability(frame))
    assert back.explain(frame).points.equals(fitted.explain(frame).points)
    assert back.health_band(frame).tolist() == fitted.health_band(frame).tolist()
    assert back.artifact_hash_ == hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()


def test_saving_what_was_loaded_writes_the_same_artifact(folder: Path, tmp_path: Path) -> None:
    back = HealthModel.load(folder)
    again = back.save(tmp_path / "again")
    assert HealthModel.load(again).artifact_hash_ == HealthModel.load(folder).artifact_hash_


def test_a_folder_holds_json_and_text_only(folder: Path) -> None:
    assert {path.suffix for path in folder.iterdir()} == {".json", ".txt"}


def test_a_flipped_byte_in_any_file_is_found(folder: Path) -> None:
    for path in sorted(folder.iterdir()):
        if path.name == "manifest.json":
            continue
        raw = path.read_bytes()
        path.write_bytes(raw[:50] + bytes([raw[50] ^ 1]) + raw[51:])
        with pytest.raises(ArtifactError, match="altered or damaged"):
            HealthModel.load(folder)
        path.write_bytes(raw)
    HealthModel.load(folder)


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "model.json").unlink()
    with pytest.raises(ArtifactError, match=r"model\.json.*missing"):
        HealthModel.load(folder)


def test_a_folder_that_is_not_there_or_is_foreign_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="expected a model folder"):
        HealthModel.load(tmp_path / "nowhere")
    (tmp_path / "manifest.json").write_text('{"kind": "something else"}')
    with pytest.raises(ArtifactError, match="not a model of churnhealth"):
        HealthModel.load(tmp_path)
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(ArtifactError, match="expected JSON"):
        HealthModel.load(tmp_path)


def test_a_future_schema_version_is_refused_with_what_to_do(folder: Path) -> None:
    rewrite_manifest(folder, schema_version=99)
    with pytest.raises(ArtifactError, match="expected schema_version 2 or 3, got 99"):
        HealthModel.load(folder)


def test_an_artifact_of_version_2_is_read_and_its_sentences_tell_no_shares(
    folder: Path, fitted: HealthModel, customers: tuple
) -> None:
    values = json.loads((folder / "model.json").read_text())
    for column in values["columns"]:
        del column["shares"]
    del values["point_table"]
    values["base_rate_error"] = values.pop("level_error")
    (folder / "model.json").write_text(json.dumps(values))
    files = json.loads((folder / "manifest.json").read_text())["files"]
    files["model.json"] = hashlib.sha256((folder / "model.json").read_bytes()).hexdigest()
    rewrite_manifest(folder, files=files, schema_version=2)
    old, frame = HealthModel.load(folder), customers[0]
    assert np.array_equal(old.churn_probability(frame), fitted.churn_probability(frame))
    assert old.model_.level_error == fitted.model_.level_error
    assert old.explain(frame).level_shares == {}
    assert set(fitted.explain(frame).level_shares) == {"plan"}


@pytest.mark.parametrize("name", ["../outside.txt", "/etc/passwd", "a/b.txt", "..", "a\\b"])
def test_names_that_climb_out_of_the_folder_are_refused(folder: Path, name: str) -> None:
    files = json.loads((folder / "manifest.json").read_text())["files"]
    rewrite_manifest(folder, files={**files, name: "0" * 64})
    with pytest.raises(ArtifactError, match="lead out of the folder"):
        HealthModel.load(folder)


def test_a_link_in_place_of_a_file_is_refused(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere.json"
    (folder / "model.json").rename(target)
    (folder / "model.json").symlink_to(target)
    with pytest.raises(ArtifactError, match="a link is refused"):
        HealthModel.load(folder)


def test_intact_files_that_are_no_model_are_refused(folder: Path) -> None:
    (folder / "model.json").write_text('{"columns": []}')
    files = json.loads((folder / "manifest.json").read_text())["files"]
    files["model.json"] = hashlib.sha256(b'{"columns": []}').hexdigest()
    rewrite_manifest(folder, files=files)
    with pytest.raises(ArtifactError, match="not a model that this release can read"):
        HealthModel.load(folder)


def test_an_incomplete_manifest_is_refused(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["bands"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ArtifactError, match="incomplete"):
        HealthModel.load(folder)


def test_a_folder_with_other_files_is_never_overwritten(fitted: HealthModel, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(ArtifactError, match="other files"):
        fitted.save(tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_an_older_model_is_replaced_and_nothing_is_left_over(fitted: HealthModel, folder: Path) -> None:
    fitted.save(folder)
    assert [path.name for path in folder.parent.iterdir()] == ["model"]


def test_a_place_that_cannot_be_written_is_a_clear_error(fitted: HealthModel, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ArtifactError, match="cannot be written here"):
        fitted.save(tmp_path / "file" / "model")
