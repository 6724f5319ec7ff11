"""Pictures as SVG and PNG, made without a browser and without any outside request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from churnhealth.errors import ConfigError, MissingDependencyError, listed

ENDINGS = (".svg", ".png")


def picture_svg(chart: Any) -> str:
    """Return a picture as SVG text; all text from data is escaped in it.

    Parameters
    ----------
    chart : altair chart
        As the functions of this package return it.

    Raises
    ------
    MissingDependencyError
        vl-convert-python is not installed.
    """
    found: str = _converter().vegalite_to_svg(chart.to_dict())
    return found


def picture_png(chart: Any, scale: float = 2.0) -> bytes:
    """Return a picture as PNG.

    Parameters
    ----------
    chart : altair chart
        As the functions of this package return it.
    scale : float
        Pixels per point, above 0; 2 for screens, 4 for print.

    Raises
    ------
    MissingDependencyError
        vl-convert-python is not installed.
    """
    found: bytes = _converter().svg_to_png(picture_svg(chart), scale=scale)
    return found


def save_picture(chart: Any, path: str | Path, scale: float = 2.0) -> Path:
    """Write a picture to a file that ends in .svg or .png, and return its path.

    Parameters
    ----------
    chart : altair chart
        As the functions of this package return it.
    path : str or Path
        An existing file is replaced.
    scale : float
        As in `picture_png`.

    Raises
    ------
    ConfigError
        Another ending.
    MissingDependencyError
        vl-convert-python is not installed.
    """
    target = Path(path)
    if target.suffix.lower() not in ENDINGS:
        raise ConfigError(f"picture: expected a file ending in {listed(ENDINGS)}, got {target.name!r}")
    if target.suffix.lower() == ".svg":
        target.write_text(picture_svg(chart), encoding="utf-8")
    else:
        target.write_bytes(picture_png(chart, scale))
    return target


def _converter() -> Any:
    try:
        import vl_convert
    except ImportError as error:
        raise MissingDependencyError(
            "files of pictures need the package vl-convert-python; pip install churnhealth[plots]"
        ) from error
    return vl_convert
