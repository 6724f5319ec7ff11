"""How much is known in the rows that a model learns from, beside what the champion had."""

from __future__ import annotations

import pandas as pd

from churnhealth.estimator import HealthModel
from churnhealth.evaluate.drift import DriftPolicy
from churnhealth.evaluate.missing import missing_by_group
from churnhealth.features.panel import Panel
from churnhealth.jobs.judging import Judged


def training_coverage(
    panel: Panel, model: HealthModel, judged: Judged, policy: DriftPolicy
) -> pd.DataFrame:
    """Return the share of missing values by indicator group, in these rows and in the champion's.

    Parameters
    ----------
    panel : Panel
        All labelled rows.
    model : HealthModel
        The new model; it knows the group of each indicator.
    judged : Judged
        With the champion, where there is one.
    policy : DriftPolicy
        `warn_missing`.

    Returns
    -------
    DataFrame
        As `evaluate.missing.missing_by_group` makes it; without a champion, or with one that keeps no
        reference, missing_reference is NaN.
    """
    champion = judged.champion.artifact.drift_reference_ if judged.champion else None
    return missing_by_group(
        {str(name): float(share) for name, share in panel.X.isna().mean().items()},
        champion.missing if champion else {},
        model.catalogue_,
        (champion.customers if champion else 0, int(panel.customer_id.nunique())),
        warn_missing=policy.warn_missing,
    )
