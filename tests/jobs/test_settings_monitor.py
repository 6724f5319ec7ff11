from __future__ import annotations

from pathlib import Path

import pytest

from churnhealth.errors import ConfigError
from churnhealth.evaluate.drift import DriftPolicy
from churnhealth.jobs.settings import load_settings

PANEL = '[project]\nname = "p"\n[panel]\ntable = "t"\ncustomer_id = "id"\n'


def settings(folder: Path, text: str):
    (folder / "c.toml").write_text(PANEL + text)
    return load_settings(folder / "c.toml")


def test_the_conventional_thresholds_warn_unless_the_file_says_otherwise(tmp_path: Path) -> None:
    plain = settings(tmp_path, "")
    assert (plain.drift.policy, plain.drift.action) == (DriftPolicy(0.1, 0.25), "warn")
    assert (plain.monitor.lookback_days, plain.monitor.max_age_days) == (365, 92)
    strict = settings(tmp_path, '[drift]\nwarn_psi = 0.05\nstop_psi = 0.1\naction = "stop"\n')
    assert (strict.drift.policy, strict.drift.action) == (DriftPolicy(0.05, 0.1), "stop")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[drift]\nwarn_psi = 0.5\n", "expected warn_psi below stop_psi"),
        ('[drift]\naction = "halt"\n', "action"),
        ("[drift]\nstop_psi = 0.0\n", "more than 0"),
        ("[drift]\nstop_share = 1.5\n", "1 or less"),
        ("[monitor]\nmax_age_days = 0\n", "1 or more"),
        ("[monitor]\nmax_age = 5\n", "max_age_days"),
    ],
)
def test_faults_are_told(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        settings(tmp_path, text)
