"""Everything that is told of one customer: the published score, and what its stored rows say of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import pandas as pd

from churnhealth.domain.indicators import Catalogue, Indicator
from churnhealth.errors import ChurnHealthError
from churnhealth.estimator import HealthModel
from churnhealth.explain.card_sentences import beyond_sentence, unseen_sentence
from churnhealth.explain.explanation import ALL_OTHERS
from churnhealth.explain.ranges import beyond_training
from churnhealth.explain.reasons import LANGUAGES
from churnhealth.jobs.card_change import CardChange, card_change
from churnhealth.jobs.card_day import CardDay, card_day
from churnhealth.jobs.card_help import CardHelp, card_help
from churnhealth.jobs.card_shown import card_html, card_text
from churnhealth.jobs.cards import CustomerCard, customer_card
from churnhealth.jobs.score import scoring_model
from churnhealth.jobs.stored_rows import alike_rows
from churnhealth.jobs.wiring import Workplace

STAGES = 2
Sentences = dict[str, str]
Found = TypeVar("Found")
_GONE: dict[str, Sentences] = {
    "model": {
        "en": "What moved, what would help and values new to the model are not told: the model that "
        "scored cannot be read",
        "ja": "スコアを算出したモデルを読み込めず、変化の内訳・改善の見込み・学習範囲外の値は示せません",
    },
    "change": {"en": "What moved is not told", "ja": "変化の内訳は示せません"},
    "help": {"en": "What would help is not told", "ja": "改善の見込みは示せません"},
    "day": {"en": "Since which day is not told", "ja": "変化した日は示せません"},
}
_CONSTANT = {
    "en": "The model gives every customer the same probability, the base rate: no indicator tells more.",
    "ja": "このモデルはすべての顧客に同じ解約確率（全体の解約率）を与えます。指標による差はありません。",
}


@dataclass(frozen=True)
class ExplainedCustomer:
    """One customer's published card, and what is worked out of the stored rows beside it.

    Parameters
    ----------
    card : CustomerCard
        As published.
    change : CardChange or None
        Why the score is another one than at the cutoff before; None without one.
    would_help : CardHelp or None
        The model's view of which better values would raise the score.
    day : CardDay or None
        Since which day there is more or less of what stands behind a driver; for histories.
    warnings : tuple of dict
        Values that the model has never seen, as sentences by language.
    notes : tuple of dict
        What could not be told and why, by language.
    """

    card: CustomerCard
    change: CardChange | None = None
    would_help: CardHelp | None = None
    day: CardDay | None = None
    warnings: tuple[Sentences, ...] = ()
    notes: tuple[Sentences, ...] = ()

    def __str__(self) -> str:
        """Show the card and what is said beside it as text, in English."""
        card = self.card
        return card_text(card.customer, card.groups, card.drivers, self._said())

    def __repr__(self) -> str:
        """Return the text, for the prompt."""
        return str(self)

    def _repr_html_(self) -> str:
        card = self.card
        return card_html(card.customer, card.groups, card.drivers, self._said())

    def _said(self) -> list[str]:
        day = [] if self.day is None else [self.day.sentence("en")]
        return [*day, *(one["en"] for one in (*self.warnings, *self.notes))]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, with sentences in both languages."""
        return {
            **self.card.to_dict(),
            "change": None if self.change is None else self.change.to_dict(),
            "what_would_help": None if self.would_help is None else self.would_help.to_dict(),
            "day_of_change": None if self.day is None else self.day.to_dict(),
            "warnings": list(self.warnings),
            "notes": list(self.notes),
        }


