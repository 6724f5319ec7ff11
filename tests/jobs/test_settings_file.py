"""A first churnhealth.toml: what is written is what is read."""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from churnhealth.domain.indicators import DIRECTIONS, Catalogue, Indicator
from churnhealth.domain.problem import ChurnProblem
from churnhealth.features.panel import PanelColumns
from churnhealth.jobs.settings import PanelSource, Settings, load_settings
from churnhealth.jobs.settings_file import settings_toml

TABLE = PanelSource("customers", None)


def read_back(text: str) -> Settings:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "churnhealth.toml"
        path.write_text(text, encoding="utf-8", newline="")
        return load_settings(path, environ={})


def test_the_file_says_what_was_guessed_and_what_can_be_set():
    catalogue = Catalogue().for_columns(["monthly_charges", "logins"])
    text = settings_toml("demo", TABLE, PanelColumns("id", label="churn"), ChurnProblem(), catalogue)
    assert '[indicators.monthly_charges]\ngroup = "contract"\nunit = ""\ndirection = "learned"\n' in text
    for hint in (
        "# positive_label = ",
        "# horizon_days = 90",
        "# cutoff_date = 2026-04-01",
        "# mrr = ",
        "# uri = ",
    ):
        assert f"\n{hint}" in text
    assert "# group: usage, engagement, touch" in text
    assert f"# direction: {', '.join(DIRECTIONS)}" in text


def test_every_hint_can_be_uncommented():
    columns = PanelColumns("id", label="churn")
    text = settings_toml("demo", TABLE, columns, ChurnProblem(), Catalogue())
    hinted = [line.removeprefix("# ") if " = " in line else line for line in text.splitlines()]
    path_free = "\n".join(line for line in hinted if "env:" not in line)
    read = read_back(path_free)
    assert read.problem == ChurnProblem(positive_label="churned", lookback_days=90, horizon_days=90)
    assert read.panel.cutoff_date == dt.date(2026, 4, 1)
    assert (read.panel.mrr, read.panel.currency) == ("monthly_charges", "JPY")


def test_everything_is_read_back():
    problem = ChurnProblem("column", "left", 180, 14, 90, 7, "Asia/Tokyo")
    columns = PanelColumns("id", None, "gone", "fee", "JPY", ("note", "x"), ("fee", "logins"))
    source = PanelSource(None, Path("data/panel.csv"))
    text = settings_toml(
        "a/b: 健康",
        source,
        columns,
        problem,
        Catalogue(),
        language="ja",
        cutoff_date=dt.date(2026, 4, 1),
        scoring=PanelSource("weekly", None),
    )
    read = read_back(text)
    assert (read.project.name, read.project.language) == ("a/b: 健康", "ja")
    assert (read.tracking.experiment, read.tracking.model_name) == ("a/b: 健康", "a-b")
    assert read.problem == problem
    assert read.panel_columns == columns
    assert read.panel.file == read.folder / "data" / "panel.csv"
    assert read.scoring_source == PanelSource("weekly", None)
    assert read.panel.cutoff_date == dt.date(2026, 4, 1)
    assert "# cutoff_date" not in text


def test_a_cutoff_column_needs_no_cutoff_date():
    text = settings_toml("demo", TABLE, PanelColumns("id", "at", "churn"), ChurnProblem(), Catalogue())
    assert "cutoff_date" not in text
    assert read_back(text).panel_columns == PanelColumns("id", "at", "churn")


HOSTILE = st.one_of(
    st.text(max_size=8),
    st.sampled_from(
        [
            "",
            ".",
            "a.b",
            '"',
            "'",
            '"""',
            "\\",
            "\n",
            "\r\n",
            "\t",
            "#",
            "[x]",
            "=",
            "顧客",
            "🙂",
            "\x7f",
            "\x00",
            "__proto__",
        ]
    ),
)
INDICATORS = st.builds(
    Indicator,
    name=HOSTILE,
    group=st.text(min_size=1, max_size=5),
    unit=HOSTILE,
    direction=st.sampled_from(DIRECTIONS),
    actionable=st.booleans(),
    label_en=HOSTILE,
    label_ja=HOSTILE,
)
LABELS = st.dictionaries(st.sampled_from(["en", "ja"]), st.text(min_size=1, max_size=5))


@settings(deadline=None, max_examples=80)
@given(
    st.lists(INDICATORS, max_size=4, unique_by=lambda indicator: indicator.name),
    st.dictionaries(HOSTILE, LABELS, max_size=2),
    st.lists(st.text(min_size=1, max_size=5), min_size=4, max_size=5, unique=True),
)
def test_any_catalogue_and_any_names_are_read_back(indicators, groups, names):
    catalogue = Catalogue(tuple(indicators), groups)
    columns = PanelColumns(names[0], names[1], names[2], ignore=tuple(names[3:]))
    problem = ChurnProblem(positive_label=names[3])
    read = read_back(settings_toml(names[0], PanelSource(names[1], None), columns, problem, catalogue))
    assert read.catalogue == catalogue
    assert list(read.catalogue) == list(catalogue)
    assert read.panel_columns == columns
    assert read.problem == problem
    assert read.panel_source == PanelSource(names[1], None)
