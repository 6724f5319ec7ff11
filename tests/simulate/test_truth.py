"""The truth against labels, and against a plain recursion that shares no code with it."""

from __future__ import annotations

import datetime as dt
import itertools
import math
from functools import lru_cache

import numpy as np
import pandas as pd
import pytest

from churnhealth.errors import ConfigError, LeakageError
from churnhealth.simulate import World, WorldConfig, hazard, simulate_world
from churnhealth.simulate.days import day_number
from churnhealth.simulate.latent import Latent, draw_latent
from churnhealth.simulate.population import Population, draw_population
from churnhealth.simulate.truth import at_risk, churn_probability

Sums = tuple[float, float, float]


@lru_cache(maxsize=2)
def _drawn(config: WorldConfig) -> list[tuple[Population, Latent]]:
    people = [draw_population(config, block) for block in config.blocks]
    return [
        (one, draw_latent(one, config, block)) for block, one in zip(config.blocks, people, strict=True)
    ]


def _sums(config: WorldConfig, cutoff: dt.date, gap: int, horizon: int, term: int) -> Sums:
    """Return churners, expected churners and their variance, over all customers of a term."""
    day, total = day_number(cutoff), np.zeros(3)
    for people, latent in _drawn(config):
        rows, probability = churn_probability(people, latent, config, day, (gap, gap + horizon))
        mine = people.term[rows] == term
        end, p = latent.end[rows][mine], probability[mine]
        churned = (end > day + gap) & (end <= day + gap + horizon)
        total += churned.sum(), p.sum(), (p * (1 - p)).sum()
    return float(total[0]), float(total[1]), float(total[2])


def _assert_calibrated(config: WorldConfig, cutoff: dt.date, gap: int, horizon: int, term: int) -> None:
    churned, expected, variance = _sums(config, cutoff, gap, horizon, term)
    assert expected > 10
    assert abs(churned - expected) < 3.5 * math.sqrt(variance), (churned, expected, variance)


@pytest.mark.parametrize("term", [1, 12])
@pytest.mark.parametrize(("gap", "horizon"), [(0, 30), (0, 90), (0, 365), (30, 90)])
def test_as_many_churn_as_the_truth_says(gap: int, horizon: int, term: int) -> None:
    config = WorldConfig(customers=4000, years=2, seed=21, churn_level=2.0)
    _assert_calibrated(config, dt.date(2024, 3, 13), gap, horizon, term)


def test_as_many_churn_as_the_truth_says_where_tickets_drive_contact() -> None:
    config = WorldConfig(
        customers=4000, years=2, seed=5, contact_drivers_observed=True, contact_effect=-2.0
    )
    _assert_calibrated(config, dt.date(2024, 2, 1), 0, 90, 1)


@pytest.mark.slow
@pytest.mark.parametrize("observed", [False, True])
def test_as_many_churn_as_the_truth_says_over_several_worlds(observed: bool) -> None:
    questions = list(itertools.product([30, 90, 365], [1, 12]))
    sums = np.zeros((len(questions), 3))
    for seed in range(5):
        config = WorldConfig(
            customers=8000,
            years=2,
            seed=seed,
            drift=3.0,
            contact_effect=-1.5,
            action_effect=-2.0,
            annual_notice_days=60,
            contact_drivers_observed=observed,
        )
        for row, (horizon, term) in enumerate(questions):
            sums[row] += _sums(config, dt.date(2024, 1, 7), 0, horizon, term)
    score = (sums[:, 0] - sums[:, 1]) / np.sqrt(sums[:, 2])
    assert np.abs(score).max() < 3.5, score


def test_customers_of_one_probability_churn_that_often() -> None:
    config = WorldConfig(customers=8000, years=2, seed=2)
    day = day_number(dt.date(2024, 6, 1))
    probability, churned = [], []
    for one, latent in _drawn(config):
        rows, p = churn_probability(one, latent, config, day, (0, 90))
        probability.append(p)
        churned.append((latent.end[rows] > day) & (latent.end[rows] <= day + 90))
    p, y = np.concatenate(probability), np.concatenate(churned)
    for low, high in itertools.pairwise([0.0, 0.02, 0.05, 0.1, 0.2, 0.5]):
        mine = (p >= low) & (p < high)
        assert abs(y[mine].sum() - p[mine].sum()) < 3.5 * math.sqrt((p[mine] * (1 - p[mine])).sum())


