"""Files whose tests train models, run whole jobs, or talk to a server or a browser are slow.

`make test-fast` leaves them out, so that it takes a few minutes; `make test` and CI run everything.
"""

from __future__ import annotations

from pathlib import Path

import pytest

TESTS = Path(__file__).parent / "tests"
SLOW_FILES = {
    "adapters": (
        "test_duckdb_publish",
        "test_duckdb_view",
        "test_postgres_connection",
        "test_staging",
        "test_tracking_mlflow",
        "test_tracking_mlflow_folds",
        "test_tracking_mlflow_run",
        "test_warehouse_conformance",
        "test_warehouse_conformance_card",
        "test_warehouse_conformance_clock",
        "test_warehouse_conformance_crash",
        "test_warehouse_conformance_lists",
        "test_warehouse_conformance_monitor",
        "test_warehouse_conformance_query",
        "test_warehouse_conformance_report",
        "test_warehouse_conformance_tables",
    ),
    "cli": (
        "test_history_commands",
        "test_monitor_commands",
        "test_registry_commands",
        "test_score_command",
        "test_show",
        "test_show_explained",
    ),
    "explain": ("test_additivity", "test_bad_input", "test_compare"),
    "features": (
        "test_check_faults",
        "test_check_history",
        "test_golden_sql",
        "test_matrix_batches",
        "test_matrix_leakage",
    ),
    "jobs": (
        "test_backfill",
        "test_card_change",
        "test_cards",
        "test_check",
        "test_drift",
        "test_explain_customer",
        "test_fold_records",
        "test_history_panel",
        "test_kpi",
        "test_monitor",
        "test_registry",
        "test_retrain",
        "test_retrain_quarters",
        "test_scheduling_docs",
        "test_score",
        "test_score_batches",
        "test_search",
    ),
    "labels": ("test_label_properties",),
    "model": ("test_linear", "test_refits", "test_target"),
    "plots": ("test_pictures",),
    "report": (
        "test_browser",
        "test_report",
        "test_report_advice",
        "test_report_file",
        "test_report_monitor",
    ),
    "search": ("test_study",),
    ".": ("test_estimator", "test_estimator_points"),
}
PATHS = {
    (TESTS / folder / f"{name}.py").resolve() for folder, names in SLOW_FILES.items() for name in names
}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what stands in a slow file; a file that is not there any more is an error."""
    gone = sorted(path.name for path in PATHS if not path.is_file())
    if gone:
        raise pytest.UsageError(f"conftest.py names files that are not there: {gone}")
    for item in items:
        if item.path.resolve() in PATHS:
            item.add_marker(pytest.mark.slow)
