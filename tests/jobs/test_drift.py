from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churnhealth.errors import DriftError, SchemaError
from churnhealth.estimator import HealthModel
from churnhealth.evaluate.drift import DriftPolicy
from churnhealth.jobs.drift import NO_REFERENCE, NOBODY, DriftTally, check_drift, stop_on_drift
from churnhealth.jobs.settings_monitor import DriftSettings
from churnhealth.model.drift_reference import SCORE


@pytest.fixture(scope="module")
def frame(make_customers) -> pd.DataFrame:
    return make_customers(400, seed=9)[0]


def verdicts(report) -> dict[str, str]:
    return report.indicators.set_index("indicator")["verdict"].to_dict()


def test_customers_of_the_same_kind_do_not_drift(fitted: HealthModel, frame: pd.DataFrame) -> None:
    report = check_drift(fitted, frame)
    assert report.verdict == "ok"
    assert set(verdicts(report)) == {SCORE, *frame.columns}
    assert (report.customers, report.notes) == (400, ())
    assert report.to_dict()["indicators"] == []


def test_what_drifted_is_named_with_its_reason(fitted: HealthModel, frame: pd.DataFrame) -> None:
    changed = frame.assign(logins=frame["logins"] + 100.0, nps=np.nan)
    report = check_drift(fitted, changed)
    found = verdicts(report)
    assert (found["logins"], found["nps"], found["seats"]) == ("stop", "stop", "ok")
    assert report.verdict == "stop"
    assert "100% never seen or beyond the training range" in report.notes[0]
    assert "now" in report.notes[0]
    assert "100%が学習時の範囲外" in report.notes_ja[0]
    assert any(note.startswith("satisfaction: 100% of the values") for note in report.notes)
    told = json.dumps(report.to_dict(), allow_nan=False)
    assert "logins" in told
    nps = report.groups.set_index("indicator_group").loc["satisfaction"]
    assert nps["missing_now"] == 1.0
    assert nps["missing_reference"] == pytest.approx(0.6, abs=0.06)


def test_levels_never_seen_drift(fitted: HealthModel, frame: pd.DataFrame) -> None:
    report = check_drift(fitted, frame.assign(plan="Gold"))
    plan = report.indicators.set_index("indicator").loc["plan"]
    assert (plan["verdict"], plan["outside_now"]) == ("stop", 1.0)


def test_batches_give_the_report_of_the_whole_table(fitted: HealthModel, frame: pd.DataFrame) -> None:
    tally = DriftTally(fitted, DriftPolicy(0.01, 0.05))
    tally.add(frame[:150], fitted.churn_probability(frame[:150]))
    tally.add(frame[150:150])
    tally.add(frame[150:])
    whole = check_drift(fitted, frame, DriftPolicy(0.01, 0.05))
    pd.testing.assert_frame_equal(tally.report().indicators, whole.indicators)
    assert tally.report().notes == whole.notes


def test_few_customers_are_not_blamed_for_chance(fitted: HealthModel, frame: pd.DataFrame) -> None:
    report = check_drift(fitted, frame[:25])
    assert report.verdict == "ok"
    assert "not more than chance among so few" in report.notes[0]


def test_scoring_stops_only_where_the_configuration_says_so(
    fitted: HealthModel, frame: pd.DataFrame
) -> None:
    report = check_drift(fitted, frame.assign(logins=0.0))
    stop_on_drift(report, DriftSettings())
    with pytest.raises(DriftError, match="logins") as told:
        stop_on_drift(report, DriftSettings(action="stop"))
    assert 'action = "warn"' in str(told.value)
    stop_on_drift(check_drift(fitted, frame), DriftSettings(action="stop"))


def test_a_saved_model_keeps_its_reference(
    fitted: HealthModel, frame: pd.DataFrame, tmp_path: Path
) -> None:
    again = HealthModel.load(fitted.save(tmp_path / "model"))
    assert again.drift_reference_ == fitted.drift_reference_
    pd.testing.assert_frame_equal(
        check_drift(again, frame).indicators, check_drift(fitted, frame).indicators
    )


def test_an_artifact_of_an_older_release_scores_and_says_that_it_keeps_no_reference(
    fitted: HealthModel, frame: pd.DataFrame, tmp_path: Path
) -> None:
    folder = fitted.save(tmp_path / "model")
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["drift_reference"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    old = HealthModel.load(folder)
    np.testing.assert_array_equal(old.churn_probability(frame), fitted.churn_probability(frame))
    report = check_drift(old, frame)
    assert (report.verdict, report.notes) == ("unknown", (NO_REFERENCE.en,))
    stop_on_drift(report, DriftSettings(action="stop"))
    assert old.save(tmp_path / "again").is_dir()


def test_nobody_to_compare_is_told(fitted: HealthModel, frame: pd.DataFrame) -> None:
    assert check_drift(fitted, frame[:0]).said == (NOBODY,)


def test_other_columns_are_refused(fitted: HealthModel, frame: pd.DataFrame) -> None:
    with pytest.raises(SchemaError, match="missing column 'plan'"):
        check_drift(fitted, frame.drop(columns="plan"))


def test_the_reference_is_worth_as_many_rows_as_customers(make_customers) -> None:
    table, y, _ = make_customers(300, seed=2)
    twice = pd.concat([table, table], ignore_index=True)
    ids = [f"C{at % 300}" for at in range(600)]
    model = HealthModel(random_state=0).fit(twice, np.concatenate([y, y]), customer_id=ids)
    assert (model.drift_reference_.rows, model.drift_reference_.customers) == (600, 300)
