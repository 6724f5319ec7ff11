from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from churnhealth.domain.history import HISTORY
from churnhealth.domain.history_check import history_faults
from churnhealth.simulate import World, WorldConfig, simulate_world


@pytest.fixture(scope="module")
def newest(world: World) -> pd.DataFrame:
    """The newest version of every contract."""
    return world.tables["subscriptions"].drop_duplicates("subscription_id", keep="last")


def _local(instants: pd.Series) -> pd.Series:
    return instants.dt.tz_convert("Asia/Tokyo").dt.tz_localize(None)


def test_a_customer_churned_when_its_last_contract_ends_without_successor(
    world: World, newest: pd.DataFrame
) -> None:
    last = newest.sort_values("start_date").drop_duplicates("customer_id", keep="last")
    last = last.set_index("customer_id").sort_index()
    # The successor of a contract that lapsed within the last days is not in the data yet.
    lapsed = last["end_reason"] == "lapsed"
    assert lapsed.sum() < 10
    expected = world.outcomes.set_index("customer_id")
    pd.testing.assert_series_equal(
        last.loc[~lapsed, "end_date"],
        expected.loc[last.index[~lapsed], "churned_on"],
        check_names=False,
    )
    reasons = last.loc[~lapsed, "end_reason"]
    assert reasons.isna().equals(expected.loc[reasons.index, "end_reason"].isna())


def test_every_replaced_or_lapsed_contract_has_a_successor_within_two_weeks(
    newest: pd.DataFrame,
) -> None:
    ordered = newest.sort_values(["customer_id", "start_date"])
    follows = ordered.groupby("customer_id")["start_date"].shift(-1)
    days = (follows - ordered["end_date"]).dt.days
    assert (days[ordered["end_reason"] == "replaced"] == 0).all()
    assert days[(ordered["end_reason"] == "lapsed") & days.notna()].between(1, 14).all()
    assert days[~ordered["end_reason"].isin(["replaced", "lapsed"])].isna().all()
    assert (ordered["end_reason"] == "replaced").sum() > 20


def test_versions_of_a_contract_follow_each_other_without_a_hole(world: World) -> None:
    versions = world.tables["subscriptions"].sort_values(["subscription_id", "valid_from"])
    following = versions.groupby("subscription_id")["valid_from"].shift(-1)
    assert versions["valid_to"].equals(following)


def test_the_end_is_known_from_its_announcement_on_and_not_before(world: World) -> None:
    versions = world.tables["subscriptions"]
    known = versions[versions["end_date"].notna()]
    assert (known["end_announced_at"] <= known["valid_from"]).all()
    assert versions.loc[versions["end_date"].isna(), "end_announced_at"].isna().all()


def test_notice_is_kept_and_ends_fall_on_the_ends_of_terms(world: World, newest: pd.DataFrame) -> None:
    chosen = newest["end_date"].notna() & ~newest["end_reason"].isin(
        ["replaced", "lapsed", "payment_failed", "bankruptcy"]
    )
    ended = newest[chosen]
    days = (ended["end_date"] - _local(ended["end_announced_at"]).dt.normalize()).dt.days
    assert (days >= ended["notice_days"]).all()
    longest = np.where(ended["term_months"] == 12, 366, 31) + ended["notice_days"]
    assert (days <= longest).all()
    yearly = ended[ended["term_months"] == 12]
    assert (yearly["end_date"] == yearly["renewal_date"]).mean() > 0.9


def test_an_involuntary_end_comes_the_day_after(newest: pd.DataFrame) -> None:
    failed = newest[newest["end_reason"].isin(["payment_failed", "bankruptcy"])]
    assert len(failed) > 20
    told = _local(failed["end_announced_at"]).dt.normalize()
    assert ((failed["end_date"] - told).dt.days == 1).all()


def test_monthly_contracts_have_no_renewal_date_and_annual_ones_have_one_ahead(world: World) -> None:
    versions = world.tables["subscriptions"]
    monthly = versions["term_months"] == 1
    assert versions.loc[monthly, "renewal_date"].isna().all()
    annual = versions[~monthly & (versions["end_reason"] != "lapsed")]
    assert (annual["renewal_date"] >= _local(annual["valid_from"]).dt.normalize()).all()


def test_prices_rise_for_old_customers_by_the_share_that_was_configured() -> None:
    config = WorldConfig(
        customers=400, years=2, seed=3, annual_share=0.0, price_increases=((1.0, 0.1),), churn_level=0.01
    )
    versions = simulate_world(config).tables["subscriptions"]
    per_seat = versions["mrr"] / versions["seats"]
    before = versions["valid_from"] < pd.Timestamp("2024-03-31", tz="UTC")
    after = versions["valid_from"] > pd.Timestamp("2024-05-03", tz="UTC")
    prices = versions.assign(per_seat=per_seat.round(1))
    assert set(prices.loc[before, "per_seat"]) == {12.0, 25.0, 48.0}
    assert set(prices.loc[after, "per_seat"]) == {13.2, 27.5, 52.8}


def test_an_overwritten_table_keeps_one_row_per_contract() -> None:
    config = WorldConfig(customers=300, years=2, seed=3, usage_events_per_week=0.1)
    versions = simulate_world(config).tables["subscriptions"]
    world = simulate_world(WorldConfig(**{**vars(config), "versions": False}))
    only = world.tables["subscriptions"]
    assert not {"valid_from", "valid_to"} & set(only.columns)
    assert history_faults(HISTORY["subscriptions"], only) == []
    newest = versions.groupby("subscription_id").tail(1).set_index("subscription_id")
    only = only.set_index("subscription_id")
    columns = ["customer_id", "start_date", "end_date", "end_reason", "plan", "mrr"]
    pd.testing.assert_frame_equal(only[columns], newest.loc[only.index, columns])
    first = versions.groupby("subscription_id")["recorded_at"].min()
    assert (only["recorded_at"] == first.loc[only.index]).all()


def test_contracts_grow_and_shrink_with_the_level(many: World) -> None:
    versions = many.tables["subscriptions"].sort_values(["customer_id", "valid_from"], kind="stable")
    change = versions.groupby("customer_id")["seats"].diff()
    assert (change > 0).sum() > 100
    assert (change < 0).sum() > 100
    ends = versions["customer_id"].map(many.outcomes.set_index("customer_id")["churned_on"])
    days = ends.dt.tz_localize("UTC") - versions["valid_from"]
    soon = days < pd.Timedelta(days=180)
    changed = change.notna() & (change != 0)
    assert (change[changed & soon] < 0).mean() > 1.5 * (change[changed & ~soon] < 0).mean()
