"""Contracts of tables, in general: every fault is found, and all of them in one error."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnhealth.domain.contracts import Column, TableContract
from churnhealth.errors import ConfigError, SchemaError


def column(name: str, kind: str, *, nullable: bool = True, unit: str = "", **limits: Any) -> Column:
    return Column(name, kind, nullable, unit, f"The {name}.", **limits)


CONTRACT = TableContract(
    "visits",
    (
        column("who", "string", nullable=False),
        column("at", "timestamp", nullable=False, unit="UTC"),
        column("share", "double", unit="share", low=0.0, high=1.0),
        column("count", "integer", low=0),
        column("depth", "double", unit="m", high=0.0),
        column("band", "string", choices=("green", "red")),
        column("extra", "json"),
    ),
    key=("who", "at"),
)


def visits(**changed: object) -> pd.DataFrame:
    days = pd.to_datetime(["2026-01-01", "2026-01-01", "2026-01-02"]).tz_localize("UTC")
    good = {
        "who": ["a", "b", "a"],
        "at": days,
        "share": [0.0, 1.0, None],
        "count": pd.array([0, 7, None], dtype="Int64"),
        "depth": [-1.0, 0.0, None],
        "band": ["green", "red", None],
        "extra": ["{}", None, "[1]"],
    }
    return pd.DataFrame({**good, **changed})


def test_a_table_that_keeps_its_contract_passes_in_any_column_order() -> None:
    frame = visits()
    assert CONTRACT.faults(frame) == []
    assert CONTRACT.faults(frame[frame.columns[::-1]]) == []


def test_checking_does_not_change_the_table() -> None:
    frame = visits(share=[2.0, np.inf, None])
    before = frame.copy(deep=True)
    CONTRACT.faults(frame)
    pd.testing.assert_frame_equal(frame, before)


def test_an_empty_table_with_all_columns_passes() -> None:
    assert CONTRACT.faults(pd.DataFrame(columns=list(CONTRACT.column_names))) == []


def test_all_faults_of_a_table_are_in_one_error() -> None:
    bad = visits(share=[0.5, 1.5, np.inf], who=["a", None, "a"]).drop(columns="band")
    bad["at"] = bad["at"].iloc[0]
    bad["bant"] = "green"
    with pytest.raises(SchemaError) as caught:
        CONTRACT.check(bad)
    assert caught.value.table == "visits"
    assert caught.value.faults == (
        "missing columns: 'band'",
        "unexpected columns: 'bant' (did you mean 'band'?)",
        "who: expected a value in every row, got none in row 1",
        "share: expected finite numbers, got infinite ones (row 2)",
        "share: expected 0 to 1, got '1.5' (row 1)",
        "key (who, at): each once, got 2 rows that share theirs (rows 0, 2)",
    )


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"who": [1, 2, 3]}, "who: expected text, got int64"),
        ({"who": ["a", 2, "c"]}, "who: expected text, got mixed-integer"),
        ({"at": pd.to_datetime(["2026-01-01"] * 3)}, "at: expected timestamps with a time zone"),
        ({"at": ["2026-01-01"] * 3}, "at: expected timestamps with a time zone, got str"),
        ({"share": ["0.1", "0.2", "0.3"]}, "share: expected numbers, got str"),
        ({"share": [True, False, True]}, "share: expected numbers, got bool"),
        ({"share": [1j, 0j, 0j]}, "share: expected numbers, got complex128"),
        ({"share": [-0.1, 0.5, 0.5]}, "share: expected 0 to 1, got '-0.1' (row 0)"),
        ({"count": [0.5, 1.0, 2.0]}, "count: expected whole numbers, got float64"),
        ({"count": [-1, -2, -3]}, "count: expected at least 0, got '-1.0', '-2.0', '-3.0' (rows"),
        ({"depth": [0.1, 0.0, -1.0]}, "depth: expected at most 0, got '0.1' (row 0)"),
        ({"band": ["green", "blue", None]}, "band: expected one of 'green', 'red', got 'blue' (row 1)"),
        ({"extra": [{}, {}, {}]}, "extra: expected JSON text, got mixed"),
    ],
)  # fmt: skip
def test_a_wrong_column_is_named_with_what_was_expected_and_what_came(
    changed: dict[str, object], fault: str
) -> None:
    found = CONTRACT.faults(visits(**changed))
    assert len(found) == 1
    assert found[0].startswith(fault)


@pytest.mark.parametrize(
    "changed",
    [
        {"count": [1.0, 2.0, None]},
        {"count": np.array([1, 2, 3], dtype="uint8")},
        {"share": pd.array([0.5, None, 1.0], dtype="Float64")},
        {"share": [None, None, None]},
        {"who": pd.Categorical(["a", "b", "a"])},
        {"who": pd.array(["a", "b", "a"], dtype="string")},
        {"who": pd.Series(["a", "b", "a"], dtype=object)},
    ],
)
def test_other_ways_to_hold_the_same_kind_pass(changed: dict[str, object]) -> None:
    assert CONTRACT.faults(visits(**changed)) == []


def test_a_column_that_stands_twice_is_a_fault_and_its_values_are_not_looked_at() -> None:
    frame = visits()
    twice = pd.concat([frame, frame[["who"]]], axis=1)
    assert CONTRACT.faults(twice) == ["columns that stand there more than once: 'who'"]


def test_a_long_list_of_rows_or_columns_is_cut_short() -> None:
    many = pd.concat([visits()] * 3, ignore_index=True).assign(**{f"x{i}": 1 for i in range(10)})
    unexpected, key = CONTRACT.faults(many)
    assert unexpected.endswith("'x7' and 2 more")
    assert key.endswith("got 9 rows that share theirs (rows 0, 1, 2 and 6 more)")


def test_keys_that_cannot_be_compared_are_a_fault_of_kind_only() -> None:
    faults = CONTRACT.faults(visits(who=[["a"], ["a"], ["a"]]))
    assert faults == ["who: expected text, got mixed"]


def test_a_contract_names_unknown_kinds_and_keys() -> None:
    with pytest.raises(ConfigError, match=r"got 'stringg' \(did you mean 'string'\?\)"):
        column("a", "stringg")
    with pytest.raises(ConfigError, match="expected key columns among 'a', got 'b'"):
        TableContract("t", (column("a", "string"),), key=("b",))


@settings(deadline=None)
@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=3, max_size=3))
def test_a_share_passes_exactly_when_each_is_missing_or_within_0_and_1(shares: list[float]) -> None:
    allowed = all(np.isnan(share) or 0.0 <= share <= 1.0 for share in shares)
    assert (CONTRACT.faults(visits(share=shares)) == []) is allowed


def test_without_a_key_rows_may_be_alike():
    share = Column("share", "double", nullable=False, unit="share", description="A share.")
    contract = TableContract("shares", (share,), key=())
    assert contract.faults(pd.DataFrame({"share": [0.5, 0.5]})) == []
