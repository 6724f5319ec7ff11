"""The tools that are compared, each as its documentation suggests, on one thread.

A tool is a function that learns from a `Training` and returns a function from a table of indicators
to churn probabilities. Its library is imported inside, so that what is not installed is left out.
"""

from __future__ import annotations

import importlib.util
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from benchmarks.quality.sets import IntArray

FloatArray = npt.NDArray[np.float64]
Predict = Callable[[pd.DataFrame], FloatArray]
BUDGET = "CHURNHEALTH_BENCHMARK_SECONDS"


@dataclass(frozen=True)
class Training:
    """Rows to learn from: indicators, truth, and for panels whose row of which cutoff it is."""

    frame: pd.DataFrame
    y: IntArray
    customer_id: IntArray
    cutoff: pd.Series | None


@dataclass(frozen=True)
class Tool:
    """A tool: what it is, the distribution that must be installed, the module that proves it."""

    fit: Callable[[Training], Predict]
    title: str
    distributions: tuple[str, ...]
    module: str

    @property
    def installed(self) -> bool:
        """Can its library be imported here?"""
        return importlib.util.find_spec(self.module) is not None


def category_columns(frame: pd.DataFrame) -> list[str]:
    """Columns that are neither numbers nor booleans."""
    return [name for name in frame.columns if frame[name].dtype.kind not in "iufb"]


def as_categories(train: pd.DataFrame) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Return a function that gives text columns the category type, with the levels of `train`."""
    levels = {name: pd.Index(train[name].dropna().unique()) for name in category_columns(train)}

    def coded(frame: pd.DataFrame) -> pd.DataFrame:
        made = {}
        for name, known in levels.items():
            column = frame[name].where(frame[name].isin(known))
            made[name] = pd.Categorical(column, categories=known)
        return frame.assign(**made)

    return coded


def as_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Give text columns a word for missing values, and plain objects as their type."""
    made = {name: frame[name].astype(object).fillna("(missing)") for name in category_columns(frame)}
    return frame.assign(**made)


def _coded_classifier(model: object, training: Training, **options: object) -> Predict:
    coded = as_categories(training.frame)
    model.fit(coded(training.frame), training.y, **options)  # type: ignore[attr-defined]
    return lambda frame: model.predict_proba(coded(frame))[:, 1]  # type: ignore[attr-defined]


def _text_classifier(model: object, training: Training, **options: object) -> Predict:
    model.fit(as_text(training.frame), training.y, **options)  # type: ignore[attr-defined]
    return lambda frame: model.predict_proba(as_text(frame))[:, 1]  # type: ignore[attr-defined]


def churnhealth(training: Training) -> Predict:
    from churnhealth.estimator import HealthModel

    model = HealthModel(random_state=0, n_jobs=1)
    if training.cutoff is None:
        return model.fit(training.frame, training.y).churn_probability
    model.fit(training.frame, training.y, cutoff=training.cutoff, customer_id=training.customer_id)
    return model.churn_probability


def base_rate(training: Training) -> Predict:
    return lambda frame: np.full(len(frame), training.y.mean())


def logistic(training: Training) -> Predict:
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegressionCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    categories = category_columns(training.frame)
    numbers = [name for name in training.frame.columns if name not in categories]
    columns = make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
        (OneHotEncoder(handle_unknown="ignore"), categories),
    )
    classifier = LogisticRegressionCV(
        scoring="neg_log_loss", l1_ratios=(0.0,), max_iter=1000, use_legacy_attributes=False
    )
    return _text_classifier(make_pipeline(columns, classifier), training)


def _lightgbm() -> object:
    import lightgbm

    return lightgbm.LGBMClassifier(verbose=-1, random_state=0, n_jobs=1)


def lightgbm(training: Training) -> Predict:
    return _coded_classifier(_lightgbm(), training)


def lightgbm_sigmoid(training: Training) -> Predict:
    from sklearn.calibration import CalibratedClassifierCV

    return _coded_classifier(CalibratedClassifierCV(_lightgbm(), method="sigmoid"), training)


def lightgbm_isotonic(training: Training) -> Predict:
    from sklearn.calibration import CalibratedClassifierCV

    return _coded_classifier(CalibratedClassifierCV(_lightgbm(), method="isotonic"), training)


def xgboost(training: Training) -> Predict:
    import xgboost

    model = xgboost.XGBClassifier(enable_categorical=True, n_jobs=1, random_state=0)
    return _coded_classifier(model, training)


def catboost(training: Training) -> Predict:
    import catboost

    model = catboost.CatBoostClassifier(
        thread_count=1,
        random_seed=0,
        verbose=False,
        allow_writing_files=False,
        cat_features=category_columns(training.frame),
    )
    return _text_classifier(model, training)


def ebm(training: Training) -> Predict:
    from interpret.glassbox import ExplainableBoostingClassifier

    return _text_classifier(ExplainableBoostingClassifier(n_jobs=1, random_state=0), training)


def flaml(training: Training) -> Predict:
    from flaml import AutoML

    return _coded_classifier(
        AutoML(),
        training,
        task="classification",
        metric="log_loss",
        time_budget=float(os.environ.get(BUDGET, "60")),
        n_jobs=1,
        seed=0,
        verbose=0,
    )


def autogluon(training: Training) -> Predict:
    from autogluon.tabular import TabularPredictor

    # The folder must live as long as the predictor; the process that measures is short.
    folder = tempfile.mkdtemp(prefix="autogluon-")
    predictor = TabularPredictor("churned", eval_metric="log_loss", path=folder, verbosity=0)
    predictor.fit(
        training.frame.assign(churned=training.y),
        time_limit=float(os.environ.get(BUDGET, "60")),
        num_cpus=1,
    )
    return lambda frame: predictor.predict_proba(frame)[1].to_numpy()


TOOLS: dict[str, Tool] = {
    "churnhealth": Tool(churnhealth, "churnhealth HealthModel", ("lightgbm",), "churnhealth"),
    "base_rate": Tool(base_rate, "base rate", (), "numpy"),
    "logistic": Tool(logistic, "logistic regression, one-hot, L2 by CV", ("scikit-learn",), "sklearn"),
    "lightgbm": Tool(lightgbm, "LightGBM, defaults", ("lightgbm",), "lightgbm"),
    "lightgbm_sigmoid": Tool(
        lightgbm_sigmoid, "LightGBM + sigmoid, 5-fold CV", ("scikit-learn", "lightgbm"), "lightgbm"
    ),
    "lightgbm_isotonic": Tool(
        lightgbm_isotonic, "LightGBM + isotonic, 5-fold CV", ("scikit-learn", "lightgbm"), "lightgbm"
    ),
    "xgboost": Tool(xgboost, "XGBoost, defaults", ("xgboost", "xgboost-cpu"), "xgboost"),
    "catboost": Tool(catboost, "CatBoost, defaults", ("catboost",), "catboost"),
    "ebm": Tool(ebm, "EBM (interpret), defaults", ("interpret-core",), "interpret"),
    "flaml": Tool(flaml, "FLAML, timed", ("flaml",), "flaml"),
    "autogluon": Tool(autogluon, "AutoGluon, defaults, timed", ("autogluon.tabular",), "autogluon"),
}
CURVE_TOOLS = ("churnhealth", "base_rate", "logistic", "lightgbm")
