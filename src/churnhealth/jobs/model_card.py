"""The model card: what this model is for, what it was made of, how good it was, where it ends."""

from __future__ import annotations

import numpy as np
import pandas as pd

from churnhealth.domain.promotion import Verdict
from churnhealth.estimator import HealthModel
from churnhealth.evaluate.missing import UNKNOWN
from churnhealth.evaluate.report import EvaluationReport
from churnhealth.features.panel import Panel
from churnhealth.jobs.judging import Judged
from churnhealth.jobs.model_card_judged import backtest_lines, check_lines
from churnhealth.jobs.model_card_text import cell, section
from churnhealth.jobs.search_record import options_told
from churnhealth.jobs.settings import Settings
from churnhealth.labels.holdout import HoldoutSplit
from churnhealth.search.decision import SearchResult

SHOWN = (
    "log_loss",
    "log_loss_base_rate",
    "brier",
    "roc_auc",
    "average_precision",
    "lift_at_10pct",
    "calibration_slope",
    "calibration_intercept",
    "observed_minus_expected",
    "ici",
    "ici_floor_95",
)
MOST_SIDE_BY_SIDE = 10


def model_card(
    settings: Settings,
    panel: Panel,
    model: HealthModel,
    judged: Judged,
    verdict: Verdict,
    side_by_side: pd.DataFrame,
    coverage: pd.DataFrame,
    searched: SearchResult | None = None,
) -> str:
    """Write the card as Markdown.

    Parameters
    ----------
    settings : Settings
        Project and problem.
    panel : Panel
        All labelled rows.
    model : HealthModel
        The registered model, fitted on them.
    judged : Judged
        The same recipe on rows put aside.
    verdict : Verdict
        Promoted or kept, why, and what was checked.
    side_by_side : DataFrame
        Those who stayed beside those who churned, as made by `healthy_against_churned`.
    coverage : DataFrame
        Missing values of the training rows by indicator group, as made by `training_coverage`.
    searched : SearchResult, optional
        What a search for options found.
    """
    report, split = judged.report, judged.split
    return "\n".join(
        [
            f"# Health model of {cell(settings.project.name)}",
            "",
            *_use(settings, model),
            "",
            *_data(panel, model, settings.problem.timezone),
            *([f"- {searched.reason}"] if searched else []),
            *_coverage(coverage),
            "",
            *_quality(report, split, settings.project.language),
            *_segments(report),
            *_groups(report),
            *_side_by_side(side_by_side),
            *backtest_lines(judged.backtest),
            "",
            "## Decision",
            "",
            f"**{verdict.decision}**",
            "",
            *(f"- {reason}" for reason in verdict.reasons),
            *check_lines(verdict),
            "",
            *_limits(split),
            "",
        ]
    )


def _use(settings: Settings, model: HealthModel) -> list[str]:
    problem = settings.problem
    horizon = (
        f"{problem.horizon_days} days" if problem.horizon_days else "the period of the panel's label"
    )
    return [
        "## Intended use",
        "",
        f"The health score is 100 x (1 - P(churn within {horizon}"
        + (f", after a gap of {problem.gap_days} days" if problem.gap_days else "")
        + ")). It ranks customers for a customer-success team and says how likely churn is. It is no "
        "statement about causes, and it is not meant for decisions about single persons.",
        "",
        f"Churn probability from which a customer is yellow: {model.bands_.yellow:.3f}, "
        + f"red: {model.bands_.red:.3f}.",
    ]


def _data(panel: Panel, model: HealthModel, timezone: str) -> list[str]:
    summary = model.model_.summary
    days = [one.tz_convert(timezone).date() for one in sorted(panel.cutoff.unique())]
    cutoffs = f"{days[0]} to {days[-1]} ({len(days)})" if len(days) > 1 else str(days[0])
    known = model.label_known_through_
    weights = ", ".join(f"{name} {weight:.2f}" for name, weight in summary["weights"].items())
    return [
        "## Data and recipe",
        "",
        f"- {summary['rows']} rows of {summary['customers']} customers, {summary['churners']} churned",
        f"- cutoffs: {cutoffs}",
        f"- base rate {model.model_.base_rate:.3f}",
        f"- labels known through {known.isoformat() if known is not None else 'an unknown date'}",
        f"- {len(model.model_.columns)} indicators",
        f"- {summary['reason']}",
        (
            f"- weights: {weights}; calibrator: {summary['calibrator']}; "
            f"leaves: {sum(summary['leaves'].values()):,}; "
            f"segments corrected: {summary['corrected_segments']}"
        ),
        f"- options: {options_told(model.options_)}",
    ]