def test_truth_is_a_probability_that_grows_with_the_horizon(world: World) -> None:
    cutoff = ["2025-02-15"]
    values = [world.truth(cutoff, days)["churn_probability"] for days in (7, 30, 90, 365, 1095)]
    assert all(value.between(0.0, 1.0).all() for value in values)
    assert all((later >= sooner - 1e-12).all() for sooner, later in itertools.pairwise(values))


def test_a_window_is_the_sum_of_its_parts(world: World) -> None:
    whole = world.truth(["2025-02-15"], 120)["churn_probability"]
    first = world.truth(["2025-02-15"], 30)["churn_probability"]
    rest = world.truth(["2025-02-15"], 90, gap_days=30)["churn_probability"]
    np.testing.assert_allclose(whole, first + rest, atol=1e-12)


def test_an_announced_end_is_certain_but_for_an_involuntary_one_before(world: World) -> None:
    truth = world.truth(["2024-10-01"], 30).merge(world.outcomes, on="customer_id")
    cutoff = pd.Timestamp("2024-10-01", tz="Asia/Tokyo")
    announced = truth["voluntary"] & (truth["announced_at"] < cutoff)
    soon = announced & (truth["churned_on"] <= pd.Timestamp("2024-10-31"))
    assert soon.sum() > 5
    assert (truth.loc[soon, "churn_probability"] > 0.999).all()
    assert (truth.loc[announced & ~soon, "churn_probability"] < 0.01).all()


def test_only_customers_with_a_contract_in_force_have_a_truth(world: World) -> None:
    day = pd.Timestamp("2025-02-15")
    known = world.tables["subscriptions"].drop_duplicates("subscription_id", keep="last")
    inside = (known["start_date"] < day) & ~(known["end_date"] <= day)
    expected = set(known.loc[inside, "customer_id"])
    assert set(world.truth([day], 90)["customer_id"]) == expected


def test_the_cutoff_is_the_instant_of_local_midnight(world: World) -> None:
    truth = world.truth(["2025-02-15"], 90)
    assert truth["cutoff"].unique().tolist() == [pd.Timestamp("2025-02-14 15:00", tz="UTC")]
    again = world.truth([pd.Timestamp("2025-02-14 15:00", tz="UTC")], 90)
    pd.testing.assert_frame_equal(truth, again)


def test_a_cutoff_after_the_data_is_refused(world: World) -> None:
    with pytest.raises(LeakageError, match="up to the end of the data, 2026-04-01"):
        world.truth(["2026-04-02"], 90)


def test_a_horizon_that_is_too_long_is_refused(world: World) -> None:
    with pytest.raises(
        ConfigError, match="at most 1095 days together, got horizon_days=1090, gap_days=6"
    ):
        world.truth(["2025-01-01"], 1090, gap_days=6)


def test_a_cutoff_before_everyone_gives_no_rows() -> None:
    world = simulate_world(WorldConfig(customers=5, years=1))
    assert world.truth(["2023-04-01"], 30).empty


@pytest.mark.parametrize("observed", [False, True])
def test_truth_equals_a_plain_walk_through_all_states(observed: bool) -> None:
    config = WorldConfig(customers=400, years=2, seed=8, contact_drivers_observed=observed)
    people = draw_population(config, 0)
    latent = draw_latent(people, config, 0)
    cutoff = day_number(dt.date(2024, 5, 16))
    rows, probability = churn_probability(people, latent, config, cutoff, (0, 100))
    open_rows = [
        k for k, row in enumerate(rows) if latent.announced[row] >= cutoff and probability[k] > 0.02
    ]
    assert len(open_rows) > 20
    for k in open_rows[:12]:
        plain = _PlainWalk(people, latent, config, int(rows[k]), cutoff).churn_within(100)
        assert probability[k] == pytest.approx(plain, abs=1e-10)


