r"""The true churn probability at a cutoff, exactly, by a backward recursion over weeks.

Given is everything in force at the cutoff c that can tell anything about the future: what never
changes about the customer, the calendar (drift, price list, campaigns), whether an end has been
announced, the latent state (z, p, a) of the week that holds the day before c and, where tickets
drive contact, whether a ticket came in that week before c. Future moves of the state, future contact
and the coin of future actions are integrated out.

Let A(x) be the last day on which an announcement still leads to an end on or before day x (the last
end of a term on or before x, less the days of notice), and nu the involuntary intensity. Then

.. math:: P(churn \in (c + gap, c + gap + horizon])
          = S(A(l)) e^{-\nu (l - c)} - S(A(h)) e^{-\nu (h - c)}

with l = c + gap, h = l + horizon, and S(x) the probability of no announcement on the days c to x:
with n_k the number of those days in week k and V beyond the last of them equal to 1,

.. math:: V_k(z, p, a) = e^{-n_k \lambda(k, z, p, a)} E[V_{k+1}(z', p', a') | z, p, a]

and S = V at the customer's own week and state. Where an end is announced already, S(A(x)) is 1 if
that end lies after x, else 0. The mean over customers in the same observable situation is the best
that any model can say, and it is calibrated.
"""

from __future__ import annotations

import numpy as np

from churnhealth.simulate import hazard
from churnhealth.simulate.config import WorldConfig
from churnhealth.simulate.days import BoolArray, FloatArray, IntArray, last_end
from churnhealth.simulate.latent import Latent
from churnhealth.simulate.population import Population


def at_risk(people: Population, latent: Latent, cutoff: int) -> BoolArray:
    """Return who has a contract in force at a cutoff that began before it.

    Customers whose renewal is signed late are not at risk while they have no contract.
    """
    lapsed = (
        (people.renewals <= cutoff) & (cutoff <= people.renewals + people.lapses) & (people.lapses > 0)
    )
    return (people.start < cutoff) & (cutoff < latent.end) & ~lapsed.any(axis=1)


def churn_probability(
    people: Population, latent: Latent, config: WorldConfig, cutoff: int, window: tuple[int, int]
) -> tuple[IntArray, FloatArray]:
    """Return who is at risk at a cutoff, and the true probability of churn in a window after it.

    Parameters
    ----------
    people, latent : Population, Latent
        One block.
    config : WorldConfig
        The world.
    cutoff : int
        Day number; its local midnight is the moment of prediction.
    window : (int, int)
        Days after the cutoff; churn counts when its day is after the first and not after the second.

    Returns
    -------
    rows : array of int
        Rows of the block at risk.
    probability : array of float, same shape
        Between 0 and 1.
    """
    rows = np.flatnonzero(at_risk(people, latent, cutoff))
    if not len(rows):
        return rows, np.empty(0)
    known = Known(people.take(rows), latent, config, cutoff, rows)
    return rows, known.in_state(known.churn_by_state(window))


