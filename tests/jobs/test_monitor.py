"""Past scores in a warehouse made by hand, labels in a newer panel: what monitoring makes of them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from churnhealth.adapters.duckdb_warehouse import DuckDBWarehouse
from churnhealth.errors import ConfigError, TrackingError
from churnhealth.jobs.monitor import MonitorResult, monitor
from churnhealth.jobs.score import score
from churnhealth.jobs.settings import load_settings
from churnhealth.jobs.wiring import Workplace

# The champion learned from labels known on 2026-05-01 in Tokyo: cutoff 2026-04-01 and 30 days.
MAY, JUNE, JULY = "2026-05-01", "2026-06-01", "2026-07-01"
Row = tuple[str, float, str, float | None]


def instant(day: str) -> pd.Timestamp:
    return pd.Timestamp(day, tz="Asia/Tokyo").tz_convert("UTC")


class Past:
    """A project whose warehouse is filled by hand, day by day."""

    def __init__(self, workplace: Workplace) -> None:
        self.workplace = workplace
        workplace.warehouse.prepare()
        self.labels: list[dict[str, object]] = []

    @property
    def champion(self) -> str:
        return self.workplace.registry.champion().model_version

    def scored(
        self,
        day: str,
        rows: Sequence[Row],
        *,
        model: str | None = None,
        indicators: pd.DataFrame | None = None,
        finished: str | None = None,
    ) -> None:
        """Put one slice there: customer, probability, band, and what became of it later."""
        model, cutoff = model or self.champion, instant(day)
        frame = pd.DataFrame(rows, columns=["customer_id", "churn_probability", "health_band", "y"])
        key = frame[["customer_id"]].assign(cutoff=cutoff, model_version=model)
        moment = cutoff + pd.Timedelta(days=1) if finished is None else instant(finished)
        scores = key.assign(
            churn_probability=frame["churn_probability"],
            health_score=100 * (1 - frame["churn_probability"]),
            health_band=frame["health_band"],
            risk_rank=np.arange(1, len(frame) + 1),
            base_points=80.0,
            mrr_at_risk=100.0 * frame["churn_probability"],
            currency="JPY",
            scored_at=moment,
            run_id=f"{day}-{model}",
        )
        drivers = key.assign(
            rank=1,
            indicator="logins",
            indicator_group="usage",
            contribution_points=-3.0,
            direction="lowers",
            reason_en="few logins of " + frame["customer_id"],
            reason_ja="ログインが少ない",
        )
        run = {"run_id": f"{day}-{model}", "job": "score", "cutoff": cutoff, "model_version": model}
        run |= {"status": "completed", "revision": 1, "started_at": moment, "finished_at": moment}
        self._insert("health_scores", scores)
        self._insert("health_drivers", drivers)
        self._insert("health_runs", pd.DataFrame([run]))
        if indicators is not None:
            texts = [json.dumps(one) for one in json.loads(indicators.to_json(orient="records"))]
            self._insert("health_indicators", key.assign(indicators=texts))
        self.labels += [
            {"customer_id": name, "cutoff": day, "churned": y, "anything": 1.0} for name, _, _, y in rows
        ]

    def _insert(self, table: str, frame: pd.DataFrame) -> None:
        path = str(self.workplace.settings.folder / "warehouse.duckdb")
        with duckdb.connect(path) as connection:
            connection.register("made", frame)
            connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM made")

    def monitored(self, today: str, **about: object) -> MonitorResult:
        panel = pd.DataFrame(self.labels).dropna(subset="churned").assign(mrr=100.0)
        self.workplace.warehouse.write_table("panel", panel)
        self.workplace.clock.now = instant(today).to_pydatetime()
        return monitor(self.workplace, **about)

    def table(self, name: str) -> pd.DataFrame:
        return self.workplace.warehouse.read_table(f"health_monitor_{name}")


class Today:
    """A clock that is set by hand."""

    now = datetime(2026, 5, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def make_past(folder: Path, trained_template: tuple) -> Past:
    template, registry = trained_template
    shutil.copytree(template, folder / "project")
    config = folder / "project" / "churnhealth.toml"
    config.write_text(config.read_text().replace("cutoff_date = 2026-04-01", 'cutoff = "cutoff"'))
    warehouse = DuckDBWarehouse(folder / "project" / "warehouse.duckdb")
    return Past(Workplace(load_settings(config), config, warehouse, registry, Today()))


@pytest.fixture
def past(tmp_path: Path, trained_template: tuple) -> Past:
    return make_past(tmp_path, trained_template)


@pytest.fixture(scope="module")
def seen(
    tmp_path_factory: pytest.TempPathFactory, trained_template: tuple
) -> tuple[Past, MonitorResult]:
    """The three cutoffs, monitored when all of their labels were known."""
    past = make_past(tmp_path_factory.mktemp("seen"), trained_template)
    three_cutoffs(past)
    return past, past.monitored("2026-08-15")


def three_cutoffs(past: Past) -> None:
    """Ten customers at each of three cutoffs; 2, 1 and 2 churned in the months after."""
    safe = [(f"s{at}", 0.1, "green", 0) for at in range(6)]
    past.scored(
        MAY,
        [
            *safe,
            ("r1", 0.5, "red", 0),
            ("r2", 0.5, "red", 1),
            ("g1", 0.1, "green", 1),
            ("y1", 0.2, "yellow", 0),
        ],
    )
    past.scored(JUNE, [*safe, ("r1", 0.6, "red", 1), ("y1", 0.4, "red", 0), ("q1", 0.1, "green", None)])
    past.scored(JULY, [*safe, ("y1", 0.3, "yellow", 1), ("n1", 0.2, "green", 1)])


def test_predicted_and_observed_churners_by_cutoff_and_by_month(seen: tuple) -> None:
    past, _ = seen
    periods = past.table("periods").sort_values("period")
    cutoffs = periods[periods["period_kind"] == "cutoff"].set_index("period")
    assert cutoffs["customers"].to_dict() == {MAY: 10, JUNE: 8, JULY: 8}
    assert cutoffs["churners"].to_dict() == {MAY: 2, JUNE: 1, JULY: 2}
    # 7 x 0.1 + 2 x 0.5 + 0.2; 6 x 0.1 + 0.6 + 0.4; 6 x 0.1 + 0.3 + 0.2
    assert cutoffs["predicted_churners"].to_list() == pytest.approx([1.9, 1.6, 1.1])
    # q1 was scored in June and nobody knows what became of it: neither churned nor stayed.
    assert cutoffs["without_label"].to_dict() == {MAY: 0, JUNE: 1, JULY: 0}
    assert set(cutoffs["verdict"]) == {"as predicted"}
    assert (cutoffs["churners_low"] <= cutoffs["churners"]).all()
    months = periods[periods["period_kind"] == "month"]
    assert months["period"].tolist() == ["2026-05", "2026-06", "2026-07"]
    everything = periods[periods["period_kind"] == "all"].iloc[0]
    assert (everything["customers"], everything["churners"], everything["without_label"]) == (26, 5, 1)
    (own,) = periods[periods["period_kind"] == "model"]["period"]
    assert own == past.champion


def test_only_windows_whose_labels_are_known_count(past: Past) -> None:
    past.scored(JUNE, [("a", 0.1, "green", 1), ("b", 0.6, "red", 0)])
    # June's labels are known on 1 July: a day before, what the panel says of it is not certain.
    before = past.monitored("2026-06-30")
    assert before.periods.empty
    assert before.customers.empty
    assert past.monitored("2026-07-01").of_kind("cutoff")["period"].tolist() == [JUNE]


def test_green_customers_that_churned_and_red_ones_that_stayed_with_what_was_said(seen: tuple) -> None:
    past, result = seen
    told = result.customers[["finding", "customer_id"]].to_numpy().tolist()
    # The safest first, then the riskiest first.
    assert told == [
        ["green_but_churned", "g1"],
        ["green_but_churned", "n1"],
        ["red_but_stayed", "r1"],
        ["red_but_stayed", "y1"],
    ]
    table = past.table("customers").set_index("customer_id")
    assert table.loc["g1", "reasons_en"] == "few logins of g1"
    assert table.loc["g1", "reasons_ja"] == "ログインが少ない"
    assert table.loc["y1", "cutoff"] == instant(JUNE)
    assert table.loc["r1", "mrr_at_risk"] == 50.0


def test_the_days_from_the_first_red_to_the_churn(seen: tuple) -> None:
    past, result = seen
    leads = past.table("lead_times").set_index("customer_id")
    assert sorted(leads.index) == ["g1", "n1", "r1", "r2", "y1"]
    # Red on 1 May, churned in the 30 days after 1 June: 31 to 61 days.
    assert leads.loc["r1", ["lead_days_low", "lead_days_high"]].tolist() == [31.0, 61.0]
    assert leads.loc["r2", ["lead_days_low", "lead_days_high"]].tolist() == [0.0, 30.0]
    # Red in June, no longer in July, churned after it.
    assert leads.loc["y1", "lead_days_low"] == 30.0
    assert pd.isna(leads.loc["y1", "red_since_cutoff"])
    assert leads.loc["r1", "red_since_cutoff"] == instant(MAY)
    assert pd.isna(leads.loc["g1", "first_red_cutoff"])
    assert result.lead_quantiles["churners"] == 5
    assert result.lead_quantiles["red_before"] == 3
    assert result.lead_quantiles["lead_days_low_50pct"] == 30.0


def test_too_few_churners_are_told_and_no_reason_to_retrain(past: Past) -> None:
    past.scored(MAY, [("a", 0.1, "green", 1), ("b", 0.6, "red", 0)])
    result = past.monitored("2026-07-10")
    checks = {check.name: check.status for check in result.checks}
    assert not result.due
    assert checks["calibration_level"] == checks["log_loss"] == checks["drift"] == "unknown"
    # Labels known on 1 May: 70 days ago.
    assert checks["age"] == "ok"
    assert past.workplace.warehouse.runs(1).iloc[0]["message"] == "no retrain is due"


def many(p: np.ndarray, y: np.ndarray) -> list[Row]:
    bands = np.where(p > 0.3, "red", np.where(p > 0.1, "yellow", "green"))
    return [(f"C{at:04d}", float(p[at]), str(bands[at]), float(y[at])) for at in range(len(p))]


def simulated(past: Past, shift: float, make_customers: Callable) -> MonitorResult:
    """1,200 customers at two cutoffs; the true log-odds are those predicted plus a shift."""
    rng = np.random.default_rng(11)
    for day, size in ((MAY, 1200), (JUNE, 1200)):
        margin = rng.normal(-2.0, 1.2, size)
        p, truth = (1 / (1 + np.exp(-one)) for one in (margin, margin + shift))
        frame = make_customers(size, seed=21)[0]
        mrr = 100.0 * (1 + np.arange(size) % 7)
        past.scored(day, many(p, rng.random(size) < truth), indicators=frame.assign(mrr=mrr))
    return past.monitored("2026-07-10")


def test_scores_that_came_true_are_no_reason_to_retrain(past: Past, make_customers: Callable) -> None:
    result = simulated(past, 0.0, make_customers)
    assert {check.name: check.status for check in result.checks} == dict.fromkeys(
        ("calibration_level", "calibration_shape", "log_loss", "drift", "age"), "ok"
    )
    assert not result.due
    assert past.table("drift")["cutoff"].unique().tolist() == [instant(JUNE)]
    assert "(health score)" in set(past.table("drift")["indicator"])
    assert set(past.table("checks")["status"]) == {"ok"}


def test_a_rate_that_moved_is_a_reason_to_retrain(past: Past, make_customers: Callable) -> None:
    result = simulated(past, 0.7, make_customers)
    due = [check.name for check in result.checks if check.status == "due"]
    assert due == ["calibration_level", "calibration_shape"]
    assert result.due
    assert past.workplace.warehouse.runs(1).iloc[0]["message"].startswith("a retrain is due: ")
    assert set(result.of_kind("cutoff")["verdict"]) == {"more than predicted"}


def test_customers_of_another_kind_are_a_reason_to_retrain(past: Past, make_customers: Callable) -> None:
    frame = make_customers(300, seed=21)[0].assign(mrr=100.0, logins=500.0)
    rows = [(f"C{at}", 0.2, "yellow", None) for at in range(300)]
    past.scored(MAY, rows, indicators=frame)
    past.labels[0]["churned"] = 0.0
    drift = next(check for check in past.monitored("2026-05-20").checks if check.name == "drift")
    assert drift.status == "due"
    assert "logins" in drift.reason_en
    assert "logins" in drift.reason_ja


def test_a_model_older_than_a_quarter_is_due(seen: tuple) -> None:
    past, result = seen
    # Labels known on 1 May: 106 days ago.
    assert [check.name for check in result.checks if check.status == "due"] == ["age"]
    assert "106 days ago" in past.workplace.warehouse.runs(1).iloc[0]["message"]


def test_scores_of_a_model_that_knew_the_outcome_are_left_out(past: Past) -> None:
    past.scored(MAY, [("a", 0.1, "green", 1), ("b", 0.6, "red", 0)])
    # The champion learned from what followed 1 April.
    past.scored("2026-04-01", [("s1", 0.9, "red", 1)])
    result = past.monitored("2026-08-15")
    assert result.of_kind("cutoff")["period"].tolist() == [MAY]
    assert any("backfills" in note and "2026-03-31 15:00" in note for note in result.notes)


def test_scores_of_a_model_that_is_gone_count_when_they_were_made_in_time(past: Past) -> None:
    past.scored(MAY, [("a", 0.2, "green", 0), ("b", 0.2, "green", 1)], model="9-gone")
    past.scored(JUNE, [("a", 0.2, "green", 0)], model="9-gone", finished="2026-07-05")
    result = past.monitored("2026-08-15")
    assert result.of_kind("cutoff")["period"].tolist() == [MAY]
    assert result.of_kind("model").empty
    assert "9-gone is no longer registered" in result.notes[0]
    level = next(check for check in result.checks if check.name == "calibration_level")
    assert level.reason() == "No window of the champion's scores is closed yet."


def test_of_two_models_the_last_that_could_not_know_counts(past: Past) -> None:
    past.scored(MAY, [("a", 0.4, "red", 1), ("b", 0.4, "red", 0)], model="9-gone")
    past.labels = []
    past.scored(MAY, [("a", 0.1, "green", 1), ("b", 0.1, "green", 0)], finished="2026-05-04")
    result = past.monitored("2026-08-15")
    assert result.customers["model_version"].tolist() == [past.champion]


def test_cutoffs_before_since_are_not_looked_at(past: Past) -> None:
    for day in (MAY, JUNE):
        past.scored(day, [("a", 0.1, "green", 1), ("b", 0.6, "red", 0)])
    result = past.monitored("2026-08-15", since=pd.Timestamp(JUNE).date())
    assert result.of_kind("cutoff")["period"].tolist() == [JUNE]


def test_what_a_real_job_scored_can_be_monitored(past: Past) -> None:
    frame = past.workplace.warehouse.read_table("to_score").assign(cutoff=MAY)
    past.workplace.warehouse.write_table("to_score", frame)
    past.workplace.clock.now = datetime(2026, 5, 2, tzinfo=UTC)
    score(past.workplace)
    past.labels = [
        {"customer_id": name, "cutoff": MAY, "churned": at % 2}
        for at, name in enumerate(frame["customer_id"])
    ]
    result = past.monitored("2026-06-02")
    assert result.of_kind("cutoff")["customers"].tolist() == [60]
    assert result.drift.customers == 60
    assert result.customers["reasons_en"].str.contains("Health").all()
    again = past.monitored("2026-06-03")
    pd.testing.assert_frame_equal(again.periods, result.periods)
    assert set(past.table("periods")["run_id"]) == {again.run_id}


def test_without_a_champion_there_is_nothing_to_monitor(workplace: Workplace) -> None:
    with pytest.raises(TrackingError, match="no champion"):
        monitor(workplace)
    assert workplace.warehouse.runs(1).iloc[0]["status"] == "failed"


def test_without_scores_nothing_is_known_but_the_age(past: Past) -> None:
    past.labels = [{"customer_id": "a", "cutoff": MAY, "churned": 0}]
    result = past.monitored("2026-05-10")
    assert result.periods.empty
    assert {check.status for check in result.checks} == {"unknown", "ok"}
    assert past.table("periods").empty


def test_a_panel_without_labels_cannot_be_monitored(past: Past, reopened: Callable) -> None:
    past.scored(MAY, [("a", 0.1, "green", 1), ("b", 0.6, "red", 0)])
    unlabelled = Past(reopened(past.workplace, 'label = "churned"\n', ""))
    unlabelled.labels = past.labels
    with pytest.raises(ConfigError, match="needs to know who churned"):
        unlabelled.monitored("2026-08-15")
    assert past.workplace.warehouse.runs(1).iloc[0]["status"] == "failed"
