"""Past scores joined with what happened since; only what the models cannot have known counts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from churnhealth.domain.problem import ChurnProblem
from churnhealth.errors import ConfigError, listed
from churnhealth.features.panel import training_panel
from churnhealth.jobs.history_panel import history_labels
from churnhealth.jobs.past_models import PastModel
from churnhealth.jobs.sources import data_end
from churnhealth.jobs.wiring import Workplace

KEY = ["customer_id", "cutoff"]
KEPT = (
    "customer_id",
    "cutoff",
    "model_version",
    "churn_probability",
    "health_score",
    "health_band",
    "mrr_at_risk",
    "currency",
)
COLUMNS = (*KEPT, "period", "window_start", "window_end", "closed", "churned")


@dataclass(frozen=True)
class PastSlice:
    """One cutoff that was scored, by the model whose scores count.

    Parameters
    ----------
    cutoff : Timestamp
        UTC.
    model_version : str
    model : PastModel
    closed : bool
        Are all labels of this cutoff known by now?
    """

    cutoff: pd.Timestamp
    model_version: str
    model: PastModel
    closed: bool

    @property
    def day(self) -> dt.date:
        """The local date of the cutoff."""
        return self.cutoff.tz_convert(self.model.problem.timezone).date()


def choose_slices(
    finished: pd.DataFrame, models: Mapping[str, PastModel], now: dt.datetime
) -> tuple[list[PastSlice], tuple[str, ...]]:
    """Choose one model per cutoff: of those that cannot have known the outcome, the last to score.

    Parameters
    ----------
    finished : DataFrame
        As `Warehouse.finished_slices` gives it.
    models : mapping of str to PastModel
        By model_version.
    now : datetime
        Nothing is known after it.

    Returns
    -------
    slices : list of PastSlice
        By cutoff.
    notes : tuple of str
        What was left out.
    """
    chosen: dict[pd.Timestamp, PastSlice] = {}
    known_before: set[pd.Timestamp] = set()
    for row in finished.sort_values(["cutoff", "finished_at"]).to_dict("records"):
        cutoff, name = pd.Timestamp(row["cutoff"]), str(row["model_version"])
        model = models[name]
        if not model.may_be_judged(cutoff, pd.Timestamp(row["first_finished_at"])):
            known_before.add(cutoff)
            continue
        closed = model.problem.label_known_at(cutoff) <= pd.Timestamp(now)
        chosen[cutoff] = PastSlice(cutoff, name, model, bool(closed))
    left_out = [f"{cutoff:%Y-%m-%d %H:%M} UTC" for cutoff in sorted(known_before - set(chosen))]
    notes = [
        f"left out, scored by models that had learned from later labels (backfills): {listed(left_out)}"
    ]
    return [chosen[cutoff] for cutoff in sorted(chosen)], tuple(notes if left_out else ())


def read_past_scores(workplace: Workplace, slices: Sequence[PastSlice]) -> pd.DataFrame:
    """Read the scores of the slices, and what became of the customers of the closed ones.

    Returns
    -------
    DataFrame
        `COLUMNS`: as published, period (local date of the cutoff, text), window_start and window_end
        (when churning counts), closed (bool), churned (1, 0, NaN not known).
    """
    parts = []
    for one in slices:
        rows = workplace.warehouse.slice_scores(one.cutoff.to_pydatetime(), one.model_version)
        start, end = one.model.window(one.cutoff)
        parts.append(
            rows[list(KEPT)].assign(
                period=one.day.isoformat(), window_start=start, window_end=end, closed=one.closed
            )
        )
    if not parts:
        return pd.DataFrame(columns=list(COLUMNS))
    scores = pd.concat(parts, ignore_index=True)
    for name in ("cutoff", "window_start", "window_end"):
        scores[name] = pd.to_datetime(scores[name], utc=True).astype("datetime64[us, UTC]")
    merged = scores.merge(_labels(workplace, slices), on=KEY, how="left", validate="one_to_one")
    # A label that stands there before it can be certain is not a label.
    merged["churned"] = merged["churned"].astype("float64").where(merged["closed"])
    return merged[list(COLUMNS)]


def labels_end(workplace: Workplace, now: dt.datetime) -> dt.datetime:
    """Return the instant up to which labels can be known: now, or the end of a history's data."""
    settings = workplace.settings
    if not settings.is_history:
        return now
    end = settings.problem.cutoff_instant(data_end(settings, now)).to_pydatetime()
    return min(now, end)


def _labels(workplace: Workplace, slices: Sequence[PastSlice]) -> pd.DataFrame:
    closed = [one for one in slices if one.closed]
    if not closed:
        return _label_frame([], [], [])
    if workplace.settings.is_history:
        problems: list[ChurnProblem] = []
        for one in closed:
            if one.model.problem not in problems:
                problems.append(one.model.problem)
        found = [
            _of_problem(workplace, problem, [one for one in closed if one.model.problem == problem])
            for problem in problems
        ]
        return pd.concat(found, ignore_index=True)
    return _panel_labels(workplace)


def _of_problem(
    workplace: Workplace, problem: ChurnProblem, slices: Sequence[PastSlice]
) -> pd.DataFrame:
    labels = history_labels(workplace, problem, sorted({one.day for one in slices}))
    return _label_frame(
        labels["customer_id"],
        labels["cutoff"],
        labels["churned"].astype("Float64").to_numpy("float64", na_value=float("nan")),
    )


def _panel_labels(workplace: Workplace) -> pd.DataFrame:
    settings = workplace.settings
    columns = settings.panel_columns
    if columns.label is None:
        raise ConfigError(
            "panel.label: monitoring needs to know who churned; name the label's column, and a panel "
            "that holds the cutoffs scored in the past"
        )
    frame = workplace.read(settings.panel_source)
    panel = training_panel(frame, columns, settings.problem, cutoff=settings.panel.cutoff_date)
    return _label_frame(panel.customer_id, panel.cutoff, panel.y)


def _label_frame(customer_id: object, cutoff: object, churned: object) -> pd.DataFrame:
    frame = pd.DataFrame({"customer_id": customer_id, "cutoff": cutoff, "churned": churned})
    return frame.astype({"customer_id": "str", "cutoff": "datetime64[us, UTC]", "churned": "float64"})
