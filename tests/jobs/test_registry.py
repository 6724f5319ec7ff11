from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from churnhealth.errors import ArtifactError, ChurnHealthError, TrackingError, WarehouseError
from churnhealth.jobs.registry import history, promote, rollback
from churnhealth.jobs.retrain import retrain
from churnhealth.jobs.score import score
from churnhealth.jobs.wiring import Workplace


@pytest.fixture
def three(trained: Workplace) -> Workplace:
    """The same model three times: 3 is the champion, 2 was it before, 1 has no alias."""
    (record,) = trained.registry.records
    for _ in range(2):
        folder = trained.registry.download("1", trained.registry.folder / "copied")
        version = trained.registry.log_version(replace(record, artifact_folder=folder))
        trained.registry.set_champion(version.version)
        folder.rename(trained.registry.folder / f"kept {version.version}")
    return trained


def aliases(workplace: Workplace) -> dict[str, str]:
    return {alias: one.version for one in workplace.registry.versions() for alias in one.aliases}


def change(workplace: Workplace, version: str, **changes: object) -> None:
    registry = workplace.registry
    registry.kept = [replace(one, **changes) if one.version == version else one for one in registry.kept]


def test_the_history_lists_what_was_decided_and_how_good_it_was(three: Workplace) -> None:
    result = history(three.registry)
    assert [one.version for one in result.versions] == ["3", "2", "1"]
    assert [one.aliases for one in result.versions] == [("champion",), ("previous",), ()]
    first = result.versions[-1]
    assert first.decision == "promoted"
    assert first.log_loss is not None
    assert first.log_loss_base_rate is not None
    assert first.log_loss < first.log_loss_base_rate
    assert result.champion_fault is None
    told = json.loads(json.dumps(first.to_dict()))
    assert told["trained_at"] == "2026-04-01T00:00:00+00:00"
    assert told["aliases"] == []


def test_the_history_of_a_new_project_names_retrain(workplace: Workplace) -> None:
    result = history(workplace.registry)
    assert result.versions == ()
    assert result.champion_fault is not None
    assert "`churnhealth retrain` trains one" in result.champion_fault


def test_without_a_champion_history_and_score_name_promote(three: Workplace) -> None:
    change(three, "3", aliases=())
    fault = history(three.registry).champion_fault
    assert fault is not None
    assert "`churnhealth promote VERSION` takes one of these: '3-" in fault
    with pytest.raises(TrackingError, match=r"no champion in memory.*churnhealth promote VERSION"):
        score(three)


def test_a_champion_that_is_gone_is_told_by_the_history(
    three: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone() -> None:
        raise TrackingError("version 3 does not exist any more")

    monkeypatch.setattr(three.registry, "champion", gone)
    assert history(three.registry).champion_fault == "version 3 does not exist any more"


@pytest.mark.parametrize("by_name", [False, True], ids=["by number", "by model_version"])
def test_a_promotion_moves_the_aliases_and_says_what_it_did(three: Workplace, by_name: bool) -> None:
    third, _, first = three.registry.versions()
    result = promote(three, first.model_version if by_name else "1")
    assert aliases(three) == {"champion": "1", "previous": "3"}
    assert (result.champion, result.was) == (first.model_version, third.model_version)
    assert result.previous == third.model_version
    assert result.told == (
        f"{first.model_version} is the champion; until now it was {third.model_version}."
    )
    ledger = three.warehouse.runs().set_index("run_id").loc[result.run_id]
    assert (ledger["job"], ledger["status"]) == ("promote", "completed")
    assert (ledger["model_version"], ledger["message"]) == (first.model_version, result.told)
    assert score(three).model_version == first.model_version


def test_promoting_the_champion_changes_nothing_and_says_so(three: Workplace) -> None:
    result = promote(three, "3")
    assert aliases(three) == {"champion": "3", "previous": "2"}
    assert not result.changed
    assert "is the champion already" in result.told


def test_a_version_that_is_not_there_is_refused_with_those_that_are(three: Workplace) -> None:
    change(three, "2", completed=False)
    third, _, first = (one.model_version for one in three.registry.versions())
    with pytest.raises(TrackingError) as caught:
        promote(three, "7")
    assert "there is no version '7'; it may have been deleted" in str(caught.value)
    assert f"takes one of these: '{third}', '{first}'" in str(caught.value)
    ledger = three.warehouse.runs().iloc[0]
    assert (ledger["job"], ledger["status"]) == ("promote", "failed")


def test_a_version_that_was_never_completed_is_refused(three: Workplace) -> None:
    change(three, "1", completed=False)
    with pytest.raises(TrackingError, match=r"version 1 is not complete.*one of these: '3-.*', '2-"):
        promote(three, "1")
    assert aliases(three) == {"champion": "3", "previous": "2"}


def flip_a_byte(folder: Path) -> None:
    raw = (folder / "model.json").read_bytes()
    (folder / "model.json").write_bytes(raw[:99] + bytes([raw[99] ^ 1]) + raw[100:])


def flip_a_byte_of_the_manifest(folder: Path) -> None:
    text = (folder / "manifest.json").read_text()
    (folder / "manifest.json").write_text(text.replace('"horizon_days": 30', '"horizon_days": 31'))


def lose_a_file(folder: Path) -> None:
    (folder / "model.json").unlink()


def come_from_the_future(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "schema_version": 99}))


