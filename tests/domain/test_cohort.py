"""The cohort filter: read, written, and refused where it cannot be understood."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnhealth.domain.cohort import CohortFilter, Comparison
from churnhealth.errors import ConfigError, SchemaError


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("mrr>=500", "mrr >= 500"),
        ("plan == 'Pro' AND mrr <> -1.5", "plan = 'Pro' and mrr != -1.5"),
        ("owner = 'O''Neil'", "owner = 'O''Neil'"),
        ("region in ('東京','大阪')", "region in ('東京', '大阪')"),
        ("\"customer size\" not in ('small')", "\"customer size\" not in ('small')"),
        ("nps:missing = true and trial = False", "nps:missing = true and trial = false"),
        ("  ", ""),
    ],
)
def test_a_filter_is_written_in_one_way_and_read_back(text, written) -> None:
    cohort = CohortFilter.parse(text)
    assert cohort.text == written
    assert CohortFilter.parse(written) == cohort


values = st.one_of(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8),
    st.floats(allow_nan=False, allow_infinity=False, min_value=-1e20, max_value=1e20),
    st.booleans(),
)
comparisons = st.one_of(
    st.builds(
        Comparison, st.sampled_from(["plan", "a b"]), st.sampled_from(["=", "!="]), st.tuples(values)
    ),
    st.builds(
        Comparison,
        st.just("mrr"),
        st.sampled_from(["in", "not in"]),
        st.lists(values, min_size=1, max_size=3).map(tuple),
    ),
)


@given(st.lists(comparisons, max_size=3).map(tuple))
def test_every_filter_survives_its_text(parts) -> None:
    cohort = CohortFilter(parts)
    assert CohortFilter.parse(cohort.text) == cohort


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mrr", "expected an operator at the end"),
        ("mrr >=", "expected a value at the end"),
        ("mrr >= big", "expected a number, true, false or 'text' in single quotes, got 'big'"),
        ("mrr ~ 5", "cannot read '~ 5'"),
        ("mrr like 5", "expected one of '=', .* got 'like'"),
        ("mrr > 5 or plan = 'a'", "expected 'and', got 'or'"),
        ("mrr > 5 and", "expected a comparison after 'and'"),
        ("plan in 'a'", r"expected '\(', got"),
        ("plan in ('a' 'b')", r"expected '\)', got"),
        ("5 > mrr", "expected the name of a column, got '5'"),
        ("a = 1; drop table x", "cannot read '; drop table x'"),
        ("trial > true", "expected a number or text after '>', got true"),
    ],
)
def test_a_filter_that_cannot_be_understood_is_refused(text, message) -> None:
    with pytest.raises(ConfigError, match=message):
        CohortFilter.parse(text)


def test_all_faults_of_a_filter_come_in_one_error() -> None:
    frame = pd.DataFrame({"plan": ["Pro"], "mrr": [1.0]})
    cohort = CohortFilter.parse("plann = 'Pro' and mrr = 'a'")
    with pytest.raises(SchemaError) as caught:
        cohort.mask(frame)
    assert len(caught.value.faults) == 2
    assert "did you mean 'plan'?" in caught.value.faults[0]
    assert "float64, another type" in caught.value.faults[1]


def test_truth_values_and_empty_columns_can_be_compared() -> None:
    frame = pd.DataFrame({"trial": [True, False], "plan": [None, None]})
    assert CohortFilter.parse("trial = true").mask(frame).tolist() == [True, False]
    assert CohortFilter.parse("plan = 'Pro'").mask(frame).tolist() == [False, False]
    assert CohortFilter.parse("trial = true and plan = 'a'").columns == ("trial", "plan")
