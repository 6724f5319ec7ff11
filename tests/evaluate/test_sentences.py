import re

import numpy as np
import pandas as pd
import pytest

from churnhealth.errors import SchemaError
from churnhealth.evaluate.report import evaluate_model


def _said(y, p, language="en", **keywords):
    return evaluate_model(y, p, n_boot=40, n_sim=20, **keywords).sentences(language)


def _starting(sentences, start):
    return [sentence for sentence in sentences if sentence.startswith(start)]


def test_a_good_model_is_called_good(world):
    y, p, _ = world(3000, seed=1)
    said = _said(y, p)
    assert said[0].startswith(f"3,000 customers, {int(y.sum())} churners: base rate 0.")
    assert "better than the base rate" in said[2]
    assert said[3].endswith("no miscalibration that these data could show.")
    assert said[4].startswith("The riskiest tenth (300 rows) holds 0.")
    assert len(said) == 5


def test_few_churners_get_the_range_that_they_support(world):
    y = np.zeros(300)
    y[:23] = 1.0
    rng = np.random.default_rng(0)
    p = np.clip(0.08 + 0.06 * y + rng.normal(0, 0.05, 300), 0.001, 0.5)
    said = _said(y, p)
    assert said[1].startswith("Too few churners or stayers for resampling")
    assert _starting(said, "23 churners: AUC between 0.")


# Ranked second of four: an AUC of 2 / 3, and one churner says nothing.
def test_one_churner_cannot_support_a_ranking():
    said = _said([1, 0, 0, 0], [0.3, 0.4, 0.2, 0.1])
    assert said[2].startswith("1 churner: AUC between 0.")
    assert said[2].endswith("A ranking by chance cannot be ruled out.")


def test_one_class_says_that_nothing_can_be_judged():
    assert "Everybody stayed: how well churners are told" in _said([0] * 20, [0.1] * 20)[1]
    assert "Everybody churned: how well churners are told" in _said([1] * 20, [0.9] * 20)[1]
    assert not _starting(_said([0] * 20, [0.1] * 20), "0 churners: AUC")


def test_noise_is_not_told_apart_from_the_base_rate():
    y = np.repeat([1.0, 0.0], [60, 240])
    said = _said(y, np.full(300, 0.21))
    assert "not told apart from the base rate by these data" in said[2]


def test_a_harmful_model_is_called_worse(world):
    y, p, _ = world(800, seed=2)
    assert "worse than the base rate" in _said(y, 1 - p)[2]


@pytest.mark.parametrize(("shift", "start"), [(0.8, "More customers"), (-0.8, "Fewer customers")])
def test_a_wrong_level_is_named(world, shift, start):
    said = _said(*world(1500, seed=3, shift=shift)[:2])
    (level,) = _starting(said, f"{start} churned than predicted: 0.")
    assert level.endswith(" predicted.")
    assert any("miscalibrated beyond chance" in sentence for sentence in said)


@pytest.mark.parametrize(("slope", "verdict"), [(0.5, "too extreme"), (2.0, "too timid")])
def test_a_wrong_spread_is_named(world, slope, verdict):
    said = _said(*world(1500, seed=4, slope=slope)[:2])
    assert _starting(said, f"The probabilities are {verdict}: calibration slope ")


def test_segments_outside_are_named_worst_first(world):
    y, p, _ = world(4000, seed=5)
    plan = np.array(["a", "b", "c", "d"])[np.arange(4000) % 4]
    bent = p * np.select([plan == "a", plan == "b"], [0.6, 0.8], 1.0)
    said = _said(y, bent, segments=pd.DataFrame({"plan": plan}))[-1]
    assert said.startswith("4 segment levels, 2 with a gap beyond chance (observed less predicted): ")
    assert said.index("plan = a (+0.") < said.index("plan = b (+0.")


def test_only_the_five_worst_segments_are_named(world):
    y, p, _ = world(8000, seed=6, shift=1.0)
    said = _said(y, p, segments=pd.DataFrame({"cell": np.arange(8000) % 8}))[-1]
    assert said.count("cell = ") == 5
    assert said.endswith(" ....")


def test_segments_inside_need_no_names(calibrated):
    said = _said(*calibrated[:2], segments=pd.DataFrame({"all": ["x"] * 2000}))[-1]
    assert said == "1 segment level: no gap beyond what chance allows among so many."


def test_repeated_customers_are_counted_once(world):
    y, p, _ = world(200, seed=7)
    said = _said(np.tile(y, 2), np.tile(p, 2), customer_id=np.tile(np.arange(200), 2))
    assert said[0].startswith(f"200 customers in 400 rows, {int(y.sum())} churners: ")


def test_captured_mrr_is_told_when_it_is_known(world):
    y, p, _ = world(500, seed=8)
    (found,) = _starting(_said(y, p, mrr=np.ones(500)), "The riskiest tenth")
    assert found.endswith(" of the churned MRR.")


def test_without_intervals_the_sentences_claim_nothing_about_doubt(world):
    said = evaluate_model(*world(300)[:2], n_boot=0, n_sim=0).sentences()
    assert not any("interval" in sentence or "between" in sentence for sentence in said)
    assert len(said) == 2


def _figures(sentences):
    return sorted(re.findall(r"\d+(?:[.,]\d+)*", re.sub("90 ?%", "", " ".join(sentences))))


@pytest.mark.parametrize("bend", [{}, {"shift": 1.0}, {"slope": 0.4}, {"slope": 2.5, "shift": -0.6}])
def test_both_languages_give_the_same_figures(world, bend):
    y, p, _ = world(900, seed=9, **bend)
    extra = {
        "customer_id": np.arange(900) // 3,
        "mrr": np.arange(900.0),
        "segments": pd.DataFrame({"plan": np.where(p > 0.3, "A", "B")}),
    }
    report = evaluate_model(y, p, n_boot=20, n_sim=10, **extra)
    english, japanese = report.sentences(), report.sentences("ja")
    assert len(english) == len(japanese)
    # "The riskiest tenth" is a word in one language and a figure in the other.
    told = [one for one in japanese if not one.startswith("リスク上位1割")]
    assert _figures(told) == _figures(one for one in english if not one.startswith("The riskiest"))


def test_few_churners_get_their_range_in_japanese():
    y = np.zeros(300)
    y[:23] = 1.0
    p = np.clip(0.08 + 0.06 * y + np.random.default_rng(0).normal(0, 0.05, 300), 0.001, 0.5)
    (said,) = _starting(_said(y, p, "ja"), "解約23件から言えること：AUCは0.")
    assert said.endswith("の間です。")
    assert any("少なすぎる" in one for one in _said(y, p, "ja"))


def test_one_class_is_told_in_japanese():
    assert "解約が0件" in _said([0] * 20, [0.1] * 20, "ja")[1]
    assert "全員が解約" in _said([1] * 20, [0.9] * 20, "ja")[1]


def test_an_unknown_language_is_refused():
    with pytest.raises(SchemaError, match="language: expected one of 'en', 'ja', got 'fr'"):
        _said([0, 1], [0.1, 0.2], "fr")
