from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from churnhealth.adapters.duckdb_warehouse import DuckDBWarehouse
from churnhealth.adapters.file_tables import FileTables
from churnhealth.errors import ConfigError, LeakageError
from churnhealth.jobs.settings import Settings, load_settings
from churnhealth.jobs.sources import check_choices, cutoff_dates, data_end, source_runner

END = dt.date(2026, 4, 1)


@pytest.fixture
def settings(tmp_path: Path):
    def load(text: str = "", usage: str = "table = 'logins'") -> Settings:
        path = tmp_path / "churnhealth.toml"
        head = "[project]\nname = 'x'\ntimezone = 'Asia/Tokyo'\n[sources.customers]\ntable = 'a'\n"
        path.write_text(head + f"[sources.usage_events]\n{usage}\n" + text)
        return load_settings(path, environ={})

    return load


def test_tables_are_asked_in_the_warehouse_and_files_are_not(settings, tmp_path):
    warehouse = DuckDBWarehouse(tmp_path / "w.duckdb")
    assert source_runner(settings(), warehouse) is warehouse
    files = settings()
    only = {
        name: one.model_copy(update={"table": None, "file": Path("x")})
        for name, one in files.sources.items()
    }
    assert isinstance(source_runner(files.model_copy(update={"sources": only}), warehouse), FileTables)


def test_tables_and_files_together_are_refused(settings, tmp_path):
    mixed = settings(usage="file = 'u.parquet'")
    with pytest.raises(ConfigError, match="tables for 'customers' and files for 'usage_events'"):
        source_runner(mixed, DuckDBWarehouse(tmp_path / "w.duckdb"))


def test_the_data_end_with_the_local_day_before_today_unless_it_is_said(settings):
    # 16:00 UTC on 31 March is 1 April in Tokyo.
    now = dt.datetime(2026, 3, 31, 16, tzinfo=dt.UTC)
    assert data_end(settings(), now) == END
    assert data_end(settings("[cutoffs]\ndata_end = 2025-01-01"), now) == dt.date(2025, 1, 1)


def test_cutoffs_go_by_calendar(settings):
    assert len(cutoff_dates(settings(), END)) == 24
    quarters = cutoff_dates(settings("[cutoffs]\nevery = 'quarter'\ncount = 2"), END)
    assert quarters == [dt.date(2026, 1, 1), END]
    some = cutoff_dates(settings("[cutoffs]\nfirst = 2025-11-15\nlast = 2026-01-20"), END)
    assert some == [dt.date(2025, 12, 1), dt.date(2026, 1, 1)]


def test_a_cutoff_after_the_end_of_the_data_is_leakage(settings):
    with pytest.raises(LeakageError, match="after the end of the data"):
        cutoff_dates(settings("[cutoffs]\nlast = 2026-05-01"), END)


def test_the_check_is_told_what_the_file_says(settings):
    choices = check_choices(settings("[check]\nmax_reject_rows = 7\n", "table = 'u'\nkey = ['id']"), END)
    assert (choices.max_reject_rows, choices.max_reject_share) == (7, 0.1)
    assert choices.sources["usage_events"].key == ("id",)
    assert choices.limit == dt.datetime.combine(END, dt.time())
