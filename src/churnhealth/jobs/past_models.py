"""The models behind past scores: what each predicted, and from which labels it had learned."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from churnhealth.adapters.tracking import ModelVersion
from churnhealth.domain.problem import ChurnProblem
from churnhealth.estimator import HealthModel
from churnhealth.jobs.score import load_version
from churnhealth.jobs.wiring import Workplace


@dataclass(frozen=True, eq=False)
class PastModel:
    """What must be known of a model to judge its scores.

    Parameters
    ----------
    problem : ChurnProblem
        What its probabilities are of.
    label_known_through : Timestamp, optional
        When the newest label that it learned from became known; None where that is not known.
    """

    problem: ChurnProblem
    label_known_through: pd.Timestamp | None

    def may_be_judged(self, cutoff: pd.Timestamp, first_scored: pd.Timestamp) -> bool:
        """Say whether the model cannot have seen what happened after a cutoff.

        By its labels where they are known; else by when it scored: before the cutoff's own labels.
        """
        if self.label_known_through is not None:
            return bool(self.label_known_through <= cutoff)
        days_known = self.problem.label_days
        return not days_known or bool(first_scored < self.problem.label_known_at(cutoff))

    def window(self, cutoff: pd.Timestamp) -> tuple[pd.Timestamp, pd.Timestamp | None]:
        """Return when churning counts after a cutoff; the end is None where there is no horizon."""
        parts = self.problem.label_parts
        start = _days_later(self.problem, cutoff, parts.get("gap", 0) + parts.get("lead", 0))
        if self.problem.rule == "column" and self.problem.horizon_days is None:
            return start, None
        return start, _days_later(self.problem, start, parts.get("horizon", 0))


def past_models(
    workplace: Workplace, wanted: Iterable[str], champion: tuple[ModelVersion, HealthModel]
) -> tuple[dict[str, PastModel], tuple[str, ...]]:
    """Read the models that scored, by model_version; and notes on those that are gone.

    A model that the registry no longer has is taken to have predicted what the project predicts now.
    """
    version, model = champion
    names = sorted(set(wanted))
    registered = {one.model_version: one for one in workplace.registry.versions()}
    default = workplace.settings.problem
    found: dict[str, PastModel] = {}
    for name in names:
        if name == version.model_version:
            found[name] = _of(model, default)
        elif name in registered:
            found[name] = _of(load_version(workplace.registry, registered[name]), default)
        else:
            found[name] = PastModel(default, None)
    gone = [name for name in names if name not in registered and name != version.model_version]
    notes = [
        f"model {name} is no longer registered: its scores are judged by the project's problem, where "
        "they were made before their labels were known"
        for name in gone
    ]
    return found, tuple(notes)


def _of(model: HealthModel, default: ChurnProblem) -> PastModel:
    return PastModel(model.problem or default, model.label_known_through_)


def _days_later(problem: ChurnProblem, moment: pd.Timestamp, days: int) -> pd.Timestamp:
    local = moment.tz_convert(problem.timezone).tz_localize(None) + pd.Timedelta(days=days)
    return problem.cutoff_instant(local)
