"""The whole card on the terminal, in both languages, also of hostile names."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import pytest

from churnhealth.cli.show_card import card as show_card
from churnhealth.cli.show_explained import MOST_WARNINGS, change_words, signed
from churnhealth.domain.indicators import Catalogue, Indicator
from churnhealth.estimator import HealthModel
from churnhealth.jobs.card_day import CardDay
from churnhealth.jobs.explain_customer import ExplainedCustomer, explain_customer
from churnhealth.jobs.wiring import Workplace

MARKUP, ESCAPE, LINE = "[red]C1[/red]", "C2\x1b[31m", "C3\nhealth 100.0  green"
PLAN = "[bold]Pro[/bold]"


@pytest.fixture(scope="module")
def projects(project_of: Callable[..., Workplace], make_customers: Callable) -> list[Workplace]:
    """Sixty customers at two cutoffs, by one model and by two; three of them have hostile names."""
    frame, y, _ = make_customers(300, seed=3)
    logins = Indicator(
        "logins", "usage", "logins", actionable=True, label_en="logins", label_ja="ログイン回数"
    )
    plan = Indicator("plan", "contract", label_en="plan", label_ja="プラン")
    old, new = (
        HealthModel(catalogue=Catalogue((logins, plan)), leaf_budget=1, random_state=seed).fit(
            frame.iloc[:rows], y[:rows]
        )
        for seed, rows in ((0, 300), (1, 200))
    )
    names = ["C0", MARKUP, ESCAPE, LINE, *(f"C{at}" for at in range(4, 60))]
    before = frame.head(60).set_axis(names)
    after = before.copy()
    before["logins"], after.loc[names[:4], "logins"] = 14.0, [1.0, 3.0, 3.0, 95.0]
    after.loc[names[1:4], "plan"] = [PLAN, "Gold\x1b[31m", "改行\nGold"]
    first, second = (before, "2026-01-01"), (after, "2026-04-01")
    return [project_of((old, *first), (one, *second)) for one in (old, new)]


@pytest.fixture
def shown(
    projects: list[Workplace], capsys: pytest.CaptureFixture[str]
) -> Callable[[ExplainedCustomer, str], str]:
    def show(told: ExplainedCustomer, language: str) -> str:
        show_card(projects[0], told, language, as_json=False)
        return capsys.readouterr().out

    return show


def test_the_card_in_english(projects: list[Workplace], shown: Callable) -> None:
    told = explain_customer(projects[0], "C0")
    card = shown(told, "en")
    score = told.card.customer["health_score"]
    assert card.startswith(f"C0   2026-04-01\nhealth {score:.1f}  ")
    assert "of 60" in card
    # MRR is 100 a month, so what is at risk is the probability in percent.
    assert f"MRR at risk: {100 - score:,.0f} JPY per month" in card
    assert f"{signed(told.change.change)} points since 2026-01-01" in card
    assert f"▶ behaviour {signed(told.change.change)} points" in card
    assert "▶ the model ±0.0 points (the same one as before)" in card
    assert "Logins: 14 → 1. Health −" in card
    assert "what would help, in the model's view" in card
    assert "not a promise" in card


def test_the_card_in_japanese(projects: list[Workplace], shown: Callable) -> None:
    card = shown(explain_customer(projects[0], "C0"), "ja")
    for words in (
        "C0   2026年4月1日", "解約リスクのあるMRR：", "円/月", "前回（2026年1月1日）の",
        "前回からの変化の内訳", "▶ 顧客側の変化 −", "ログイン回数：14回→1回。健全度 −",
        "▶ モデルの変更 ±0.0点（前回と同じモデル）", "改善が見込まれる項目（モデルの見方）",
    ):  # fmt: skip
        assert words in card


def test_two_models_are_told_apart(projects: list[Workplace], shown: Callable) -> None:
    told = explain_customer(projects[1], "C0")
    behaviour, model = signed(told.change.behaviour), signed(told.change.model)
    english, japanese = (shown(told, language) for language in ("en", "ja"))
    assert (
        f"when it was {told.change.score_before:.1f}: behaviour {behaviour}, the model {model}"
        in english
    )
    assert f"（顧客側の変化 {behaviour}点、モデルの変更 {model}点）" in japanese
    assert "counts otherwise in the new model. Health" in english
    assert "新しいモデルで評価が変化。健全度" in japanese
    unknown = replace(told, change=replace(told.change, model_by_indicator=False))
    assert "cannot be read any more: only behaviour" in shown(unknown, "en")
    assert "を読み込めないため" in shown(unknown, "ja")
    assert change_words(None, "en") == ""


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("name", [MARKUP, ESCAPE, LINE])
def test_names_and_levels_of_the_data_are_never_markup_nor_control(
    projects: list[Workplace], shown: Callable, name: str, language: str
) -> None:
    told = explain_customer(projects[0], name)
    assert told.change is not None
    card = shown(told, language)
    assert card.split("   ")[0] == name.replace("\x1b", "\\x1b").replace("\n", "\\n")
    assert not [one for one in card if not one.isprintable() and one != "\n"]
    plan = {MARKUP: PLAN, ESCAPE: "Gold\\x1b[31m", LINE: "改行 Gold"}[name]
    assert plan in card.replace("\n", "")


def test_values_that_the_model_never_saw_and_the_day_stand_below(
    projects: list[Workplace], shown: Callable
) -> None:
    told = explain_customer(projects[0], LINE)
    assert "Take care: these values were not in the training data" in shown(told, "en")
    assert "ログイン回数：95回（学習データの範囲" in shown(told, "ja")
    many = replace(told, warnings=told.warnings[:1] * (MOST_WARNINGS + 2))
    assert "  and 2 more" in shown(many, "en")
    assert "  ほか2件" in shown(many, "ja")
    day = CardDay(
        "x", "logins", "ログイン回数", "logins", dt.date(2026, 3, 14), 12.0, 5.0, "week", 0.001
    )
    assert "From 2026-03-14 on, logins fell: 12 → 5 a week" in shown(replace(told, day=day), "en")
    japanese = shown(replace(told, day=day), "ja")
    assert "2026年3月14日から、ログイン回数が減少：週あたり12回→5回" in japanese


def test_what_cannot_help_is_said(projects: list[Workplace], shown: Callable) -> None:
    told = explain_customer(projects[0], "C0")
    none = replace(told, would_help=replace(told.would_help, lines=told.would_help.lines.head(0)))
    assert "No indicator that can be acted on would raise the score" in shown(none, "en")
    assert "スコアが上がる見込みはありません" in shown(none, "ja")
    unasked = replace(told, would_help=replace(told.would_help, asked=0))
    assert "actionable = true" in shown(unasked, "en")
    assert "actionable = true" in shown(unasked, "ja")


def test_the_card_is_json_with_everything(
    projects: list[Workplace], capsys: pytest.CaptureFixture[str]
) -> None:
    show_card(projects[1], explain_customer(projects[1], MARKUP), "en", as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert told["customer_id"] == MARKUP
    change = told["change"]
    assert change["model"] + change["behaviour"] == pytest.approx(change["change"], abs=1e-9)
    assert change["change"] == pytest.approx(told["health_score_change"], abs=1e-9)
    assert pd.Timestamp(change["cutoff_before"]) == pd.Timestamp(told["previous_cutoff"])
    assert told["what_would_help"]["lines"][0]["sentence_ja"].startswith("ログイン回数：3回→")
    assert {"day_of_change", "warnings", "notes", "groups", "drivers"} <= set(told)
