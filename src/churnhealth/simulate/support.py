"""The tables `tickets`, `surveys` and `milestones`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from churnhealth.simulate.arrow import NO_INSTANT, Table, dates, doubles, instants, numbered, words
from churnhealth.simulate.block import HOUR, Block
from churnhealth.simulate.days import IntArray

SEVERITIES = ("low", "normal", "high", "urgent")
ANSWERS_BY_LEVEL = np.array([0.60, 0.46, 0.32, 0.21, 0.12])
_SEVERITY = np.array(
    [
        [0.40, 0.50, 0.08, 0.02],
        [0.30, 0.52, 0.14, 0.04],
        [0.22, 0.50, 0.21, 0.07],
        [0.14, 0.44, 0.30, 0.12],
        [0.10, 0.40, 0.34, 0.16],
    ]
)
_REPLY_HOURS = np.array([14.0, 8.0, 4.0, 1.5])
_SOLVE_DAYS = np.array([4.0, 3.0, 3.5, 2.0])
_CSAT_MEAN = np.array([4.6, 4.1, 3.5, 2.9, 2.2])

# kind: (every weeks, first after weeks, lowest, highest, mean by level, spread)
SURVEYS = {
    "NPS": (13, 8, 0.0, 10.0, (8.9, 7.5, 6.2, 4.8, 3.2), 1.7),
    "CES": (13, 5, 1.0, 7.0, (1.9, 2.6, 3.4, 4.4, 5.2), 1.0),
    "CSAT": (26, 12, 1.0, 5.0, (4.5, 4.0, 3.4, 2.8, 2.0), 0.8),
    "GCR": (26, 20, 0.0, 1.0, (0.90, 0.75, 0.55, 0.30, 0.10), 0.0),
}
RESPONDENTS = 2

# step: (kind, due after days, chance to reach it by fit once the one before is reached)
MILESTONES = {
    "kickoff": ("onboarding", 7, (1.0, 0.99, 0.95)),
    "setup": ("onboarding", 21, (0.99, 0.97, 0.75)),
    "training": ("onboarding", 40, (0.98, 0.93, 0.50)),
    "go_live": ("onboarding", 60, (0.98, 0.94, 0.45)),
    "first_goal": ("goal", 120, (0.95, 0.80, 0.50)),
    "second_goal": ("goal", 270, (0.85, 0.60, 0.30)),
}
_SLOWNESS = np.array([0.8, 1.05, 1.7])


def tickets_table(block: Block, recorded: Callable[[IntArray], IntArray]) -> Table:
    """Return the table `tickets`; unhappy customers rate less often, and lower."""
    rng = block.rng("tickets")
    row, day = block.latent.ticket_row, block.latent.ticket_day
    kept = block.in_force(row, day)
    row, day = row[kept], day[kept]
    opened = block.office_time(day, rng)
    order = np.argsort(opened, kind="stable")
    row, day, opened = row[order], day[order], opened[order]
    level, count = block.level(row, day), len(row)
    severity = np.minimum((rng.random(count)[:, None] > _SEVERITY.cumsum(axis=1)[level]).sum(axis=1), 3)
    replied = block.after(
        opened, rng.standard_exponential(count) * _REPLY_HOURS[severity] / 24, rng.random(count) < 0.97
    )
    solved = block.after(
        replied, rng.standard_exponential(count) * _SOLVE_DAYS[severity], rng.random(count) < 0.98
    )
    rated = block.after(
        solved, rng.standard_exponential(count), rng.random(count) < ANSWERS_BY_LEVEL[level]
    )
    csat = np.clip(np.rint(_CSAT_MEAN[level] + 0.8 * rng.standard_normal(count)), 1, 5)
    return pa.table(
        {
            "ticket_id": numbered(f"T{block.number:04d}-", np.arange(count)),
            "customer_id": block.customer_ids(row),
            "opened_at": instants(opened),
            "first_replied_at": instants(replied),
            "resolved_at": instants(solved),
            "severity": words(SEVERITIES, severity),
            "csat": doubles(np.where(rated == NO_INSTANT, np.nan, csat)),
            "csat_given_at": instants(rated),
            "recorded_at": instants(recorded(opened)),
        }
    )


def surveys_table(block: Block, recorded: Callable[[IntArray], IntArray]) -> Table:
    """Return the table `surveys`: every question sent; the happy answer more."""
    rng = block.rng("surveys")
    row, day, kind = _questions(block)
    sent = block.office_time(day, rng)
    order = np.lexsort((row, sent))
    row, day, kind, sent = row[order], day[order], kind[order], sent[order]
    level, count = block.level(row, day), len(row)
    answers = rng.random(count) < ANSWERS_BY_LEVEL[level]
    answered = block.after(sent, 0.1 + 3.0 * rng.standard_exponential(count), answers)
    score = _scores(kind, level, rng)
    lowest, highest = (np.array([one[place] for one in SURVEYS.values()])[kind] for place in (2, 3))
    return pa.table(
        {
            "survey_id": numbered(f"Q{block.number:04d}-", np.arange(count)),
            "customer_id": block.customer_ids(row),
            "respondent_id": numbered(
                block.labels("C", "-U", row), rng.integers(1, RESPONDENTS + 1, count), 3
            ),
            "kind": words(tuple(SURVEYS), kind),
            "sent_at": instants(sent),
            "answered_at": instants(answered),
            "score": doubles(np.where(answered == NO_INSTANT, np.nan, score)),
            "scale_low": doubles(lowest),
            "scale_high": doubles(highest),
            "recorded_at": instants(recorded(sent)),
        }
    )


def milestones_table(block: Block) -> Table:
    """Return the table `milestones`: agreed on the first day, reached one after the other, or never."""
    rng = block.rng("milestones")
    people, steps = block.people, len(MILESTONES)
    row, step = np.divmod(np.arange(len(people) * steps), steps)
    due = np.array([days for _, days, _ in MILESTONES.values()])
    chances = np.array([chance for _, _, chance in MILESTONES.values()]).T[people.fit]
    reaches = np.logical_and.accumulate(rng.random(chances.shape) < chances, axis=1)
    pace = _SLOWNESS[people.fit][:, None] * np.exp(0.25 * rng.standard_normal(chances.shape))
    day = people.start[:, None] + np.maximum.accumulate(np.ceil(due * pace), axis=1).astype(np.int64)
    reached_day = day.ravel()
    reaches_in_time = reaches.ravel() & block.in_force(row, reached_day)
    at = block.clock.at(
        np.where(reaches_in_time, reached_day, people.start[row]), np.full(len(row), 16 * HOUR)
    )
    planned = block.clock.at(people.start[row], np.full(len(row), 10 * HOUR))
    names = tuple(MILESTONES)
    return pa.table(
        {
            "customer_id": block.customer_ids(row),
            "milestone": words(names, step),
            "kind": words([MILESTONES[name][0] for name in names], step),
            "planned_at": instants(planned),
            "due_date": dates(people.start[row] + due[step]),
            "reached_at": instants(np.where(reaches_in_time, at, NO_INSTANT)),
            "recorded_at": instants(planned),
        }
    )


def _questions(block: Block) -> tuple[IntArray, IntArray, IntArray]:
    """Return row, day and kind of every question sent, in the rhythm of each customer."""
    rows, days, kinds = [], [], []
    everyone = np.arange(len(block.people))
    longest = block.last - int(block.people.start.min(initial=block.last))
    for code, (every, first, *_) in enumerate(SURVEYS.values()):
        for week in range(first, longest // 7 + 1, every):
            day = block.people.start + 7 * week
            sent = block.in_force(everyone, day)
            rows.append(everyone[sent])
            days.append(day[sent])
            kinds.append(np.full(int(sent.sum()), code))
    if not rows:
        empty = np.empty(0, dtype=np.int64)
        return empty, empty, empty
    return np.concatenate(rows), np.concatenate(days), np.concatenate(kinds)


def _scores(
    kind: IntArray, level: IntArray, rng: np.random.Generator
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    table = list(SURVEYS.values())
    mean = np.array([one[4] for one in table])[kind, level]
    low, high, spread = (np.array([one[place] for one in table])[kind] for place in (2, 3, 5))
    graded = np.clip(np.rint(mean + spread * rng.standard_normal(len(kind))), low, high)
    yes = (rng.random(len(kind)) < mean).astype(np.float64)
    return np.where(spread > 0, graded, yes)
