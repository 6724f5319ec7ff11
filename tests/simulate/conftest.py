"""Worlds shared by the tests of the simulator."""

from __future__ import annotations

import pytest

from churnhealth.simulate import World, WorldConfig, simulate_world


@pytest.fixture(scope="session")
def world() -> World:
    """Every kind of row, in Asia/Tokyo, with late renewals often enough to be seen."""
    config = WorldConfig(
        customers=1500,
        seed=11,
        timezone="Asia/Tokyo",
        language="ja",
        currency="JPY",
        late_renewal_share=0.3,
    )
    return simulate_world(config)


@pytest.fixture(scope="session")
def many() -> World:
    """Many customers with little usage, for rates."""
    return simulate_world(WorldConfig(customers=4000, seed=3, usage_events_per_week=0.05))