def _coverage(table: pd.DataFrame) -> list[str]:
    lines = [
        (
            cell(one["indicator_group"]),
            f"{one['indicators']}",
            f"{one['missing_now']:.0%}",
            f"{one['missing_reference']:.0%}" if one["verdict"] != UNKNOWN else "",
            one["verdict"],
        )
        for one in table.to_dict("records")
    ]
    names = ["indicator group", "indicators", "missing", "missing for the champion", "verdict"]
    return section("Coverage: values missing in the training rows", names, lines)


def _quality(report: EvaluationReport, split: HoldoutSplit, language: str) -> list[str]:
    rows = report.metrics.set_index("metric")[["value", "low", "high"]].astype(float)
    lines = ["| metric | value | 90 % interval |", "|---|---|---|"]
    for name in SHOWN:
        if name in rows.index:
            value, low, high = rows.loc[name].to_numpy()
            interval = f"{low:.4f} to {high:.4f}" if np.isfinite(low) else ""
            lines.append(f"| {name} | {value:.4f} | {interval} |")
    said = [f"- {sentence}" for sentence in report.sentences(language)]
    return ["## Quality on rows put aside", "", split.description, "", *lines, "", *said]


def _segments(report: EvaluationReport) -> list[str]:
    names = [
        "segment",
        "level",
        "customers",
        "churners",
        "predicted",
        "observed",
        "by chance",
        "verdict",
    ]
    lines = [
        (
            cell(one["segment"]),
            cell(one["level"]),
            f"{one['customers']:,}",
            f"{one['churners']:,}",
            f"{one['mean_predicted']:.3f}",
            f"{one['observed']:.3f}",
            f"± {one['floor_95']:.3f}",
            one["verdict"],
        )
        for one in report.by_segment.to_dict("records")
    ]
    return section("Calibration within segments, on rows put aside", names, lines)


def _groups(report: EvaluationReport) -> list[str]:
    lines = [
        (
            cell(one["indicator_group"]),
            f"{one['adds']:+.4f}",
            f"{one['low']:+.4f} to {one['high']:+.4f}",
            one["verdict"],
        )
        for one in report.groups.to_dict("records")
    ]
    names = ["indicator group", "log loss that shuffling it adds", "90 % interval", "verdict"]
    return section("What each indicator group adds, on rows put aside", names, lines)


def _side_by_side(table: pd.DataFrame) -> list[str]:
    lines = [
        (
            cell(one["indicator"] + (f" = {one['level']}" if one["level"] else "")),
            one["measure"],
            f"{one['healthy']:.4g}",
            f"{one['churned']:.4g}",
            f"{one['auc']:.3f} ({one['auc_low']:.3f} to {one['auc_high']:.3f})",
            f"{one['healthy_missing']:.2f}, {one['churned_missing']:.2f}",
        )
        for one in table.head(MOST_SIDE_BY_SIDE).to_dict("records")
    ]
    names = ["indicator", "measure", "healthy", "churned", "AUC alone (90 %)", "missing (shares)"]
    return section(f"Healthy against churned: the {len(lines)} that tell most", names, lines)


def _limits(split: HoldoutSplit) -> list[str]:
    lines = ["## Limits", "", "- Contributions describe the model, not causes."]
    if split.kind == "customers":
        lines.append(
            "- The panel has one cutoff: the model was judged on other customers of the same time. "
            "Whether it holds on later time is not known."
        )
    else:
        lines.append(
            "- Judged were recipes, each trained on what was known at the cutoff; the registered model "
            "is the same recipe, fitted on all labelled rows, and was not judged itself."
        )
    return lines
