from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.compose import ColumnTransformer
from sklearn.datasets import make_classification
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_checks

from churnhealth.domain.health import HealthBands
from churnhealth.domain.problem import ChurnProblem
from churnhealth.errors import SchemaError
from churnhealth.estimator import HealthModel

NO_POSITIVE = "its labels are 1 against 2, or 'one' against 'two': which one churned must be named"
EXPECTED_FAILURES = {
    "check_estimators_dtypes": NO_POSITIVE,
    "check_sample_weights_pandas_series": NO_POSITIVE,
    "check_sample_weights_not_an_array": NO_POSITIVE,
    "check_sample_weights_shape": NO_POSITIVE,
    "check_sample_weights_not_overwritten": NO_POSITIVE,
    "check_classifier_data_not_an_array": NO_POSITIVE,
    "check_classifiers_classes": NO_POSITIVE,
    "check_sample_weight_equivalence_on_dense_data": "repeated rows change the folds of the stack",
}
# The checks above that label their classes 1 and 2, run again with the answer named.
WITH_TWO = [name for name in EXPECTED_FAILURES if name.startswith(("check_est", "check_sample_weights"))]


# HealthModel takes tables of named columns and claims no other array libraries.
NOT_CLAIMED = "check_array_api_input"


def _cases() -> list[object]:
    cases = []
    for number, (estimator, check) in enumerate(
        estimator_checks.estimator_checks_generator(HealthModel())
    ):
        name = check.func.__name__
        reason = EXPECTED_FAILURES.get(name)
        marks = [pytest.mark.xfail(reason=reason, strict=True)] if reason else []
        if name != NOT_CLAIMED:
            cases.append(pytest.param(estimator, check, marks=marks, id=f"{number}-{name}"))
    return cases


@pytest.mark.slow
@pytest.mark.parametrize(("estimator", "check"), _cases())
def test_scikit_learn_conventions(estimator: HealthModel, check: object) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check(estimator)


