"""A simulated world with faulty rows by choice: the check finds each of them, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from churnhealth.adapters.file_tables import FileTables
from churnhealth.adapters.postgres_warehouse import PostgresWarehouse
from churnhealth.domain.history import HISTORY
from churnhealth.domain.sources import History, Source
from churnhealth.features.check_history import CheckChoices, check_history
from churnhealth.features.check_result import SourcesReport
from churnhealth.simulate import Dirty, WorldConfig, write_world

# What the simulator calls a fault, and what the check does.
NAMES = {
    "duplicates": "duplicate",
    "orphans": "orphan",
    "bad_dates": "future",
    "unknown_words": "words",
    "outside_contract": "outside",
}


def check_world(config: WorldConfig, folder: Path) -> tuple[SourcesReport, pd.DataFrame]:
    written = write_world(config, folder)
    sources = {name: Source(name, str(folder / f"{name}.parquet"), {}) for name in HISTORY}
    history = History(sources, config.timezone)
    choices = CheckChoices(config.end, grace_days=14, max_reject_share=0.2)
    return check_history(history, FileTables(), choices), written.faults


@pytest.fixture(scope="module")
def dirty(tmp_path_factory: pytest.TempPathFactory) -> tuple[SourcesReport, pd.DataFrame]:
    config = WorldConfig(
        customers=250,
        years=1,
        seed=3,
        timezone="Asia/Tokyo",
        language="ja",
        late_renewal_share=0.3,
        late_share=0.1,
        dirty=Dirty(
            duplicates=0.02, orphans=0.015, bad_dates=0.01, unknown_words=0.03, outside_contract=0.025
        ),
    )
    return check_world(config, tmp_path_factory.mktemp("dirty"))


def test_every_fault_is_found_with_its_exact_count(dirty):
    report, added = dirty
    expected = {(row.table, NAMES[row.fault]): row.rows for row in added.itertuples()}
    found = {(one.source, one.check): one.rows for one in report.findings if one.check in NAMES.values()}
    assert len(expected) > 20
    assert found == expected


def test_bad_rows_are_the_faulty_rows(dirty):
    report, added = dirty
    rejected = report.sources.set_index("source")["rejected"]
    assert rejected.to_dict() == added.groupby("table")["rows"].sum().reindex(rejected.index).to_dict()


def test_the_only_other_finding_is_that_customers_are_overwritten(dirty):
    report, _ = dirty
    others = [one for one in report.findings if one.check not in NAMES.values()]
    assert [(one.source, one.check) for one in others] == [("customers", "mutable")]


def test_kept_rows_carry_their_reason_and_the_users_columns(dirty):
    report, _ = dirty
    tickets = report.rejects[report.rejects["source"] == "tickets"]
    foreign = tickets[tickets["reason"].str.contains("severity")]
    assert foreign["row_json"].str.contains('"severity": "???"', regex=False).all()
    assert not report.rejects.duplicated(["source", "row_hash"]).any()


def test_a_clean_world_has_no_bad_row_in_any_zone(tmp_path):
    config = WorldConfig(
        customers=150, years=1, seed=4, timezone="America/New_York", late_renewal_share=0.5
    )
    report, _ = check_world(config, tmp_path)
    assert report.sources["rejected"].sum() == 0
    assert [one.check for one in report.findings] == ["mutable"]


def test_postgresql_finds_the_same(tmp_path, new_postgres_database):
    config = WorldConfig(
        customers=60,
        years=1,
        seed=8,
        timezone="Asia/Tokyo",
        usage_events_per_week=1.0,
        dirty=Dirty(
            duplicates=0.05, orphans=0.05, bad_dates=0.05, unknown_words=0.1, outside_contract=0.05
        ),
    )
    expected, _ = check_world(config, tmp_path)
    warehouse = PostgresWarehouse(new_postgres_database())
    for name in HISTORY:
        warehouse.write_table(name, pd.read_parquet(tmp_path / f"{name}.parquet"))
    # Once more with text in the order day-month-year, which must be read by patterns.
    text = pd.DataFrame({"customer_id": ["C000001", "C000001"], "occurred_at": ["31-05-2023", "x"]})
    warehouse.write_table("text_usage", text)
    sources = {name: Source(name, name, {}) for name in HISTORY}
    choices = CheckChoices(config.end, grace_days=14, max_reject_share=0.5)
    got = check_history(History(sources, config.timezone), warehouse, choices)
    assert sorted(map(str, got.findings)) == sorted(map(str, expected.findings))
    pd.testing.assert_frame_equal(
        got.sources.drop(columns="relation"), expected.sources.drop(columns="relation")
    )
    pd.testing.assert_frame_equal(got.coverage, expected.coverage)
    pd.testing.assert_frame_equal(got.columns, expected.columns)
    sources["usage_events"] = Source("usage_events", "text_usage", {})
    overlapping = pd.read_parquet(tmp_path / "subscriptions.parquet")
    overlapping["valid_to"] = overlapping["valid_from"].mask(overlapping["valid_from"].notna())
    warehouse.write_table("subscriptions", overlapping)
    report = check_history(History(sources, config.timezone), warehouse, choices)
    (form,) = report.of("text_date")
    assert ("day-month-year" in form.told, form.rows) == (True, 2)
    assert report.of("type")[0].rows == 1
    # Versions without an end all hold still: each but the first of its contract overlaps.
    different = overlapping.drop_duplicates(["subscription_id", "valid_from"])
    expected_overlaps = len(different) - different["subscription_id"].nunique()
    (overlap,) = report.of("overlap")
    assert (overlap.source, overlap.rows) == ("subscriptions", expected_overlaps)