def explain_customer(
    workplace: Workplace, customer_id: str, *, cutoff: dt.date | None = None
) -> ExplainedCustomer:
    """Explain one published score: what goes with it, why it moved, what would help, since when.

    Only stored rows are read: the customer's own, and those of at most 5,000 others of the same
    cutoff. What cannot be worked out, as when the model that scored is no longer in the registry, is
    said in `notes` and leaves the rest as it is.

    Parameters
    ----------
    workplace : Workplace
        As `open_workplace` gives it.
    customer_id : str
        The customer, as the source writes it.
    cutoff : date, optional
        Local date; None: the customer's latest score.

    Returns
    -------
    ExplainedCustomer

    Raises
    ------
    WarehouseError
        The customer was never scored (the nearest ids are named), or not at this cutoff.
    """
    problem = workplace.settings.problem
    moment = None if cutoff is None else problem.cutoff_instant(cutoff).to_pydatetime()
    card = customer_card(workplace.warehouse, customer_id, moment)
    told = _Told(workplace, card)
    workplace.progress("reading the model that scored")
    model = told.attempt("model", told.scoring_model)
    day = told.attempt("day", told.day)
    if model is None:
        return ExplainedCustomer(card, day=day, notes=tuple(told.notes))
    workplace.progress("working out what moved and what would help")
    if not model.model_.stack.members:
        told.notes.append(_CONSTANT)
    change = told.attempt("change", lambda: told.change(model))
    rows = told.attempt("help", lambda: told.rows(model))
    would_help = None
    if rows is not None:
        would_help = told.attempt("help", lambda: told.help(model, rows))
    warnings = () if rows is None else _warnings(model, rows.loc[[card.customer["customer_id"]]])
    return ExplainedCustomer(card, change, would_help, day, warnings, tuple(told.notes))


class _Told:
    """Works out one part after the other; a part that fails becomes a note."""

    def __init__(self, workplace: Workplace, card: CustomerCard) -> None:
        self.workplace, self.card = workplace, card
        self.customer = str(card.customer["customer_id"])
        self.version = str(card.customer["model_version"])
        self.notes: list[Sentences] = []

    def attempt(self, part: str, work: Callable[[], Found]) -> Found | None:
        try:
            return work()
        except ChurnHealthError as error:
            self.notes.append({lang: f"{_GONE[part][lang]}: {error}" for lang in LANGUAGES})
            return None

    def scoring_model(self) -> HealthModel:
        return self._model(self.version)

    def older(self, version: str) -> HealthModel | None:
        """Return the model of the score before; a registry may have been built anew since."""
        try:
            return self._model(version)
        except ChurnHealthError:
            return None

    def _model(self, version: str) -> HealthModel:
        return scoring_model(self.workplace.registry, version)

    def change(self, model: HealthModel) -> CardChange | None:
        return card_change(self.workplace.warehouse, self.card, model, self.older)

    def rows(self, model: HealthModel) -> pd.DataFrame:
        cutoff = self.card.customer["cutoff"].to_pydatetime()
        columns = model.model_.columns
        return alike_rows(self.workplace.warehouse, self.customer, cutoff, self.version, columns)

    def help(self, model: HealthModel, rows: pd.DataFrame) -> CardHelp:
        return card_help(self.workplace.settings, model, rows, self.customer)

    def day(self) -> CardDay | None:
        drivers = self.card.drivers.sort_values("rank")["indicator"]
        zone = self.workplace.settings.problem.zone
        cutoff = self.card.customer["cutoff"].to_pydatetime().astimezone(zone).date()
        named = [str(name) for name in drivers if name != ALL_OTHERS]
        return card_day(self.workplace, self.customer, cutoff, named)


def _warnings(model: HealthModel, row: pd.DataFrame) -> tuple[Sentences, ...]:
    """Tell numbers beyond the training range, then levels that were never seen."""
    catalogue = model.catalogue_
    row = row[[column.name for column in model.model_.columns if column.name in row]]
    beyond = [
        {
            lang: beyond_sentence(
                catalogue[one["indicator"]], one["value"], one["low"], one["high"], lang
            )
            for lang in LANGUAGES
        }
        for one in beyond_training(row, model.model_.columns).to_dict("records")
    ]
    unseen = [
        {lang: unseen_sentence(_known(catalogue, name), row[name].iloc[0], lang) for lang in LANGUAGES}
        for name in model.unseen_levels(row)
    ]
    return (*beyond, *unseen)


def _known(catalogue: Catalogue, name: str) -> Indicator:
    return catalogue.get(name) or Indicator(name)
