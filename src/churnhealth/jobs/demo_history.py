"""The whole way on a simulated history: tables, check, training, scoring, and the known truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from churnhealth.errors import ConfigError
from churnhealth.jobs.check import CheckResult, check
from churnhealth.jobs.retrain import RetrainResult, retrain
from churnhealth.jobs.score import ScoreResult, score
from churnhealth.jobs.settings import load_settings
from churnhealth.jobs.simulate_project import CONFIG_NAME, simulate_project
from churnhealth.jobs.wiring import Progress, Workplace, open_workplace, silent

NAME = "history-demo"
TIMEZONE = "Asia/Tokyo"
CUSTOMERS, YEARS, SEED = 800, 3, 2026
STAGES = 14
PARTS = 5


@dataclass(frozen=True)
class HistoryDemo:
    """What the demo did.

    Parameters
    ----------
    workplace : Workplace
        Where everything is.
    checked : CheckResult
    trained : RetrainResult
    scored : ScoreResult
    truth : DataFrame
        The customers scored in fifths, from the safest to the riskiest: customers, predicted and
        true_probability (means, 0-1).
    names : mapping of str to str
        What people call the customers.
    """

    workplace: Workplace
    checked: CheckResult
    trained: RetrainResult
    scored: ScoreResult
    truth: pd.DataFrame
    names: Mapping[str, str]


def demo_history(folder: Path, *, language: str = "ja", progress: Progress = silent) -> HistoryDemo:
    """Simulate a vendor in Tokyo, check its tables, train, score, and compare with the truth.

    Parameters
    ----------
    folder : Path
        Where the tables, `churnhealth.toml`, `data/` and `models/` go. A configuration of somebody
        else is never touched; the demo's own tables are used again.
    language : {"en", "ja"}
        Of the names of customers and plans, and of the reasons.
    progress : callable
        Told the name of each stage.

    Raises
    ------
    ConfigError
        The folder holds another project's churnhealth.toml.
    """
    progress("simulating a vendor")
    config = _project(folder, language)
    workplace = open_workplace(config, progress)
    checked = check(workplace)
    checked.raise_if_blocked()
    trained = retrain(workplace)
    scored = score(workplace)
    progress("comparing with the known truth")
    customers = pd.read_parquet(folder / "customers.parquet", columns=["customer_id", "name"])
    names = dict(zip(customers["customer_id"], customers["name"], strict=True))
    truth = compare_with_truth(workplace, scored, pd.read_parquet(folder / "truth.parquet"))
    return HistoryDemo(workplace, checked, trained, scored, truth, names)


def compare_with_truth(workplace: Workplace, scored: ScoreResult, truth: pd.DataFrame) -> pd.DataFrame:
    """Put the published probabilities next to the true ones, which only a simulation knows.

    Parameters
    ----------
    workplace : Workplace
        Its warehouse holds the scores.
    scored : ScoreResult
        Which of them.
    truth : DataFrame
        customer_id, cutoff (instant), churn_probability (0-1).

    Returns
    -------
    DataFrame
        As `HistoryDemo.truth`.
    """
    current = workplace.warehouse.current_scores()
    published = current[current["model_version"] == scored.model_version]
    here = truth[truth["cutoff"] == pd.Timestamp(scored.cutoff)]
    both = published[["customer_id", "churn_probability"]].merge(
        here[["customer_id", "churn_probability"]],
        on="customer_id",
        suffixes=("", "_true"),
        validate="one_to_one",
    )
    part = pd.qcut(both["churn_probability"].rank(method="first"), PARTS, labels=False)
    return both.groupby(part).agg(
        customers=("customer_id", "size"),
        predicted=("churn_probability", "mean"),
        true_probability=("churn_probability_true", "mean"),
    )


def _project(folder: Path, language: str) -> Path:
    config = folder / CONFIG_NAME
    if not config.exists():
        simulate_project(
            CUSTOMERS, YEARS, folder, seed=SEED, timezone=TIMEZONE, language=language, name=NAME
        )
    elif load_settings(config).project.name != NAME:
        raise ConfigError(
            f"{config} belongs to another project; run the demo elsewhere: "
            "churnhealth demo --history --folder vendor"
        )
    return config
