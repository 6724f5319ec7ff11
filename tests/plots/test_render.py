"""Files of pictures, and what is said where a library is missing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from churnhealth.errors import ConfigError, MissingDependencyError
from churnhealth.plots import importance_bars, picture_svg, save_picture


@pytest.fixture
def chart(tables: dict[str, Any]) -> Any:
    return importance_bars(tables["importance"])


def test_a_picture_is_written_as_its_ending_says(chart: Any, tmp_path: Path) -> None:
    path = save_picture(chart, tmp_path / "a.svg")
    assert path.read_text(encoding="utf-8") == picture_svg(chart)
    small, large = (
        save_picture(chart, str(tmp_path / f"{scale}.PNG"), scale).read_bytes() for scale in (1.0, 2.0)
    )
    width, double = (int.from_bytes(one[16:20], "big") for one in (small, large))
    assert abs(double - 2 * width) <= 1


def test_another_ending_is_refused(chart: Any, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"'\.svg', '\.png', got 'a\.pdf'"):
        save_picture(chart, tmp_path / "a.pdf")
    assert not list(tmp_path.iterdir())


def test_without_the_converter_the_message_names_the_extra(
    chart: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(MissingDependencyError, match=r"pip install churnhealth\[plots\]"):
        picture_svg(chart)


def _run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_altair_waits_until_a_picture_is_asked_for() -> None:
    code = "import sys, churnhealth, churnhealth.plots; print('altair' in sys.modules)"
    assert _run(code) == "False"


def test_without_altair_the_message_names_the_extra() -> None:
    code = (
        "import sys; sys.modules['altair'] = None\n"
        "from churnhealth.errors import MissingDependencyError\n"
        "try:\n    from churnhealth.plots import waterfall\n"
        "except MissingDependencyError as error:\n    print(error)"
    )
    assert _run(code).endswith("pip install churnhealth[plots]")


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(ImportError, match="nonsense"):
        from churnhealth.plots import nonsense  # noqa: F401
