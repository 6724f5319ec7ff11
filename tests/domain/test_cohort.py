"""The cohort filter: read, written, and refused where it cannot be understood."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnhealth.domain.cohort import CohortFilter, Comparison
from churnhealth.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("mrr>=500", "mrr >= 500"),
        ("plan == 'Pro' AND mrr <> -1.5", "plan = 'Pro' and mrr != -1.5"),
        ("owner = 'O''Neil'", "owner = 'O''Neil'"),
        ("region in ('東京','大阪')", "region in ('東京', '大阪')"),
        ("\"customer size\" not in ('small')", "\"customer size\" not in ('small')"),
        ("nps:missing = 1 and trial = 0", "nps:missing = 1 and trial = 0"),
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
        ("mrr >= big", "expected a number or 'text' in single quotes, got 'big'"),
        ("mrr ~ 5", "cannot read '~ 5'"),
        ("mrr like 5", "expected one of '=', .* got 'like'"),
        ("mrr > 5 or plan = 'a'", "expected 'and', got 'or'"),
        ("mrr > 5 and", "expected a comparison after 'and'"),
        ("plan in 'a'", r"expected '\(', got"),
        ("plan in ('a' 'b')", r"expected '\)', got"),
        ("5 > mrr", "expected the name of a column, got '5'"),
        ("a = 1; drop table x", "cannot read '; drop table x'"),
        ("trial = true", "expected a number or 'text' in single quotes, got 'true'"),
    ],
)
def test_a_filter_that_cannot_be_understood_is_refused(text, message) -> None:
    with pytest.raises(ConfigError, match=message):
        CohortFilter.parse(text)


def test_a_filter_tells_what_it_compares_each_once() -> None:
    assert CohortFilter.parse("mrr > 1 and plan = 'a' and mrr < 9").columns == ("mrr", "plan")
