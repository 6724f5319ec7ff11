"""Log loss, AUC and calibration slope on Telco churn, out of fold, against three plain rivals.

.venv/bin/python benchmarks/telco.py            # prints, and writes benchmarks/results/telco.md
"""

from __future__ import annotations

import platform
import sys
import time
from importlib.metadata import version
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pandas as pd
from scipy.special import logit
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import StratifiedKFold

from churnhealth.adapters.telco import CUSTOMER_ID, LABEL, telco_customers
from churnhealth.estimator import HealthModel

RESULT = Path(__file__).parent / "results" / "telco.md"


def slope(y: np.ndarray, p: np.ndarray) -> float:
    """Slope of y on the log-odds of p; 1 for a calibrated model."""
    model = LogisticRegression(C=1e12)
    return float(model.fit(logit(np.clip(p, 1e-9, 1 - 1e-9))[:, None], y).coef_[0, 0])


def health_model(train: pd.DataFrame, y: np.ndarray, test: pd.DataFrame) -> np.ndarray:
    model = HealthModel(random_state=0).fit(train, y)
    explanation = model.explain(test)
    gap = np.abs(explanation.health_score - model.health_score(test)).max()
    turned = model.health_score(test[test.columns[::-1]])
    assert gap < 1e-9, gap
    assert np.array_equal(turned, model.health_score(test))
    return model.churn_probability(test)


def codes(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.apply(lambda one: one if one.dtype.kind in "if" else one.astype("category"))


def lightgbm_defaults(train: pd.DataFrame, y: np.ndarray, test: pd.DataFrame) -> np.ndarray:
    both = codes(pd.concat([train, test]))
    model = lgb.LGBMClassifier(verbose=-1, random_state=0, n_jobs=1)
    model.fit(both.iloc[: len(train)], y)
    return model.predict_proba(both.iloc[len(train) :])[:, 1]


def gradient_boosting(train: pd.DataFrame, y: np.ndarray, test: pd.DataFrame) -> np.ndarray:
    model = HistGradientBoostingClassifier(
        learning_rate=0.05, max_iter=150, random_state=0, categorical_features="from_dtype"
    )
    both = codes(pd.concat([train, test]))
    model.fit(both.iloc[: len(train)], y)
    return model.predict_proba(both.iloc[len(train) :])[:, 1]


def base_rate(train: pd.DataFrame, y: np.ndarray, test: pd.DataFrame) -> np.ndarray:
    return np.full(len(test), y.mean())


RIVALS = {
    "churnhealth HealthModel": health_model,
    "gradient boosting (scikit-learn, rate 0.05)": gradient_boosting,
    "LightGBM defaults": lightgbm_defaults,
    "base rate": base_rate,
}


def measure() -> pd.DataFrame:
    frame = telco_customers().drop(columns=CUSTOMER_ID)
    y = (frame.pop(LABEL) == "Yes").to_numpy().astype(int)
    folds = list(StratifiedKFold(5, shuffle=True, random_state=0).split(frame, y))
    rows = []
    for name, rival in RIVALS.items():
        started = time.process_time()
        out = [rival(frame.iloc[train], y[train], frame.iloc[test]) for train, test in folds]
        seconds = (time.process_time() - started) / len(folds)
        pairs = [(y[test], p) for (_, test), p in zip(folds, out, strict=True)]
        rows.append(
            {
                "model": name,
                "log loss": np.mean([log_loss(truth, p) for truth, p in pairs]),
                "AUC": np.mean([roc_auc_score(truth, p) for truth, p in pairs]),
                "calibration slope": np.nan
                if name == "base rate"
                else slope(np.concatenate([t for t, _ in pairs]), np.concatenate([p for _, p in pairs])),
                "CPU s per fold (fit, predict, explain)": seconds,
            }
        )
    return pd.DataFrame(rows)


def markdown(table: pd.DataFrame) -> str:
    head = "| " + " | ".join(table.columns) + " |\n|" + "---|" * len(table.columns)
    lines = [
        f"| {name} | {loss:.4f} | {auc:.4f} | {slope:.3f} | {seconds:.1f} |"
        for name, loss, auc, slope, seconds in table.itertuples(index=False)
    ]
    return "\n".join([head, *lines])


def main() -> None:
    table = measure()
    versions = ", ".join(
        f"{one} {version(one)}" for one in ("lightgbm", "scikit-learn", "pandas", "numpy")
    )
    text = (
        "# Telco churn (7,043 customers), out of fold\n\n"
        "`StratifiedKFold(5, shuffle=True, random_state=0)`, mean over folds; the slope over all "
        "rows. In every fold base + contributions equal the score to 1e-9 and permuted columns give "
        "the same scores; the run stops otherwise. Only HealthModel's seconds include explaining.\n\n"
        f"{markdown(table)}\n\n"
        f"`python benchmarks/telco.py` on Python {platform.python_version()}, {platform.machine()}, "
        f"2 shared cores; {versions}.\n"
    )
    RESULT.write_text(text)
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
