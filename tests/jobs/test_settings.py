"""churnhealth.toml: what a good one means, and what a bad one is told."""

from __future__ import annotations

import datetime as dt
import logging
import os
from pathlib import Path

import pytest

from churnhealth.domain.health import HealthBands
from churnhealth.domain.indicators import Catalogue, Indicator
from churnhealth.domain.problem import ChurnProblem
from churnhealth.errors import ConfigError
from churnhealth.features.panel import PanelColumns
from churnhealth.jobs.settings import PanelSource, Settings, load_settings
from churnhealth.jobs.settings_location import Location

SMALL = """
[project]
name = "demo"
[panel]
file = "data/panel.csv"
customer_id = "id"
"""

WHOLE = """
[project]
name = "demo"
timezone = "Asia/Tokyo"
language = "ja"

[problem]
rule = "column"
positive_label = 2
lookback_days = 180
gap_days = 14
horizon_days = 90
grace_days = 7

[panel]
table = "customers"
customer_id = "id"
cutoff_date = 2026-04-01
label = "left"
mrr = "fee"
currency = "JPY"
ignore = ["name"]
indicators = ["fee", "logins"]

[scoring]
file = "weekly.parquet"
cutoff_date = "2026-07-01"
max_reject_share = 0
drivers = 3

[model]
random_state = 7
holdout_share = 0.25
minimum_customers = 100
minimum_churners = 10

[health]
yellow = 0.05
red = 0.2

[warehouse]
path = "env:WAREHOUSE"
prefix = "cs_"
wait_seconds = 2

[tracking]
uri = "https://mlflow.example.com"
experiment = "churn"
model_name = "health"

[groups."成功"]
label_en = "success"

[indicators.logins]
group = "usage"
unit = "logins"
direction = "more_is_healthier"
actionable = true
label_en = "logins"
label_ja = "ログイン"

[indicators."fee.jpy"]
"""


