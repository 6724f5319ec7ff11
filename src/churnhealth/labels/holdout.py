"""Put rows aside to judge a model on: by later time where the data have it, else by customer."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnhealth.domain.problem import ChurnProblem
from churnhealth.errors import ConfigError, LeakageError, NotEnoughDataError, SchemaError

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class HoldoutSplit:
    """Which rows train and which are put aside.

    Parameters
    ----------
    train, test : ndarray of bool, shape (n,)
        No row is in both; a row may be in neither.
    kind : {"time", "customers"}
        Put aside by later time, or by customer.
    purged : int
        Labelled rows in neither part, because of time.
    description : str
        The split in words, for the model card and the log.
    """

    train: BoolArray
    test: BoolArray
    kind: Literal["time", "customers"]
    purged: int
    description: str


def holdout_split(
    customer_id: Sequence[object] | npt.NDArray[Any] | pd.Series,
    cutoff_instants: Sequence[pd.Timestamp] | pd.Series | pd.DatetimeIndex,
    problem: ChurnProblem,
    share: float = 0.2,
    random_state: int = 0,
    y: npt.ArrayLike | None = None,
) -> HoldoutSplit:
    """Split rows into those that train and those put aside.

    With several cutoffs, the newest one whose known labels hold both classes is put aside, and only
    rows whose `label_known_at` is not later than that cutoff train; the rest is purged. With one
    cutoff, customers are put aside by a hash of customer_id and `random_state`: a customer is always
    on the same side, whatever the other rows are. (So the two parts cannot be stratified.)

    Parameters
    ----------
    customer_id : sequence of str, shape (n,)
    cutoff_instants : sequence of aware timestamps, shape (n,)
    problem : ChurnProblem
        Says when a label is known.
    share : float
        Share of customers put aside (0-1, both excluded); without effect when there are several cutoffs.
    random_state : int
        Chooses the customers; without effect when there are several cutoffs.
    y : array-like of float, shape (n,), optional
        1 churned, 0 not churned, NaN censored. Censored rows are in neither part. None: every
        label counts as known.

    Returns
    -------
    HoldoutSplit

    Raises
    ------
    LeakageError
        Several cutoffs, but no label of an older one is known at the one put aside.
    NotEnoughDataError
        No cutoff with both classes, or a part without rows or with one class only.
    """
    ids = np.asarray(customer_id, dtype=object)
    cutoffs = pd.to_datetime(pd.Series(cutoff_instants), utc=True).reset_index(drop=True)
    label = np.zeros(len(ids)) if y is None else np.asarray(y, dtype=np.float64)
    _check(ids, cutoffs, label, share)
    if len(cutoffs.unique()) > 1:
        split = _by_time(cutoffs, problem, label, checked=y is not None)
    else:
        split = _by_customer(ids, label, share, random_state)
    if y is not None:
        _check_classes(split, label)
    return split


def _check(
    ids: npt.NDArray[np.object_], cutoffs: pd.Series, label: npt.NDArray[np.float64], share: float
) -> None:
    if not 0.0 < share < 1.0:
        raise ConfigError(
            f"holdout share: expected a share between 0 and 1 (both excluded), got {share!r}"
        )
    if not len(ids) == len(cutoffs) == len(label):
        sizes = f"{len(ids)} customer_id, {len(cutoffs)} cutoffs and {len(label)} labels"
        raise SchemaError("holdout split", [f"expected arrays of one length, got {sizes}"])
    if cutoffs.isna().any():
        raise SchemaError("holdout split", [f"{int(cutoffs.isna().sum())} rows have no cutoff"])


def _by_time(
    cutoffs: pd.Series, problem: ChurnProblem, label: npt.NDArray[np.float64], *, checked: bool
) -> HoldoutSplit:
    newest = _newest_with_both_classes(cutoffs, label) if checked else cutoffs.max()
    known_at = cutoffs.map({at: problem.label_known_at(at) for at in cutoffs.unique()})
    labelled = ~np.isnan(label)
    test = (cutoffs == newest).to_numpy() & labelled
    train = (known_at <= newest).to_numpy() & ~test & labelled
    if not train.any():
        raise LeakageError(_nothing_known(cutoffs, newest, problem))
    purged = int((labelled & ~train & ~test).sum())
    day = newest.tz_convert(problem.timezone).date()
    return HoldoutSplit(
        train,
        test,
        "time",
        purged,
        f"by time: {test.sum()} rows of the cutoff {day} are put aside, {train.sum()} rows whose label "
        f"was known by then train, {purged} are purged, {(~labelled).sum()} are censored",
    )


def _newest_with_both_classes(cutoffs: pd.Series, label: npt.NDArray[np.float64]) -> pd.Timestamp:
    found = pd.Series(label).groupby(cutoffs).agg(["min", "max"])
    both = found.index[(found["min"] == 0.0) & (found["max"] == 1.0)]
    if both.empty:
        raise NotEnoughDataError(
            f"no cutoff of {cutoffs.nunique()} has customers who churned and customers who did not; a "
            "model cannot be judged: bring more customers, or a longer horizon"
        )
    return pd.Timestamp(both.max())


def _nothing_known(cutoffs: pd.Series, newest: pd.Timestamp, problem: ChurnProblem) -> str:
    days, zone = problem.label_days, problem.timezone
    parts = " + ".join(f"{name} {part}" for name, part in problem.label_parts.items())
    latest = (newest.tz_convert(zone).tz_localize(None) - pd.Timedelta(days=days)).date()
    older = sorted(at.tz_convert(zone).date().isoformat() for at in cutoffs.unique() if at < newest)
    have = ", ".join(older[-5:]) if older else "none"
    return (
        f"no label is known at the cutoff put aside, {newest.tz_convert(zone).date()}: a label needs "
        f"{days} days ({parts or 'none given'}), so training rows need a cutoff on or before {latest}, "
        f"and the older cutoffs are: {have}; add older cutoffs, or shorten the horizon"
    )


def _by_customer(
    ids: npt.NDArray[np.object_], label: npt.NDArray[np.float64], share: float, random_state: int
) -> HoldoutSplit:
    put_aside = {one: _uniform(one, random_state) < share for one in set(ids.tolist())}
    aside = np.array([put_aside[one] for one in ids.tolist()], dtype=bool)
    labelled = ~np.isnan(label)
    test, train = aside & labelled, ~aside & labelled
    if not train.any() or not test.any():
        raise NotEnoughDataError(
            f"{len(put_aside)} customers cannot be split: {train.sum()} rows would train and "
            f"{test.sum()} would be put aside (share {share}); bring more customers"
        )
    return HoldoutSplit(
        train,
        test,
        "customers",
        0,
        f"by customer: {test.sum()} rows are put aside by a hash of customer_id (share {share}, "
        f"random_state {random_state}, not stratified), {train.sum()} train, {(~labelled).sum()} are "
        "censored; one cutoff only, so nothing is said about later time",
    )


def _uniform(customer_id: object, random_state: int) -> float:
    """Return a number in [0, 1) that depends on the customer and the seed alone."""
    digest = hashlib.sha256(f"{random_state}:{customer_id}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def _check_classes(split: HoldoutSplit, label: npt.NDArray[np.float64]) -> None:
    for name, rows in (("for training", split.train), ("put aside", split.test)):
        churners = int(label[rows].sum())
        if churners in (0, int(rows.sum())):
            raise NotEnoughDataError(
                f"the rows {name} hold one class only: "
                f"{churners} churners in {rows.sum()} rows; bring more customers, or another "
                "holdout share or random_state"
            )
