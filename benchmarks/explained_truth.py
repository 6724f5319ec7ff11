"""Do contributions say what is true? Simulated vendors whose drivers of churn are known.

Of each vendor (seed) a model is fitted on the labelled rows, and explains the rows of the newest
cutoffs, whose labels nobody knows yet. Their true effects are known (`World.effects`): what level, fit,
contact, frailty and contract each do to the log-odds of churn, one at a time. An indicator group is set
beside the driver that it traces: usage, engagement, satisfaction and support trace the level, onboarding
and outcome the fit, touch the contact. Attributed is a group's effect on the calibrated log-odds, from
its sub-score.

Each vendor is simulated three times: as usual, where contact rises because the latent level worsens; so
that contact follows tickets, size and renewal only, which are all in the tables; and the same with twice
the customers. Contact lowers churn in all of them.

    python benchmarks/explained_truth.py --seeds 5 --report benchmarks/results/explained_truth.md
"""

from __future__ import annotations

import argparse
import datetime as dt
import platform
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import logit
from scipy.stats import spearmanr

from churnhealth.estimator import HealthModel
from churnhealth.jobs.history_panel import history_training_panel
from churnhealth.jobs.simulate_project import HORIZON_DAYS, project_of_world
from churnhealth.jobs.wiring import open_workplace
from churnhealth.simulate import WorldConfig, simulate_world

# Does contact follow what is in the tables only, and how many times the customers?
VARIANTS = {
    "follows the level": (False, 1),
    "follows what is in the tables": (True, 1),
    "follows what is in the tables, twice the customers": (True, 2),
}
TRACES = {
    "usage": "level",
    "engagement": "level",
    "satisfaction": "level",
    "support": "level",
    "onboarding": "fit",
    "outcome": "fit",
    "all six together": "level and fit",
    "touch": "contact",
    "contract": "contract",
}
SIX = list(TRACES)[:6]
RANKS = (
    "Spearman's correlation over customers, mean of the vendors (lowest to highest), and the mean "
    "distance of the effects from their mean, in log-odds. In the fourth column only customers whose "
    "contract can still end by choice within the horizon: of the others the level moves nothing."
)
SIGNS = (
    "Mean effect on the log-odds of churn: customers with contact by the vendor in the last 28 days "
    "less the others, attributed to the group touch, and true."
)
CONTACT = "touch_outbound_28d"


def explained(config: WorldConfig, folder: Path) -> pd.DataFrame:
    """Return a table of the newest rows: attributed and true effects in log-odds, and contact by us."""
    workplace = open_workplace(project_of_world(config, folder).config)
    panel = history_training_panel(workplace)
    labelled = ~np.isnan(np.asarray(panel.y, dtype=float))
    model = HealthModel(
        workplace.settings.problem.with_plain_label(),
        catalogue=workplace.catalogue,
        random_state=0,
        n_jobs=1,
    ).fit(
        panel.X[labelled],
        np.asarray(panel.y)[labelled].astype(bool),
        customer_id=panel.customer_id[labelled],
        cutoff=panel.cutoff[labelled],
    )
    newest = panel.X[~labelled]
    told = model.explain(newest)
    base = logit(1.0 - told.base_points / 100.0)
    attributed = (logit(1.0 - told.sub_scores / 100.0) - base).add_prefix("attributed ")
    keys = pd.DataFrame({"customer_id": panel.customer_id, "cutoff": panel.cutoff})[~labelled]
    effects = simulate_world(config).effects(sorted(keys["cutoff"].unique()), HORIZON_DAYS)
    effects["cutoff"] = effects["cutoff"].dt.as_unit("us")
    true = keys.merge(effects, on=list(keys.columns), how="left", validate="one_to_one")
    days = newest["days_to_renewal"].to_numpy()
    table = pd.concat([true, attributed.reset_index(drop=True)], axis=1).assign(
        contact_by_us=newest[CONTACT].to_numpy() > 0,
        can_end=np.isnan(days) | ((days > config.annual_notice_days) & (days <= HORIZON_DAYS)),
    )
    return table[table["level"].notna()]  # without announced ends: nothing moves them any more


