"""shap's own pictures, drawn from our contributions."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator

import matplotlib as mpl
import numpy as np
import pytest

from churnhealth.errors import MissingDependencyError
from churnhealth.estimator import HealthModel
from churnhealth.explain.explanation import Explanation
from churnhealth.plots.shap_view import shap_explanation

mpl.use("Agg")
from matplotlib import pyplot as plt

with warnings.catch_warnings():
    # What shap imports warns of what it imports; nothing of ours.
    warnings.simplefilter("ignore")
    import shap


@pytest.fixture
def explanation(fitted: HealthModel, customers: tuple) -> Explanation:
    return fitted.explain(customers[0].head(50))


@pytest.fixture(autouse=True)
def closed_figures() -> Iterator[None]:
    plt.close("all")
    yield
    plt.close("all")


def test_base_and_values_are_the_health_score(explanation: Explanation) -> None:
    made = shap_explanation(explanation)
    assert made.values.shape == explanation.points.shape
    total = made.base_values + made.values.sum(axis=1)
    assert np.abs(total - explanation.health_score.to_numpy()).max() < 1e-9
    assert list(made.feature_names) == list(explanation.points.columns)


def test_values_come_as_numbers_to_colour_by_and_as_they_were_to_read(explanation: Explanation) -> None:
    made = shap_explanation(explanation)
    at = list(made.feature_names).index("plan")
    assert set(made.display_data[:, at]) == {"Basic", "Pro", "Enterprise"}
    # By name: Basic 0, Enterprise 1, Pro 2.
    codes = dict(zip(made.display_data[:, at], made.data[:, at], strict=True))
    assert codes == {"Basic": 0.0, "Enterprise": 1.0, "Pro": 2.0}
    nps = list(made.feature_names).index("nps")
    assert np.isnan(made.data[:, nps]).sum() == explanation.values["nps"].isna().sum()


def test_names_can_be_labels(explanation: Explanation) -> None:
    made = shap_explanation(explanation, "en")
    assert "NPS:missing" in made.feature_names


@pytest.mark.parametrize("picture", ["waterfall", "beeswarm", "bar"])
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::PendingDeprecationWarning")
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_shap_draws_from_our_values(explanation: Explanation, picture: str) -> None:
    made = shap_explanation(explanation)
    chosen = made[0] if picture == "waterfall" else made
    getattr(shap.plots, picture)(chosen, show=False)
    figure = plt.gcf()
    figure.canvas.draw()
    told = " ".join(text.get_text() for axis in figure.axes for text in axis.get_yticklabels())
    assert "plan" in told


def test_a_waterfall_ends_at_the_health_score(explanation: Explanation) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        shap.plots.waterfall(shap_explanation(explanation)[0], show=False)
    told = [text.get_text() for axis in plt.gcf().axes for text in axis.get_xticklabels()]
    score = explanation.health_score.iloc[0]
    shown = " ".join(told).replace("−", "-")
    assert f"{score:.3f}".rstrip("0").rstrip(".") in shown


def test_without_shap_the_message_names_the_extra(
    explanation: Explanation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "shap", None)
    with pytest.raises(MissingDependencyError, match=r"churnhealth\[plots\]"):
        shap_explanation(explanation)
