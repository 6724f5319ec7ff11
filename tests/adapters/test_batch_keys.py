"""Keys of a batch: each once, and only of customers who are scored in it."""

from __future__ import annotations

import dataclasses
from typing import Any

import pyarrow as pa
import pytest

from churnhealth.adapters.batch_keys import key_faults
from churnhealth.adapters.score_batch import ScoreBatch
from churnhealth.errors import SchemaError

TABLES = ("scores", "group_scores", "drivers", "indicators")


def test_dictionaries_and_plain_text_are_the_same_customers() -> None:
    customers = pa.array(["a", "b"], pa.large_string())
    codes = pa.DictionaryArray.from_arrays(pa.array([1, 0, 1]), pa.array(["b", "a"], pa.large_string()))
    groups = pa.DictionaryArray.from_arrays(
        pa.array([0, 0, 1]), pa.array(["usage", "usage"], pa.large_string())
    )
    for who in (codes, codes.cast(pa.large_string())):
        for which in (groups, groups.cast(pa.large_string())):
            rows = pa.table({"customer_id": who, "indicator_group": which})
            # a, b, a: the word "usage" stands twice in the dictionary and is one word.
            assert key_faults(("customer_id", "indicator_group"), rows, customers) == [
                "key (customer_id, indicator_group): each once, got 1 more than once"
            ]


def test_no_rows_have_no_faults() -> None:
    none = pa.array([], pa.large_string())
    assert key_faults(("customer_id",), pa.table({"customer_id": none}), none) == []


@pytest.mark.parametrize("name", TABLES)
def test_a_key_that_stands_twice_in_any_table_is_refused(world: Any, name: str) -> None:
    batch = ScoreBatch.from_slice(world.slice(world.run(rows=2), {"a": 90.0, "b": 30.0}))
    batch.check()
    table = getattr(batch, name)
    spoiled = dataclasses.replace(batch, **{name: pa.concat_tables([table, table.slice(0, 1)])})
    with pytest.raises(SchemaError, match="each once, got 1 more than once"):
        spoiled.check()


@pytest.mark.parametrize("name", TABLES[1:])
def test_rows_of_customers_without_a_score_are_refused(world: Any, name: str) -> None:
    batch = ScoreBatch.from_slice(world.slice(world.run(rows=2), {"a": 90.0, "b": 30.0}))
    empty = {one: getattr(batch, one).slice(0, 0) for one in TABLES[1:] if one != name}
    spoiled = dataclasses.replace(batch, scores=batch.scores.slice(0, 1), **empty)
    rows = 2 if name == "drivers" else 1
    with pytest.raises(SchemaError, match=f"got {rows} rows of others"):
        spoiled.check()