@pytest.mark.slow
@pytest.mark.parametrize("name", [*WITH_TWO, "check_classifier_data_not_an_array"])
def test_the_checks_that_label_classes_1_and_2_pass_once_the_positive_one_is_named(name: str) -> None:
    estimator = HealthModel(ChurnProblem(positive_label=2))
    check = getattr(estimator_checks, name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check("HealthModel", estimator)


def test_a_perfect_indicator_ranks_perfectly() -> None:
    x = np.repeat([0.0, 1.0], 100)
    model = HealthModel().fit(pd.DataFrame({"x": x}), x.astype(int))
    assert roc_auc_score(x, model.churn_probability(pd.DataFrame({"x": x}))) == 1.0


def test_noise_mostly_gets_the_base_rate_and_never_costs_much() -> None:
    equal = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        frame = pd.DataFrame(rng.normal(size=(400, 3)), columns=list("abc"))
        y = (rng.random(400) < 0.1).astype(int)
        given = HealthModel(random_state=0).fit(frame, y).churn_probability(frame)
        # Expected log loss where everybody's true probability is 0.1; the base rate's is 0.325.
        cost = [-(0.1 * np.log(p) + 0.9 * np.log(1 - p)).mean() for p in (given, np.array([y.mean()]))]
        assert cost[0] - cost[1] < 0.01
        equal.append(np.ptp(given) == 0.0)
    assert sum(equal) >= 4


def test_the_mean_probability_is_the_share_that_churned(fitted: HealthModel, customers: tuple) -> None:
    frame, y, _ = customers
    # Two standard errors of a mean of 600 draws near 0.2: 2 * sqrt(0.2 * 0.8 / 600) = 0.033.
    assert fitted.churn_probability(frame).mean() == pytest.approx(y.mean(), abs=0.033)


def test_the_true_probability_is_approached(make_customers: Callable) -> None:
    frame, y, truth = make_customers(4000, seed=1)
    new, _, new_truth = make_customers(4000, seed=2)
    model = HealthModel().fit(frame, y)
    error = np.sqrt(np.mean((model.churn_probability(new) - new_truth) ** 2))
    assert error < 0.06
    assert np.sqrt(np.mean((truth.mean() - new_truth) ** 2)) > 0.2  # the base rate for everybody


def test_score_probability_band_and_margin_are_one_story(fitted: HealthModel, customers: tuple) -> None:
    frame = customers[0]
    probability = fitted.churn_probability(frame)
    assert fitted.health_score(frame) == pytest.approx(100.0 * (1.0 - probability))
    assert fitted.health_band(frame).tolist() == fitted.bands_.band(probability).tolist()
    order = np.argsort(fitted.predict_margin(frame), kind="stable")
    assert (np.diff(probability[order]) >= 0).all()


def test_the_same_seed_gives_the_same_model_and_permuted_columns_the_same_scores(
    fitted: HealthModel, customers: tuple
) -> None:
    frame, y, _ = customers
    again = HealthModel(random_state=0).fit(frame, y)
    assert np.array_equal(again.churn_probability(frame), fitted.churn_probability(frame))
    turned = frame[frame.columns[::-1]]
    assert np.array_equal(fitted.churn_probability(turned), fitted.churn_probability(frame))


def test_a_customer_scores_the_same_alone_and_among_others(
    fitted: HealthModel, customers: tuple
) -> None:
    frame = customers[0]
    together = fitted.churn_probability(frame)
    alone = [fitted.churn_probability(frame.iloc[[at]])[0] for at in range(20)]
    assert alone == pytest.approx(together[:20], abs=1e-15)


@pytest.mark.parametrize(
    ("labels", "churned", "column"),
    [(("retained", "churned"), "churned", 0), (("No", "Yes"), "Yes", 1), ((False, True), True, 1)],
)
def test_the_positive_class_is_the_one_that_churned_wherever_it_sorts(
    customers: tuple, labels: tuple, churned: object, column: int
) -> None:
    frame, y, _ = customers
    named = np.asarray([labels[one] for one in y])
    model = HealthModel().fit(frame, named)
    assert model.positive_label_ == churned
    assert model.classes_[column] == churned
    plain = HealthModel().fit(frame, y)
    assert np.array_equal(model.churn_probability(frame), plain.churn_probability(frame))
    assert np.array_equal(model.predict_proba(frame)[:, column], plain.churn_probability(frame))
    assert roc_auc_score(named == churned, model.churn_probability(frame)) > 0.7


def test_labels_that_are_not_plain_must_be_named(customers: tuple) -> None:
    frame, y, _ = customers
    with pytest.raises(SchemaError, match="positive_label"):
        HealthModel().fit(frame, y + 1)
    model = HealthModel(ChurnProblem(positive_label=2)).fit(frame, y + 1)
    assert model.positive_label_ == 2


def test_bad_input_at_fit_is_refused_with_its_reason(customers: tuple) -> None:
    frame, y, _ = customers
    with pytest.raises(SchemaError, match="infinity"):
        HealthModel().fit(frame.assign(logins=np.inf), y)
    with pytest.raises(SchemaError, match="one"):
        HealthModel().fit(frame, np.zeros(len(y), dtype=int))
    with pytest.raises(SchemaError, match="censored"):
        HealthModel().fit(frame, pd.Series(y).astype("Int64").where(np.arange(len(y)) > 2))
    with pytest.raises(SchemaError, match="rows and columns"):
        HealthModel().fit(frame.iloc[:0], y[:0])
    with pytest.raises(ValueError, match="inconsistent"):
        HealthModel().fit(frame, y[:-1])
    with pytest.raises(ValueError, match="Negative"):
        HealthModel().fit(frame, y, sample_weight=-np.ones(len(y)))
    with pytest.raises(SchemaError, match="customer_id"):
        HealthModel().fit(frame, y, customer_id=[None] * len(y))
    with pytest.raises(SchemaError, match="cutoff"):
        HealthModel().fit(frame, y, cutoff=[None] * len(y))


def test_bad_input_at_scoring_is_refused_with_the_difference(
    fitted: HealthModel, customers: tuple
) -> None:
    frame = customers[0]
    for bad, words in [
        (frame.drop(columns="plan"), "missing column 'plan'"),
        (frame.assign(extra=1), "unexpected column 'extra'"),
        (frame.rename(columns={"logins": "login"}), "did you mean 'login'"),
        (frame.assign(logins="many"), "expected a number"),
        (frame.assign(seats=np.inf), "infinity"),
        (frame.iloc[:0], "rows and columns"),
        (frame.to_numpy(), "names"),
    ]:
        with pytest.raises(SchemaError, match=words):
            fitted.churn_probability(bad)


def test_a_level_never_seen_is_scored_and_counted(fitted: HealthModel, customers: tuple) -> None:
    frame = customers[0].head(3).assign(plan=["Basic", "Platinum", "Platinum"])
    assert np.isfinite(fitted.health_score(frame)).all()
    assert fitted.unseen_levels(frame) == {"plan": 2}


def test_one_churner_leaves_the_base_rate() -> None:
    frame = pd.DataFrame({"x": np.arange(20.0)})
    y = np.zeros(20, dtype=int)
    y[3] = 1
    model = HealthModel().fit(frame, y)
    assert model.churn_probability(frame) == pytest.approx([0.05] * 20)
    assert (model.explain(frame).points.to_numpy() == 0.0).all()


def test_rows_of_weight_0_are_as_if_they_were_not_there(customers: tuple) -> None:
    frame, y, _ = customers
    weight = np.r_[np.ones(500), np.zeros(100)]
    weighted = HealthModel().fit(frame, y, sample_weight=weight)
    without = HealthModel().fit(frame.head(500), y[:500])
    assert np.array_equal(weighted.churn_probability(frame), without.churn_probability(frame))


def test_cutoffs_are_kept_as_the_moment_from_which_all_labels_are_known(customers: tuple) -> None:
    frame, y, _ = customers
    cutoff = np.where(np.arange(len(y)) < 300, "2026-01-01", "2026-04-01")
    model = HealthModel(ChurnProblem(horizon_days=30, gap_days=1)).fit(frame, y, cutoff=cutoff)
    assert model.label_known_through_ == pd.Timestamp("2026-05-02", tz="UTC")  # 1 April + 31 days


def test_bands_and_catalogue_of_the_user_are_used(customers: tuple) -> None:
    frame, y, _ = customers
    model = HealthModel(bands=HealthBands(0.5, 0.6)).fit(frame, y)
    assert set(model.health_band(frame)) <= {"green", "yellow", "red"}
    assert model.bands_ == HealthBands(0.5, 0.6)
    assert model.catalogue_["nps"].group == "satisfaction"


def test_it_works_in_cross_validation_and_in_a_pipeline() -> None:
    X, y = make_classification(300, 6, random_state=0)
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    out_of_fold = cross_val_predict(HealthModel(), X, y, cv=folds, method="predict_proba")[:, 1]
    assert roc_auc_score(y, out_of_fold) > 0.85
    frame = pd.DataFrame(X, columns=list("abcdef"))
    scale = ColumnTransformer([("scale", StandardScaler(), ["a"])], remainder="passthrough")
    pipeline = make_pipeline(scale.set_output(transform="pandas"), HealthModel())
    assert pipeline.fit(frame, y).predict_proba(frame).shape == (300, 2)


def test_metadata_is_routed_to_fit() -> None:
    X, y = make_classification(300, 4, random_state=0)
    customers = np.arange(300) // 2
    with config_context(enable_metadata_routing=True):
        model = HealthModel().set_fit_request(customer_id=True)
        scores = cross_validate(model, X, y, cv=3, params={"customer_id": customers}, scoring="roc_auc")
    assert scores["test_score"].mean() > 0.8


def test_reports_on_itself(fitted: HealthModel) -> None:
    summary = fitted.model_.summary
    assert summary["rows"] == 600
    assert sum(summary["weights"].values()) == pytest.approx(1.0)
    assert summary["out_of_fold_log_loss"]["stack"] <= summary["out_of_fold_log_loss"]["base rate"]
