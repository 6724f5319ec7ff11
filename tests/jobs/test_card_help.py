from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from churnhealth.domain.indicators import Catalogue, Indicator
from churnhealth.errors import SchemaError
from churnhealth.explain.improve import MODELS_VIEW
from churnhealth.jobs.card_help import CardHelp, alike_columns, card_help, help_lines
from churnhealth.model.columns import learn_columns

SETTINGS = SimpleNamespace(panel_settings=None)


class Logins:
    """A model whose health score is 50 + logins - 100 times a tiny rest."""

    def __init__(self, rows: pd.DataFrame, *, actionable: bool = True) -> None:
        self.model_ = SimpleNamespace(columns=learn_columns(rows))
        self.catalogue_ = Catalogue(
            (
                Indicator("logins", "usage", "logins", "learned", actionable),
                Indicator("rest", actionable=actionable),
                Indicator("plan"),
            )
        ).for_columns(rows.columns)

    def health_score(self, X: pd.DataFrame) -> np.ndarray:
        return np.asarray(50.0 + X["logins"] - 0.001 * X["rest"], dtype=np.float64)


@pytest.fixture
def rows() -> pd.DataFrame:
    # Logins 0..29; the 30 of plan Pro have 10 more.
    plan = np.repeat(["Basic", "Pro"], 30)
    logins = np.tile(np.arange(30.0), 2) + 10.0 * (plan == "Pro")
    frame = pd.DataFrame({"logins": logins, "rest": np.tile([0.0, 1.0], 30), "plan": plan})
    return frame.set_axis([f"C{at}" for at in range(60)])


def test_the_target_is_that_of_the_same_plan_and_tiny_gains_are_left_out(rows: pd.DataFrame) -> None:
    found = card_help(SETTINGS, Logins(rows), rows, "C3")
    assert found.alike_by == ("plan",)
    # The smallest of 0..29 with three quarters at or below it is the 23rd, 22.
    line = found.lines.iloc[0]
    assert (line["indicator"], line["target_value"], line["similar_customers"]) == ("logins", 22.0, 30)
    assert line["gain_points"] == pytest.approx(19.0)
    assert len(found.lines) == 1
    assert found.sentence(line.to_dict(), "en") == (
        "Logins: 3 → 22, as a quarter of 30 similar customers have. Health +19 points"
    )
    document = found.to_dict()
    assert document["note"] == MODELS_VIEW
    assert document["lines"][0]["sentence_ja"].endswith(
        "（類似顧客30社の4分の1が達している水準）。健全度 +19点"
    )


def test_without_actionable_indicators_there_are_no_lines(rows: pd.DataFrame) -> None:
    found = card_help(SETTINGS, Logins(rows, actionable=False), rows, "C3")
    assert (found.asked, len(found.lines)) == (0, 0)
    assert CardHelp(found.lines, (), 0, Catalogue()).to_dict()["lines"] == []


def test_a_customer_without_a_row_is_an_error(rows: pd.DataFrame) -> None:
    with pytest.raises(SchemaError, match="no row for customer 'C99'"):
        card_help(SETTINGS, Logins(rows), rows, "C99")


def test_customers_are_alike_in_as_many_columns_as_twenty_others_share(rows: pd.DataFrame) -> None:
    few = rows.assign(region=["north"] * 45 + ["south"] * 15)
    # 30 others of Basic, all of them in the north; of Pro 15 - 1 in the south.
    found = alike_columns(few, ["C3", "C59"], ["plan", "region"])
    assert found == {"C3": ("plan", "region"), "C59": ("plan",)}
    assert alike_columns(few, ["C59"], []) == {"C59": ()}


def test_many_at_once_are_told_what_each_is_told_alone(rows: pd.DataFrame) -> None:
    few = rows.assign(region=["north"] * 45 + ["south"] * 15)
    lines, alike = help_lines(SETTINGS, Logins(few), few, list(few.index))
    assert set(alike.values()) == {("plan", "region"), ("plan",)}
    for customer, told in lines.groupby("customer_id"):
        alone = card_help(SETTINGS, Logins(few), few, customer)
        assert alone.alike_by == alike[customer]
        pd.testing.assert_frame_equal(told.reset_index(drop=True), alone.lines, check_dtype=False)
    assert lines["customer_id"].nunique() == sum(
        len(card_help(SETTINGS, Logins(few), few, customer).lines) > 0 for customer in few.index
    )


def test_nobody_asked_is_no_fault(rows: pd.DataFrame) -> None:
    lines, alike = help_lines(SETTINGS, Logins(rows), rows, [])
    assert (len(lines), alike) == (0, {})
