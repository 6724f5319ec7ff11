"""Places from the configuration: relative to it, and with secrets out of sight."""

from __future__ import annotations

from pathlib import Path

import pytest

from churnhealth.errors import ConfigError
from churnhealth.jobs.settings_location import Location, locate

FOLDER = Path("/project")
DATABASE = "postgresql://me:hunter2@host/db"


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("data/w.duckdb", "/project/data/w.duckdb"),
        ("/abs/w.duckdb", "/abs/w.duckdb"),
        ("sqlite:///models/mlflow.db", "sqlite:////project/models/mlflow.db"),
        ("sqlite:////abs/mlflow.db", "sqlite:////abs/mlflow.db"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("https://mlflow.example.com:5000/base", "https://mlflow.example.com:5000/base"),
        ("databricks", "databricks"),
    ],
)
def test_a_place_is_relative_to_the_configuration(written, value):
    assert locate(written, FOLDER, {}).value == value


def test_the_home_folder_is_expanded(monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    assert locate("~/w.duckdb", FOLDER, {}).value == "/home/me/w.duckdb"


def test_an_environment_variable_is_used_and_never_shown():
    place = locate("env:DB", FOLDER, {"DB": DATABASE})
    assert place.value == DATABASE
    assert (str(place), repr(place), f"{place}") == ("env:DB", "Location('env:DB')", "env:DB")


def test_a_relative_path_from_the_environment_starts_at_the_configuration_too():
    assert locate("env:DB", FOLDER, {"DB": "w.duckdb"}).file == Path("/project/w.duckdb")


@pytest.mark.parametrize("environ", [{}, {"DB": ""}])
def test_a_variable_that_is_not_set_is_named(environ):
    with pytest.raises(ValueError, match="the environment variable 'DB' is not set"):
        locate("env:DB", FOLDER, environ)


@pytest.mark.parametrize(
    "written",
    [
        DATABASE,
        "postgresql://me:12345@host:5432/db",
        "postgresql://me:p/w@host/db",
        "postgresql://host/db?user=me&password=hunter2",
        "host=h user=me PASSWORD = hunter2",
        "https://host/path?api_key=hunter2",
    ],
)
def test_a_password_in_the_file_is_refused_without_showing_it(written):
    with pytest.raises(
        ValueError, match='a password does not belong in this file; write "env:NAME"'
    ) as error:
        locate(written, FOLDER, {})
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize(
    "written", ["postgresql://me@host:5432/db", "http://host:5000/a@b", "tokens/password.duckdb"]
)
def test_what_only_looks_like_a_password_is_accepted(written):
    assert locate(written, FOLDER, {}).value.endswith(written)


def test_a_uri_is_no_file_and_the_error_keeps_its_secret():
    place = Location(DATABASE, shown="env:DB")
    assert place.is_uri
    with pytest.raises(ConfigError, match="expected a file, got the URI env:DB"):
        _ = place.file


def test_places_are_equal_when_they_are_the_same_place():
    assert Location("/a") == Location("/a", shown="env:A")
    assert len({Location("/a"), Location("/a", shown="env:A"), Location("/b")}) == 2
    assert Location("/a") != "/a"
