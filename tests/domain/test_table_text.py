import unicodedata

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnhealth.domain.table_text import html_table, shown, text_table


def _width(line):
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in line)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234567, "1,234,567"),
        (np.int64(5), "5"),
        (0.123456, "0.1235"),
        (np.float64(-1234.5), "-1,234.5000"),
        (-0.00001, "0.0000"),
        (float("nan"), "–"),
        (np.True_, "yes"),
        (False, "no"),
        (None, "None"),
    ],
)
def test_cells_are_written_for_people(value, text):
    assert shown(value) == text


def test_numbers_stand_to_the_right_and_words_to_the_left():
    table = pd.DataFrame({"metric": ["ece", "log_loss"], "value": [0.5, 12.0], "ok": [True, False]})
    assert text_table(table).splitlines() == [
        "metric      value  ok",
        "--------  -------  ---",
        "ece        0.5000  yes",
        "log_loss  12.0000  no",
    ]


def test_whole_floats_in_a_column_are_written_whole():
    lines = text_table(pd.DataFrame({"churners": [3.0, 1200.0], "share": [0.0, 1.0]})).splitlines()
    assert lines[2:] == ["       3  0.0000", "   1,200  1.0000"]


def test_japanese_words_keep_the_columns_in_line():
    lines = text_table(pd.DataFrame({"segment": ["地域", "plan"], "value": ["東京", "A"], "n": [1, 22]}))
    assert len({_width(line) for line in lines.splitlines()}) == 1


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.text("abc地域<", max_size=5), st.integers(0, 10**6)), min_size=1, max_size=6)
)
def test_every_line_ends_where_its_number_ends(rows):
    table = pd.DataFrame(rows, columns=["word", "count"])
    assert len({_width(line) for line in text_table(table).splitlines()}) == 1


def test_html_escapes_names_values_and_captions():
    text = html_table(pd.DataFrame({"<th>": ["<script>alert(1)</script>"]}), caption="a & b")
    assert "<script>" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "<th>&lt;th&gt;</th>" in text
    assert "<caption>a &amp; b</caption>" in text


def test_html_without_a_caption_has_none():
    assert "caption" not in html_table(pd.DataFrame({"a": [1]}))
