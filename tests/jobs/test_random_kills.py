"""kill -9 at moments spread over the whole of a scoring run, on both engines.

After each the published scores are those from before or those of the new input, whole; the next run
completes, and nothing is doubled or left lying about.
"""

from __future__ import annotations

import hashlib
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from churnhealth.adapters.open_warehouse import open_warehouse
from churnhealth.adapters.warehouse import SLICE_TABLES, Warehouse
from churnhealth.domain.tables import OUTPUT_TABLES

pytestmark = pytest.mark.slow

KILLS = 30
# Of every output table: what differs between two runs on the same input.
OWN = ["run_id", "scored_at"]


@dataclass
class Project:
    """A trained project in a place, and what scores it."""

    folder: Path
    location: str
    run_jobs: Callable[..., list[dict[str, Any]]]

    @property
    def warehouse(self) -> Warehouse:
        return open_warehouse(self.location, wait_seconds=20.0)

    def score(self, **more: Any) -> dict[str, Any]:
        job = {"job": "score", "project": str(self.folder), "warehouse": self.location}
        return self.run_jobs({**job, **more})[0]

    def published(self) -> dict[str, str]:
        """Return a checksum of all rows of each table of the slice."""
        sums = {}
        for contract in SLICE_TABLES:
            table = self.warehouse.read_table(contract.name).drop(columns=OWN, errors="ignore")
            rows = table.sort_values(list(contract.key)).to_csv(index=False)
            sums[contract.name] = hashlib.sha256(rows.encode()).hexdigest()
        return sums

    def leftovers(self) -> list[str]:
        files = [one.name for one in self.folder.iterdir() if one.suffix in (".staging", ".tmp", ".wal")]
        return files + [name for name in self.warehouse.tables() if "staged" in name]


@pytest.fixture(params=["duckdb", "postgres"])
def project(
    request: pytest.FixtureRequest, tmp_path: Path, trained_template: tuple[Path, Any], run_jobs: Any
) -> Iterator[Project]:
    folder = tmp_path / "project"
    shutil.copytree(trained_template[0], folder)
    config = folder / "churnhealth.toml"
    batches = 'table = "to_score"\nbatch_rows = 20'
    config.write_text(config.read_text().replace('table = "to_score"', batches))
    location = str(folder / "warehouse.duckdb")
    if request.param == "postgres":
        location = request.getfixturevalue("postgres_uri")
    yield Project(folder, location, run_jobs)


@pytest.fixture
def inputs(project: Project) -> list[pd.DataFrame]:
    """Two states of the same 60 customers, one of whom has no id."""
    frame = open_warehouse(str(project.folder / "warehouse.duckdb")).read_table("to_score")
    frame.loc[7, "customer_id"] = None
    return [frame, frame.assign(logins=frame["logins"] + 3.0)]


def moments(stages: list[list[Any]], seed: int) -> Iterator[tuple[str, float]]:
    """Give moments in every stage in turn, as seconds after the stage began."""
    chance = random.Random(seed)  # noqa: S311
    lengths = [
        (name, after - at) for (name, at), (_, after) in zip(stages[:-1], stages[1:], strict=True)
    ]
    while True:
        for name, seconds in lengths:
            yield name, seconds * chance.random()


def test_kills_at_30_moments_lose_double_and_half_write_nothing(
    project: Project, inputs: list[pd.DataFrame]
) -> None:
    known = []
    for revision, frame in enumerate(inputs, 1):
        project.warehouse.write_table("to_score", frame)
        first = project.score()
        assert (first["status"], first["revision"]) == ("completed", revision)
        known.append(project.published())
    assert known[0] != known[1]
    killed, before, went_through = 0, 1, 0
    for moment in moments(first["stages"], seed=20261122):
        if killed == KILLS:
            break
        after = 1 - before
        project.warehouse.write_table("to_score", inputs[after])
        killed += project.score(kill=moment)["code"] == -9
        found = project.published()
        assert found in (known[before], known[after]), moment
        rerun = project.score()
        assert rerun["status"] == ("unchanged" if found == known[after] else "completed"), (moment, rerun)
        went_through += found == known[after]
        assert project.published() == known[after]
        assert project.leftovers() == []
        before = after
    assert went_through < KILLS
    assert_nothing_doubled(project.warehouse)


def assert_nothing_doubled(warehouse: Warehouse) -> None:
    tables = {one.name: warehouse.read_table(one.name) for one in OUTPUT_TABLES}
    for contract in OUTPUT_TABLES:
        assert not tables[contract.name].duplicated(list(contract.key)).any(), contract.name
    ledger = tables["health_runs"].query("job == 'score'")
    completed = ledger.query("status == 'completed'")
    assert sorted(completed["revision"]) == list(range(1, len(completed) + 1))
    assert "started" not in set(ledger["status"])
    finished = ledger[ledger["status"].isin(["completed", "unchanged"])]
    assert (finished["rows_read"] == finished["rows_scored"] + finished["rows_rejected"]).all()
    assert (finished["rows_scored"] == 59).all()
    history = tables["health_scores_history"].groupby("revision").size()
    assert history.to_dict() == dict.fromkeys(range(1, len(completed)), 59)
    assert set(tables["health_rejects"]["run_id"]) == set(completed["run_id"])
    assert len(tables["health_rejects"]) == len(completed)
