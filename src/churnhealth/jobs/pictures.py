"""The pictures that a training run leaves behind; one that cannot be drawn is no reason to fail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Any

from churnhealth.jobs.judging import Judged

# What the extra `plots` brings to draw charts without a browser.
NEEDED = ("altair", "vl_convert")


def _reliability(judged: Judged) -> Any:
    from churnhealth.plots.reliability import reliability_diagram

    return reliability_diagram(judged.report.reliability)


def _backtest(judged: Judged) -> Any:
    from churnhealth.plots.backtest import backtest_over_windows

    return backtest_over_windows(judged.backtest.metrics)


def _lift(judged: Judged) -> Any:
    from churnhealth.plots.lift import lift_by_capacity

    return lift_by_capacity(judged.report.lift)


def _png(draw: Callable[[Judged], Any]) -> Callable[[Judged], bytes]:
    def drawn(judged: Judged) -> bytes:
        from churnhealth.plots.render import picture_png

        return picture_png(draw(judged))

    return drawn


# File name of a picture, and what draws it.
DRAWN: Mapping[str, Callable[[Judged], bytes]] = {
    "reliability.png": _png(_reliability),
    "backtest.png": _png(_backtest),
    "lift.png": _png(_lift),
}


def training_pictures(judged: Judged, say: Callable[[str], object]) -> dict[str, bytes]:
    """Draw the pictures of a training run.

    Parameters
    ----------
    judged : Judged
        The recipes on rows put aside.
    say : callable
        Told a sentence about each picture that could not be drawn.

    Returns
    -------
    dict of bytes
        Pictures by file name; none without the extra `plots`.
    """
    if any(find_spec(name) is None for name in NEEDED):
        return {}
    pictures = dict[str, bytes]()
    for name, draw in DRAWN.items():
        try:
            pictures[name] = draw(judged)
        except Exception as error:  # noqa: BLE001 - a model must not be lost for want of a picture
            say(f"the picture {name} could not be drawn ({type(error).__name__}: {error})")
    return pictures
