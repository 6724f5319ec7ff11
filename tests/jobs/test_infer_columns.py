"""What the columns of a panel are taken for."""

from __future__ import annotations

import pandas as pd
import pytest

from churnhealth.errors import ConfigError
from churnhealth.jobs.infer_columns import infer_columns, infer_people


def empty(*names: str) -> pd.DataFrame:
    return pd.DataFrame({name: [1] for name in names})


@pytest.mark.parametrize(
    ("names", "customer", "label", "cutoff"),
    [
        (["customerID", "tenure", "Churn"], "customerID", "Churn", None),
        (["Customer ID", "churned", "cutoff_date"], "Customer ID", "churned", "cutoff_date"),
        (
            ["account_id", "id", "is_churned", "snapshot_date"],
            "account_id",
            "is_churned",
            "snapshot_date",
        ),
        (["id", "x", "Exited"], "id", "Exited", None),
        (["customer_id", "account_id", "label", "churn"], "customer_id", "churn", None),
        (["顧客ID", "解約フラグ", "基準日"], "顧客ID", "解約フラグ", "基準日"),
    ],
)
def test_usual_names_are_understood(names, customer, label, cutoff):
    columns = infer_columns(empty(*names))
    assert (columns.customer_id, columns.label, columns.cutoff) == (customer, label, cutoff)


def test_named_columns_are_not_guessed():
    columns = infer_columns(empty("who", "gone", "on", "churn", "customer_id"), "who", "gone", "on")
    assert (columns.customer_id, columns.label, columns.cutoff) == ("who", "gone", "on")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (
            ["x", "churn"],
            "which column is the customer_id\\? Name it with --customer-id; these are there: 'x'",
        ),
        (["id", "x"], "which column is the label\\? Name it with --label; these are there: 'id', 'x'"),
        (["id", "Churn", "churned"], "Name it with --label; these are there: 'Churn', 'churned'"),
        (
            ["user_id", "account_id", "churn"],
            "Name it with --customer-id; these are there: 'user_id', 'account_id'",
        ),
        (["id", "churn", "as_of", "snapshot"], "which column is the cutoff\\? Name it with --cutoff"),
    ],
)
def test_what_cannot_be_told_is_asked_for(names, message):
    with pytest.raises(ConfigError, match=message):
        infer_columns(empty(*names))


def test_a_named_column_that_is_not_there_names_its_neighbour():
    with pytest.raises(
        ConfigError, match=r"label: the panel has no column 'chrn' \(did you mean 'churn'\?\)"
    ):
        infer_columns(empty("id", "churn"), label="chrn")


def test_columns_that_would_leak_or_cannot_be_indicators_are_proposed_to_be_ignored():
    frame = empty("id", "churn", "Churn Reason", "解約理由", "logins", "rownames", "Unnamed: 0")
    frame["signup"] = pd.to_datetime(["2026-01-01"])
    frame["tags"] = [["a"]]
    expected = ("Churn Reason", "解約理由", "rownames", "Unnamed: 0", "signup", "tags")
    assert infer_columns(frame).ignore == expected


def test_text_that_everybody_has_another_of_is_no_level():
    many = range(100)
    frame = pd.DataFrame(
        {
            "顧客ID": [f"C{at}" for at in many],
            "会社名": [f"株式会社{at // 2 if at < 8 else at}" for at in many],
            "mail": pd.Series([f"a{at}@example.com" for at in many]).astype("category"),
            "seats": many,
            "city": [f"town {at % 80}" for at in many],
            "解約": ["あり", "なし"] * 50,
        }
    )
    assert infer_columns(frame).ignore == ("会社名", "mail")
    # Two cutoffs of the same customers, and too few to tell a name from a level.
    assert infer_columns(pd.concat([frame, frame])).ignore == ("会社名", "mail")
    assert infer_columns(frame.head(40)).ignore == ()


@pytest.mark.parametrize(
    ("names", "people"),
    [
        (["id", "company_name", "Account Owner"], {"name": "company_name", "owner": "Account Owner"}),
        (["id", "name", "company"], {}),
        (["id", "name", "顧客名", "担当者"], {"name": "顧客名", "owner": "担当者"}),
        (["id", "plan"], {}),
    ],
)
def test_name_and_owner_are_told_where_one_column_alone_can_be_meant(names, people):
    assert infer_people(empty(*names)) == people
