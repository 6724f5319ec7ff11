"""The whole way on a simulated history: two quarters of training and scoring, and the known truth.

In the first quarter the project has no surveys and tickets; in the second they have been added, and a
challenger that knows them meets the champion that does not.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from churnhealth.errors import ConfigError
from churnhealth.jobs.check import CheckResult, check
from churnhealth.jobs.monitor import MonitorResult, monitor
from churnhealth.jobs.retrain import RetrainResult, retrain
from churnhealth.jobs.score import ScoreResult, score
from churnhealth.jobs.settings import load_settings
from churnhealth.jobs.simulate_project import CONFIG_NAME, simulate_project
from churnhealth.jobs.wiring import Progress, Workplace, open_workplace, silent

NAME = "history-demo"
TIMEZONE = "Asia/Tokyo"
CUSTOMERS, YEARS, SEED = 800, 3, 2026
STAGES = 27
PARTS = 5
# Early enough that what became of its scores is known when the data end.
FIRST_QUARTER = dt.date(2025, 10, 1)
# Two past quarters judged instead of four: the demo is for looking, not for deciding.
JUDGED = "\n[model]\nbacktest_windows = 2\n"
FEWER = """
# Written by `churnhealth demo --history` for its first quarter, taken away in its second.
[catalogue]
exclude = ["satisfaction", "support"]
"""


@dataclass(frozen=True)
class HistoryDemo:
    """What the demo did.

    Parameters
    ----------
    workplace : Workplace
        Where everything is.
    checked : CheckResult
    first : RetrainResult, optional
        The first quarter's; None where the folder has seen it before.
    trained : RetrainResult
        The second quarter's.
    scored : ScoreResult
        By the champion of the second quarter.
    monitored : MonitorResult
        What became of the first quarter's scores.
    truth : DataFrame
        The customers scored in fifths, from the safest to the riskiest: customers, predicted and
        true_probability (means, 0-1).
    names : mapping of str to str
        What people call the customers.
    """

    workplace: Workplace
    checked: CheckResult
    first: RetrainResult | None
    trained: RetrainResult
    scored: ScoreResult
    monitored: MonitorResult
    truth: pd.DataFrame
    names: Mapping[str, str]


def demo_history(folder: Path, *, language: str = "ja", progress: Progress = silent) -> HistoryDemo:
    """Simulate a vendor in Tokyo, go through two quarters, and compare with the truth.

    Each quarter trains and scores; the second adds indicators, so that a challenger meets a champion,
    and looks at what became of the first quarter's scores.

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
    first = _first_quarter(config, progress)
    workplace = open_workplace(config, progress)
    checked = check(workplace)
    checked.raise_if_blocked()
    trained = retrain(workplace)
    scored = score(workplace)
    monitored = monitor(workplace, since=FIRST_QUARTER)
    progress("comparing with the known truth")
    customers = pd.read_parquet(folder / "customers.parquet", columns=["customer_id", "name"])
    names = dict(zip(customers["customer_id"], customers["name"], strict=True))
    truth = compare_with_truth(workplace, scored, pd.read_parquet(folder / "truth.parquet"))
    return HistoryDemo(workplace, checked, first, trained, scored, monitored, truth, names)


def _first_quarter(config: Path, progress: Progress) -> RetrainResult | None:
    """Train and score with fewer indicators, as of the first quarter; once in a folder's life."""
    whole = config.read_text(encoding="utf-8").replace(FEWER, "")
    if open_workplace(config).registry.champion() is not None:
        config.write_text(whole, encoding="utf-8")
        return None
    config.write_text(whole + FEWER, encoding="utf-8")
    workplace = open_workplace(config, progress)
    trained = retrain(workplace, cutoff=FIRST_QUARTER)
    score(workplace, cutoff=FIRST_QUARTER)
    config.write_text(whole, encoding="utf-8")
    return trained


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
        config.write_text(config.read_text(encoding="utf-8") + JUDGED, encoding="utf-8")
    elif load_settings(config).project.name != NAME:
        raise ConfigError(
            f"{config} belongs to another project; run the demo elsewhere: "
            "churnhealth demo --history --folder vendor"
        )
    return config