def rank_lines(table: pd.DataFrame) -> list[dict[str, object]]:
    """Spearman's correlation of every group with its driver, and the mean size of both."""
    sums = table.assign(
        **{
            "level and fit": table["level"] + table["fit"],
            "attributed all six together": table[[f"attributed {one}" for one in SIX]].sum(axis=1),
        }
    )
    lines = []
    for group, driver in TRACES.items():
        pair = sums[[f"attributed {group}", driver]].to_numpy()
        size = np.abs(pair - pair.mean(axis=0)).mean(axis=0)
        lines.append(
            {
                "group": group,
                "driver": driver,
                "all": spearmanr(*pair.T).statistic,
                "can_end": spearmanr(*pair[sums["can_end"]].T).statistic,
                "attributed": size[0],
                "true": size[1],
            }
        )
    return lines


def contact_line(table: pd.DataFrame) -> dict[str, object]:
    """Mean effect of customers with contact by us less that of the others, attributed and true."""
    mean = table.groupby("contact_by_us")[["attributed touch", "contact"]].mean()
    difference = mean.loc[True] - mean.loc[False]
    return {"attributed": difference["attributed touch"], "true": difference["contact"]}


def report(ranks: pd.DataFrame, contacts: pd.DataFrame, command: str, cpu: float) -> str:
    machine = f"Python {platform.python_version()}, {platform.machine()}, two shared cores"
    head = [paragraph.replace("\n", " ") for paragraph in (__doc__ or "").split("\n\n")[1:3]]
    lines = [
        "# Contributions against the known truth",
        "",
        head[0],
        "",
        head[1],
        "",
        f"`{command}`, {dt.datetime.now(tz=dt.UTC):%Y-%m-%d}, {machine}, {cpu:,.0f} CPU s.",
    ]
    for variant, part in ranks.groupby("variant", sort=False):
        lines += ["", f"## Contact {variant}", "", *rank_table(part)]
    return "\n".join([*lines, "", *contact_table(contacts)]) + "\n"


def rank_table(part: pd.DataFrame) -> list[str]:
    lines = [
        RANKS,
        "",
        "| group | driver | correlation | where the contract can end | size attributed | true |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for group, mine in part.groupby("group", sort=False):
        told = [spread(mine[name]) for name in ("all", "can_end")]
        size = [f"{mine[name].mean():.2f}" for name in ("attributed", "true")]
        lines.append("| " + " | ".join([str(group), mine["driver"].iloc[0], *told, *size]) + " |")
    return lines


def contact_table(contacts: pd.DataFrame) -> list[str]:
    lines = [
        "## The sign of contact",
        "",
        SIGNS,
        "",
        "| contact | attributed | true | sign of the truth |",
        "| --- | --- | --- | --- |",
    ]
    for variant, mine in contacts.groupby("variant", sort=False):
        right = int((np.sign(mine["attributed"]) == np.sign(mine["true"])).sum())
        told = [spread(mine[name]) for name in ("attributed", "true")]
        lines.append(f"| {variant} | {told[0]} | {told[1]} | {right} of {len(mine)} vendors |")
    return lines


def spread(values: pd.Series) -> str:
    return f"{values.mean():+.2f} ({values.min():+.2f} to {values.max():+.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--customers", type=int, default=800)
    parser.add_argument("--years", type=int, default=3)
    parser.add_argument("--report", type=Path)
    given = parser.parse_args()
    command = (
        f"python benchmarks/explained_truth.py --seeds {given.seeds} --customers {given.customers} "
        f"--years {given.years}"
    )
    ranks, contacts = [], []
    for seed in range(given.seeds):
        for variant, (observed, times) in VARIANTS.items():
            world = WorldConfig(
                times * given.customers, given.years, seed, contact_drivers_observed=observed
            )
            with tempfile.TemporaryDirectory() as folder:
                table = explained(world, Path(folder) / "vendor")
            ranks += [{"variant": variant, **line} for line in rank_lines(table)]
            contacts.append({"variant": variant, **contact_line(table)})
        text = report(pd.DataFrame(ranks), pd.DataFrame(contacts), command, time.process_time())
        print(f"after {seed + 1} vendors\n{text}", flush=True)
        if given.report:
            given.report.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
