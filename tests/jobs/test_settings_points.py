"""[points.<indicator>] in churnhealth.toml: the points score made by hand."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from churnhealth.domain.indicators import Catalogue
from churnhealth.domain.point_rule import PointBin, PointRule
from churnhealth.domain.problem import ChurnProblem
from churnhealth.domain.scorecard import PointTable
from churnhealth.errors import ConfigError
from churnhealth.features.panel import PanelColumns
from churnhealth.jobs.settings import PanelSource, Settings, load_settings
from churnhealth.jobs.settings_file import settings_toml

PROJECT = """
[project]
name = "demo"
[panel]
table = "customers"
customer_id = "id"
"""


def settings_of(folder: Path, text: str) -> Settings:
    path = folder / "churnhealth.toml"
    path.write_text(PROJECT + text, encoding="utf-8")
    return load_settings(path, environ={})


def test_points_are_read_by_indicator(tmp_path: Path) -> None:
    text = """
[points.logins]
bins = [{ low = 1, high = 10, points = 5 }, { low = 10, points = 10 }]
missing = -2
[points."seats.used"]
levels = { true = 1 }
other = 0.5
"""
    assert settings_of(tmp_path, text).points == PointTable(
        (
            PointRule("logins", (PointBin(1, 10, 5), PointBin(10, float("inf"), 10)), missing=-2),
            PointRule("seats.used", levels={"true": 1}, other=0.5),
        )
    )


def test_without_points_there_is_no_table(tmp_path: Path) -> None:
    assert settings_of(tmp_path, "").points is None


def test_all_faults_are_told_with_the_other_faults_of_the_file(tmp_path: Path) -> None:
    text = """
[points]
plan = 3
[points.logins]
bins = [{ low = 1, high = 10, points = 5 }, { low = 9, points = inf }]
[points.nps]
missin = 3
[health]
yellow = 0.2
red = 0.3
"""
    with pytest.raises(ConfigError) as error:
        settings_of(tmp_path, text)
    told = str(error.value)
    assert "4 faults" in told
    for words in (
        "points: 'plan': expected a section with 'bins', 'levels', 'missing', 'other', got 3",
        "points: 'logins': expected finite points, got inf",
        "points: 'logins': the bins [1, 10) and [9, inf) overlap",
        "points: 'nps': unknown key 'missin' (did you mean 'missing'?)",
    ):
        assert f"  - {words}" in told


def test_points_that_are_no_section_are_told(tmp_path: Path) -> None:
    path = tmp_path / "churnhealth.toml"
    path.write_text("points = 3\n" + PROJECT, encoding="utf-8")
    with pytest.raises(ConfigError, match="points: expected a section, got 3"):
        load_settings(path, environ={})


def test_the_example_in_a_first_file_can_be_taken_as_it_is(tmp_path: Path) -> None:
    text = settings_toml(
        "demo",
        PanelSource("customers", None),
        PanelColumns("id", label="churned"),
        ChurnProblem(),
        Catalogue().for_columns(["logins"]),
    )
    path = tmp_path / "churnhealth.toml"
    path.write_text(text, encoding="utf-8")
    assert load_settings(path, environ={}).points is None
    path.write_text(text.replace("# logins = ", "logins = "), encoding="utf-8")
    points = load_settings(path, environ={}).points
    assert points is not None
    rows = pd.DataFrame({"logins": [0, 1, 10, 20]})
    assert points.total(rows).tolist() == [0.0, 5.0, 10.0, 0.0]
