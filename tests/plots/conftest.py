"""One small table for every picture, made by the functions that make them in earnest, without a fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import vl_convert

from churnhealth import plots
from churnhealth.domain.health import HealthBands
from churnhealth.domain.indicators import Catalogue, Indicator
from churnhealth.evaluate.backtest import Backtest, rolling_backtest
from churnhealth.evaluate.distribution import score_distribution
from churnhealth.evaluate.importance import importance_table
from churnhealth.evaluate.lift import lift_with_intervals
from churnhealth.evaluate.profit import profit_table
from churnhealth.evaluate.reliability import reliability_table
from churnhealth.evaluate.smooth_curve import smooth_curve
from churnhealth.evaluate.two_axes import two_axes
from churnhealth.explain.change_day import day_of_change
from churnhealth.explain.explanation import Explanation
from churnhealth.explain.swarm import swarm_table
from churnhealth.explain.waterfall import waterfall_steps
from churnhealth.labels.rolling_windows import RollingWindow

CUSTOMERS, JUDGED = 800, 300
CATALOGUE = Catalogue(
    (
        Indicator("logins_28d", "usage", "times", label_en="logins", label_ja="ログイン回数"),
        Indicator("active_users", "usage", "users", label_en="active users", label_ja="利用ユーザー数"),
        Indicator("meetings_90d", "touch", "times", label_en="meetings", label_ja="打ち合わせ回数"),
        Indicator("nps", "satisfaction", "points", label_en="NPS answer", label_ja="NPSの回答"),
        Indicator("plan", "contract", "", label_en="plan", label_ja="プラン"),
        Indicator("tickets_90d", "support", "tickets", label_en="tickets", label_ja="問い合わせ件数"),
    )
)


def _world() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return churned, probability and MRR of customers whose probabilities are true."""
    rng = np.random.default_rng(7)
    p = np.clip(rng.beta(1.1, 9.0, CUSTOMERS), 0.002, 0.95)
    return (rng.random(CUSTOMERS) < p).astype(int), p, rng.gamma(2.0, 40_000.0, CUSTOMERS).round(-2)


def _explanation() -> Explanation:
    rng = np.random.default_rng(1)
    n = 250
    values = pd.DataFrame(
        {
            "logins_28d": rng.poisson(12, n).astype(float),
            "active_users": rng.integers(1, 60, n).astype(float),
            "meetings_90d": rng.poisson(2, n).astype(float),
            "nps": np.where(rng.random(n) < 0.5, np.nan, rng.integers(0, 11, n)),
            "plan": rng.choice(["Basic", "Pro", "Enterprise"], n),
            "tickets_90d": rng.poisson(1, n).astype(float),
        },
        index=[f"C{at:04d}" for at in range(n)],
    )
    points = pd.DataFrame(
        {
            "logins_28d": 1.1 * (values["logins_28d"] - 12.0),
            "active_users": 0.08 * (values["active_users"] - 30.0),
            "meetings_90d": -0.7 * (values["meetings_90d"] - 2.0),
            "nps": (0.4 * (values["nps"] - 6.0)).fillna(0.0),
            "nps:missing": np.where(values["nps"].isna(), -1.4, 0.0),
            "plan": values["plan"].map({"Basic": -2.0, "Pro": 0.8, "Enterprise": 2.2}),
            "tickets_90d": -0.9 * (values["tickets_90d"] - 1.0),
        }
    )
    typical = pd.Series({"logins_28d": 12.0, "active_users": 30.0, "meetings_90d": 2.0, "nps": 7.0})
    sub_scores = pd.DataFrame(
        {
            "usage": np.clip(85.0 + points["logins_28d"] + points["active_users"], 0, 100),
            "touch": np.clip(85.0 + points["meetings_90d"], 0, 100),
            "satisfaction": np.clip(85.0 + points["nps"] + points["nps:missing"], 0, 100),
        }
    )
    return Explanation(85.0, points, values, typical, CATALOGUE, sub_scores)


