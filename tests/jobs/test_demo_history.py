"""The demo on a simulated history."""

from __future__ import annotations

import datetime as dt
import io
import json
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from churnhealth.cli import show_demo
from churnhealth.errors import ConfigError
from churnhealth.jobs import demo_history as demo
from churnhealth.jobs.demo_history import compare_with_truth, demo_history


def test_published_and_true_probabilities_stand_side_by_side_in_fifths():
    cutoff = dt.datetime(2026, 3, 31, 15, tzinfo=dt.UTC)
    ids = [f"c{at}" for at in range(10)]
    predicted = [at / 10 for at in range(10)]
    current = pd.DataFrame({"customer_id": ids, "churn_probability": predicted, "model_version": "1-a"})
    older = current.assign(model_version="0-b", churn_probability=1.0)
    warehouse = SimpleNamespace(current_scores=lambda: pd.concat([older, current]))
    truth = pd.DataFrame({"customer_id": ids, "cutoff": pd.Timestamp(cutoff), "churn_probability": 0.5})
    earlier = truth.assign(cutoff=pd.Timestamp("2026-01-01", tz="UTC"), churn_probability=9.0)
    table = compare_with_truth(
        SimpleNamespace(warehouse=warehouse),
        SimpleNamespace(model_version="1-a", cutoff=cutoff),
        pd.concat([truth, earlier]),
    )
    assert table["customers"].tolist() == [2] * 5
    # (0 + 0.1) / 2, (0.2 + 0.3) / 2, ...
    assert table["predicted"].tolist() == pytest.approx([0.05, 0.25, 0.45, 0.65, 0.85])
    assert table["true_probability"].tolist() == [0.5] * 5


def test_a_folder_of_somebody_else_is_not_touched(workplace):
    before = workplace.config.read_text()
    with pytest.raises(ConfigError, match="belongs to another project"):
        demo_history(workplace.config.parent)
    assert workplace.config.read_text() == before


@pytest.mark.slow
def test_the_whole_way_from_tables_to_cards_in_japanese(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(demo, "CUSTOMERS", 400)
    stages: list[str] = []
    result = demo_history(tmp_path / "vendor", progress=stages.append)
    assert len(stages) <= demo.STAGES
    assert result.workplace.settings.project.timezone == "Asia/Tokyo"
    assert result.scored.rows_scored == result.truth["customers"].sum()
    assert result.truth["true_probability"].iloc[-1] > result.truth["true_probability"].iloc[0]
    show_demo.history(result, as_json=False)
    told = capsys.readouterr().out
    assert "株式会社" in told
    assert "健全度" in told
    assert "Is it true?" in told
    show_demo.history(result, as_json=True)
    document = json.load(io.StringIO(capsys.readouterr().out))
    # Of 400 customers too few churn for a certain answer to the second question.
    assert document["first_decision"] == "promoted"
    assert document["decision"] == result.trained.verdict.decision
    assert any("champion's recipe" in reason for reason in document["reasons"])
    (judged,) = result.monitored.of_kind("month").to_dict("records")
    assert judged["period"] == "2025-10"
    assert judged["churners"] > 0
    assert "satisfaction" not in result.workplace.config.read_text(encoding="utf-8")
