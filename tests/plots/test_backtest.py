from __future__ import annotations

from typing import Any

import pytest

from churnhealth.errors import SchemaError
from churnhealth.evaluate.judged_rows import DIFFERENCE_COLUMNS, METRIC_COLUMNS
from churnhealth.plots import backtest as module
from churnhealth.plots.backtest import backtest_differences, backtest_over_windows


def test_the_columns_are_those_of_the_backtest() -> None:
    assert {column.name for column in module._METRICS} <= set(METRIC_COLUMNS)
    assert {column.name for column in module._DIFFERENCES} <= set(DIFFERENCE_COLUMNS)


def test_models_stand_side_by_side_with_their_own_shapes(tables: dict[str, Any], marks: Any) -> None:
    symbols = sorted(marks(backtest_over_windows(tables["metrics"]), "symbol"), key=lambda one: one["x"])
    # Three windows and all together, three models each.
    assert len({round(one["x"]) for one in symbols}) == 12
    assert [one.get("shape", "circle") for one in symbols[:3]] == ["circle", "square", "triangle-up"]


def test_values_are_those_of_the_metric(tables: dict[str, Any], rows_of: Any) -> None:
    metrics = tables["metrics"]
    own = metrics[(metrics["metric"] == "roc_auc") & (metrics["model"] == "challenger")]
    drawn = rows_of(backtest_over_windows(metrics, "roc_auc"))
    told = [row["value"] for row in drawn if row.get("model") == "challenger"]
    assert told == own["value"].tolist()
    # The line of chance.
    assert {"at": 0.5} in drawn


def test_what_is_not_defined_for_a_model_is_left_out(tables: dict[str, Any], rows_of: Any) -> None:
    drawn = rows_of(backtest_over_windows(tables["metrics"], "calibration_slope"))
    assert {row["model"] for row in drawn if "model" in row} == {"challenger", "logistic regression"}


def test_differences_are_those_of_the_last_window_or_the_named(
    tables: dict[str, Any], rows_of: Any
) -> None:
    table = tables["differences"]
    for window in (None, "2025-01-01"):
        own = table[table["window"] == (window or "all windows")]
        drawn = [row for row in rows_of(backtest_differences(table, window)) if "pair" in row]
        assert [row["difference"] for row in drawn] == own["difference"].tolist()
    assert drawn[0]["pair"] == "challenger less logistic regression"


def test_unknown_metrics_and_windows_are_refused_with_the_nearest(tables: dict[str, Any]) -> None:
    with pytest.raises(SchemaError, match="did you mean 'log_loss'"):
        backtest_over_windows(tables["metrics"], "logloss")
    with pytest.raises(SchemaError, match="did you mean 'all windows'"):
        backtest_differences(tables["differences"], "all window")
