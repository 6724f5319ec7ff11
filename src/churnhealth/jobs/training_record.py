"""What a training run leaves behind for the registry: parameters, metrics and tables."""

from __future__ import annotations

import pandas as pd

from churnhealth.domain.promotion import Verdict
from churnhealth.estimator import HealthModel
from churnhealth.features.panel import Panel
from churnhealth.jobs.judging import Judged
from churnhealth.jobs.wiring import Workplace
from churnhealth.labels.holdout import HoldoutSplit


def run_params(
    workplace: Workplace, panel: Panel, split: HoldoutSplit, model: HealthModel
) -> dict[str, str | int | float | bool]:
    """Return the settings of a run, and what came of them."""
    summary, known = model.model_.summary, model.label_known_through_
    problem = {
        f"problem_{name}": str(value) for name, value in workplace.settings.problem.to_dict().items()
    }
    return {
        **problem,
        "rows": len(panel.X),
        "customers": int(panel.customer_id.nunique()),
        "churners": summary["churners"],
        "indicators": len(panel.X.columns),
        "random_state": workplace.settings.model.random_state,
        "label_known_through": "unknown" if known is None else known.isoformat(),
        **{f"option_{name.replace('.', '_')}": one for name, one in model.options_.to_flat().items()},
        "calibrator": summary["calibrator"],
        "rung": summary["rung"],
        "leaves": sum(summary["leaves"].values()),
        **{
            f"weight_{name.replace(' ', '_')}": round(weight, 4)
            for name, weight in summary["weights"].items()
        },
        "band_yellow": model.bands_.yellow,
        "band_red": model.bands_.red,
        "holdout": split.kind,
        "holdout_rows": int(split.test.sum()),
        "holdout_purged": split.purged,
    }


def run_metrics(judged: Judged) -> dict[str, float]:
    """Return what was measured on rows put aside, the champion's log loss included.

    Metrics over all windows together begin with `backtest_`.
    """
    metrics, table = judged.report.to_dict(), judged.backtest
    if judged.champion_log_loss is not None:
        metrics["champion_log_loss"] = judged.champion_log_loss
    for name in ("log_loss", "log_loss_skill", "brier", "roc_auc", "observed_minus_expected"):
        metrics[f"backtest_{name}"] = table.value(name)
    return metrics


def run_tables(
    judged: Judged,
    model: HealthModel,
    panel: Panel,
    side_by_side: pd.DataFrame,
    verdict: Verdict,
) -> dict[str, pd.DataFrame]:
    """Return the tables of a run.

    Parameters
    ----------
    judged : Judged
        The recipes on rows put aside.
    model : HealthModel
        Fitted on all labelled rows.
    panel : Panel
        All labelled rows.
    side_by_side : DataFrame
        As made by `healthy_against_churned`.
    verdict : Verdict
        With its checks.
    """
    report, backtest = judged.report, judged.backtest
    sample = panel.X.sample(min(len(panel.X), 1000), random_state=0)
    catalogue = pd.DataFrame([vars(one) for one in model.catalogue_.values()])
    tables = {
        "metrics": report.metrics,
        "reliability": report.reliability,
        "lift": report.lift,
        "segments": report.by_segment,
        "groups": report.groups,
        "healthy_against_churned": side_by_side,
        "importance": model.explain(sample).importance(),
        "indicators": catalogue,
        "backtest_windows": backtest.windows,
        "backtest_metrics": backtest.metrics,
        "backtest_differences": backtest.differences,
        "gate_checks": checks_table(verdict),
    }
    return tables | ({"backtest_segments": backtest.segments} if len(backtest.segments) else {})


def checks_table(verdict: Verdict) -> pd.DataFrame:
    """Return the checks of the promotion gate: code, outcome, level, found, advice."""
    return pd.DataFrame(
        [(one.code, one.outcome, one.level, one.found, one.advice) for one in verdict.checks],
        columns=["code", "outcome", "level", "found", "advice"],
    )
