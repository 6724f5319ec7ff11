"""The report as a file: its size, where it goes, and what is refused before anything is written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from churnhealth.errors import ConfigError, WarehouseError
from churnhealth.jobs.report import FILE_NAME, write_report
from churnhealth.jobs.wiring import Workplace

Make = Callable[..., Workplace]
Customer = Callable[..., dict[str, Any]]


def test_a_thousand_customers_with_long_texts_stay_under_three_megabytes(
    by_hand: Make, make_customer: Customer
) -> None:
    long = "とても長い名前の株式会社"
    people = [make_customer(at, company=f"{long}{at}", logins=at + 0.123456) for at in range(1000)]
    result = write_report(by_hand(("2026-03-01", "m1", people), ("2026-04-01", "m1", people)))
    assert (result.embedded, result.size) == (1000, result.path.stat().st_size)
    assert result.size < 3_000_000


def test_the_file_goes_where_it_is_asked_and_replaces_an_old_one(
    by_hand: Make, make_customer: Customer, tmp_path: Path
) -> None:
    workplace = by_hand(("2026-04-01", "m1", [make_customer(1)]))
    assert write_report(workplace).path == workplace.settings.folder / FILE_NAME
    out = tmp_path / "new" / "page.html"
    write_report(workplace, out=out, language="ja")
    write_report(workplace, out=out, language="en")
    assert '<html lang="en">' in out.read_text("utf-8")
    assert [one.name for one in out.parent.iterdir()] == ["page.html"]
    with pytest.raises(ConfigError, match="cannot be written"):
        write_report(workplace, out=out.parent)


def test_no_customer_asked_for_is_refused(by_hand: Make) -> None:
    with pytest.raises(ConfigError, match="customers: expected 1 or more, got 0"):
        write_report(by_hand(), customers=0)


def test_before_any_score_the_error_says_what_to_do(workplace: Workplace) -> None:
    with pytest.raises(WarehouseError, match="Score customers first"):
        write_report(workplace)
