# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # How do contracts, logins and tickets become indicators and labels?
#
# A vendor has tables of what happened, not a table to learn from. For every quarter's first day (the
# *cutoff*) what was known before it becomes one row of indicators per customer, and what happened in
# the 90 days after it becomes the label.

# %%
import tempfile
from pathlib import Path

import altair as alt
import pandas as pd

import churnhealth as ch
from churnhealth import plots
from churnhealth.jobs.check import check
from churnhealth.jobs.simulate_project import simulate_project
from churnhealth.jobs.training_rows import read_training_panel

alt.renderers.enable("png", scale_factor=1.25)
temporary = tempfile.TemporaryDirectory()
folder = Path(temporary.name)

# %% [markdown]
# A simulated vendor in Tokyo, so that everybody can run this: 400 customers, three years, one Parquet
# file per table. Your own tables are named in the same `churnhealth.toml`.

# %%
project = simulate_project(400, 3, folder, seed=2, timezone="Asia/Tokyo", language="ja")
events = pd.read_parquet(folder / "usage_events.parquet")
events.head(3)

# %% [markdown]
# ## Are the tables sound?
#
# All faults are told at once, and whether there is enough to learn from.

# %%
checked = check(ch.open_workplace(project.config))
assert checked.passed
checked.report.sources[["source", "rows", "rejected"]]

# %% [markdown]
# ## An indicator of one's own
#
# Beside the built-in indicators, a section of `churnhealth.toml` declares one of your own. It is
# computed for training and for scoring by one rule.

# %%
OWN = """
[indicators.mrr_per_seat]
group = "contract"
unit = "JPY"
table = "subscriptions"
sql = "SUM(mrr) / NULLIF(SUM(seats), 0)"
"""
project.config.write_text(project.config.read_text() + OWN)
workplace = ch.open_workplace(project.config)

# %% [markdown]
# ## The panel: one row per customer and cutoff
#
# The label is 1 for customers whose contracts ended within 90 days after the cutoff without a
# successor, 0 for those who stayed, and empty where it is not certain yet: never 0.

# %%
panel = read_training_panel(workplace)
labels = pd.DataFrame({"cutoff": panel.cutoff.dt.tz_convert("Asia/Tokyo").dt.date, "churned": panel.y})
labels.groupby("cutoff")["churned"].agg(
    at_risk="size", known="count", churned="sum", share="mean"
).round(3)

# %%
for note in panel.notes:
    print("-", note)

# %% [markdown]
# ## Can one value be followed by hand?
#
# Events in the 28 local days before the cutoff, and known by then: an event that was recorded later
# does not exist at that cutoff.

# %%
busiest = panel.X["usage_events_28d"].idxmax()
customer, cutoff = panel.customer_id[busiest], panel.cutoff[busiest]
before = events["occurred_at"].between(cutoff - pd.Timedelta(days=28), cutoff, inclusive="left")
known = events["recorded_at"] < cutoff
by_hand = int((before & known & (events["customer_id"] == customer)).sum())
assert by_hand == panel.X.loc[busiest, "usage_events_28d"]
f"{customer}: {by_hand} events before {cutoff.tz_convert('Asia/Tokyo'):%Y-%m-%d}, as in the panel"

# %% [markdown]
# ## When is a label certain?

# %%
problem = workplace.settings.problem
newest = panel.cutoff.max()
f"asked on {newest:%Y-%m-%d} UTC, certain on {problem.label_known_at(newest):%Y-%m-%d} UTC"

# %% [markdown]
# ## Who left, and who stayed?
#
# No model yet: one indicator at a time. `auc` 0.5 tells nothing; below it, churners have less.

# %%
known = pd.notna(panel.y)
sides = ch.healthy_against_churned(
    panel.y[known], panel.X[known], customer_id=panel.customer_id[known], catalogue=workplace.catalogue
)
shown = ["indicator", "indicator_group", "measure", "healthy", "churned", "auc", "auc_low", "auc_high"]
sides[shown].head(8).round(3)

# %% [markdown]
# ## What stands behind one churner's numbers?
#
# Of the churners whose use had fallen most, the first one with a day since when the level is another
# one beyond chance. `day_of_change` says nothing where there is no such day.

# %%
fallen = (panel.X["usage_events_90d"] * 28 / 90 - panel.X["usage_events_28d"])[panel.y == 1]
for row in fallen.nlargest(20).index:
    customer, cutoff = panel.customer_id[row], panel.cutoff[row].tz_convert("Asia/Tokyo").date()
    series = ch.indicator_series(workplace, customer, "usage_events_28d", cutoff=cutoff)
    change = ch.day_of_change(series)
    if change is not None and change.direction == "fell":
        break
plots.indicator_history(series, "usage events", change=change)