class _PlainWalk:
    """One customer, day by day, with a dictionary of all states: slow and easy to check."""

    def __init__(
        self, people: Population, latent: Latent, config: WorldConfig, row: int, cutoff: int
    ) -> None:
        self.people, self.latent, self.config = people.take(np.array([row])), latent, config
        self.row, self.cutoff = row, cutoff
        self.first = people.origin + int(people.offset[row])
        self.moves = hazard.transitions()[people.fit[row]]

    def churn_within(self, days: int) -> float:
        """P(end by choice or not within the days), as 1 - P(neither)."""
        start, term = int(self.people.start[0]), int(self.people.term[0])
        begin = dt.date(1970, 1, 1) + dt.timedelta(days=start)
        ends = [self._later(begin, term * nth) for nth in range(1, 200)]
        last = max([end for end in ends if end <= self.cutoff + days], default=-1) - int(
            self.people.notice[0]
        )
        quiet = self._quiet_until(last) if last >= self.cutoff else 1.0
        return 1.0 - quiet * math.exp(-float(self.people.involuntary[0]) * days)

    @staticmethod
    def _later(begin: dt.date, months: int) -> int:
        stamp = pd.Timestamp(begin) + pd.DateOffset(months=months)
        return day_number(stamp.date())

    def _quiet_until(self, last: int) -> float:
        week = (self.cutoff - 1 - self.first) // 7
        at = [getattr(self.latent, name)[week, self.row] for name in ("level", "touched", "acted")]
        states = {(int(at[0]), int(at[1]), int(at[2])): 1.0}
        for day in range(self.cutoff, last + 1):
            if (day - self.first) // 7 != week:
                week += 1
                states = self._next(states, week, fresh=day - self.cutoff >= 7)
            eta = hazard.base_log_intensity(self.people, self.config, week)[0]
            factor = hazard.state_factor(self.config, week)
            states = {s: mass * math.exp(-math.exp(eta) * factor[s]) for s, mass in states.items()}
        return sum(states.values())

    def _next(
        self, states: dict[tuple[int, int, int], float], week: int, *, fresh: bool
    ) -> dict[tuple[int, int, int], float]:
        result: dict[tuple[int, int, int], float] = {}
        for (z, p, a), mass in states.items():
            for z2 in range(5):
                q = self._contact(z, z2, week, fresh=fresh)
                stay = 0.93 * p
                for p2, share_p in ((1, q + (1 - q) * stay), (0, (1 - q) * (1 - stay))):
                    for a2, share_a in self._action(z2, a, week):
                        key = (z2, p2, a2)
                        result[key] = result.get(key, 0.0) + mass * self.moves[z, z2] * share_p * share_a
        return result

    def _contact(self, z: int, z2: int, week: int, *, fresh: bool) -> float:
        base = hazard.contact_base(self.people, week)[0]
        if not self.config.contact_drivers_observed:
            return float(min(base * hazard.CONTACT_BY_LEVEL[z2], 0.9))
        rate = hazard.TICKET_BASE[self.people.size[0]] * hazard.TICKET_BY_LEVEL[z]
        ticket = 1.0 - math.exp(-rate) if fresh else self._ticket_in_first_week(rate)
        return float(min(base * 0.8, 0.9) * (1 - ticket) + min(base * 5.0, 0.9) * ticket)

    def _ticket_in_first_week(self, rate: float) -> float:
        week = (self.cutoff - 1 - self.first) // 7
        mine = (self.latent.ticket_row == self.row) & (self.latent.ticket_week == week)
        if (mine & (self.latent.ticket_day < self.cutoff)).any():
            return 1.0
        ahead = range(self.cutoff, self.first + 7 * week + 7)
        left = sum(hazard.TICKET_WEEKDAYS[(day + 3) % 7] for day in ahead)
        return 1.0 - math.exp(-rate * left)

    def _action(self, z2: int, a: int, week: int) -> list[tuple[int, float]]:
        if week % 13 == 8:
            treated = 0.5 * float(hazard.CONSIDERED[z2])
            return [(1, treated), (0, 1 - treated)]
        if week % 13 == 3:
            return [(0, 1.0)]
        return [(a, 1.0)]


def test_nobody_is_at_risk_on_the_day_of_the_end_or_of_the_start() -> None:
    config = WorldConfig(customers=300, years=1, seed=4)
    people = draw_population(config, 0)
    latent = draw_latent(people, config, 0)
    ended = np.flatnonzero(latent.end < day_number(config.end))[:10]
    for row in ended:
        assert at_risk(people, latent, int(latent.end[row]) - 1)[row]
        assert not at_risk(people, latent, int(latent.end[row]))[row]
        assert not at_risk(people, latent, int(people.start[row]))[row]
        assert at_risk(people, latent, int(people.start[row]) + 1)[row]
