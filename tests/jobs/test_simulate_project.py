from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from churnhealth.domain.history import HISTORY
from churnhealth.errors import ConfigError
from churnhealth.jobs.settings import load_settings
from churnhealth.jobs.simulate_project import project_of_world, simulate_project
from churnhealth.simulate import WorldConfig


def test_the_folder_holds_tables_truth_and_a_configuration_that_loads(tmp_path):
    result = simulate_project(60, 1, tmp_path / "new", seed=2, timezone="Asia/Tokyo", language="ja")
    settings = load_settings(result.config)
    assert set(settings.sources) == set(HISTORY)
    assert all(one.file is not None and one.file.is_file() for one in settings.sources.values())
    assert (settings.problem.rule, settings.problem.horizon_days) == ("contract_end", 90)
    assert (settings.problem.grace_days, settings.problem.timezone) == (14, "Asia/Tokyo")
    assert settings.project.language == "ja"
    assert settings.cutoffs.data_end == result.data_end == dt.date(2024, 4, 1)
    truth = pd.read_parquet(tmp_path / "new" / "truth.parquet")
    assert list(truth.columns) == ["customer_id", "cutoff", "churn_probability"]
    assert len(truth) == result.rows["truth"]


def test_the_same_seed_gives_the_same_tables(tmp_path):
    one, other = (simulate_project(40, 1, tmp_path / name, seed=9) for name in "ab")
    for table in HISTORY:
        pd.testing.assert_frame_equal(
            pd.read_parquet(one.folder / f"{table}.parquet"),
            pd.read_parquet(other.folder / f"{table}.parquet"),
        )


def test_a_configuration_that_is_there_is_kept_unless_forced(tmp_path):
    (tmp_path / "churnhealth.toml").write_text("mine")
    with pytest.raises(ConfigError, match="--force replaces it"):
        simulate_project(20, 1, tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == ["churnhealth.toml"]
    assert load_settings(simulate_project(20, 1, tmp_path, force=True).config).is_history


def test_dirty_rows_come_by_choice_and_are_counted(tmp_path):
    assert simulate_project(40, 1, tmp_path / "clean").faults.empty
    assert set(simulate_project(100, 1, tmp_path / "d", dirty_share=0.1).faults["fault"]) == {
        "duplicates",
        "orphans",
        "bad_dates",
        "unknown_words",
        "outside_contract",
    }


def test_a_choice_that_cannot_be_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="customers: expected at least 1"):
        simulate_project(0, 1, tmp_path / "x")
    with pytest.raises(ConfigError, match="a share between 0 and 1"):
        simulate_project(9, 1, tmp_path / "x", dirty_share=2.0)


def test_a_folder_that_is_a_file_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be written"):
        simulate_project(9, 1, tmp_path / "file")


def test_any_world_is_written_as_a_project(tmp_path):
    world = WorldConfig(40, 1, seed=9, annual_share=1.0)
    result = project_of_world(world, tmp_path / "annual")
    assert load_settings(result.config).project.name == "simulated-40"
    months = pd.read_parquet(result.folder / "subscriptions.parquet")["term_months"]
    assert (months == 12).mean() > 0.7
    with pytest.raises(ConfigError, match="--force replaces it"):
        project_of_world(world, tmp_path / "annual")
