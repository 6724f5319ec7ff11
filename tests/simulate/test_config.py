from __future__ import annotations

import datetime as dt

import pytest

from churnhealth.errors import ConfigError
from churnhealth.simulate import Dirty, WorldConfig
from churnhealth.simulate.config import BLOCK


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"customers": 0}, "customers: expected at least 1, got 0"),
        ({"annual_share": 1.5}, "annual_share: expected a share between 0 and 1, got 1.5"),
        ({"churn_level": 0.0}, "churn_level: expected more than 0"),
        ({"language": "fr"}, "language: expected one of 'en', 'ja', got 'fr'"),
        ({"timezone": "Tokyo"}, "expected an IANA name such as 'Asia/Tokyo', got 'Tokyo'"),
        ({"annual_notice_days": -1}, "annual_notice_days: expected 0 or more"),
    ],
)
def test_a_wrong_choice_is_named_with_what_was_expected(values: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        WorldConfig(**values)  # type: ignore[arg-type]


def test_a_wrong_share_of_faults_is_named() -> None:
    with pytest.raises(ConfigError, match=r"dirty\.orphans: expected a share between 0 and 1, got 2"):
        Dirty(orphans=2)


def test_the_data_end_whole_years_after_their_start() -> None:
    assert WorldConfig(years=2, start=dt.date(2024, 2, 29)).end == dt.date(2026, 2, 28)


def test_blocks_hold_all_customers() -> None:
    config = WorldConfig(customers=2 * BLOCK + 7)
    assert [config.block_size(block) for block in config.blocks] == [BLOCK, BLOCK, 7]


def test_a_world_is_clean_unless_asked() -> None:
    assert not WorldConfig().dirty.any
    assert Dirty(duplicates=0.1).any