def _periods() -> pd.DataFrame:
    """Return the columns of `periods_table` that are drawn, of four quarters."""
    verdicts = ["as predicted", "as predicted", "fewer than predicted", "more than predicted"]
    return pd.DataFrame(
        {
            "period_kind": "cutoff",
            "period": ["2025-04-01", "2025-07-01", "2025-10-01", "2026-01-01"],
            "customers": 800,
            "churners": [22, 27, 9, 41],
            "predicted_churners": [21.4, 24.9, 23.1, 22.0],
            "churners_low": [13.0, 16.0, 14.0, 14.0],
            "churners_high": [31.0, 35.0, 33.0, 32.0],
            "verdict": verdicts,
        }
    )


def _backtest(y: np.ndarray, p: np.ndarray, mrr: np.ndarray) -> Backtest:
    """Judge a true, a flattened and a constant model on three windows."""
    y, p, mrr = y[:JUDGED], p[:JUDGED], mrr[:JUDGED]
    quarter = np.arange(JUDGED) % 3
    windows = [
        RollingWindow(f"2025-{1 + 3 * at:02d}-01", None, quarter != at, quarter == at) for at in range(3)
    ]

    def predict(window: RollingWindow) -> dict[str, np.ndarray]:
        own = p[window.test]
        return {
            "challenger": own,
            "logistic regression": 0.5 * own + 0.5 * p.mean(),
            "base rate": np.full(own.size, p.mean()),
        }

    return rolling_backtest(y, windows, predict, mrr=mrr, n_boot=10, n_sim=2)


def _drift() -> pd.DataFrame:
    lines = [
        ("(health score)", "(score)", 0.03, 0.05, 0.0, 0.0, "ok"),
        ("logins_28d", "usage", 0.31, 0.06, 0.0, 0.01, "stop"),
        ("nps", "satisfaction", 0.16, 0.06, 0.4, 0.62, "warn"),
        ("plan", "contract", 0.12, 0.14, 0.0, 0.0, "ok"),
        ("tickets_90d", "support", 0.01, 0.06, 0.0, 0.0, "ok"),
    ]
    names = ("psi", "psi_chance_limit", "missing_reference", "missing_now", "verdict")
    return pd.DataFrame(lines, columns=["indicator", "indicator_group", *names])


def _scores() -> pd.DataFrame:
    cutoffs = pd.date_range("2025-09-30 15:00", periods=8, freq="MS", tz="UTC") - pd.Timedelta("9h")
    return pd.DataFrame(
        {
            "cutoff": cutoffs,
            "health_score": [94.2, 93.8, 95.0, 91.1, 86.0, 74.5, 71.0, 66.3],
            "health_band": ["green"] * 4 + ["yellow"] * 2 + ["red"] * 2,
            "model_version": ["1-aaa"] * 5 + ["2-bbb"] * 3,
        }
    )


def _series() -> pd.Series:
    rng = np.random.default_rng(4)
    days = pd.date_range("2026-01-01", periods=120)
    usual = np.where(days.day_of_week < 5, 6.0, 1.0)
    return pd.Series(rng.poisson(np.where(np.arange(120) < 78, usual, usual / 3.0)), index=days)


def _cohorts() -> pd.DataFrame:
    lines = []
    for at, start in enumerate(pd.date_range("2025-04-01", periods=10, freq="MS")):
        customers = 40 + 3 * at
        for period in range(12 - at):
            retained = round(customers * (0.97 - 0.002 * at) ** period)
            lines.append((start.date(), period, customers, retained, retained / customers))
    return pd.DataFrame(lines, columns=["cohort", "period", "customers", "retained", "retention"])


