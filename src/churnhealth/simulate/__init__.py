"""A B2B SaaS vendor with a known hazard: history tables, and the true churn probability."""

from churnhealth.simulate.config import Dirty, WorldConfig
from churnhealth.simulate.files import WrittenWorld, write_world
from churnhealth.simulate.world import World, simulate_world

__all__ = ["Dirty", "World", "WorldConfig", "WrittenWorld", "simulate_world", "write_world"]
