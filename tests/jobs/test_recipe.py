"""A recipe takes its settings along: the point table made by hand, or those rules that it can use."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from churnhealth.errors import SchemaError
from churnhealth.jobs.recipe import fit_rows
from churnhealth.jobs.training_rows import read_training_panel
from churnhealth.jobs.wiring import Workplace

POINTS = """
[points.logins]
bins = [{ low = 0.0, points = 5 }]

[points.noise]
bins = [{ low = 1.0, points = 1 }]

[scoring]"""


@pytest.fixture
def with_points(quarterly: Workplace, reopened: Callable[..., Workplace]) -> Workplace:
    return reopened(quarterly, "\n[scoring]", POINTS)


def test_the_points_made_by_hand_are_those_of_the_model(with_points: Workplace) -> None:
    panel = read_training_panel(with_points)
    everybody = np.ones(len(panel.X), dtype=bool)
    model = fit_rows(with_points, panel, everybody)
    assert model.model_.point_table.indicators == ("logins", "noise")
    narrow = fit_rows(with_points, panel, everybody, ["logins", "plan"])
    assert narrow.model_.point_table.indicators == ("logins",)


def test_points_for_an_indicator_that_the_panel_does_not_have_are_refused(
    quarterly: Workplace, reopened: Callable[..., Workplace]
) -> None:
    wrong = reopened(quarterly, "\n[scoring]", POINTS.replace("points.noise", "points.login"))
    panel = read_training_panel(wrong)
    with pytest.raises(SchemaError, match="login"):
        fit_rows(wrong, panel, np.ones(len(panel.X), dtype=bool))
