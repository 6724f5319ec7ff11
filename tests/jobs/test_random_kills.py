"""kill -9 at moments spread over the whole of a scoring run, and two runs at once, on both engines.

After each kill the published scores are those from before or those of the new input, whole; the next run
completes, and nothing is doubled or left lying about.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest

from churnhealth.adapters.warehouse import Warehouse
from churnhealth.domain.tables import OUTPUT_TABLES

pytestmark = pytest.mark.slow

KILLS = 30


@pytest.fixture
def inputs(placed: Any) -> list[pd.DataFrame]:
    """Two states of the same 60 customers, one of whom has no id."""
    frame = placed.warehouse.read_table("to_score")
    frame.loc[7, "customer_id"] = None
    return [frame, frame.assign(logins=frame["logins"] + 3.0)]


def moments(stages: list[list[Any]], seed: int) -> Iterator[tuple[str, float]]:
    """Give moments in every stage in turn, as seconds after the stage began."""
    chance = random.Random(seed)  # noqa: S311
    lengths = [(name, after - at) for (name, at), (_, after) in itertools.pairwise(stages)]
    while True:
        for name, seconds in lengths:
            yield name, seconds * chance.random()


def test_kills_at_30_moments_lose_double_and_half_write_nothing(
    placed: Any, inputs: list[pd.DataFrame]
) -> None:
    known = []
    for revision, frame in enumerate(inputs, 1):
        placed.warehouse.write_table("to_score", frame)
        [first] = placed.score({})
        assert (first["status"], first["revision"]) == ("completed", revision)
        known.append(placed.published())
    assert known[0] != known[1]
    killed, before, went_through = 0, 1, 0
    for moment in moments(first["stages"], seed=20261122):
        if killed == KILLS:
            break
        after = 1 - before
        placed.warehouse.write_table("to_score", inputs[after])
        [tried] = placed.score({"kill": moment})
        killed += tried["code"] == -9
        found = placed.published()
        assert found in (known[before], known[after]), moment
        [rerun] = placed.score({})
        assert rerun["status"] == ("unchanged" if found == known[after] else "completed"), (
            moment,
            rerun,
        )
        went_through += found == known[after]
        assert placed.published() == known[after]
        assert placed.leftovers() == []
        before = after
    assert went_through < KILLS
    assert_nothing_doubled(placed.warehouse)


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


def test_of_two_scores_at_once_one_waits_and_finds_nothing_left_to_do(placed: Any) -> None:
    done = placed.score({}, {})
    assert sorted(one["status"] for one in done) == ["completed", "unchanged"], done
    assert [one["revision"] for one in done] == [1, 1]
    assert len(placed.warehouse.read_table("health_scores")) == 60
    assert placed.leftovers() == []
