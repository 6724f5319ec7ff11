"""The whole way on real customers: configuration, panel, training, scoring, and a look at the truth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from churnhealth.adapters.telco import (
    CURRENCY,
    CUSTOMER_ID,
    LABEL,
    MRR,
    telco_catalogue,
    telco_customers,
)
from churnhealth.domain.problem import ChurnProblem
from churnhealth.errors import ConfigError
from churnhealth.evaluate.report import EvaluationReport, evaluate_model
from churnhealth.features.panel import PanelColumns
from churnhealth.jobs.init_project import write_text
from churnhealth.jobs.retrain import RetrainResult, retrain
from churnhealth.jobs.score import ScoreResult, score
from churnhealth.jobs.settings import PanelSource, load_settings
from churnhealth.jobs.settings_file import settings_toml
from churnhealth.jobs.wiring import Progress, Workplace, open_workplace, silent, utc_now
from churnhealth.labels.holdout import holdout_split

NAME = "telco-demo"
TIMEZONE = "Asia/Tokyo"
PANEL, TO_SCORE, OUTCOMES = "telco_panel", "telco_to_score", "telco_outcomes"
STAGES = 10
# Not the seed that retrain puts customers aside with: it would have none left to put aside.
SEED = 2026


@dataclass(frozen=True)
class DemoResult:
    """What the demo did.

    Parameters
    ----------
    workplace : Workplace
        Where everything is.
    trained : RetrainResult
    scored : ScoreResult
    truth : EvaluationReport
        The published probabilities against the labels that had been put aside.
    """

    workplace: Workplace
    trained: RetrainResult
    scored: ScoreResult
    truth: EvaluationReport


def demo(folder: Path, *, language: str = "en", progress: Progress = silent) -> DemoResult:
    """Run the whole way on the Telco customers, in a folder.

    Writes `churnhealth.toml`, the panel (80 % of the customers, with labels) and the customers to be
    scored (20 %, without), trains on the former, scores the latter, and only then looks at their
    labels.

    Parameters
    ----------
    folder : Path
        Where `churnhealth.toml`, `data/` and `models/` go. A configuration of somebody else is
        never touched.
    language : {"en", "ja"}
        Language of the reasons.
    progress : callable
        Told the name of each stage.

    Raises
    ------
    ConfigError
        The folder holds another project's churnhealth.toml.
    """
    progress("writing churnhealth.toml and the panel")
    config = _write_config(folder, language)
    workplace = open_workplace(config, progress)
    _write_tables(workplace)
    trained = retrain(workplace)
    scored = score(workplace)
    progress("looking at what became of them")
    truth = compare_with_outcomes(workplace, scored)
    return DemoResult(workplace, trained, scored, truth)


def compare_with_outcomes(workplace: Workplace, scored: ScoreResult) -> EvaluationReport:
    """Judge the published probabilities by the labels of the customers put aside."""
    outcomes = workplace.warehouse.read_table(OUTCOMES)
    current = workplace.warehouse.current_scores()
    published = current[current["model_version"] == scored.model_version]
    both = published.merge(outcomes, on="customer_id", validate="one_to_one")
    churned = (both[LABEL] == "Yes").to_numpy(dtype=np.float64)
    return evaluate_model(churned, both["churn_probability"], mrr=both["mrr"])


def _write_config(folder: Path, language: str) -> Path:
    config = folder / "churnhealth.toml"
    if config.exists() and load_settings(config).project.name != NAME:
        raise ConfigError(
            f"{config} belongs to another project; run the demo elsewhere: "
            "churnhealth demo --folder demo"
        )
    text = settings_toml(
        NAME,
        PanelSource(PANEL, None),
        PanelColumns(CUSTOMER_ID, label=LABEL, mrr=MRR, currency=CURRENCY),
        ChurnProblem(timezone=TIMEZONE, positive_label="Yes"),
        telco_catalogue(),
        language=language,
        # The set has no dates: the day of the demo stands for all of it.
        cutoff_date=pd.Timestamp(utc_now()).tz_convert(TIMEZONE).date(),
        scoring=PanelSource(TO_SCORE, None),
    )
    write_text(config, text)
    return config


def _write_tables(workplace: Workplace) -> None:
    customers = telco_customers()
    problem = workplace.settings.problem
    one_day = pd.Series(problem.cutoff_instant("2026-01-01"), index=customers.index)
    aside = holdout_split(customers[CUSTOMER_ID], one_day, problem, 0.2, random_state=SEED).test
    rest = customers[aside]
    workplace.warehouse.write_table(PANEL, customers[~aside])
    workplace.warehouse.write_table(TO_SCORE, rest.drop(columns=LABEL))
    outcomes = rest[[CUSTOMER_ID, LABEL, MRR]].rename(columns={MRR: "mrr"})
    workplace.warehouse.write_table(OUTCOMES, outcomes)
