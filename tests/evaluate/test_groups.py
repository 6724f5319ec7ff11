import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnhealth.domain.indicators import Catalogue, Indicator
from churnhealth.errors import SchemaError
from churnhealth.evaluate.compare import paired_difference
from churnhealth.evaluate.groups import GROUP_COLUMNS, permuted_predictions, what_groups_add
from churnhealth.evaluate.loss import log_loss

CATALOGUE = Catalogue((Indicator("a", "usage"), Indicator("b", "usage"), Indicator("c", "support")))


def _table(n=200, seed=0):
    rng = np.random.default_rng(seed)
    a = rng.random(n)
    return pd.DataFrame({"a": a, "c": rng.random(n), "b": 1.0 - a}, index=rng.permutation(n))


def _score(table):
    return (0.1 + 0.6 * table["a"] + 0.2 * table["c"]).to_numpy()


def test_columns_of_a_group_move_together_and_the_others_stay():
    X, seen = _table(), []

    def spy(table):
        seen.append(table)
        return _score(table)

    found = permuted_predictions(spy, X, CATALOGUE, repeats=2)
    assert {name: one.shape for name, one in found.items()} == {"usage": (2, 200), "support": (2, 200)}
    for table in seen:
        assert table.columns.tolist() == ["a", "c", "b"]
        assert table.index.equals(X.index)
        assert np.allclose(table["a"] + table["b"], 1.0)
    assert seen[0]["c"].equals(X["c"])
    assert not seen[0]["a"].equals(X["a"])
    assert seen[2]["a"].equals(X["a"])
    assert sorted(seen[2]["c"]) == sorted(X["c"])


def test_types_of_columns_survive_the_shuffle():
    X = pd.DataFrame(
        {"plan": pd.Categorical(["A", "B", "A"]), "seats": pd.array([1, None, 3], dtype="Int64")}
    )
    seen = []
    permuted_predictions(lambda table: seen.append(table.dtypes) or np.zeros(3), X, Catalogue())
    assert all(dtypes.equals(X.dtypes) for dtypes in seen)


def test_the_same_seed_gives_the_same_shuffles_whatever_other_groups_there_are():
    X = _table()
    whole = permuted_predictions(_score, X, CATALOGUE, random_state=3)
    other = Catalogue((Indicator("a", "usage"), Indicator("b", "touch"), Indicator("c", "support")))
    split = permuted_predictions(_score, X, other, random_state=3)
    assert np.array_equal(whole["support"], split["support"])
    assert not np.array_equal(
        whole["support"], permuted_predictions(_score, X, CATALOGUE, random_state=4)["support"]
    )


# Churn follows `a` alone: without usage the loss rises, `c` is noise that the model uses a little.
def test_the_group_that_matters_is_told_from_the_one_that_does_harm():
    X = _table(3000)
    y = (np.random.default_rng(1).random(3000) < 0.1 + 0.8 * X["a"]).astype(float)
    score = lambda table: np.clip(_score(table) + 0.3 * (table["c"] - 0.5), 0.01, 0.99)  # noqa: E731
    p = np.asarray(score(X))
    table = what_groups_add(y, p, permuted_predictions(score, X, CATALOGUE), n=100)
    assert tuple(table.columns) == GROUP_COLUMNS
    assert table["indicator_group"].tolist() == ["usage", "support"]
    assert table["verdict"].tolist() == ["helps", "not shown"]
    assert table["loss"].tolist() == pytest.approx([log_loss(y, p)] * 2)
    assert np.allclose(table["loss_without"] - table["loss"], table["adds"])


def test_a_group_that_the_model_does_not_use_adds_exactly_nothing():
    X = _table(50)
    y = np.arange(50) % 2
    without = permuted_predictions(lambda table: table["a"].to_numpy(), X, CATALOGUE)
    (line,) = what_groups_add(y, X["a"], {"support": without["support"]}).to_dict("records")
    assert (line["adds"], line["low"], line["high"]) == (0.0, 0.0, 0.0)
    assert line["verdict"] == "not shown"


def test_predictions_of_refitted_models_are_taken_as_well(world):
    y, p, _ = world(400, seed=5)
    worse = np.clip(p + 0.1, 0, 1)
    (line,) = what_groups_add(y, p, {"usage": worse}, n=50).to_dict("records")
    paired = paired_difference(y, worse, p, n=50)
    assert (line["adds"], line["low"], line["high"]) == pytest.approx(paired[:3])
    assert line["standard_error"] == pytest.approx(paired.standard_error)


def test_a_group_that_makes_it_worse_is_said_to_harm(world):
    y, p, _ = world(400, seed=6)
    (line,) = what_groups_add(y, 1 - p, {"noise": p}, n=50).to_dict("records")
    assert line["verdict"] == "harms"


def test_repeated_customers_widen_the_interval(world):
    y, p, _ = world(300, seed=7)
    y, p, whose = np.tile(y, 4), np.tile(p, 4), np.tile(np.arange(300), 4)
    without = {"usage": np.full(1200, y.mean())}
    alone = what_groups_add(y, p, without, n=50)["standard_error"][0]
    assert what_groups_add(y, p, without, whose, n=50)["standard_error"][0] == pytest.approx(
        2 * alone, rel=0.01
    )


@settings(max_examples=15)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=10))
def test_repeats_are_averaged_in_the_loss(p):
    y = np.arange(len(p)) % 2
    two = what_groups_add(y, [0.5] * len(p), {"g": [p, p]}, loss="brier", n=0)
    one = what_groups_add(y, [0.5] * len(p), {"g": p}, loss="brier", n=0)
    assert two["adds"].tolist() == pytest.approx(one["adds"].tolist())


def test_one_class_and_one_row_are_judged():
    assert len(what_groups_add([0], [0.2], {"g": [0.4]}, n=5)) == 1
    assert what_groups_add([1, 1], [0.9, 0.9], {"g": [0.5, 0.5]}, n=5)["verdict"].tolist() == ["helps"]


def test_no_groups_give_an_empty_table():
    assert what_groups_add([0, 1], [0.1, 0.9], {}).empty


def test_faults_are_told():
    with pytest.raises(SchemaError, match=r"without\['g'\]\[0\]: expected no missing values"):
        what_groups_add([0, 1], [0.1, 0.9], {"g": [np.nan, 0.1]})
    with pytest.raises(SchemaError, match="equal length"):
        what_groups_add([0, 1], [0.1, 0.9], {"g": [0.1]})
    with pytest.raises(SchemaError, match="indicators: expected a DataFrame with rows"):
        permuted_predictions(_score, pd.DataFrame(), CATALOGUE)
    with pytest.raises(SchemaError, match="repeats: expected between 1 and inf"):
        permuted_predictions(_score, _table(), CATALOGUE, repeats=0)