def _tables() -> dict[str, Any]:
    y, p, mrr = _world()
    explanation, backtest = _explanation(), _backtest(y, p, mrr)
    drivers = explanation.drivers(top=5, others=True)
    one = drivers[drivers["row"] == "C0056"]
    series = _series()
    probability = np.clip(1.0 - explanation.health_score.to_numpy() / 100.0, 0.0, 1.0)
    return {
        "reliability": reliability_table(y, p),
        "curve": smooth_curve(y, p, n=60),
        "distribution": score_distribution(p, HealthBands(0.1, 0.3).band(p)),
        "periods": _periods(),
        "lift": lift_with_intervals(y, p, [0.05, 0.1, 0.2, 0.3, 0.5], mrr=mrr, n=80),
        "profit": profit_table(y, p, range(0, 401, 40), 12.0 * mrr, 20_000.0, 0.3, n=80),
        "drivers": one,
        "steps": waterfall_steps(one, explanation.base_points),
        "swarm": swarm_table(explanation, most=200),
        "importance": importance_table(explanation.groups(), n=100),
        "axes": two_axes(
            explanation.sub_scores,
            "usage",
            "satisfaction",
            probability,
            mrr=mrr[: len(probability)],
            churned=y[: len(probability)],
        ),
        "scores": _scores(),
        "series": series,
        "change": day_of_change(series),
        "drift": _drift(),
        "metrics": backtest.metrics,
        "differences": backtest.differences,
        "cohorts": _cohorts(),
    }


Draw = Callable[..., Any]


def _pictures(made: dict[str, Any]) -> dict[str, tuple[Draw, tuple[Any, ...], dict[str, Any]]]:
    """Return every picture by name: function, its tables, its settings."""
    words, who = {"catalogue": CATALOGUE}, {"customer": "C0056"}
    change = made["change"]
    return {
        "reliability_diagram": (
            plots.reliability_diagram,
            (made["reliability"],),
            {"curve": made["curve"], "histogram": made["distribution"]},
        ),
        "calibration_over_time": (plots.calibration_over_time, (made["periods"],), {}),
        "lift_by_capacity": (plots.lift_by_capacity, (made["lift"],), {}),
        "profit_by_capacity": (plots.profit_by_capacity, (made["profit"], "JPY"), {}),
        "score_histogram": (plots.score_histogram, (made["distribution"],), {}),
        "driver_bars": (plots.driver_bars, (made["drivers"],), words | who),
        "waterfall": (plots.waterfall, (made["steps"],), words | who),
        "beeswarm": (plots.beeswarm, (made["swarm"],), words),
        "importance_bars": (plots.importance_bars, (made["importance"],), {}),
        "two_axes_matrix": (plots.two_axes_matrix, (made["axes"], "JPY"), {}),
        "score_history": (
            plots.score_history,
            (made["scores"],),
            who | {"timezone": "Asia/Tokyo", "change": change},
        ),
        "indicator_history": (
            plots.indicator_history,
            (made["series"], "logins"),
            {"change": change},
        ),
        "drift_bars": (plots.drift_bars, (made["drift"],), words),
        "backtest_over_windows": (plots.backtest_over_windows, (made["metrics"],), {}),
        "backtest_differences": (plots.backtest_differences, (made["differences"],), {}),
        "retention_cohorts": (plots.retention_cohorts, (made["cohorts"],), {}),
    }


@pytest.fixture(scope="session")
def tables() -> dict[str, Any]:
    """Return tables by what they are."""
    return _tables()


@pytest.fixture(scope="session")
def pictures(tables: dict[str, Any]) -> dict[str, tuple[Draw, tuple[Any, ...], dict[str, Any]]]:
    """Return every picture by name: function, its tables, its settings."""
    return _pictures(tables)


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """Return the labels of the indicators in the tables."""
    return CATALOGUE


def _marks(chart: Any, kind: str) -> list[dict[str, Any]]:
    """Return the drawn marks of one kind ("rect", "symbol", "rule", "text") of a picture, as placed."""
    found: list[dict[str, Any]] = []

    def look(group: dict[str, Any]) -> None:
        for one in group.get("items", []):
            if group.get("marktype") == kind and group.get("role") == "mark":
                found.append(one)
            if "items" in one:
                look(one)

    look(vl_convert.vegalite_to_scenegraph(chart.to_dict())["scenegraph"])
    return found


@pytest.fixture
def marks() -> Callable[[Any, str], list[dict[str, Any]]]:
    """Return what finds the drawn marks of a picture."""
    return _marks


@pytest.fixture
def rows_of() -> Callable[[Any], list[dict[str, Any]]]:
    """Return what finds all rows inside a picture."""
    return lambda chart: [row for rows in chart.to_dict()["datasets"].values() for row in rows]
