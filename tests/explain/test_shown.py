from __future__ import annotations

import numpy as np
import pandas as pd

from churnhealth.domain.indicators import Catalogue, Indicator
from churnhealth.explain.explanation import Explanation

NAME = "<script>alert('x')</script>"


def explained(count: int) -> Explanation:
    values = pd.DataFrame({"logins": np.arange(count, dtype=float), NAME: ["Pro"] * count})
    points = pd.DataFrame({"logins": np.arange(count) - 2.0, NAME: 1.0})
    catalogue = Catalogue((Indicator("logins", "usage"), Indicator(NAME, "contract")))
    sub_scores = pd.DataFrame({"usage": points["logins"] + 80.0, "contract": 81.0})
    labels = [f"{NAME}{at}" for at in range(count)]
    tables = (one.set_axis(labels) for one in (points, values, sub_scores))
    shown, told, sub = tables
    return Explanation(80.0, shown, told, pd.Series({"logins": 2.0, NAME: "Pro"}), catalogue, sub)


def test_one_customer_is_shown_in_full() -> None:
    text = str(explained(1))
    # 80 - 2 + 1
    assert text.startswith(f"Health score 79.0 of {NAME}0")
    for part in ("logins", "−2.0", "+1.0", "(all others)", "±0.0", "sub_score", "with the base, 80.0"):
        assert part in text


def test_of_many_the_first_ten_are_shown_and_it_is_said() -> None:
    text = str(explained(12))
    assert "Explanation of 12 health scores, the first 10" in text
    assert f"{NAME}9" in text
    assert f"{NAME}10" not in text
    assert "the first" not in str(explained(10))


def test_the_shell_shows_the_same_as_print() -> None:
    assert repr(explained(2)) == str(explained(2))


def test_html_is_escaped_and_needs_nothing_from_outside() -> None:
    for count in (1, 12):
        told = explained(count)._repr_html_()
        assert "<script" not in told
        assert "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;" in told
        assert "http" not in told
        assert "prefers-color-scheme:dark" in told
