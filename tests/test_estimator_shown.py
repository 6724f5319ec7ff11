"""A fitted model shows what it learned; an unfitted one what scikit-learn shows."""

from __future__ import annotations

import pytest
from sklearn import config_context

from churnhealth.estimator import HealthModel


def test_an_unfitted_model_is_shown_as_scikit_learn_does() -> None:
    model = HealthModel(random_state=3)
    assert str(model) == repr(model) == "HealthModel(random_state=3)"
    assert "sk-" in model._repr_html_()


def test_a_fitted_model_says_what_it_learned_from_and_what_it_chose(fitted: HealthModel) -> None:
    text = str(fitted)
    assert repr(fitted) == "HealthModel()"
    told = fitted.model_.summary
    assert f"Learned from 600 rows; {told['churners']} churned: base rate" in text
    assert f"Rung: {told['rung']}. {told['reason']}" in text
    for part in ("Members of the stack", "Health bands", "satisfaction", "100.0"):
        assert part in text


def test_notebooks_get_the_same_as_tables_without_scripts(fitted: HealthModel) -> None:
    made = fitted._repr_mimebundle_()
    assert made["text/html"] == fitted._repr_html_()
    assert made["text/html"].count("<table>") == 4
    assert "<script" not in made["text/html"]
    with config_context(display="text"), pytest.raises(AttributeError):
        _ = fitted._repr_html_


def test_bands_are_told_as_probabilities_and_scores(fitted: HealthModel) -> None:
    bands = dict(fitted._tables())["Health bands"].set_index("health_band")
    red = fitted.bands_.red
    assert bands.loc["red"].tolist() == [red, f"{100 * (1 - red):.1f}"]
