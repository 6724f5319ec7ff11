r"""What each latent driver does to the log-odds of the true churn probability, one at a time.

Every driver is put to a reference while all the others stay what they are:

.. math:: effect_d = logit P(own) - logit P(own, but d at its reference)

- `level`: the latent level of the week of the cutoff; reference: steady (1). Usage, engagement,
  satisfaction and support are noisy traces of it, and of nothing else that matters.
- `fit`: how the level will move from now on; reference: normal. Onboarding and outcome trace it.
- `contact`: an outbound contact still works; reference: none does. Touch traces it.
- `action`: a retention action still works; reference: none does. No built-in indicator traces it.
- `frailty`: what no table shows; reference: 0.

`contract` is what is left with every driver at its reference: the log-odds of a steady customer of
normal fit with the same contract on the same day (term, size, notice, renewal, price rise, season,
drift, involuntary ends). The effects do not add up to the log-odds exactly, because a contract far from
its end leaves nothing for the others to do.

Where an end has been announced the drivers no longer do anything: all are NaN. Probabilities are held
within `SMALLEST` of 0 and 1 before the log-odds.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from churnhealth.simulate.config import WorldConfig
from churnhealth.simulate.days import FloatArray, IntArray
from churnhealth.simulate.latent import Latent
from churnhealth.simulate.population import Population
from churnhealth.simulate.truth import Known, at_risk

DRIVERS = ("level", "fit", "contact", "action", "frailty", "contract")
STEADY, NORMAL_FIT = 1, 1
SMALLEST = 1e-4


def driver_effects(
    people: Population, latent: Latent, config: WorldConfig, cutoff: int, window: tuple[int, int]
) -> tuple[IntArray, dict[str, FloatArray]]:
    """Return who is at risk at a cutoff, and what each driver does to the log-odds of churn.

    Parameters
    ----------
    people, latent, config, cutoff, window
        As in `truth.churn_probability`.

    Returns
    -------
    rows : array of int
        Rows of the block at risk.
    effects : dict of str to array of float
        By name in `DRIVERS`, in log-odds, above 0 where it makes churn likelier; NaN where an end has
        been announced.
    """
    rows = np.flatnonzero(at_risk(people, latent, cutoff))
    if not len(rows):
        return rows, {name: np.empty(0) for name in DRIVERS}
    own, usual = people.take(rows), np.full(len(rows), NORMAL_FIT)
    others = {
        "own": own,
        "fit": replace(own, fit=usual),
        "frailty": replace(own, frailty=np.zeros(len(rows))),
        "contract": replace(own, fit=usual, frailty=np.zeros(len(rows))),
    }
    known = {name: Known(one, latent, config, cutoff, rows) for name, one in others.items()}
    odds = {name: _log_odds(one.churn_by_state(window)) for name, one in known.items()}
    me, every = known["own"], np.arange(len(rows))
    here = me.in_state(odds["own"])
    effects = {
        "level": here - odds["own"][every, STEADY, me.touched, me.acted],
        "fit": here - me.in_state(odds["fit"]),
        "contact": here - odds["own"][every, me.level, 0, me.acted],
        "action": here - odds["own"][every, me.level, me.touched, 0],
        "frailty": here - me.in_state(odds["frailty"]),
        "contract": odds["contract"][:, STEADY, 0, 0],
    }
    return rows, {name: np.where(me.announced, np.nan, effects[name]) for name in DRIVERS}


def _log_odds(probability: FloatArray) -> FloatArray:
    held = np.clip(probability, SMALLEST, 1.0 - SMALLEST)
    return np.asarray(np.log(held) - np.log1p(-held))
