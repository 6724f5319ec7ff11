"""Contributions equal LightGBM's own, on every kind of tree, table and path."""

from __future__ import annotations

import os
import threading

import lightgbm
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from churnhealth.errors import ArtifactError, ConfigError, MissingDependencyError, SchemaError
from churnhealth.explain.treeshap import TreeExplainer, kernel_llvm, tree_contributions, warm_up

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:lightgbm")


def difference(booster, X, **options) -> float:
    expected = booster.predict(X, pred_contrib=True, num_threads=1)
    return float(np.abs(tree_contributions(booster, X, **options) - expected).max(initial=0.0))


MODELS = {
    "missing as NaN": {},
    "zero is missing": {"zero_as_missing": True},
    "no missing values": {"use_missing": False},
    "dart": {"boosting": "dart", "drop_rate": 0.5},
    "random forest is summed": {"boosting": "rf", "bagging_fraction": 0.6, "bagging_freq": 1},
    "goss": {"data_sample_strategy": "goss"},
    "binary": {"objective": "binary"},
    "leaves of one row": {"min_data_in_leaf": 1, "num_leaves": 60, "min_sum_hessian_in_leaf": 0.0},
    "one-hot categories": {"max_cat_to_onehot": 100},
    "stumps": {"num_leaves": 2},
    "categories as numbers": {"categorical": False},
    "beyond 255 categories": {
        "categories": 700,
        "rows": 1500,
        "max_bin": 1023,
        "max_cat_threshold": 400,
    },
    "extra trees": {"extra_trees": True},
    "quantized": {"use_quantized_grad": True},
    "monotone": {"monotone_constraints": [1, 0, 0, 0, 0], "monotone_constraints_method": "advanced"},
}


def grown(grow, params):
    if params.get("objective") != "binary":
        return grow(**params)
    booster, X = grow(trees=1)
    y = (booster.predict(X) > np.median(booster.predict(X))).astype(int)
    data = lightgbm.Dataset(X, y, categorical_feature=[4])
    return lightgbm.train(
        {"objective": "binary", "num_leaves": 9, "verbose": -1, "min_data_in_leaf": 3}, data, 6
    ), X


@pytest.mark.parametrize("params", MODELS.values(), ids=MODELS.keys())
def test_contributions_equal_pred_contrib(grow, strange, params):
    booster, X = grown(grow, params)
    assert difference(booster, np.vstack([X, strange(X)])) < 1e-12


@pytest.mark.parametrize("params", MODELS.values(), ids=MODELS.keys())
@pytest.mark.usefixtures("without_llvmlite")
def test_the_numpy_path_equals_pred_contrib(grow, strange, params):
    booster, X = grown(grow, params)
    assert TreeExplainer.compile(booster).describe().path == "numpy"
    assert difference(booster, np.vstack([X[:40], strange(X)])) < 1e-12


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 10_000),
    leaves=st.integers(2, 40),
    trees=st.integers(1, 8),
    missing=st.sampled_from([{}, {"zero_as_missing": True}, {"use_missing": False}]),
    categories=st.integers(2, 90),
)
def test_any_small_booster_is_explained_exactly(grow, strange, seed, leaves, trees, missing, categories):
    booster, X = grow(
        seed=seed, trees=trees, categories=categories, num_leaves=leaves, rows=150, **missing
    )
    rows = np.vstack([X[:30], strange(X, seed)])
    contributions = tree_contributions(booster, rows)
    np.testing.assert_allclose(
        contributions, booster.predict(rows, pred_contrib=True), rtol=0, atol=1e-12
    )
    np.testing.assert_allclose(
        contributions.sum(axis=1), booster.predict(rows, raw_score=True), rtol=0, atol=1e-12
    )


def test_deep_paths_over_many_columns_add_up_where_pred_contrib_loses_digits(chain):
    booster, X = chain
    description = TreeExplainer.compile(booster).describe()
    assert description.sweeps > description.trees
    margin = booster.predict(X, raw_score=True)
    assert np.abs(tree_contributions(booster, X).sum(axis=1) - margin).max() < 1e-12
    assert np.abs(booster.predict(X, pred_contrib=True).sum(axis=1) - margin).max() > 1e-9
    assert difference(booster, X) < 1e-6


def test_a_constant_model_has_only_an_expected_value():
    X = np.random.default_rng(0).normal(size=(40, 3))
    booster = lightgbm.train({"verbose": -1, "num_leaves": 4}, lightgbm.Dataset(X, np.ones(40)), 3)
    assert tree_contributions(booster, X).tolist() == booster.predict(X, pred_contrib=True).tolist()


