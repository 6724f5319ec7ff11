"""Results on disk: predictions and costs of each fold, so that nothing is measured twice."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

FOLDER = Path("/tmp/quality-cache")  # noqa: S108
MEASURED = ("estimator*.py", "model", "explain", "features", "labels", "domain")


@dataclass(frozen=True)
class Result:
    """What a tool predicted for the judged rows of a fold, and what that cost."""

    rows: npt.NDArray[np.int64]
    y: npt.NDArray[np.int64]
    customer: npt.NDArray[np.int64]
    p: npt.NDArray[np.float64]
    facts: Facts


@dataclass(frozen=True)
class Facts:
    """Costs in CPU seconds, and the circumstances."""

    fold: int
    folds: int
    digest: str
    learned_from: int
    fit_seconds: float
    predict_seconds: float
    wall_seconds: float
    load: float
    budget: str
    python: str
    versions: dict[str, str]
    measured_at: str


def save(folder: Path, result: Result) -> None:
    """Write a fold's result; the file with the facts comes last and makes it whole."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = folder / f"{result.facts.fold:02d}"
    arrays: dict[str, Any] = {
        "rows": result.rows,
        "y": result.y,
        "customer": result.customer,
        "p": result.p,
    }
    np.savez_compressed(stem.with_suffix(".npz"), **arrays)
    stem.with_suffix(".json").write_text(json.dumps(asdict(result.facts), indent=1))


def load(folder: Path) -> list[Result]:
    """Read the results of all folds that are there, in order."""
    found = []
    for path in sorted(folder.glob("*.json")):
        with np.load(path.with_suffix(".npz")) as arrays:
            facts = Facts(**json.loads(path.read_text()))
            found.append(Result(arrays["rows"], arrays["y"], arrays["customer"], arrays["p"], facts))
    return found


def missing_folds(folder: Path, wanted: list[int]) -> list[int]:
    """Return the folds whose result is not there."""
    return [fold for fold in wanted if not (folder / f"{fold:02d}.json").exists()]


def forget(folder: Path, folds: list[int]) -> None:
    """Remove the results of these folds."""
    for fold in folds:
        (folder / f"{fold:02d}.json").unlink(missing_ok=True)


def remembered(
    work: Path, results: Sequence[Result], compute: Callable[[Sequence[Result]], dict[str, float]]
) -> dict[str, float]:
    """Return `compute(results)`, from disk where the same results were scored by the same source."""
    digest = hashlib.sha256(source_fingerprint(("evaluate",)).encode())
    for result in results:
        digest.update(result.p.tobytes() + result.y.tobytes())
        digest.update(f"{result.facts.fit_seconds} {result.facts.predict_seconds}".encode())
    path = work / "scores" / f"{digest.hexdigest()[:20]}.json"
    if path.exists():
        found: dict[str, float] = json.loads(path.read_text())
        return found
    path.parent.mkdir(exist_ok=True)
    computed = compute(results)
    path.write_text(json.dumps(computed))
    return computed


def source_fingerprint(parts: Sequence[str] = MEASURED) -> str:
    """Hash the source of the churnhealth that Python finds; by default what fits and predicts."""
    spec = importlib.util.find_spec("churnhealth")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("churnhealth is not importable: set PYTHONPATH to the src folder to measure")
    root = Path(spec.submodule_search_locations[0])
    files = [path for part in parts for found in root.glob(part) for path in _files(found)]
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(str(path.relative_to(root)).encode() + path.read_bytes())
    return digest.hexdigest()[:10]


def _files(path: Path) -> list[Path]:
    return [path] if path.suffix == ".py" else list(path.rglob("*.py"))
