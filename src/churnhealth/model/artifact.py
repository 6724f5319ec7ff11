"""The artifact: a folder of data, never of code, that holds everything needed to score.

`manifest.json` (version, contract, and the SHA-256 of every other file), `model.json`, and one
LightGBM text per booster. Nothing is unpickled and nothing is executed.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import lightgbm as lgb

from churnhealth.domain.scorecard import PointTable
from churnhealth.errors import ArtifactError, ConfigError, listed
from churnhealth.model.calibrate import Calibrator
from churnhealth.model.columns import ColumnSpec
from churnhealth.model.fitted import FittedModel
from churnhealth.model.linear import LinearMember
from churnhealth.model.points import PointMember
from churnhealth.model.stack import Member, SegmentCorrection, Stack
from churnhealth.model.target import TargetCode
from churnhealth.model.trees import TreeMember

KIND = "churnhealth-model"
SCHEMA_VERSION = 3
# Version 2 lacks the shares of levels.
READABLE = (2, 3)
MANIFEST = "manifest.json"
MODEL = "model.json"


def save_artifact(folder: Path, model: FittedModel, facts: Mapping[str, Any]) -> str:
    """Write an artifact folder; all of it or nothing.

    Parameters
    ----------
    folder : Path
        New, empty, or an older artifact, which is then replaced.
    model : FittedModel
        What to keep.
    facts : mapping
        The caller's own part of the manifest (problem, classes, bands, catalogue, ...), plain JSON.

    Returns
    -------
    str
        SHA-256 of the manifest, 64 hexadecimal characters: the artifact's identity.

    Raises
    ------
    ArtifactError
        When the folder holds something else, or cannot be written.
    """
    folder = Path(folder)
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MANIFEST).is_file():
        raise ArtifactError(
            f"{folder}: expected a new or empty folder or an older model, found other files"
        )
    files = _files_of(model)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            digest = _write(fresh, files, facts)
            _swap(fresh, folder)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    except OSError as error:
        raise ArtifactError(f"{folder}: the model cannot be written here: {error}") from error
    return digest


def load_artifact(folder: Path) -> tuple[FittedModel, dict[str, Any], str]:
    """Read an artifact folder back.

    Returns
    -------
    model : FittedModel
        As it was saved.
    manifest : dict
        The whole manifest, with the caller's facts.
    digest : str
        SHA-256 of the manifest.

    Raises
    ------
    ArtifactError
        When a file is missing, altered, foreign, or of a version that this release cannot read.
    """
    manifest, digest = _read_manifest(Path(folder))
    files = {name: _read_checked(Path(folder), name, sha) for name, sha in manifest["files"].items()}
    try:
        return _model_of(files), manifest, digest
    except (KeyError, TypeError, ValueError, ConfigError, lgb.basic.LightGBMError) as error:
        raise ArtifactError(
            f"{folder}: the files are intact, but they are not a model that this release can read "
            f"({type(error).__name__}: {error})"
        ) from error


def _files_of(model: FittedModel) -> dict[str, str]:
    members: list[dict[str, Any]] = []
    files: dict[str, str] = {}
    for number, (weight, member) in enumerate(
        zip(model.stack.weights, model.stack.members, strict=True)
    ):
        entry: dict[str, Any] = {"name": member.name, "weight": weight}
        if isinstance(member, LinearMember):
            entry["linear"] = member.to_dict()
        elif isinstance(member, PointMember):
            entry["points"] = member.to_dict()
        elif isinstance(member, TreeMember):
            texts = {f"trees_{number}_{at}.txt": text for at, text in enumerate(member.to_texts())}
            files.update(texts)
            entry["trees"] = list(texts)
        members.append(entry)
    files[MODEL] = _json(
        {
            "columns": [column.to_dict() for column in model.columns],
            "members": members,
            "intercept": model.stack.intercept,
            "target_codes": [code.to_dict() for code in model.stack.target_codes],
            "corrections": [one.to_dict() for one in model.stack.corrections],
            "calibrator": model.calibrator.to_dict(),
            "point_table": model.point_table.to_dict(),
            "base_rate": model.base_rate,
            "level_error": model.level_error,
            "summary": model.summary,
        }
    )
    return files


def _model_of(files: Mapping[str, str]) -> FittedModel:
    values = json.loads(files[MODEL])
    columns = tuple(ColumnSpec.from_dict(column) for column in values["columns"])
    count = len(columns)
    members = tuple(_member_of(entry, files, columns) for entry in values["members"])
    weights = tuple(float(entry["weight"]) for entry in values["members"])
    return FittedModel(
        columns=columns,
        stack=Stack(
            members,
            weights,
            float(values["intercept"]),
            count,
            tuple(TargetCode.from_dict(one) for one in values["target_codes"]),
            tuple(SegmentCorrection.from_dict(one) for one in values["corrections"]),
        ),
        calibrator=Calibrator.from_dict(values["calibrator"]),
        base_rate=float(values["base_rate"]),
        # Models of earlier releases know the error of the base rate only, and have no point table.
        level_error=float(values.get("level_error", values.get("base_rate_error", 0.0))),
        summary=values["summary"],
        point_table=PointTable.from_dict(values.get("point_table", {})),
    )


def _member_of(
    entry: Mapping[str, Any], files: Mapping[str, str], columns: tuple[ColumnSpec, ...]
) -> Member:
    if "linear" in entry:
        return LinearMember.from_dict(entry["linear"])
    if "points" in entry:
        return PointMember.from_dict(entry["points"], columns)
    count = len(columns)
    member = TreeMember.from_texts([files[name] for name in entry["trees"]], count, entry["name"])
    wrong = [booster.num_feature() for booster in member.boosters if booster.num_feature() != count]
    if wrong:
        raise ValueError(f"trees over {wrong[0]} columns in a model of {count}")
    return member


def _write(folder: Path, files: Mapping[str, str], facts: Mapping[str, Any]) -> str:
    sums = {name: _sha256(text.encode()) for name, text in sorted(files.items())}
    manifest = {"kind": KIND, "schema_version": SCHEMA_VERSION, **facts, "files": sums}
    for name, text in {**files, MANIFEST: _json(manifest)}.items():
        path = folder / name
        path.write_bytes(text.encode())
        with path.open("rb") as handle:
            os.fsync(handle.fileno())
    folder.chmod(0o755)
    return _sha256((folder / MANIFEST).read_bytes())


def _swap(fresh: Path, folder: Path) -> None:
    """Put the fresh folder in its place: whoever looks finds the old model, the new one, or none."""
    if not folder.exists():
        fresh.rename(folder)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{folder.name}-old-", dir=folder.parent))
    folder.rename(old / folder.name)
    fresh.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def _read_manifest(folder: Path) -> tuple[dict[str, Any], str]:
    path = folder / MANIFEST
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ArtifactError(
            f"{folder}: expected a model folder with a {MANIFEST}, got {error.strerror or error}"
        ) from error
    try:
        manifest = json.loads(raw)
    except ValueError as error:
        raise ArtifactError(f"{path}: expected JSON, got damaged text ({error})") from error
    if not isinstance(manifest, dict) or manifest.get("kind") != KIND:
        raise ArtifactError(f"{path}: this is not a model of churnhealth (expected kind {KIND!r})")
    if manifest.get("schema_version") not in READABLE:
        raise ArtifactError(
            f"{path}: expected schema_version {' or '.join(map(str, READABLE))}, "
            f"got {manifest.get('schema_version')!r}; read it with the release of churnhealth that "
            "wrote it, or retrain"
        )
    _check_names(path, manifest)
    return manifest, _sha256(raw)


def _check_names(path: Path, manifest: Mapping[str, Any]) -> None:
    files = manifest.get("files")
    if not isinstance(files, dict) or MODEL not in files:
        raise ArtifactError(f"{path}: the list of files is damaged")
    outside = [
        name for name in files if Path(name).name != name or "\\" in name or name in ("", ".", "..")
    ]
    if outside:
        raise ArtifactError(
            f"{path}: file names that lead out of the folder are refused: {listed(outside)}"
        )


def _read_checked(folder: Path, name: str, expected: str) -> str:
    path = folder / name
    try:
        if path.is_symlink():
            raise ArtifactError(f"{path}: a link is refused, expected a file")
        raw = path.read_bytes()
    except OSError as error:
        raise ArtifactError(
            f"{path}: a file of the model is missing ({error.strerror or error})"
        ) from error
    got = _sha256(raw)
    if got != expected:
        raise ArtifactError(
            f"{path}: the file was altered or damaged: expected SHA-256 {str(expected)[:12]}…, "
            f"got {got[:12]}…; restore the folder or retrain"
        )
    return raw.decode()


def _json(values: Mapping[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _sha256(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()