class Known:
    """What is given at a cutoff about the customers at risk.

    Parameters
    ----------
    people : Population
        The customers at risk, one or more.
    latent : Latent
        Their whole block.
    config : WorldConfig
        The world.
    cutoff : int
        Day number.
    rows : array of int
        Where the customers stand in the block.

    Attributes
    ----------
    level, touched, acted : arrays of int
        State of the week that holds the day before the cutoff.
    announced : array of bool
        Has an end been announced?
    """

    def __init__(
        self, people: Population, latent: Latent, config: WorldConfig, cutoff: int, rows: IntArray
    ) -> None:
        self.people, self.config, self.cutoff = people, config, cutoff
        self.week = people.week_of(cutoff - 1)
        self.level = latent.level[self.week, rows].astype(np.int64)
        self.touched = latent.touched[self.week, rows].astype(np.int64)
        self.acted = latent.acted[self.week, rows].astype(np.int64)
        self.announced = latent.announced[rows] < cutoff
        self.chosen_end = latent.chosen_end[rows]
        self.ticket = self._ticket_chance(latent, rows)

    def _ticket_chance(self, latent: Latent, rows: IntArray) -> FloatArray:
        """Chance that the week has a ticket: 1 if one came before the cutoff, else from the rest."""
        seen = np.zeros(len(latent.announced), dtype=np.bool_)
        of_block = np.full(len(seen), -1)
        of_block[rows] = self.week
        came = (latent.ticket_week == of_block[latent.ticket_row]) & (latent.ticket_day < self.cutoff)
        seen[latent.ticket_row[came]] = True
        place = np.arange(7)
        share = hazard.TICKET_WEEKDAYS[(self.people.offset[:, None] + place) % 7]
        passed = self.cutoff - (self.people.origin + self.people.offset + 7 * self.week)
        left = (share * (place >= passed[:, None])).sum(axis=1)
        rate = hazard.ticket_rate(self.people.size)[np.arange(len(rows)), self.level]
        whole = self.people.origin + self.people.offset + 7 * self.week >= self.people.start
        return np.where(seen[rows], 1.0, whole * -np.expm1(-rate * left))

    def churn_by_state(self, window: tuple[int, int]) -> FloatArray:
        """Return the probability of churn in a window, had the week of the cutoff another state.

        Returns
        -------
        array of shape (customers, 5, 2, 2)
            By level, contact works, action works; tickets so far stay what they were.
        """
        left = [np.exp(-self.people.involuntary * days)[:, None, None, None] for days in window]
        stays = [
            self.not_chosen(self.cutoff + days) * one for days, one in zip(window, left, strict=True)
        ]
        return np.clip(stays[0] - stays[1], 0.0, 1.0)

    def in_state(self, by_state: FloatArray) -> FloatArray:
        """Pick each customer's own state, shape (customers,)."""
        at = (np.arange(len(by_state)), self.level, self.touched, self.acted)
        picked: FloatArray = by_state[at]
        return picked

    def not_chosen(self, day: int) -> FloatArray:
        """Return the probability that the customer's own choice has not ended it by a day, by state."""
        known = np.where(self.announced & (self.chosen_end <= day), 0.0, 1.0)
        result = np.tile(known[:, None, None, None], (1, hazard.LEVELS, 2, 2))
        last = (
            last_end(self.people.start, self.people.term, np.full_like(self.week, day))
            - self.people.notice
        )
        open_rows = ~self.announced & (last >= self.cutoff)
        for week in np.unique(self.week[open_rows]):
            rows = np.flatnonzero(open_rows & (self.week == week))
            result[rows] = self._recursion(rows, int(week), last[rows])
        return result

    def _recursion(self, rows: IntArray, week: int, last: IntArray) -> FloatArray:
        some = self.people.take(rows)
        step = _Step(some, self.config)
        value = np.ones((len(rows), hazard.LEVELS, 2, 2))
        for k in range(int(some.week_of(last).max()), week, -1):
            value = step.expected(value, k + 1) if k < some.week_of(last).max() else value
            begin = some.week_start(k)
            days = np.clip(np.minimum(last + 1, begin + 7) - np.maximum(begin, self.cutoff), 0, 7)
            value *= step.quiet(k, days)
        ahead = some.week_start(week) + 7 - self.cutoff
        days = np.clip(np.minimum(last + 1 - self.cutoff, ahead), 0, 7)
        value = step.expected(value, week + 1, self.ticket[rows])
        result: FloatArray = value * step.quiet(week, days)
        return result


class _Step:
    """One week of the recursion for some customers."""

    def __init__(self, people: Population, config: WorldConfig) -> None:
        self.people, self.config = people, config
        self.moves = hazard.transitions()[people.fit]
        self.some_ticket = -np.expm1(-hazard.ticket_rate(people.size))

    def quiet(self, week: int, days: IntArray) -> FloatArray:
        """Return the probability of no announcement on some days of a week, by state."""
        intensity = np.exp(hazard.base_log_intensity(self.people, self.config, week)) * days
        factor = hazard.state_factor(self.config, week)
        result: FloatArray = np.exp(-intensity[:, None, None, None] * factor)
        return result

    def expected(self, value: FloatArray, week: int, ticket: FloatArray | None = None) -> FloatArray:
        """Return the mean of a value of the state in `week`, given the state in the week before.

        Parameters
        ----------
        value : array of shape (customers, 5, 2, 2)
            By level, contact works, action works, in `week`.
        week : int
            The later week.
        ticket : array of shape (customers,), optional
            Chance of a ticket in the earlier week where more is known than the level.

        Returns
        -------
        array of shape (customers, 5, 2, 2)
            By the state of the week before.
        """
        value = self._over_action(value, week)
        base = hazard.contact_base(self.people, week)
        if self.config.contact_drivers_observed:
            known = self.some_ticket if ticket is None else ticket[:, None]
            chance = hazard.contact_chance_after(base[:, None], known)
            return self._over_contact(self._over_level(value), chance)
        return self._over_level(self._over_contact(value, hazard.contact_chance_by_level(base)))

    def _over_action(self, value: FloatArray, week: int) -> FloatArray:
        if hazard.is_campaign(week):
            treated = 0.5 * self.config.action_share * hazard.CONSIDERED[:, None]
            mean = (1.0 - treated) * value[..., 0] + treated * value[..., 1]
            return np.stack([mean, mean], axis=-1)
        if hazard.campaign_is_over(week):
            return np.stack([value[..., 0], value[..., 0]], axis=-1)
        return value

    def _over_contact(self, value: FloatArray, chance: FloatArray) -> FloatArray:
        works, fades = value[:, :, 1, :], value[:, :, 0, :]
        stays = hazard.CONTACT_STAYS * works + (1.0 - hazard.CONTACT_STAYS) * fades
        chance = chance[:, :, None]
        new, kept = chance * works + (1 - chance) * fades, chance * works + (1 - chance) * stays
        return np.stack([new, kept], axis=2)

    def _over_level(self, value: FloatArray) -> FloatArray:
        count = len(value)
        mean: FloatArray = self.moves @ value.reshape(count, hazard.LEVELS, 4)
        return mean.reshape(count, hazard.LEVELS, 2, 2)