def test_an_unused_column_contributes_exactly_nothing(grow):
    booster, X = grow(feature_fraction=1.0, ignore_column="", interaction_constraints="[[0,1],[2]]")
    unused = booster.feature_importance() == 0
    assert unused.any()
    assert (tree_contributions(booster, X)[:, :-1][:, unused] == 0).all()


def test_trees_up_to_the_best_iteration_are_explained(grow):
    booster, X = grow(trees=8)
    booster.best_iteration = 3
    assert difference(booster, X) < 1e-12
    all_trees = tree_contributions(booster.model_to_string(num_iteration=-1), X)
    np.testing.assert_allclose(
        all_trees, booster.predict(X, pred_contrib=True, num_iteration=-1), atol=1e-12
    )


def test_several_boosters_are_one_weighted_ensemble(grow):
    boosters = [grow(seed=seed)[0] for seed in range(3)]
    X = grow(seed=9)[1]
    weights = [0.5, 2.0, -1.25]
    explainer = TreeExplainer.compile(boosters, weights)
    expected = sum(w * b.predict(X, pred_contrib=True) for w, b in zip(weights, boosters, strict=True))
    contributions, margin = explainer.explain(X)
    np.testing.assert_allclose(contributions, expected, atol=1e-12)
    np.testing.assert_allclose(margin, expected.sum(axis=1), atol=1e-12)
    np.testing.assert_allclose(explainer.margin(X), margin, atol=0)


@pytest.mark.parametrize("cast", [np.float32, np.int64, np.int8, bool])
def test_numbers_are_cast_as_lightgbm_does(grow, cast):
    booster, X = grow()
    X = np.nan_to_num(X * 3).astype(cast)
    assert difference(booster, X) < 1e-12


def test_large_integers_lose_precision_in_arrays_but_not_in_frames():
    X = np.arange(16_777_216, 16_777_316, dtype=np.int64).reshape(-1, 1)
    booster = lightgbm.train(
        {"verbose": -1, "min_data_in_leaf": 1, "min_data_in_bin": 1, "num_leaves": 40},
        lightgbm.Dataset(pd.DataFrame(X, columns=["x"]), np.arange(100) % 7),
        5,
    )
    frame = pd.DataFrame(X, columns=["x"])
    assert difference(booster, X) < 1e-12
    assert difference(booster, frame) < 1e-12
    assert np.abs(tree_contributions(booster, X) - tree_contributions(booster, frame)).max() > 1e-3


def test_memory_order_and_strides_do_not_matter(grow):
    booster, X = grow()
    contributions = tree_contributions(booster, X)
    assert np.array_equal(tree_contributions(booster, np.asfortranarray(X)), contributions)
    assert np.array_equal(tree_contributions(booster, np.repeat(X, 2, axis=0)[::2]), contributions)


@pytest.mark.parametrize("rows", [0, 1, 7, 8, 9])
def test_any_number_of_rows_is_explained(grow, rows):
    booster, X = grow()
    contributions = tree_contributions(booster, X[:rows])
    assert contributions.shape == (rows, 6)
    assert np.array_equal(contributions, tree_contributions(booster, X)[:rows])


def test_the_number_of_threads_changes_nothing(grow):
    booster, _ = grow()
    X = np.random.default_rng(1).normal(size=(3000, 5))
    one, three = (tree_contributions(booster, X, threads=n) for n in (1, 3))
    assert np.array_equal(one, three)