def write(folder: Path, text: str, name: str = "churnhealth.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def refused(folder: Path, text: str, environ: dict[str, str] | None = None) -> str:
    with pytest.raises(ConfigError) as error:
        load_settings(write(folder, text), environ=environ or {})
    assert "pydantic" not in str(error.value)
    return str(error.value)


def test_a_small_file_has_defaults_for_the_rest(tmp_path):
    settings = load_settings(write(tmp_path, SMALL))
    assert settings.problem == ChurnProblem()
    assert settings.panel_columns == PanelColumns("id")
    assert settings.panel_source == PanelSource(None, tmp_path / "data" / "panel.csv")
    assert settings.scoring_source == settings.panel_source
    assert settings.bands is None
    assert settings.catalogue == Catalogue()
    assert settings.warehouse.path.file == tmp_path / "data" / "warehouse.duckdb"
    assert settings.tracking.uri.value == f"sqlite:///{tmp_path}/models/mlflow.db"
    assert (settings.scoring.max_reject_share, settings.scoring.drivers) == (0.1, 5)
    assert (settings.model.minimum_customers, settings.model.minimum_churners) == (200, 20)
    assert (settings.model.random_state, settings.model.holdout_share) == (0, 0.2)
    assert (settings.warehouse.prefix, settings.warehouse.wait_seconds) == ("", 10.0)


def test_a_whole_file_says_everything(tmp_path):
    settings = load_settings(write(tmp_path, WHOLE), environ={"WAREHOUSE": "w.duckdb"})
    assert settings.problem == ChurnProblem("column", 2, 180, 14, 90, 7, "Asia/Tokyo")
    assert settings.panel_columns == PanelColumns(
        "id", label="left", mrr="fee", currency="JPY", ignore=("name",), indicators=("fee", "logins")
    )
    assert settings.panel.cutoff_date == dt.date(2026, 4, 1)
    assert settings.scoring.cutoff_date == dt.date(2026, 7, 1)
    assert str(settings.panel_source) == "customers"
    assert str(settings.scoring_source) == str(tmp_path / "weekly.parquet")
    assert settings.bands == HealthBands(0.05, 0.2)
    assert settings.warehouse.path.file == tmp_path / "w.duckdb"
    assert settings.tracking.uri.value == "https://mlflow.example.com"
    assert settings.catalogue == Catalogue(
        (
            Indicator("logins", "usage", "logins", "more_is_healthier", True, "logins", "ログイン"),  # noqa: FBT003
            Indicator("fee.jpy"),
        ),
        {"成功": {"en": "success"}},
    )


def test_paths_start_at_the_file_wherever_the_command_runs(tmp_path, monkeypatch):
    (tmp_path / "project").mkdir()
    write(tmp_path / "project", SMALL)
    monkeypatch.chdir(tmp_path)
    settings = load_settings(Path("project/churnhealth.toml"))
    os.chdir("/")
    assert settings.folder == tmp_path / "project"
    assert settings.panel.file == tmp_path / "project" / "data" / "panel.csv"
    assert settings.warehouse.path.file == tmp_path / "project" / "data" / "warehouse.duckdb"


def test_a_byte_order_mark_does_no_harm(tmp_path):
    path = tmp_path / "churnhealth.toml"
    path.write_bytes(b"\xef\xbb\xbf" + SMALL.encode())
    assert load_settings(path).project.name == "demo"


def test_a_missing_file_says_which_command_writes_one(tmp_path):
    write(tmp_path, SMALL)
    with pytest.raises(
        ConfigError, match=r"did you mean 'churnhealth\.toml'.*`churnhealth init PANEL_FILE`"
    ):
        load_settings(tmp_path / "churnhelth.toml")
    with pytest.raises(ConfigError, match="no configuration"):
        load_settings(tmp_path / "nowhere" / "churnhealth.toml")


def test_what_is_no_file_cannot_be_read(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load_settings(tmp_path)


def test_bad_toml_names_its_line(tmp_path):
    assert "line 2" in refused(tmp_path, '[project]\nname = "a\n')
    path = tmp_path / "latin.toml"
    path.write_bytes(b'[project]\nname = "\xe9"\n')
    with pytest.raises(ConfigError, match="expected TOML in UTF-8"):
        load_settings(path)


CONTRADICTIONS = {
    "mrr = 'fee'": "panel.currency: mrr 'fee' is money, name its currency",
    "label = 'id'": "panel: expected three different columns",
    "label = 'a'\nindicators = ['a']": "panel.indicators: 'a' cannot be an indicator",
}


@pytest.mark.parametrize(("text", "message"), CONTRADICTIONS.items(), ids=CONTRADICTIONS)
def test_a_panel_that_contradicts_itself_is_told(tmp_path, text, message):
    assert f"1 fault\n  - {message}" in refused(tmp_path, SMALL + text)


def test_all_faults_come_in_one_error(tmp_path):
    told = refused(tmp_path, "[project]\nnam = 'x'\n[panel]\ntable = 3\n[scoring]\ndrivers = 0\n[x]\n")
    assert told.startswith(f"{tmp_path / 'churnhealth.toml'}: 6 faults\n")
    for fault in (
        "project.name: missing",
        "project.nam: unknown key",
        "panel.customer_id: missing",
        "x: unknown key",
    ):
        assert f"  - {fault}" in told


def test_an_empty_file_says_what_is_missing(tmp_path):
    project, customers = refused(tmp_path, "").splitlines()[1:]
    assert project == "  - project: missing"
    assert customers.startswith("  - sources: expected either [panel]")
    assert customers.endswith("got neither")


def test_a_secret_from_the_environment_is_shown_nowhere(tmp_path, caplog):
    text = SMALL + '[warehouse]\npath = "env:DB"\n[tracking]\nuri = "env:TRACKING"\n'
    environ = {"DB": "postgresql://me:hunter2@host/db", "TRACKING": "https://me:hunter2@host"}
    settings = load_settings(write(tmp_path, text), environ=environ)
    assert settings.tracking.uri.value == environ["TRACKING"]
    with caplog.at_level(logging.INFO):
        logging.getLogger("test").info("%s %r", settings, settings)
    shown = f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()} {caplog.text}"
    assert "hunter2" not in shown
    assert "env:DB" in shown


def test_a_secret_is_not_shown_when_something_else_is_wrong(tmp_path):
    warehouse = '[warehouse]\npath = "env:DB"\nprefix = 3\n'
    tracking = '[tracking]\nuri = "http://a:hunter2@b"\npassword = "hunter2"\n'
    text = SMALL + warehouse + tracking
    with pytest.raises(ConfigError) as error:
        load_settings(write(tmp_path, text), environ={"DB": "postgresql://me:hunter2@host/db"})
    assert "hunter2" not in str(error.value)
    assert "tracking.uri: a password does not belong in this file" in str(error.value)
    assert error.value.__cause__ is None
    assert error.value.__suppress_context__


def test_the_process_environment_is_the_default(tmp_path, monkeypatch):
    monkeypatch.setenv("CHURNHEALTH_TEST_DB", "w.duckdb")
    text = SMALL + '[warehouse]\npath = "env:CHURNHEALTH_TEST_DB"\n'
    assert load_settings(write(tmp_path, text)).warehouse.path.file == tmp_path / "w.duckdb"
    monkeypatch.delenv("CHURNHEALTH_TEST_DB")
    with pytest.raises(
        ConfigError, match=r"warehouse\.path: the environment variable 'CHURNHEALTH_TEST_DB' is not set"
    ):
        load_settings(tmp_path / "churnhealth.toml")


def test_settings_can_be_built_from_values():
    panel = {"file": Path("/data/p.csv"), "customer_id": "id"}
    plain = {"project": {"name": "x"}, "panel": panel}
    settings = Settings.model_validate({**plain, "warehouse": {"path": Location("/data/w.duckdb")}})
    assert settings.folder == Path()
    assert settings.panel.file == Path("/data/p.csv")
    assert settings.warehouse.path.value == "/data/w.duckdb"
    assert Settings.model_validate(plain).warehouse.path.value == "data/warehouse.duckdb"
