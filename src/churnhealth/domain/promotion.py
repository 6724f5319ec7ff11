"""Who scores next quarter, champion or challenger? A decision with its reasons, and nothing else."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Decision = Literal["promoted", "kept"]


@dataclass(frozen=True)
class Verdict:
    """The decision and why.

    Parameters
    ----------
    decision : {"promoted", "kept"}
        "promoted": the challenger becomes champion. "kept": it does not.
    reasons : tuple of str
        Whole sentences, for the log, the model card and the command line.
    """

    decision: Decision
    reasons: tuple[str, ...]


def decide_promotion(
    challenger: float,
    base_rate: float,
    champion: float | None = None,
    *,
    champion_fault: str | None = None,
) -> Verdict:
    """Compare log losses on the same held-out rows; lower is better.

    Parameters
    ----------
    challenger : float
        Log loss (nats) of the newly trained recipe.
    base_rate : float
        Log loss of giving every customer the base rate.
    champion : float, optional
        Log loss of the champion's recipe, trained on the same rows; None when there is no champion.
    champion_fault : str, optional
        Why the champion's recipe could not be judged; then it is kept, never replaced unseen.

    Examples
    --------
    >>> decide_promotion(0.41, base_rate=0.58).decision
    'promoted'
    >>> decide_promotion(0.43, base_rate=0.58, champion=0.41).decision
    'kept'
    """
    if not math.isfinite(challenger) or challenger >= base_rate:
        return Verdict(
            "kept",
            (
                f"The challenger's log loss on held-out customers, {challenger:.4f}, is not below the "
                + f"base rate's, {base_rate:.4f}: from these data nothing was learned.",
            ),
        )
    learned = f"Log loss on held-out customers: challenger {challenger:.4f}, base rate {base_rate:.4f}."
    if champion_fault is not None:
        why = f"The champion cannot be judged on these rows, so it is kept: {champion_fault}"
        return Verdict("kept", (learned, why))
    if champion is None:
        return Verdict("promoted", (learned, "There was no champion."))
    compared = f"The champion's recipe, trained on the same rows, has {champion:.4f}."
    if challenger > champion:
        return Verdict("kept", (learned, compared, "The challenger is worse, so the champion is kept."))
    better = "better" if challenger < champion else "equal, and learned from newer data"
    return Verdict("promoted", (learned, compared, f"The challenger is {better}, so it is promoted."))
