"""[promotion] in churnhealth.toml."""

from __future__ import annotations

import pytest

from churnhealth.domain.promotion_evidence import PromotionPolicy
from churnhealth.errors import ConfigError
from churnhealth.jobs.settings import load_settings

SMALL = """
[project]
name = "demo"
[panel]
file = "panel.csv"
customer_id = "id"
"""


def test_without_the_section_the_usual_thresholds_hold(tmp_path):
    (tmp_path / "c.toml").write_text(SMALL)
    settings = load_settings(tmp_path / "c.toml")
    assert settings.promotion.policy == PromotionPolicy()
    assert settings.model.backtest_windows == 4
    assert settings.health.capacity is None


def test_every_threshold_can_be_set(tmp_path):
    policy = PromotionPolicy(0.8, 2.0, 0.01, 0.3, 0.7, 1.4, 0.1, 0.9, 0.6, 0.1)
    lines = "\n".join(f"{name} = {value}" for name, value in vars(policy).items())
    (tmp_path / "c.toml").write_text(f"{SMALL}\n[promotion]\n{lines}\n")
    assert load_settings(tmp_path / "c.toml").promotion.policy == policy


def test_what_is_out_of_range_or_misspelt_is_told_together(tmp_path):
    (tmp_path / "c.toml").write_text(
        f"{SMALL}\n[promotion]\nlone_auc = 1.5\nbandshare = 0.1\n[model]\nbacktest_windows = 0\n"
    )
    with pytest.raises(ConfigError) as caught:
        load_settings(tmp_path / "c.toml")
    for words in ("promotion.lone_auc", "bandshare", "backtest_windows"):
        assert words in str(caught.value)
