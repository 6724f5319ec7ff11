"""Random streams: one for each block of customers and each purpose, from one seed.

A purpose never draws from another one's stream, so that more surveys do not change who churns, and a
block never from another block's, so that chunks of any size give the same tables.
"""

from __future__ import annotations

import numpy as np

PURPOSES = (
    "population",
    "latent",
    "contracts",
    "usage",
    "touches",
    "tickets",
    "surveys",
    "milestones",
    "actions",
    "late",
    "dirty",
)


def stream(seed: int, block: int, purpose: str) -> np.random.Generator:
    """Return the generator of a block and purpose.

    Examples
    --------
    >>> bool(stream(1, 0, "usage").random() == stream(1, 0, "usage").random())
    True
    >>> bool(stream(1, 0, "usage").random() == stream(1, 1, "usage").random())
    False
    """
    key = (block, PURPOSES.index(purpose))
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))
