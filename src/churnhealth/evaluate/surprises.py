"""Green customers that left, red customers that stayed, and how long before a churn it was red."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

LEAD_COLUMNS = (
    "customer_id",
    "churned_after",
    "churned_by",
    "first_red_cutoff",
    "red_since_cutoff",
    "lead_days_low",
    "lead_days_high",
)
LEAD_QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
INSTANT: Final = "datetime64[us, UTC]"
_DAY = pd.Timedelta(days=1)


def surprises(judged: pd.DataFrame) -> pd.DataFrame:
    """Return scores that did not look like what happened, the most surprising first.

    Parameters
    ----------
    judged : DataFrame
        One row per score whose label is known, with customer_id, health_band, churn_probability (0-1)
        and churned (0 or 1); other columns are kept. A customer whose label is not known yet is
        neither: leave such rows out.

    Returns
    -------
    DataFrame
        Green customers that churned, the safest first, then red ones that stayed, the riskiest first;
        the columns of `judged`, and finding ("green_but_churned", "red_but_stayed").

    Examples
    --------
    >>> judged = pd.DataFrame(
    ...     {
    ...         "customer_id": ["a", "b", "c"],
    ...         "health_band": ["green", "red", "red"],
    ...         "churn_probability": [0.01, 0.6, 0.7],
    ...         "churned": [1, 0, 1],
    ...     }
    ... )
    >>> surprises(judged)[["customer_id", "finding"]].to_numpy().tolist()
    [['a', 'green_but_churned'], ['b', 'red_but_stayed']]
    """
    left = judged[(judged["health_band"] == "green") & (judged["churned"] == 1)]
    stayed = judged[(judged["health_band"] == "red") & (judged["churned"] == 0)]
    return pd.concat(
        [
            left.sort_values(["churn_probability", "customer_id"]).assign(finding="green_but_churned"),
            stayed.sort_values(["churn_probability", "customer_id"], ascending=[False, True]).assign(
                finding="red_but_stayed"
            ),
        ],
        ignore_index=True,
    )


def lead_times(scores: pd.DataFrame) -> pd.DataFrame:
    """Return how long before each churn the customer was red for the first time.

    Labels say that a customer churned within a window, not on which day. The churn lies after the
    beginning of the last window with the label 1, and after the last score, and not after the end of
    the first window that holds it: the more often customers are scored, the closer the two bounds.
    Of a customer who came back and churned again the last churn is told.

    Parameters
    ----------
    scores : DataFrame
        One row per customer and scored cutoff, those whose label is not known included: customer_id,
        cutoff, window_start, window_end (instants; when churning counts; window_end NaT where the
        problem has no horizon), health_band, churned (1, 0, NaN not known).

    Returns
    -------
    DataFrame
        One row per customer who churned, by customer: customer_id, churned_after, churned_by,
        first_red_cutoff (NaT: never red), red_since_cutoff (NaT: not red at the last score),
        lead_days_low, lead_days_high (days, NaN when never red).
    """
    lost = scores[scores["churned"] == 1]
    found = [
        _of_customer(str(customer), rows)
        for customer, rows in scores[scores["customer_id"].isin(lost["customer_id"])].groupby(
            "customer_id", sort=True
        )
    ]
    table = pd.DataFrame(found, columns=list(LEAD_COLUMNS))
    for name in LEAD_COLUMNS[1:5]:
        table[name] = pd.to_datetime(table[name], utc=True).astype(INSTANT)
    days = dict.fromkeys(LEAD_COLUMNS[5:], "float64")
    return table.astype({"customer_id": "str", **days})


def lead_time_quantiles(table: pd.DataFrame) -> dict[str, float]:
    """Return how early red was, over all churners, as plain numbers.

    Parameters
    ----------
    table : DataFrame
        As `lead_times` gives it.

    Returns
    -------
    dict
        churners; red_before (how many were red at some cutoff before); and, of these, the quantiles of
        both bounds: lead_days_low_10pct, _25pct, _50pct, _75pct, _90pct, and lead_days_high_10pct, ...
        (NaN when there are none).
    """
    red = table[table["first_red_cutoff"].notna()]
    found = {"churners": float(len(table)), "red_before": float(len(red))}
    for bound in ("lead_days_low", "lead_days_high"):
        known = red[bound].dropna().to_numpy(np.float64)
        for share in LEAD_QUANTILES:
            value = float(np.quantile(known, share)) if known.size else float("nan")
            found[f"{bound}_{round(100 * share)}pct"] = value
    return found


def _of_customer(customer: str, rows: pd.DataFrame) -> dict[str, object]:
    ordered = rows.sort_values("cutoff")
    lost = ordered[ordered["churned"] == 1]
    last = lost.iloc[-1]
    # Windows that hold the last churn; an earlier one of a customer who came back ends before.
    same = lost[~(lost["window_end"] <= last["window_start"])]
    by = same["window_end"].min()
    before = ordered[ordered["cutoff"] <= (by if pd.notna(by) else last["cutoff"])]
    after = max(last["window_start"], before["cutoff"].iloc[-1])
    red = before[before["health_band"] == "red"]
    first = red["cutoff"].iloc[0] if len(red) else pd.NaT
    return {
        "customer_id": customer,
        "churned_after": after,
        "churned_by": by,
        "first_red_cutoff": first,
        "red_since_cutoff": _red_since(before),
        "lead_days_low": (after - first) / _DAY,
        "lead_days_high": (by - first) / _DAY,
    }


def _red_since(before: pd.DataFrame) -> object:
    """Return where the unbroken run of red that ends at the last score begins."""
    other = np.flatnonzero((before["health_band"] != "red").to_numpy())
    begins = int(other[-1]) + 1 if len(other) else 0
    return before["cutoff"].iloc[begins] if begins < len(before) else pd.NaT
