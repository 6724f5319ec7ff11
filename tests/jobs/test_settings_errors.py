"""Faults of a configuration in plain words: one TOML text for each, and what is told."""

from __future__ import annotations

import datetime as dt
import tomllib

import pytest
from pydantic import BaseModel, ValidationError

from churnhealth.jobs.settings import Settings
from churnhealth.jobs.settings_errors import dotted, faults_in_words

PROJECT = "[project]\nname = 'demo'\n"
PANEL = "[panel]\ntable = 'customers'\ncustomer_id = 'id'\n"


def told(text: str) -> list[str]:
    with pytest.raises(ValidationError) as error:
        Settings.model_validate(tomllib.loads(text))
    return faults_in_words(error.value, Settings)


FAULTS = {
    "[panl]\n": "panl: unknown key (did you mean 'panel'?); known are 'project', 'problem', 'panel'",
    "[problem]\nhorizn_days = 3": "problem.horizn_days: unknown key (did you mean 'horizon_days'?)",
    "[scoring]\nhorizon_days = 3": "scoring.horizon_days: unknown key (it belongs under [problem])",
    "[indicators.a]\ngrup = 'x'": "indicators.a.grup: unknown key (did you mean 'group'?)",
    '[indicators."a b.c"]\ngrup = 1': 'indicators."a b.c".grup: unknown key',
    "[indicators.a.b]\ngroup = 'x'": (
        'indicators.a.b: unknown key (a name with dots needs quotes: [indicators."a.b"])'
    ),
    "[groups]\nx = 'y'": "groups.x: expected a section, got 'y'",
    "[problem]\nrule = 'colum'": (
        "problem.rule: expected one of 'column', 'contract_end', 'renewal', 'inactivity', "
    ),
    "[problem]\nhorizon_days = '90'": "problem.horizon_days: expected a whole number, got '90'",
    "[problem]\nhorizon_days = true": "problem.horizon_days: expected a whole number, got true",
    "[problem]\nhorizon_days = 0": "problem.horizon_days: expected 1 or more, got 0",
    "[problem]\ngap_days = -1": "problem.gap_days: expected 0 or more, got -1",
    "[problem]\npositive_label = [1]": "problem.positive_label: expected the value that means churned",
    "[scoring]\nmax_reject_share = 2": "scoring.max_reject_share: expected 1 or less, got 2",
    "[scoring]\ntable = 'a'\nfile = 'b'": "scoring: expected either table (in the warehouse) or file",
    "[scoring]\nfile = 3": "scoring.file: expected the path of a file",
    "[scoring]\ncutoff_date = '1.4.26'": (
        "scoring.cutoff_date: expected a date such as 2026-04-01, got '1.4.26'"
    ),
    "[scoring]\ncutoff_date = 2026-04-01T00:00:00": "scoring.cutoff_date: expected a date such as",
    "[scoring]\ndrivers = []": "scoring.drivers: expected a whole number, got a list",
    "[model]\nholdout_share = 1.0": "model.holdout_share: expected less than 1, got 1.0",
    "[model]\nholdout_share = 0": "model.holdout_share: expected more than 0, got 0",
    "[model]\nrandom_state = {}": "model.random_state: expected a whole number, got a section",
    "[health]\nred = 0.2": "health: expected yellow and red, or neither",
    "[health]\nyellow = 0.3\nred = 0.2": "health: expected yellow below red, got yellow 0.3 and red 0.2",
    "[warehouse]\nwait_seconds = inf": "warehouse.wait_seconds: expected a finite number, got inf",
    "[warehouse]\nprefix = 'a;b'": "warehouse.prefix: expected text that matches ^[A-Za-z0-9_]*$",
    "[warehouse]\npath = ' '": 'warehouse.path: expected a path, a URI, or "env:NAME"',
    "[tracking]\nmodel_name = ''": "tracking.model_name: expected text that matches",
    "[tracking]\nexperiment = ''": "tracking.experiment: expected text that is not empty, got ''",
    "[indicators.a]\ndirection = 'more_is_risky'": "indicators.a.direction: expected one of 'learned'",
    "[indicators.a]\nactionable = 1": "indicators.a.actionable: expected true or false, got 1",
}


@pytest.mark.parametrize(("text", "message"), FAULTS.items(), ids=FAULTS)
def test_a_fault_is_told_in_plain_words_with_its_full_name(text, message):
    (fault,) = told(PROJECT + PANEL + text)
    assert fault.startswith(message)


PANEL_FAULTS = {
    "file = 'b'": "panel: expected either table (in the warehouse) or file, and exactly one of them",
    "cutoff = 'b'\ncutoff_date = 2026-04-01": "panel: expected either cutoff (a column) or cutoff_date",
    "ignore = 'x'": 'panel.ignore: expected a list such as ["a", "b"], got \'x\'',
    "ignore = [1]": "panel.ignore.0: expected text, got 1",
    "label = ''": "panel.label: expected text that is not empty, got ''",
}


@pytest.mark.parametrize(("text", "message"), PANEL_FAULTS.items(), ids=PANEL_FAULTS)
def test_a_fault_of_the_panel_is_told(text, message):
    (fault,) = told(PROJECT + PANEL + text)
    assert fault.startswith(message)


def test_a_panel_without_a_source_is_told():
    (fault,) = told(PROJECT + "[panel]\ncustomer_id = 'id'")
    assert fault.startswith("panel: expected either table (in the warehouse) or file")


PROJECT_FAULTS = {
    "name = ''": "project.name: expected text that is not empty, got ''",
    "name = 'x'\ntimezone = 'Asia/Tokio'": (
        "project.timezone: expected an IANA name such as 'Asia/Tokyo', got 'Asia/Tokio' "
        "(did you mean 'Asia/Tokyo'?)"
    ),
    "name = 'x'\nlanguage = 'jp'": "project.language: expected one of 'en', 'ja', got 'jp'",
}


@pytest.mark.parametrize(("text", "message"), PROJECT_FAULTS.items(), ids=PROJECT_FAULTS)
def test_a_fault_of_the_project_is_told(text, message):
    assert told(f"[project]\n{text}\n{PANEL}") == [message]


def test_the_value_of_an_unknown_key_is_not_shown():
    (fault,) = told(PROJECT + PANEL + "[warehouse]\npassword = 'hunter2'")
    known = "'path', 'prefix', 'expansion_prefix', 'wait_seconds'"
    assert fault == f"warehouse.password: unknown key; known are {known}"


def test_every_fault_is_told():
    faults = told("[project]\nnam = 'x'\n[panel]\ntable = 3\n[scoring]\ndrivers = 0\n[x]\n")
    assert [fault.split(":")[0] for fault in faults] == [
        "project.name",
        "project.nam",
        "panel.table",
        "panel.customer_id",
        "scoring.drivers",
        "x",
    ]


def test_a_fault_that_has_no_words_of_ours_is_told_in_those_of_pydantic():
    class Other(BaseModel):
        at: dt.time

    with pytest.raises(ValidationError) as error:
        Other.model_validate({"at": "soon"})
    assert faults_in_words(error.value, Other)[0].startswith(
        "at: Input should be in a valid time format"
    )


def test_names_are_quoted_where_toml_needs_it():
    assert dotted(["indicators", 'a"b', "顧客", "plain-1_x"]) == 'indicators."a\\"b"."顧客".plain-1_x'
    assert dotted(["panel", "ignore", 0]) == "panel.ignore.0"
