"""What holds for every picture: it renders, embeds only what it draws, and refuses well."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import pytest
import vl_convert

from churnhealth import plots
from churnhealth.errors import SchemaError
from churnhealth.plots.render import picture_svg

NAMES = [
    "backtest_differences",
    "backtest_over_windows",
    "beeswarm",
    "calibration_over_time",
    "drift_bars",
    "driver_bars",
    "importance_bars",
    "indicator_history",
    "lift_by_capacity",
    "profit_by_capacity",
    "reliability_diagram",
    "retention_cohorts",
    "score_histogram",
    "score_history",
    "two_axes_matrix",
    "waterfall",
]
OTHER_NAMES = {"picture_png", "picture_svg", "save_picture", "shap_explanation"}
# A word of each picture's axes or marks, in Japanese.
JAPANESE = {
    "backtest_differences": "対数損失の差（nat）",
    "backtest_over_windows": "評価期間",
    "beeswarm": "打ち合わせ回数",
    "calibration_over_time": "解約顧客数（社）",
    "drift_bars": "問い合わせ件数",
    "driver_bars": "寄与（点）",
    "importance_bars": "利用状況",
    "indicator_history": "1日の件数",
    "lift_by_capacity": "連絡するリスク上位の顧客（%）",
    "profit_by_capacity": "利益（JPY）",
    "reliability_diagram": "予測した解約確率（%）",
    "retention_cohorts": "開始からの月数",
    "score_histogram": "健全",
    "score_history": "基準日",
    "two_axes_matrix": "区分別健全度",
    "waterfall": "基準",
}
Made = dict[str, tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]]


def draw(pictures: Made, name: str, **settings: Any) -> Any:
    function, tables, own = pictures[name]
    return function(*tables, **{**own, **settings})


_MADE: Made = {}


@functools.cache
def _drawn(name: str, language: str) -> str:
    return json.dumps(draw(_MADE, name, language=language).to_dict(), allow_nan=False)


@pytest.fixture
def drawn(pictures: Made) -> Callable[[str, str], dict[str, Any]]:
    """Return what draws a picture once and gives its specification."""
    _MADE.update(pictures)
    return lambda name, language: json.loads(_drawn(name, language))


def values_of(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """Return every row inside a picture."""
    return [row for rows in spec["datasets"].values() for row in rows]


def test_every_picture_of_the_package_is_tested(pictures: Made) -> None:
    assert sorted(pictures) == NAMES
    assert set(plots.__all__) == set(NAMES) | OTHER_NAMES
    assert dir(plots) == sorted(plots.__all__)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_pictures_render_with_japanese_words(pictures: Made, name: str) -> None:
    text = picture_svg(draw(pictures, name, language="ja", theme="dark"))
    assert text.startswith("<svg")
    assert JAPANESE[name] in text
    assert "Noto Sans CJK JP" in text
    picture = vl_convert.svg_to_png(text, scale=1.0)
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = (int.from_bytes(picture[at : at + 4], "big") for at in (16, 20))
    assert 300 < width < 1000
    assert 200 < height < 800


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("language", ["en", "ja"])
def test_every_axis_and_the_picture_itself_are_told_in_words(
    drawn: Callable[..., Any], name: str, language: str
) -> None:
    spec = drawn(name, language)
    assert spec["title"]["text"]
    assert spec["description"].startswith(spec["title"]["text"])
    words = json.dumps([spec["title"], spec["description"]], ensure_ascii=False)
    assert any(ord(sign) > 0x3000 for sign in words) == (language == "ja")


@pytest.mark.parametrize("name", NAMES)
def test_the_same_table_gives_the_same_picture(
    pictures: Made, drawn: Callable[..., Any], name: str
) -> None:
    assert draw(pictures, name).to_dict() == drawn(name, "en")


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_is_plain_json_and_small(drawn: Callable[..., Any], name: str) -> None:
    text = json.dumps(drawn(name, "en"))
    assert len(text) < 400_000
    # The customers of swarm and matrix are nobody in particular.
    assert "C0001" not in text


@pytest.mark.parametrize("name", NAMES)
def test_columns_that_are_not_drawn_stay_out(pictures: Made, name: str) -> None:
    function, (table, *rest), own = pictures[name]
    if isinstance(table, pd.Series):
        return
    chart = function(table.assign(more="mrr of a customer"), *rest, **own)
    assert "mrr of a customer" not in json.dumps(chart.to_dict())


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_table_gives_a_picture_that_says_so(pictures: Made, name: str) -> None:
    function, (table, *rest), own = pictures[name]
    for nothing in (table.iloc[:0], pd.DataFrame()):
        if isinstance(table, pd.Series) and isinstance(nothing, pd.DataFrame):
            continue
        told = {
            language: values_of(function(nothing, *rest, **own, language=language).to_dict())
            for language in ("en", "ja")
        }
        assert told["en"][0]["said"] in ("no customers", "0 rows: nothing to draw")
        assert told["ja"][0]["said"] in ("顧客がいません", "0行：表示するデータがありません")


@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_table_is_refused(pictures: Made, name: str) -> None:
    function, (_, *rest), own = pictures[name]
    with pytest.raises(SchemaError, match=r"expected a (DataFrame|Series), got list"):
        function([1, 2], *rest, **own)


@pytest.mark.parametrize("name", NAMES)
def test_another_language_and_theme_are_refused_together(pictures: Made, name: str) -> None:
    with pytest.raises(SchemaError, match="2 faults") as caught:
        draw(pictures, name, language="de", theme="drak")
    assert "did you mean 'dark'?" in str(caught.value)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "indicator_history"])
def test_all_faults_of_a_table_come_in_one_error(pictures: Made, name: str) -> None:
    function, (table, *rest), own = pictures[name]
    numeric = table.select_dtypes("number").columns
    broken = table.drop(columns=table.columns[0]).rename(columns={numeric[-1]: f"{numeric[-1]}x"})
    with pytest.raises(SchemaError) as caught:
        function(broken, *rest, **own)
    assert len(caught.value.faults) >= 1
    assert all("missing column" in fault for fault in caught.value.faults)


def test_too_many_rows_are_refused_with_what_to_do(tables: dict[str, Any]) -> None:
    many = pd.concat([tables["swarm"]] * 5, ignore_index=True)
    with pytest.raises(SchemaError, match=r"at most 5,000 rows, got .*; ask swarm_table"):
        plots.beeswarm(many)
    with pytest.raises(SchemaError, match="draw fewer days"):
        plots.indicator_history(pd.Series(0, index=pd.date_range("2000-01-01", periods=5001)))


def test_a_data_transformer_that_writes_files_is_not_asked(
    pictures: Made, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with alt.data_transformers.enable("json"):
        spec = draw(pictures, "score_history").to_dict()
    assert values_of(spec)
    assert not list(tmp_path.iterdir())


HOSTILE = "<script>alert('x')</script> & \"{{1}}\""


def test_text_from_data_shows_as_text(tables: dict[str, Any]) -> None:
    names = {"logins_28d": HOSTILE, "plan": "datum.value'] = 1; //"}
    drivers = tables["drivers"].replace({"indicator": names})
    for chart in (
        plots.driver_bars(drivers, customer=HOSTILE),
        plots.importance_bars(tables["importance"].replace({"name": {"usage": HOSTILE}})),
        plots.score_history(tables["scores"].assign(model_version=HOSTILE), customer=HOSTILE),
        plots.two_axes_matrix(tables["axes"].assign(first_group=HOSTILE), HOSTILE),
    ):
        text = picture_svg(chart)
        assert "<script" not in text
        assert "&lt;script&gt;alert" in text


def test_long_names_and_names_of_other_scripts_are_drawn(tables: dict[str, Any]) -> None:
    names = {"logins_28d": "n" * 300, "plan": "שלום 🙂", "nps": ""}
    drivers = tables["drivers"].replace({"indicator": names})
    text = picture_svg(plots.driver_bars(drivers, customer="x" * 300))
    assert "x" * 39 + "…" in text
    assert "x" * 60 not in text
    assert "שלום 🙂" in text


def test_missing_figures_leave_gaps_and_do_not_stop_a_picture(tables: dict[str, Any]) -> None:
    lift = tables["lift"].assign(captured_mrr=np.nan, captured_mrr_low=np.nan, captured_mrr_high=np.nan)
    rows = values_of(plots.lift_by_capacity(lift).to_dict())
    assert "churned MRR" not in {row.get("of") for row in rows}
    axes = tables["axes"].assign(mrr_at_risk=np.nan, churn_probability=np.nan)
    rows = values_of(plots.two_axes_matrix(axes).to_dict())
    assert {row["risk"] for row in rows} == {"–"}
    assert {row["money"] for row in rows} == {""}
