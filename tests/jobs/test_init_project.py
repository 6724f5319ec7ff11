from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd
import pytest

from churnhealth.errors import ConfigError, SchemaError
from churnhealth.jobs.init_project import init_project
from churnhealth.jobs.settings import load_settings

DATE = dt.date(2026, 4, 1)


@pytest.fixture
def panel(tmp_path: Path) -> Path:
    path = tmp_path / "my customers.csv"
    frame = pd.DataFrame(
        {
            "customerID": [f"0{at}" for at in range(10)],
            "tenure": range(10),
            "nps_score": [None, 9] * 5,
            "Churn": ["Yes", "No"] * 5,
        }
    )
    frame.to_csv(path, index=False)
    return path


def test_what_was_inferred_is_written_down_and_can_be_read_back(panel: Path, tmp_path: Path) -> None:
    config = tmp_path / "sub" / "churnhealth.toml"
    result = init_project(panel, config, cutoff_date=DATE, timezone="Asia/Tokyo", horizon_days=90)
    settings = load_settings(config)
    assert settings.panel_source.file.resolve() == panel
    assert settings.panel_columns.customer_id == "customerID"
    assert settings.panel_columns.label == "Churn"
    assert settings.problem.horizon_days == 90
    assert {one.name: one.group for one in result.catalogue.values()} == {
        "tenure": "contract",
        "nps_score": "satisfaction",
    }
    assert settings.catalogue == result.catalogue


def test_an_existing_configuration_is_kept_unless_it_is_forced(panel: Path, tmp_path: Path) -> None:
    config = tmp_path / "churnhealth.toml"
    config.write_text("mine")
    with pytest.raises(ConfigError, match="--force"):
        init_project(panel, config, cutoff_date=DATE)
    assert config.read_text() == "mine"
    init_project(panel, config, cutoff_date=DATE, force=True)
    assert load_settings(config).panel_columns.label == "Churn"


def test_a_panel_without_dates_needs_one(panel: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--cutoff-date"):
        init_project(panel, tmp_path / "churnhealth.toml")


def test_a_label_of_numbers_is_named_as_a_number(tmp_path: Path) -> None:
    path = tmp_path / "panel.csv"
    pd.DataFrame({"id": [1, 2, 3], "x": [1, 2, 3], "label": [1, 2, 2]}).to_csv(path, index=False)
    config = tmp_path / "churnhealth.toml"
    with pytest.raises(SchemaError, match="positive_label"):
        init_project(path, config, cutoff_date=DATE)
    assert not config.exists()
    init_project(path, config, cutoff_date=DATE, positive_label="2")
    assert load_settings(config).problem.positive_label == 2


def test_a_place_that_cannot_be_written_is_a_clear_error(panel: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be written"):
        init_project(panel, tmp_path / "file" / "churnhealth.toml", cutoff_date=DATE)
