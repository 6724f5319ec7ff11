"""The registered versions: how they came about, which of them scores, and how to go back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from churnhealth.adapters.tracking import ModelRegistry, ModelVersion
from churnhealth.adapters.warehouse import RunRecord
from churnhealth.errors import TrackingError, WarehouseError, listed, nearest
from churnhealth.jobs.declarations_changed import changed_declarations
from churnhealth.jobs.ledger import job_run
from churnhealth.jobs.score import load_version
from churnhealth.jobs.wiring import Workplace

CHAMPION, PREVIOUS = "champion", "previous"


@dataclass(frozen=True)
class VersionFacts:
    """One registered version, as `history` tells it.

    Parameters
    ----------
    version, model_version : str
        The registry's number, and the name that the tables carry.
    trained_at : Timestamp
        When it was registered, UTC.
    aliases : tuple of str
        "champion", "previous", "challenger".
    completed : bool
        False: its training run was stopped before the end, so it cannot be promoted.
    label_known_through : Timestamp, optional
        Until when labels were known that it learned from, UTC.
    log_loss, log_loss_base_rate : float, optional
        Of its recipe and of the base rate, nats, on rows that neither had seen.
    decision : str, optional
        Of its training run: "promoted" or "kept".
    run_id : str
        Its training run in MLflow.
    """

    version: str
    model_version: str
    trained_at: pd.Timestamp
    aliases: tuple[str, ...]
    completed: bool
    label_known_through: pd.Timestamp | None
    log_loss: float | None
    log_loss_base_rate: float | None
    decision: str | None
    run_id: str

    def to_dict(self) -> dict[str, Any]:
        """Return the facts as plain JSON values; instants in ISO 8601."""
        known = self.label_known_through
        return {
            **vars(self),
            "aliases": list(self.aliases),
            "trained_at": self.trained_at.isoformat(),
            "label_known_through": None if known is None else known.isoformat(),
        }


@dataclass(frozen=True)
class RegistryHistory:
    """All versions of the model.

    Parameters
    ----------
    versions : tuple of VersionFacts
        The newest first.
    champion_fault : str, optional
        Why nothing can be scored: there is no champion, or its version is gone; None: all is well.
    """

    versions: tuple[VersionFacts, ...]
    champion_fault: str | None


@dataclass(frozen=True)
class ChampionChange:
    """What a promotion or a rollback did; versions by the names that the tables carry.

    Parameters
    ----------
    run_id : str
        Row of `health_runs`.
    champion : str
        The champion now.
    was : str, optional
        The champion until now; None when there was none.
    previous : str, optional
        Where a rollback would go; None when there is nothing to go back to.
    changed : bool
        False: it was the champion already.
    notes : tuple of str
        What the reader should know.
    """

    run_id: str
    champion: str
    was: str | None
    previous: str | None
    changed: bool
    notes: tuple[str, ...] = ()

    @property
    def told(self) -> str:
        """What changed, in a sentence."""
        if not self.changed:
            return f"{self.champion} is the champion already; nothing was changed."
        before = "there was none before" if self.was is None else f"until now it was {self.was}"
        return f"{self.champion} is the champion; {before}."


def history(registry: ModelRegistry) -> RegistryHistory:
    """List every registered version, also those that were never completed.

    Raises
    ------
    TrackingError
        The registry cannot be reached.
    """
    versions = registry.versions()
    return RegistryHistory(tuple(map(_facts, versions)), _champion_fault(registry, versions))


def promote(workplace: Workplace, version: str) -> ChampionChange:
    """Make a version the champion by hand, its artifact having been read and checked.

    Parameters
    ----------
    workplace : Workplace
        Registry, warehouse (for the ledger) and clock.
    version : str
        The registry's number, such as "3", or the name that the tables carry, "3-0123456789ab".

    Raises
    ------
    TrackingError
        There is no such version, or it was never completed; names those that can be promoted.
    ArtifactError
        The artifact is damaged, or is not the one that was registered. Aliases stay as they are.
    """
    return _change(workplace, "promote", version)


def rollback(workplace: Workplace) -> ChampionChange:
    """Make the previous champion the champion again.

    The two change places: a second rollback goes back to where the first began.

    Raises
    ------
    TrackingError
        There is nothing to go back to; names the versions that can be promoted instead.
    ArtifactError
        As for `promote`.
    """
    return _change(workplace, "rollback", None)


def _change(workplace: Workplace, job: str, named: str | None) -> ChampionChange:
    registry = workplace.registry
    with job_run(workplace, job) as run:
        versions = registry.versions()
        wanted = _previous(registry, versions) if named is None else _named(registry, versions, named)
        record = run.begin(rows_read=0, model_version=wanted.model_version)
        known = load_version(registry, wanted).catalogue_
        was = _with_alias(versions, CHAMPION)
        registry.set_champion(wanted.version)
        now = registry.versions()
        result = ChampionChange(
            run_id=run.run_id,
            champion=wanted.model_version,
            was=None if was is None else was.model_version,
            previous=_way_back(now),
            changed=was is None or was.version != wanted.version,
            notes=tuple(
                f"score will refuse it: indicator {one}"
                for one in changed_declarations(workplace.settings, known)
            ),
        )
        _note_in_ledger(workplace, record, result)
    return result


def _note_in_ledger(workplace: Workplace, record: RunRecord, result: ChampionChange) -> None:
    try:
        workplace.warehouse.finish_run(record, workplace.clock(), message=result.told)
    except WarehouseError as error:
        error.add_note(f"The ledger could not be written, but: {result.told}")
        raise


def _previous(registry: ModelRegistry, versions: list[ModelVersion]) -> ModelVersion:
    previous = _with_alias(versions, PREVIOUS)
    if previous is None or CHAMPION in previous.aliases:
        raise TrackingError(
            f"{registry.describe()}: there is no champion before this one to go back to. "
            f"{_promotable(versions)}"
        )
    return _completed(registry, versions, previous)


def _named(registry: ModelRegistry, versions: list[ModelVersion], named: str) -> ModelVersion:
    for one in versions:
        if named in (one.version, one.model_version):
            return _completed(registry, versions, one)
    known = [name for one in versions for name in (one.version, one.model_version)]
    raise TrackingError(
        f"{registry.describe()}: there is no version {named!r}{nearest(named, known)}; it may have been "
        f"deleted. {_promotable(versions)}"
    )


def _completed(registry: ModelRegistry, versions: list[ModelVersion], one: ModelVersion) -> ModelVersion:
    if one.completed:
        return one
    raise TrackingError(
        f"{registry.describe()}: version {one.version} is not complete, its training run was stopped "
        f"before the end. {_promotable(versions)}"
    )


def _promotable(versions: list[ModelVersion]) -> str:
    names = [one.model_version for one in versions if one.completed]
    if not names:
        return "No version can be promoted; `churnhealth retrain` trains one"
    return f"`churnhealth promote VERSION` takes one of these: {listed(names)}"


def _champion_fault(registry: ModelRegistry, versions: list[ModelVersion]) -> str | None:
    try:
        champion = registry.champion()
    except TrackingError as error:
        return str(error)
    return f"There is no champion. {_promotable(versions)}" if champion is None else None


def _way_back(versions: list[ModelVersion]) -> str | None:
    previous = _with_alias(versions, PREVIOUS)
    return None if previous is None or CHAMPION in previous.aliases else previous.model_version


def _with_alias(versions: list[ModelVersion], alias: str) -> ModelVersion | None:
    return next((one for one in versions if alias in one.aliases), None)


def _facts(one: ModelVersion) -> VersionFacts:
    return VersionFacts(
        version=one.version,
        model_version=one.model_version,
        trained_at=one.created_at,
        aliases=one.aliases,
        completed=one.completed,
        label_known_through=one.label_known_through,
        log_loss=one.metrics.get("log_loss"),
        log_loss_base_rate=one.metrics.get("log_loss_base_rate"),
        decision=one.tags.get("decision"),
        run_id=one.run_id,
    )
