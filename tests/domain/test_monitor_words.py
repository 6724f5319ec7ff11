from __future__ import annotations

import pytest

from churnhealth.domain import monitor_tables as tables
from churnhealth.domain import monitor_words as words


@pytest.mark.parametrize(
    ("known", "codes"),
    [
        (words.STATUS_WORDS, tables.CHECK_STATUSES),
        (words.PERIOD_WORDS, tables.PERIOD_VERDICTS),
        (words.FINDING_WORDS, tables.SURPRISES),
        (words.DRIFT_WORDS, tables.DRIFT_VERDICTS),
    ],
)
def test_every_code_of_the_tables_has_words_in_both_languages(known, codes) -> None:
    assert set(known) == set(codes)
    for one in known.values():
        assert set(one) == {"en", "ja"}
        assert one["en"].isascii()
        assert not one["ja"].isascii()


def test_an_unknown_code_is_told_as_it_is() -> None:
    assert words.word(words.STATUS_WORDS, "soon", "ja") == "soon"
    assert words.word(words.STATUS_WORDS, "due", "fr") == "due"