def test_an_explainer_serves_several_threads(grow):
    booster, X = grow()
    explainer, results = TreeExplainer.compile(booster), {}
    workers = [
        threading.Thread(target=lambda n=n: results.update({n: explainer.contributions(X[n:])}))
        for n in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert all(np.array_equal(results[n], explainer.contributions(X)[n:]) for n in range(4))


def test_a_small_memory_limit_makes_small_blocks_and_the_same_numbers(grow):
    booster, X = grow()
    usual = TreeExplainer.compile(booster)
    small = TreeExplainer.compile(booster, memory_limit=40_000)
    assert small.describe().rows_per_block < usual.describe().rows_per_block
    assert np.array_equal(small.contributions(X), usual.contributions(X))


def test_a_memory_limit_below_the_trees_is_refused(grow):
    with pytest.raises(ConfigError, match="memory_limit: expected at least"):
        TreeExplainer.compile(grow()[0], memory_limit=1000)


def test_a_wrong_number_of_columns_is_refused(grow):
    booster, X = grow()
    with pytest.raises(SchemaError, match=r"a table of 5 columns .* shape \(300, 4\)"):
        tree_contributions(booster, X[:, :4])
    with pytest.raises(SchemaError, match="a table of 5 columns"):
        tree_contributions(booster, X[0])


def test_columns_that_are_no_numbers_are_named(grow):
    booster, X = grow()
    frame = pd.DataFrame(X, columns=list("abcde")).assign(c="x", e=pd.Categorical(X[:, 4]))
    with pytest.raises(SchemaError, match="'c', 'e' are none"):
        tree_contributions(booster, frame)
    with pytest.raises(SchemaError, match="expected numbers, got object"):
        tree_contributions(booster, X.astype(object))


def test_a_frame_with_nullable_numbers_is_read(grow):
    booster, X = grow()
    frame = pd.DataFrame(X, columns=list("abcde")).convert_dtypes()
    np.testing.assert_allclose(
        tree_contributions(booster, frame), tree_contributions(booster, X), atol=1e-12
    )


def test_linear_trees_and_several_classes_are_refused(grow):
    with pytest.raises(ConfigError, match="linear leaves"):
        tree_contributions(*grow(linear_tree=True, categorical=False))
    X = np.random.default_rng(0).normal(size=(90, 2))
    params = {"objective": "multiclass", "num_class": 3, "verbose": -1}
    booster = lightgbm.train(params, lightgbm.Dataset(X, np.arange(90) % 3), 2)
    with pytest.raises(ConfigError, match="got 3"):
        tree_contributions(booster, X)


def test_boosters_that_do_not_fit_together_are_refused(grow):
    booster, X = grow()
    other = lightgbm.train({"verbose": -1}, lightgbm.Dataset(X[:, :2], X[:, 0]), 2)
    with pytest.raises(ConfigError, match=r"got \[2, 5\] columns"):
        TreeExplainer.compile([booster, other])
    with pytest.raises(ConfigError, match="expected 1 finite weights"):
        TreeExplainer.compile(booster, [1.0, 2.0])
    with pytest.raises(ConfigError, match="finite"):
        TreeExplainer.compile([booster], [np.nan])
    with pytest.raises(ConfigError, match="at least one booster"):
        TreeExplainer.compile([])
    with pytest.raises(ConfigError, match="threads: expected 1 or more, got 0"):
        tree_contributions(booster, X, threads=0)


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text.replace("leaf_count=", "leaf_count=1 ", 1),
        lambda text: text.replace("left_child=", "left_child=5 ", 1),
        lambda text: text.replace("internal_count=", "internal_count=9", 1),
        lambda text: text.replace("threshold=", "threshold_lost=", 1),
        lambda text: text.replace("split_feature=", "split_feature=7", 1),
        lambda text: "not a model",
    ],
)
def test_damaged_texts_are_refused(grow, damage):
    booster, X = grow()
    with pytest.raises(ArtifactError):
        tree_contributions(damage(booster.model_to_string()), X)


def test_warm_up_tells_once_and_names_the_extra(monkeypatch):
    told: list[str] = []
    kernel_llvm._compiled.cache_clear()
    warm_up(told.append)
    warm_up(told.append)
    assert len(told) == 1
    monkeypatch.setattr(kernel_llvm, "available", lambda: False)
    with pytest.raises(MissingDependencyError, match=r"churnhealth\[fast\]"):
        warm_up()


@pytest.mark.slow
def test_a_large_model_is_explained_to_1e_11_on_both_cores():
    random = np.random.default_rng(0)
    X = random.normal(size=(6000, 40))
    X[random.random(X.shape) < 0.05] = np.nan
    y = (
        np.nan_to_num(X[:, 0] * X[:, 1])
        + np.nan_to_num(X[:, 2:12]).sum(axis=1)
        + random.normal(size=len(X))
    )
    booster = lightgbm.train(
        {"num_leaves": 63, "verbose": -1, "num_threads": 2}, lightgbm.Dataset(X, y), 100
    )
    explainer = TreeExplainer.compile(booster)
    assert explainer.describe().leaves == 100 * 63
    contributions, margin = explainer.explain(X, threads=os.cpu_count())
    assert np.abs(contributions[:200] - booster.predict(X[:200], pred_contrib=True)).max() < 1e-11
    assert np.abs(margin - booster.predict(X, raw_score=True)).max() < 1e-11
