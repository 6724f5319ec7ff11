"""A simulated vendor as a project: its history as Parquet files, the truth, and a configuration."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import tomlkit

from churnhealth.domain.history import HISTORY
from churnhealth.errors import ConfigError
from churnhealth.jobs.init_project import write_text
from churnhealth.simulate.config import Dirty, WorldConfig
from churnhealth.simulate.files import quarter_starts, write_world

CONFIG_NAME = "churnhealth.toml"
HORIZON_DAYS, GRACE_DAYS = 90, 14


@dataclass(frozen=True)
class SimulatedProject:
    """What was written.

    Parameters
    ----------
    config : Path
        The configuration, ready for every command.
    folder : Path
        Where the Parquet files are.
    rows : mapping of str to int
        Rows per table, and of `truth`.
    faults : DataFrame
        Faulty rows added by choice: table, fault, rows.
    cutoffs : tuple of Timestamp
        Cutoffs of the truth, in UTC.
    data_end : date
        First local day after the data.
    """

    config: Path
    folder: Path
    rows: Mapping[str, int]
    faults: pd.DataFrame
    cutoffs: tuple[pd.Timestamp, ...]
    data_end: dt.date


def simulate_project(
    customers: int,
    years: int,
    out: Path,
    *,
    seed: int = 0,
    timezone: str = "UTC",
    language: str = "en",
    dirty_share: float = 0.0,
    late_share: float = 0.0,
    force: bool = False,
    name: str = "",
) -> SimulatedProject:
    """Simulate a vendor's history into a folder that is a project.

    Parameters
    ----------
    customers, years, seed, timezone, language
        As in `WorldConfig`; Japanese goes with contracts in JPY, English in USD.
    out : Path
        The folder; made if it is not there.
    dirty_share : float
        Share (0-1) of faulty rows of every kind that `Dirty` knows.
    late_share : float
        Share (0-1) of event rows recorded days after the event.
    force : bool
        Replace an existing configuration and tables of the same names.
    name : str
        Of the project; empty: "simulated-" and the number of customers.

    Returns
    -------
    SimulatedProject

    Raises
    ------
    ConfigError
        A configuration is there already, or a choice cannot be.
    """
    world = WorldConfig(
        customers=customers,
        years=years,
        seed=seed,
        timezone=timezone,
        language=language,
        currency="JPY" if language == "ja" else "USD",
        late_share=late_share,
        dirty=Dirty(*[dirty_share] * 5),
    )
    return project_of_world(world, out, force=force, name=name)


def project_of_world(
    world: WorldConfig, out: Path, *, force: bool = False, name: str = ""
) -> SimulatedProject:
    """Write any world of the simulator as a project, also one that `simulate_project` has no words for.

    Parameters
    ----------
    world : WorldConfig
        The world.
    out, force, name
        As in `simulate_project`.

    Raises
    ------
    ConfigError
        A configuration is there already, or the folder cannot be written.
    """
    config = out / CONFIG_NAME
    if config.exists() and not force:
        raise ConfigError(f"{config} exists already; --force replaces it, --out writes elsewhere")
    try:
        written = write_world(world, out, horizon_days=HORIZON_DAYS)
    except OSError as error:
        raise ConfigError(f"{out}: cannot be written: {error.strerror}") from error
    write_text(config, _toml(world, name or f"simulated-{world.customers}"))
    return SimulatedProject(config, out, dict(written.rows), written.faults, written.cutoffs, world.end)


def _toml(world: WorldConfig, name: str) -> str:
    sections: dict[str, dict[str, object]] = {
        "project": {"name": name, "timezone": world.timezone, "language": world.language},
        "problem": {
            "rule": "contract_end",
            "horizon_days": HORIZON_DAYS,
            "grace_days": GRACE_DAYS,
        },
        "cutoffs": {
            "every": "quarter",
            "first": quarter_starts(world)[0].date(),
            "data_end": world.end,
        },
        "tracking": {"experiment": name, "model_name": name},
    }
    document = tomlkit.document()
    document.add(tomlkit.comment("A simulated vendor. Relative paths start at the folder of this file."))
    document.add(tomlkit.comment("truth.parquet holds the true churn probability at every quarter."))
    for section, values in sections.items():
        document.add(section, tomlkit.item(values))
    sources = tomlkit.table(is_super_table=True)
    for table in HISTORY:
        sources.add(table, tomlkit.item({"file": f"{table}.parquet"}))
    document.add("sources", sources)
    return tomlkit.dumps(document)
