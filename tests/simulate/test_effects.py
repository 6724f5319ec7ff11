"""Effects of the latent drivers against the truth asked again, and against the declared effects."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from churnhealth.simulate import World, WorldConfig, simulate_world
from churnhealth.simulate.days import day_number
from churnhealth.simulate.effects import DRIVERS, SMALLEST, driver_effects
from churnhealth.simulate.latent import Latent, draw_latent
from churnhealth.simulate.population import Population, draw_population
from churnhealth.simulate.truth import churn_probability

CONFIG = WorldConfig(customers=600, years=2, seed=3)
DAY, WINDOW = day_number(dt.date(2024, 6, 3)), (0, 90)


@pytest.fixture(scope="module")
def drawn() -> tuple[Population, Latent]:
    people = draw_population(CONFIG, 0)
    return people, draw_latent(people, CONFIG, 0)


@pytest.fixture(scope="module")
def effects(drawn: tuple[Population, Latent]) -> dict[str, np.ndarray]:
    return driver_effects(*drawn, CONFIG, DAY, WINDOW)[1]


def log_odds(people: Population, latent: Latent) -> np.ndarray:
    probability = churn_probability(people, latent, CONFIG, DAY, WINDOW)[1]
    held = np.clip(probability, SMALLEST, 1 - SMALLEST)
    return np.log(held / (1 - held))


@pytest.mark.parametrize(
    ("driver", "record", "value"),
    [("level", "level", 1), ("contact", "touched", False), ("action", "acted", False)],
)
def test_an_effect_is_what_the_truth_says_once_the_record_of_the_state_is_changed(
    drawn: tuple[Population, Latent], effects: dict, driver: str, record: str, value: object
) -> None:
    people, latent = drawn
    other = replace(latent, **{record: np.full_like(getattr(latent, record), value)})
    expected = log_odds(people, latent) - log_odds(people, other)
    open_rows = ~np.isnan(effects[driver])
    assert np.abs(expected[open_rows]).max() > 0.1
    np.testing.assert_allclose(effects[driver][open_rows], expected[open_rows], atol=1e-12)


@pytest.mark.parametrize(("driver", "trait", "value"), [("fit", "fit", 1), ("frailty", "frailty", 0.0)])
def test_a_trait_s_effect_is_what_the_truth_says_of_customers_without_it(
    drawn: tuple[Population, Latent], effects: dict, driver: str, trait: str, value: object
) -> None:
    people, latent = drawn
    other = replace(people, **{trait: np.full_like(getattr(people, trait), value)})
    expected = log_odds(people, latent) - log_odds(other, latent)
    open_rows = ~np.isnan(effects[driver])
    np.testing.assert_allclose(effects[driver][open_rows], expected[open_rows], atol=1e-12)


def test_the_contract_is_what_is_left_with_every_driver_at_its_reference(
    drawn: tuple[Population, Latent], effects: dict
) -> None:
    people, latent = drawn
    plain = replace(people, fit=np.ones_like(people.fit), frailty=np.zeros_like(people.frailty))
    calm = replace(
        latent,
        level=np.ones_like(latent.level),
        touched=np.zeros_like(latent.touched),
        acted=np.zeros_like(latent.acted),
    )
    open_rows = ~np.isnan(effects["contract"])
    expected = log_odds(plain, calm)[open_rows]
    np.testing.assert_allclose(effects["contract"][open_rows], expected, atol=1e-12)


def test_rare_ends_multiply_by_the_declared_effects() -> None:
    # Where ends are rare log-odds are the log of the intensity: u of frailty, -0.8 of a contact that
    # still works on the last day that counts. Large customers never end without choice.
    config = WorldConfig(
        customers=2000, years=2, seed=1, churn_level=0.4, contact_effect=-0.8, annual_share=0.0
    )
    people = draw_population(config, 0)
    latent = draw_latent(people, config, 0)
    rows, effects = driver_effects(people, latent, config, DAY, (0, 45))
    mine = (people.size[rows] == 2) & ~np.isnan(effects["level"])
    assert mine.sum() > 50
    frailty = people.frailty[rows][mine]
    np.testing.assert_allclose(effects["frailty"][mine], frailty, rtol=0.05, atol=1e-9)
    contact = effects["contact"][mine]
    assert ((contact >= -0.8) & (contact <= 0.0)).all()
    assert contact.min() < -0.7


def test_the_worse_level_has_the_higher_effect_where_the_contract_can_end(
    drawn: tuple[Population, Latent], effects: dict
) -> None:
    people, latent = drawn
    rows = driver_effects(*drawn, CONFIG, DAY, WINDOW)[0]
    level = latent.level[people.take(rows).week_of(DAY - 1), rows]
    monthly = (people.term[rows] == 1) & ~np.isnan(effects["level"])
    mean = [effects["level"][monthly & (level == one)].mean() for one in range(5)]
    assert mean[1] == 0.0
    assert (np.diff(mean) > 0).all()


def test_nothing_moves_an_announced_end(world: World) -> None:
    told = world.effects(["2024-10-01"], 90).merge(world.outcomes, on="customer_id")
    announced = told["announced_at"] < told["cutoff"]
    chosen = announced & told["voluntary"]
    assert chosen.sum() > 5
    assert told.loc[chosen, list(DRIVERS)].isna().all(axis=None)
    assert told.loc[~announced, list(DRIVERS)].notna().all(axis=None)


def test_effects_stand_in_the_rows_of_the_truth(world: World) -> None:
    cutoffs = ["2024-10-01", "2025-01-01"]
    told, truth = world.effects(cutoffs, 90), world.truth(cutoffs, 90)
    assert told.columns.tolist() == ["customer_id", "cutoff", *DRIVERS]
    assert told["customer_id"].tolist() == truth["customer_id"].tolist()
    assert told["cutoff"].tolist() == truth["cutoff"].tolist()


def test_before_everyone_there_are_no_rows() -> None:
    world = simulate_world(WorldConfig(customers=5, years=1))
    assert world.effects(["2023-04-01"], 30).empty
    assert world.effects([], 30).columns.tolist() == ["customer_id", "cutoff", *DRIVERS]
