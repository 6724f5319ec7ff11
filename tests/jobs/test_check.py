"""The check as a job: findings, cutoffs, the ledger and the rejects."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pandas as pd
import pytest

from churnhealth.domain.problem import ChurnProblem
from churnhealth.errors import ConfigError, SchemaError
from churnhealth.jobs.check import CheckResult, check
from churnhealth.jobs.check_cutoffs import what_can_be_learned
from churnhealth.jobs.simulate_project import SimulatedProject, simulate_project
from churnhealth.jobs.wiring import Workplace, open_workplace


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> SimulatedProject:
    folder = tmp_path_factory.mktemp("project")
    return simulate_project(400, 2, folder, seed=5, timezone="Asia/Tokyo", dirty_share=0.01)


@pytest.fixture(scope="module")
def workplace(project: SimulatedProject) -> Workplace:
    return open_workplace(project.config)


@pytest.fixture(scope="module")
def result(workplace: Workplace) -> CheckResult:
    return check(workplace)


def rejects(workplace: Workplace) -> pd.DataFrame:
    return workplace.warehouse.read_table("health_rejects")


def test_a_simulated_folder_passes_without_an_edit(result, project):
    assert result.passed
    added = project.faults.groupby("table")["rows"].sum()
    assert result.report.sources.set_index("source")["rejected"].to_dict() == added.to_dict()


def test_bad_rows_stand_in_the_rejects_with_their_run(result, workplace):
    kept = rejects(workplace)
    own = kept[kept["run_id"] == result.run_id]
    assert len(own) == len(result.report.rejects) > 100
    assert own["reason"].notna().all()


def test_the_run_stands_in_the_ledger(result, workplace):
    runs = workplace.warehouse.runs().set_index("run_id")
    run = runs.loc[result.run_id]
    assert (run["job"], run["status"]) == ("check", "completed")
    assert run["rows_read"] == result.report.sources["rows"].sum()


def test_each_cutoff_tells_its_customers_and_churners(result, project):
    counts = result.cutoffs
    # Quarters from July 2023 to the end of the data, April 2025.
    assert (
        list(counts["cutoff"])
        == [dt.date(year, month, 1) for year in (2023, 2024, 2025) for month in (1, 4, 7, 10)][2:10]
    )
    assert (counts["churners"] + counts["stayed"] + counts["unlabelled"] == counts["customers"]).all()
    # 90 days and 14 days of grace reach beyond the end from January 2025 on.
    assert (counts["censored"] > 0).tolist() == [False] * 6 + [True] * 2
    assert result.learned[0].startswith(
        f"{counts['churners'].sum() + counts['stayed'].sum():,} labelled"
    )


def test_customers_at_risk_are_those_of_the_truth(result, project):
    truth = pd.read_parquet(project.folder / "truth.parquet")
    local = truth["cutoff"].dt.tz_convert("Asia/Tokyo").dt.date
    counts = result.cutoffs.set_index("cutoff")["customers"]
    pd.testing.assert_series_equal(
        counts, local.value_counts().sort_index(), check_names=False, check_dtype=False
    )


def test_each_indicator_tells_how_many_customers_have_it_at_each_cutoff(result):
    coverage = result.coverage
    at_risk = result.cutoffs.set_index("cutoff")["customers"]
    assert (coverage["customers"] == coverage["cutoff"].map(at_risk)).all()
    assert coverage["share"].between(0, 1).all()
    assert (coverage["not_zero"] <= coverage["with_value"]).all()
    assert coverage.groupby("indicator").size().eq(8).all()
    means = coverage.groupby("indicator", sort=False)["share"].mean()
    assert means.is_monotonic_increasing
    # Everybody at risk has a contract and its stage; who never answered has no last answer.
    assert means["mrr"] == means["lifecycle_stage"] == 1.0
    assert 0 < means["gcr_last"] < 0.9


def test_a_cohort_is_counted_alone_and_named(project):
    narrow = project.folder / "narrow.toml"
    narrow.write_text(project.config.read_text() + "\n[cohort]\nwhere = 'tenure_days >= 365'\n")
    result = check(open_workplace(narrow))
    assert result.learned[0] == "Counted are only customers of the cohort: tenure_days >= 365"
    counts = result.cutoffs.set_index("cutoff")["customers"]
    # The data begin in April 2023: nobody has been there for a year before April 2024.
    assert counts[dt.date(2023, 10, 1)] < counts[dt.date(2025, 4, 1)]
    age = result.coverage[result.coverage["indicator"] == "tenure_band"].set_index("cutoff")
    assert age["customers"].to_dict() == {day: n for day, n in counts.items() if n}


def test_a_cohort_that_cannot_be_told_is_named_and_nothing_is_counted(project):
    broken = project.folder / "unknown.toml"
    broken.write_text(project.config.read_text() + "\n[cohort]\nwhere = 'mmr > 5'\n")
    result = check(open_workplace(broken))
    assert "no indicator is called 'mmr' (did you mean 'mrr'?)" in result.learned[0]
    assert result.coverage.empty


def test_everything_can_be_written_as_json(result):
    told = json.loads(json.dumps(result.to_dict()))
    assert told["passed"] is True
    assert told["cutoffs"][0]["cutoff"] == "2023-07-01"
    assert set(told["indicator_coverage"][0]) == {
        "indicator", "cutoff", "customers", "with_value", "not_zero", "share"
    }  # fmt: skip
    assert told["rejects_kept"] == len(result.report.rejects)


def test_too_many_bad_rows_fail_the_job_and_stay_in_the_ledger(project, workplace):
    text = project.config.read_text()
    strict = project.folder / "strict.toml"
    strict.write_text(text + "\n[check]\nmax_reject_share = 0.001\n")
    opened = open_workplace(strict)
    result = check(opened)
    assert not result.passed
    assert {one.check for one in result.findings if one.severity == "blocking"} == {"share"}
    # What is left can still be counted.
    assert len(result.cutoffs) == 8
    run = opened.warehouse.runs().set_index("run_id").loc[result.run_id]
    assert run["status"] == "failed"
    assert "blocking" in run["message"]
    with pytest.raises(SchemaError, match="more bad rows than the share allowed"):
        result.raise_if_blocked()


def test_columns_that_are_not_there_are_told_and_nothing_is_counted(project):
    broken = project.folder / "broken.toml"
    text = project.config.read_text().replace(
        'file = "customers.parquet"', 'file = "customers.parquet"\ncolumns = {customer_id = "id"}'
    )
    broken.write_text(text)
    result = check(open_workplace(broken))
    assert not result.passed
    assert result.cutoffs.empty
    assert result.coverage.empty
    assert "mended" in result.learned[0]


def test_a_panel_cannot_be_checked_as_a_history(tmp_path: Path):
    config = tmp_path / "churnhealth.toml"
    config.write_text("[project]\nname='x'\n[panel]\ntable='p'\ncustomer_id='id'\n")
    with pytest.raises(ConfigError, match=r"\[sources.customers\]"):
        check(open_workplace(config))


def counts(*rows: tuple[int, int, int]) -> pd.DataFrame:
    names = ["customers", "churners", "stayed"]
    return pd.DataFrame(rows, columns=names).assign(unlabelled=0, censored=0)


@pytest.mark.parametrize(
    ("rows", "churners", "said"),
    [
        ([(100, 10, 90), (90, 9, 81)], 19, "Too few"),
        ([(300, 15, 285), (300, 15, 285)], 30, "Few churners"),
        ([(900, 60, 840), (900, 50, 850)], 100, "about 10 indicators"),
        ([(3000, 150, 2850), (3000, 150, 2850)], 300, "Enough churners for all"),
    ],
)
def test_what_can_be_learned_depends_on_the_churners(rows, churners, said):
    lines = what_can_be_learned(counts(*rows), churners, ChurnProblem(horizon_days=90))
    assert said in lines[1]


def test_one_cutoff_shows_nothing_of_later_time():
    lines = what_can_be_learned(counts((900, 60, 840)), 60, ChurnProblem(horizon_days=90))
    assert "Only one cutoff has labels" in lines[-1]


def test_a_rate_of_a_quarter_is_told_a_month_as_well():
    # 1 - 0.9 ** (30.4375 / 91.3125) = 1 - 0.9 ** (1 / 3) = 3.45 %; with 90 days 3.50 %.
    lines = what_can_be_learned(counts((1000, 100, 900)), 100, ChurnProblem(horizon_days=90))
    assert "10.0% churn within the horizon of 90 days, 3.5% a month" in lines[0]