def climb_out(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"]["../../secret.txt"] = "0" * 64
    (folder / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (flip_a_byte, "altered or damaged"),
        (flip_a_byte_of_the_manifest, "exchanged after it was registered"),
        (lose_a_file, "missing"),
        (come_from_the_future, "expected schema_version"),
        (climb_out, "lead out of the folder"),
    ],
)
def test_a_damaged_artifact_is_refused_and_the_champion_stays(
    three: Workplace, damage: Callable[[Path], None], told: str
) -> None:
    damage(three.registry.folder / "1")
    with pytest.raises(ChurnHealthError, match=told):
        promote(three, "1")
    assert aliases(three) == {"champion": "3", "previous": "2"}


def test_a_champion_with_a_flipped_byte_scores_nobody(three: Workplace) -> None:
    flip_a_byte(three.registry.folder / "3")
    with pytest.raises(ArtifactError, match="altered or damaged"):
        score(three)
    rollback(three)
    assert score(three).model_version.startswith("2-")


def test_a_rollback_swaps_and_a_second_one_swaps_back(three: Workplace) -> None:
    first = rollback(three)
    assert aliases(three) == {"champion": "2", "previous": "3"}
    assert first.previous is not None
    assert first.previous.startswith("3-")
    rollback(three)
    assert aliases(three) == {"champion": "3", "previous": "2"}
    assert three.warehouse.runs()["job"].tolist()[:2] == ["rollback", "rollback"]


def test_there_is_nothing_to_go_back_to_after_the_first_promotion(trained: Workplace) -> None:
    with pytest.raises(TrackingError, match=r"no champion before this one.*takes one of these: '1-"):
        rollback(trained)
    assert aliases(trained) == {"champion": "1"}


def test_a_run_killed_between_the_two_aliases_leaves_nothing_to_go_back_to(three: Workplace) -> None:
    change(three, "2", aliases=())
    change(three, "3", aliases=("champion", "previous"))
    with pytest.raises(TrackingError, match="no champion before this one"):
        rollback(three)


def test_a_rollback_works_when_the_champion_was_deleted(three: Workplace) -> None:
    change(three, "3", aliases=())
    result = rollback(three)
    assert aliases(three)["champion"] == "2"
    assert result.was is None
    assert "there was none before" in result.told
    assert result.previous is None


def test_a_ledger_that_fails_afterwards_does_not_hide_the_change(
    three: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_: object, **__: object) -> None:
        raise WarehouseError("another process holds the file")

    monkeypatch.setattr(three.warehouse, "finish_run", locked)
    with pytest.raises(WarehouseError) as caught:
        promote(three, "1")
    assert "but: 1-" in caught.value.__notes__[0]
    assert aliases(three)["champion"] == "1"


def test_a_registry_that_goes_away_in_a_retrain_leaves_the_champion(
    trained: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_: object) -> None:
        raise TrackingError("could not log the training run: connection refused")

    monkeypatch.setattr(trained.registry, "log_version", gone)
    with pytest.raises(TrackingError, match="connection refused"):
        retrain(trained)
    assert aliases(trained) == {"champion": "1"}
    ledger = trained.warehouse.runs().iloc[0]
    assert (ledger["job"], ledger["status"]) == ("retrain", "failed")
    assert "connection refused" in ledger["message"]


def test_a_registry_that_goes_away_while_scoring_leaves_the_scores(
    trained: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    score(trained)
    before = trained.warehouse.read_table("health_scores")

    def gone(*_: object) -> None:
        raise TrackingError("could not download version 1: connection refused")

    with monkeypatch.context() as broken:
        broken.setattr(trained.registry, "download", gone)
        with pytest.raises(TrackingError, match="connection refused"):
            score(trained)
    assert trained.warehouse.read_table("health_scores").equals(before)
    ledger = trained.warehouse.runs().iloc[0]
    assert (ledger["job"], ledger["status"]) == ("score", "failed")
    assert "connection refused" in ledger["message"]
    assert score(trained).status == "unchanged"
