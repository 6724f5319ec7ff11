r"""The known hazard: latent levels, how they move, and the intensity of announcing an end.

Each customer i has a latent state (z, p, a) that is constant within a *customer week* (seven days
that begin on the customer's own weekday, Monday to Friday):

- level z in 0..4: thriving, steady, drifting, struggling, leaving;
- p in {0, 1}: an outbound contact still works;
- a in {0, 1}: a retention action still works.

The end of the contract is announced, in continuous time within week k, with the intensity per day

.. math:: \lambda_i(k, z, p, a) = exp(\eta_i(k) + g(k) \theta_z + \phi p + \psi a)

with theta = `LEVEL_EFFECT`, g and the base rate moving from year to year (`drift_terms`),
phi = `contact_effect`, psi = `action_effect`, and

.. math:: \eta_i(k) = \alpha_{term} + \delta_{size} + u_i + s_{month}
          + \rho 1[deadline\ near] + \pi 1[price\ rise\ told] + b(k) + log(churn\_level)

An announced contract ends at the first end of a term that is at least `notice_days` away.
Independently, at a constant intensity nu_i, a customer ends without a choice of its own (payment
failed, bankruptcy); the contract then ends the next day. Churn is the earlier of the two ends.

From week to week: z moves by the matrix of the customer's fit (`transitions`); then, given the new
level, contact happens with probability q, and p = 1 if it happens, else p stays with probability
`CONTACT_STAYS`; in the first week of a campaign a customer is considered with probability
`action_share * CONSIDERED[z]` and a fair coin decides between action (a = 1 for `ACTION_WEEKS`
weeks) and control. With `contact_drivers_observed`, q depends on tickets of the week before instead
of on the level, and tickets are a Poisson process with the weekly mean `ticket_rate(size, z)`.
"""

from __future__ import annotations

import numpy as np

from churnhealth.simulate.config import WorldConfig
from churnhealth.simulate.days import BoolArray, FloatArray, IntArray
from churnhealth.simulate.population import Population

LEVELS = 5
LEVEL_EFFECT = np.array([-1.1, 0.0, 0.8, 1.6, 2.4])
TERM_BASE = {1: -7.65, 12: -9.9}
DEADLINE_DAYS = 56
DEADLINE_EFFECT = 2.6
SIZE_EFFECT = np.array([0.25, 0.0, -0.35])
PRICE_EFFECT = 0.6
PRICE_TOLD_DAYS = 90
PRICE_FELT_DAYS = 30
# January to December; the fiscal year ends with March.
MONTH_EFFECT = np.array([0.0, 0.1, 0.35, -0.1, -0.1, 0.05, 0.0, -0.1, 0.2, 0.0, -0.05, 0.1])

CONTACT_STAYS = 0.93
CONTACT_BASE = np.array([0.04, 0.08, 0.13])  # by size, a week
CONTACT_BY_LEVEL = np.array([0.6, 1.0, 1.9, 3.0, 3.4])
CONTACT_WITHOUT_TICKET = 0.8
CONTACT_AFTER_TICKET = 5.0
CONTACT_NEAR_RENEWAL = 1.5
RENEWAL_NEAR_DAYS = 90

CAMPAIGN_EVERY = 13
CAMPAIGN_WEEK = 8
ACTION_WEEKS = 8
CONSIDERED = np.array([0.05, 0.15, 0.40, 0.60, 0.60])

TICKET_BASE = np.array([0.05, 0.09, 0.18])  # by size, a week
TICKET_BY_LEVEL = np.array([1.2, 0.9, 1.1, 1.7, 0.9])
# Monday to Sunday, shares of a week's tickets.
TICKET_WEEKDAYS = np.array([0.24, 0.20, 0.19, 0.18, 0.17, 0.01, 0.01])

# Weekly chances of one level up, one level down, and of a sudden fall to "struggling".
_MOVES = ((0.060, 0.018, 0.002), (0.040, 0.027, 0.004), (0.020, 0.050, 0.006))


def transitions() -> FloatArray:
    """Return the weekly transition matrices of the level.

    Returns
    -------
    array of shape (3, 5, 5)
        By fit (strong, normal, onboarding failed), level now, level in the next week; rows sum to 1.
    """
    matrices = np.zeros((len(_MOVES), LEVELS, LEVELS))
    for fit, (up, down, shock) in enumerate(_MOVES):
        for level in range(LEVELS):
            matrices[fit, level, max(level - 1, 0)] += up
            matrices[fit, level, min(level + 1, LEVELS - 1)] += down
            matrices[fit, level, max(level, 3)] += shock
            matrices[fit, level, level] += 1.0 - up - down - shock
    return matrices


