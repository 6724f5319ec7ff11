"""Key figures of a customer base: churn, retention, expansion, lifetime value, NPS.

Shares are 0-1, money is per month, and a rate never goes without the length of its period: the usual
guide, at most 3 % a month, is compared with rates of one month and with nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from churnhealth.errors import SchemaError, listed

# What practitioners of subscription businesses name as the most that is healthy.
MONTHLY_GUIDE = 0.03
DAYS_PER_MONTH = 365.25 / 12.0
_NPS_SCALE = 10
_PROMOTERS_FROM, _DETRACTORS_TO = 9, 6


@dataclass(frozen=True)
class ChurnRate:
    """A churn rate and the period that it belongs to.

    Parameters
    ----------
    value : float
        Share lost during the period, 0-1.
    months : float
        Length of the period in months, above 0.

    Raises
    ------
    SchemaError
        A share outside 0-1, or a period that is not above 0.

    Examples
    --------
    >>> quarterly = ChurnRate(0.271, months=3)
    >>> round(quarterly.monthly().value, 6), quarterly.monthly().months
    (0.1, 1.0)
    """

    value: float
    months: float

    def __post_init__(self) -> None:
        faults = []
        if not 0.0 <= self.value <= 1.0:
            faults.append(f"value: expected a share from 0 to 1, got {self.value!r}")
        if not (np.isfinite(self.months) and self.months > 0.0):
            faults.append(f"months: expected a length above 0, got {self.months!r}")
        if faults:
            raise SchemaError("churn rate", faults)

    @property
    def retention(self) -> float:
        """Share kept over the period: 1 - churn rate."""
        return 1.0 - self.value

    def monthly(self) -> ChurnRate:
        """Convert to the rate of one month that compounds to this one: 1 - (1 - rate)^(1 / months)."""
        return ChurnRate(1.0 - self.retention ** (1.0 / self.months), 1.0)


def churn_rate(lost: float, at_start: float, *, months: float) -> ChurnRate:
    """Return lost / at start of the period; of customers, or of their MRR.

    Those who join during the period count on neither side. Source: the usual definition of churn as
    practitioners give it (churned customers / customers at the start of the period).

    Parameters
    ----------
    lost : float
        Customers, or MRR (currency per month), there at the start and gone at the end.
    at_start : float
        Customers, or MRR, at the start; above 0.
    months : float
        Length of the period in months.

    Raises
    ------
    SchemaError
        More lost than there was, or nothing at the start.

    Examples
    --------
    >>> churn_rate(6, 200, months=1).value
    0.03
    """
    return ChurnRate(_share("churn rate", lost, at_start), months)


def retention_rate(kept: float, at_start: float) -> float:
    """Return kept / at start: the share still there at the end, 0-1 (1 - churn rate).

    Examples
    --------
    >>> retention_rate(194, 200)
    0.97
    """
    return _share("retention rate", kept, at_start)


def expansion_rate(expanded: float, at_start: float) -> float:
    """Return expanded / at start: the up- and cross-sell rate.

    Of customers it is the share (0-1) that pays more at the end than at the start. Of MRR it is what
    these pay more, per month, as a share of the MRR at the start, and may be above 1.

    Examples
    --------
    >>> expansion_rate(10, 200)
    0.05
    """
    if not (at_start > 0.0 and expanded >= 0.0):
        raise SchemaError(
            "expansion rate",
            [f"expected 0 or more out of a start above 0, got {expanded!r} out of {at_start!r}"],
        )
    return expanded / at_start


def against_guide(rate: ChurnRate, guide: float = MONTHLY_GUIDE) -> str:
    """Compare a monthly churn rate with the guide; "within" (at most the guide) or "above".

    Raises
    ------
    SchemaError
        The rate is not one of a month; `ChurnRate.monthly` converts it.

    Examples
    --------
    >>> against_guide(ChurnRate(0.03, months=1))
    'within'
    >>> against_guide(ChurnRate(0.05, months=3).monthly())
    'within'
    """
    if abs(rate.months - 1.0) > 1e-9:
        fault = f"the guide is monthly: expected a rate of 1 month, got one of {rate.months:g} months"
        raise SchemaError("churn rate", [f"{fault}; convert it with .monthly()"])
    return "within" if rate.value <= guide else "above"


def expected_months(rate: ChurnRate) -> float:
    """Return how long customers stay if they go on leaving at this rate: 1 / monthly rate, in months.

    Infinite where nobody left, which says that the period was too short to tell.

    Examples
    --------
    >>> round(expected_months(ChurnRate(0.02, months=1)), 9)
    50.0
    """
    monthly = rate.monthly().value
    return float("inf") if monthly == 0.0 else 1.0 / monthly


def lifetime_value(average_mrr: float, months: float) -> float:
    """Return average MRR x months that a customer stays: revenue over the life of a subscription.

    Currency of the MRR; no discount and no cost. Source: practitioners' form for subscriptions,
    average price x length of the contract.

    Examples
    --------
    >>> lifetime_value(50_000.0, 24.0)
    1200000.0
    """
    if not (average_mrr >= 0.0 and months >= 0.0):
        raise SchemaError(
            "lifetime value",
            [f"expected an MRR and months of 0 or more, got {average_mrr!r} and {months!r}"],
        )
    return average_mrr * months


def purchases_lifetime_value(average_price: float, purchases_per_year: float, years: float) -> float:
    """Return average price x purchases a year x years: the general form, in the price's currency.

    Examples
    --------
    >>> purchases_lifetime_value(1000.0, 12.0, 2.0)
    24000.0
    """
    return lifetime_value(average_price * purchases_per_year / 12.0, 12.0 * years)


@dataclass(frozen=True)
class NetPromoterScore:
    """Answers to "would you recommend us", 0 to 10, by kind.

    Parameters
    ----------
    promoters, passives, detractors : int
        Answers of 9-10, of 7-8, and of 0-6.
    """

    promoters: int
    passives: int
    detractors: int

    @property
    def answers(self) -> int:
        """Number of answers."""
        return self.promoters + self.passives + self.detractors

    @property
    def score(self) -> float:
        """100 x (promoters - detractors) / answers: -100 to 100 points; NaN without answers."""
        if not self.answers:
            return float("nan")
        return 100.0 * (self.promoters - self.detractors) / self.answers


def net_promoter_score(answers: npt.ArrayLike) -> NetPromoterScore:
    """Count answers on the scale 0-10; missing ones (not answered) are left out, never taken for 0.

    Source: F. Reichheld, "The one number you need to grow", 2003.

    Parameters
    ----------
    answers : array of float, shape (n,)
        0 to 10; fractions are counted by where they lie (8.5 is passive).

    Raises
    ------
    SchemaError
        Answers outside 0-10, such as those of another scale.

    Examples
    --------
    >>> found = net_promoter_score([10, 9, 8, 6, 0, None])
    >>> found.promoters, found.passives, found.detractors, found.score
    (2, 1, 2, 0.0)
    """
    given = np.asarray(answers, dtype=np.float64)
    known = given[~np.isnan(given)]
    foreign = known[(known < 0) | (known > _NPS_SCALE)]
    if foreign.size:
        raise SchemaError(
            "NPS", [f"expected answers from 0 to 10, got {listed(foreign, most=3)}: another scale?"]
        )
    promoters = int((known >= _PROMOTERS_FROM).sum())
    # Below 7 is what whole answers call 0-6.
    detractors = int((known < _DETRACTORS_TO + 1).sum())
    return NetPromoterScore(promoters, len(known) - promoters - detractors, detractors)


def _share(what: str, part: float, whole: float) -> float:
    if not (whole > 0.0 and 0.0 <= part <= whole):
        raise SchemaError(
            what, [f"expected 0 or more out of a start above 0, got {part!r} of {whole!r}"]
        )
    return part / whole
