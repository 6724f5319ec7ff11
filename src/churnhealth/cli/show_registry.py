"""What the commands on registered models print."""

from __future__ import annotations

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from churnhealth.cli.printing import console, new_table, plain_text, print_json, print_lines
from churnhealth.jobs.registry import ChampionChange, RegistryHistory, VersionFacts
from churnhealth.jobs.wiring import Workplace

STATUS_STYLES = {"champion": "bold green", "stopped": "dim"}


def history(workplace: Workplace, result: RegistryHistory, *, as_json: bool) -> None:
    """Show every version, and what stands in the way of scoring."""
    where = workplace.registry.describe()
    if as_json:
        print_json(
            {
                "registry": where,
                "champion_fault": result.champion_fault,
                "versions": [one.to_dict() for one in result.versions],
            }
        )
        return
    if result.versions:
        console.print(_versions(workplace, result))
    fault = () if result.champion_fault is None else (result.champion_fault,)
    print_lines(*fault, f"Registry: {where}", f"Runs: {workplace.registry.ui_command()}")


def changed(result: ChampionChange, *, as_json: bool) -> None:
    """Show what a promotion or a rollback changed, and the way back."""
    if as_json:
        print_json({**vars(result), "notes": list(result.notes)})
        return
    back = "There is nothing to roll back to."
    if result.previous is not None:
        back = f"`churnhealth rollback` would make {result.previous} the champion."
    scored = ("`churnhealth score` scores with it from now on.",) if result.changed else ()
    print_lines(result.told, *result.notes, *scored, back)


def _versions(workplace: Workplace, result: RegistryHistory) -> Table:
    names = ["model_version", "trained", "status", "labels to", "log\nloss", "base\nrate", "decision"]
    table = new_table("Models", names)
    # With lines between the columns the dates would be folded on a terminal of 80 characters.
    table.box, table.collapse_padding, table.show_edge = SIMPLE_HEAD, True, False
    for one in result.versions:
        table.add_row(
            plain_text(one.model_version),
            _day(one.trained_at, workplace),
            _status(one),
            _day(one.label_known_through, workplace),
            _number(one.log_loss),
            _number(one.log_loss_base_rate),
            plain_text(one.decision or ""),
        )
    return table


def _status(one: VersionFacts) -> Text:
    words = list(one.aliases) if one.completed else [*one.aliases, "stopped"]
    told = Text()
    for at, word in enumerate(words):
        told.append("\n" if at else "")
        told.append(plain_text(word).plain, STATUS_STYLES.get(word))
    return told


def _day(moment: pd.Timestamp | None, workplace: Workplace) -> str:
    return "" if moment is None else f"{moment.tz_convert(workplace.settings.problem.zone):%Y-%m-%d}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
