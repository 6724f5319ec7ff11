"""Why a published score is another one than at the cutoff before, from the stored indicators."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from churnhealth.adapters.warehouse import Warehouse
from churnhealth.domain.indicators import Catalogue, Indicator
from churnhealth.estimator import HealthModel
from churnhealth.explain.card_sentences import model_sentence, moved_sentence
from churnhealth.explain.change import BASE, BEHAVIOUR, ScoreChange, score_change
from churnhealth.explain.explanation import source_of
from churnhealth.jobs.cards import CustomerCard, records
from churnhealth.jobs.stored_rows import customer_row, stored_rows

MOVED_COLUMNS = ("part", "indicator", "indicator_group", "value_before", "value_after", "points")


@dataclass(frozen=True)
class CardChange:
    """The difference of two published scores of one customer: `change = model + behaviour`.

    Parameters
    ----------
    cutoff_before : datetime
        The cutoff that the score is compared with, UTC.
    score_before, score_after : float
        Health scores (0-100), as published.
    model_before, model_after : str
        Model versions that scored.
    model : float
        Points that the new model gives the old row above the old model; 0 for one model.
    behaviour : float
        Points that the new model gives the new row above the old row.
    model_by_indicator : bool
        False when the older model could not be read: then `model` is known as a whole only, as what
        is left of the change.
    moved : DataFrame
        One row per part and indicator, the largest first within a part: part ("behaviour", "model",
        "added", "dropped"), indicator, indicator_group, value_before, value_after, points. What a
        value and its absence contribute are one row.
    catalogue : Catalogue
        Words and units of the indicators of both models.
    """

    cutoff_before: datetime
    score_before: float
    score_after: float
    model_before: str
    model_after: str
    model: float
    behaviour: float
    model_by_indicator: bool
    moved: pd.DataFrame
    catalogue: Catalogue

    @property
    def change(self) -> float:
        """Points since the cutoff before."""
        return self.score_after - self.score_before

    @property
    def same_model(self) -> bool:
        """Did one model score both?"""
        return self.model_before == self.model_after

    def moved_most(self, most: int = 5) -> tuple[pd.DataFrame, float]:
        """Return behaviour by indicator whose value moved, and the points of everything else of it.

        Parameters
        ----------
        most : int
            At most so many rows, the largest first.
        """
        rows = self.moved[self.moved["part"] == BEHAVIOUR]
        values = zip(rows["value_before"], rows["value_after"], strict=True)
        shown = rows[[not _same(before, after) for before, after in values]].head(most)
        return shown, self.behaviour - float(shown["points"].sum())

    def weighed_most(self, most: int = 3) -> tuple[pd.DataFrame, float]:
        """Return what the model changed by indicator, at most so many, and the points of all else."""
        rows = self.moved[self.moved["part"] != BEHAVIOUR]
        shown = rows.loc[(-rows["points"].abs()).sort_values(kind="stable").index].head(most)
        return shown, self.model - float(shown["points"].sum())

    def sentence(self, row: Mapping[Any, Any], language: str) -> str:
        """Write a row of `moved` as a sentence."""
        known = self.catalogue.get(row["indicator"]) or Indicator(row["indicator"])
        if row["part"] != BEHAVIOUR:
            return model_sentence(known, row["part"], row["points"], language)
        return moved_sentence(known, row["value_before"], row["value_after"], row["points"], language)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, with sentences in both languages."""
        moved = [
            {**row, **{f"sentence_{lang}": self.sentence(row, lang) for lang in ("en", "ja")}}
            for row in records(self.moved)
        ]
        return {
            "cutoff_before": self.cutoff_before.isoformat(),
            "score_before": self.score_before,
            "score_after": self.score_after,
            "change": self.change,
            "model_before": self.model_before,
            "model_after": self.model_after,
            "model": self.model,
            "behaviour": self.behaviour,
            "model_by_indicator": self.model_by_indicator,
            "moved": moved,
        }


def card_change(
    warehouse: Warehouse,
    card: CustomerCard,
    model: HealthModel,
    older: Callable[[str], HealthModel | None],
) -> CardChange | None:
    """Take the change of one customer's score since the cutoff before apart.

    Parameters
    ----------
    warehouse : Warehouse
        Where scores and indicators are published.
    card : CustomerCard
        The customer's score.
    model : HealthModel
        The model that gave it.
    older : callable
        Gives the model of an earlier version; None when it cannot be read any more.

    Returns
    -------
    CardChange or None
        None when there is no score before.

    Raises
    ------
    WarehouseError
        The indicators of one of the scores are not stored.
    SchemaError
        An indicator changed its type between the models.
    """
    if card.previous is None:
        return None
    version, before = str(card.customer["model_version"]), str(card.previous["model_version"])
    old = model if before == version else older(before)
    rows_after = _row(warehouse, card.customer, model)
    rows_before = _row(warehouse, card.previous, old or model)
    if old is None:
        # What only the new model asks for is taken as it is now: the score before knew nothing of it.
        lacking = [name for name in model.catalogue_ if name not in rows_before]
        rows_before = rows_before.assign(**{name: rows_after[name] for name in lacking})
    told = score_change(old or model, model, rows_before, rows_after)
    behaviour = float(told.totals[BEHAVIOUR].iloc[0])
    score_before = float(card.previous["health_score"])
    score_after = float(card.customer["health_score"])
    return CardChange(
        cutoff_before=card.previous["cutoff"].to_pydatetime(),
        score_before=score_before,
        score_after=score_after,
        model_before=before,
        model_after=version,
        model=0.0 if before == version else score_after - score_before - behaviour,
        behaviour=behaviour,
        model_by_indicator=old is not None,
        moved=_moved(told),
        catalogue=_words(model, old),
    )


def _row(warehouse: Warehouse, score: dict[str, Any], model: HealthModel) -> pd.DataFrame:
    cutoff, version = score["cutoff"].to_pydatetime(), str(score["model_version"])
    stored = customer_row(warehouse, str(score["customer_id"]), cutoff, version)
    return stored_rows(stored, model.model_.columns)


def _moved(told: ScoreChange) -> pd.DataFrame:
    """Add up what belongs to one indicator; largest first, behaviour before the model."""
    parts = told.parts[told.parts["indicator"] != BASE]
    parts = parts.assign(indicator=[source_of(str(name)) for name in parts["indicator"]])
    rows = [
        {**group.iloc[0].to_dict(), "points": float(group["points"].sum())}
        for _, group in parts.groupby(["part", "indicator"], sort=False)
    ]
    table = pd.DataFrame(rows, columns=list(MOVED_COLUMNS))
    order = table.assign(later=table["part"] != BEHAVIOUR, size=-table["points"].abs())
    table = table.loc[order.sort_values(["later", "part", "size"], kind="stable").index]
    return table.reset_index(drop=True)


def _words(model: HealthModel, old: HealthModel | None) -> Catalogue:
    dropped = (
        []
        if old is None
        else [one for one in old.catalogue_.values() if one.name not in model.catalogue_]
    )
    return Catalogue((*model.catalogue_.indicators, *dropped), model.catalogue_.group_labels)


def _same(before: Any, after: Any) -> bool:
    return (before is None and after is None) or bool(before == after)
