from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

import churnhealth

ROOT = Path(__file__).parents[1]


def test_every_public_name_is_there_and_documented() -> None:
    for name in churnhealth.__all__:
        if name != "__version__":
            assert getattr(churnhealth, name).__doc__, name
    assert churnhealth.__version__ == version("churnhealth")
    assert set(churnhealth.__all__) == set(dir(churnhealth))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        _ = churnhealth.nonsense


def test_importing_the_package_does_no_work() -> None:
    code = "import sys, churnhealth; print(len([m for m in sys.modules if m.startswith('churnhealth')]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"


def test_locks_hold_versions_and_hashes_and_no_addresses() -> None:
    for name in ("demo", "dev"):
        text = (ROOT / "requirements" / f"{name}.txt").read_text()
        assert "://" not in text
        blocks = text.replace("\\\n", " ").splitlines()
        pinned = [line for line in blocks if line and not line.startswith("#")]
        assert all("==" in line and "--hash=sha256:" in line for line in pinned)


def test_every_extra_that_a_message_names_exists() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    named = set()
    for path in (ROOT / "src").rglob("*.py"):
        for part in path.read_text().split("churnhealth[")[1:]:
            named.add(part.partition("]")[0])
    assert named <= set(extras)
    assert named


def test_no_pickle_anywhere() -> None:
    words = ("import pickle", "cloudpickle", "joblib", "read_pickle", "allow_pickle=True")
    for path in (ROOT / "src").rglob("*.py"):
        found = [word for word in words if word in path.read_text()]
        assert not found, path