def drift_terms(config: WorldConfig, week: int) -> tuple[float, float]:
    """Return what drift does in a week: (added to the log hazard, factor on the level effects).

    Each year adds `0.10 * drift` to the log hazard and takes `0.08 * drift` from the factor, which
    starts at 1 and is never below 0.4.
    """
    year = week // 52
    return 0.10 * config.drift * year, max(0.4, 1.0 - 0.08 * config.drift * year)


def base_log_intensity(people: Population, config: WorldConfig, week: int) -> FloatArray:
    """Return eta_i(k): the log intensity per day at level effect 0, without contact or action.

    Returns
    -------
    array of shape (customers,)
    """
    begin = people.week_start(week)
    month = begin.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12
    eta = constant_risk(people, config) + MONTH_EFFECT[month] + drift_terms(config, week)[0]
    eta += DEADLINE_EFFECT * _any_within(people.renewals - people.notice[:, None], begin, DEADLINE_DAYS)
    told = people.price_days - PRICE_TOLD_DAYS
    felt = (begin[:, None] >= told) & (begin[:, None] < people.price_days + PRICE_FELT_DAYS)
    result: FloatArray = eta + PRICE_EFFECT * felt.any(axis=1)
    return result


def constant_risk(people: Population, config: WorldConfig) -> FloatArray:
    """Return the part of eta that never changes: term, size, frailty and churn level."""
    base = np.where(people.term == 1, TERM_BASE[1], TERM_BASE[12])
    result: FloatArray = base + SIZE_EFFECT[people.size] + people.frailty + np.log(config.churn_level)
    return result


def state_factor(config: WorldConfig, week: int) -> FloatArray:
    """Return what each state multiplies the intensity with.

    Returns
    -------
    array of shape (5, 2, 2)
        By level, contact works, action works.
    """
    level = drift_terms(config, week)[1] * LEVEL_EFFECT
    contact = np.array([0.0, config.contact_effect])
    action = np.array([0.0, config.action_effect])
    result: FloatArray = np.exp(level[:, None, None] + contact[:, None] + action)
    return result


def contact_base(people: Population, week: int) -> FloatArray:
    """Return the weekly chance of contact before level or tickets count, of shape (customers,)."""
    near = _any_within(people.renewals, people.week_start(week), RENEWAL_NEAR_DAYS)
    result: FloatArray = CONTACT_BASE[people.size] * np.where(near, CONTACT_NEAR_RENEWAL, 1.0)
    return result


def contact_chance_by_level(base: FloatArray) -> FloatArray:
    """Return the chance of contact per customer and level, of shape (customers, 5)."""
    result: FloatArray = np.minimum(base[:, None] * CONTACT_BY_LEVEL, 0.9)
    return result


def contact_chance_after(base: FloatArray, ticket: FloatArray) -> FloatArray:
    """Return the chance of contact given the chance (0-1) of a ticket in the week before."""
    without, after = (
        np.minimum(base * one, 0.9) for one in (CONTACT_WITHOUT_TICKET, CONTACT_AFTER_TICKET)
    )
    result: FloatArray = without + (after - without) * ticket
    return result


def ticket_rate(size: IntArray) -> FloatArray:
    """Return the mean number of tickets a week, of shape (customers, 5), by level."""
    result: FloatArray = TICKET_BASE[size][:, None] * TICKET_BY_LEVEL
    return result


def is_campaign(week: int) -> bool:
    """Does a campaign of retention actions begin in this week?"""
    return week % CAMPAIGN_EVERY == CAMPAIGN_WEEK


def campaign_is_over(week: int) -> bool:
    """Do the actions of the last campaign stop working with this week?"""
    return week % CAMPAIGN_EVERY == (CAMPAIGN_WEEK + ACTION_WEEKS) % CAMPAIGN_EVERY


def _any_within(targets: IntArray, begin: IntArray, days: int) -> BoolArray:
    ahead = targets - begin[:, None]
    return np.asarray(((ahead >= 0) & (ahead < days)).any(axis=1))
