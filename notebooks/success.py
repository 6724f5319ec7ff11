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
# # Which customers does the customer-success team look after first this week?
#
# From a trained model to what a team works with: bands by touch model, two groups of indicators at
# once, the key figures, and one list by the MRR at risk, with reasons in Japanese.

# %%
import datetime as dt
import tempfile
import warnings
from pathlib import Path

import altair as alt
import pandas as pd

import churnhealth as ch
from churnhealth import plots
from churnhealth.evaluate.distribution import score_distribution
from churnhealth.evaluate.two_axes import two_axes
from churnhealth.jobs.kpi import kpi

# %%
from churnhealth.jobs.kpi_words import KPI_LABELS
from churnhealth.jobs.lists import customer_lists
from churnhealth.jobs.report_slice import read_slice
from churnhealth.jobs.simulate_project import simulate_project

alt.renderers.enable("png", scale_factor=1.1)
warnings.filterwarnings("ignore", message="IProgress not found")  # no progress bars wanted
temporary = tempfile.TemporaryDirectory()
project = simulate_project(400, 3, Path(temporary.name), seed=2, timezone="Asia/Tokyo", language="ja")

# %% [markdown]
# Touch models by MRR: one to one from 200,000 yen a month, one to many from 40,000, below that by the
# product and mail alone.

# %%
CHOSEN = """
[model]
backtest_windows = 1
[segments]
high_touch_mrr = 200000
low_touch_mrr = 40000
[catalogue]
include = ["usage_features_28d", "usage_users_28d", "usage_recency_days", "touches_90d", "nps_last",
  "ticket_csat_90d", "tickets_90d", "goals_share", "days_to_renewal", "mrr", "plan"]
"""
project.config.write_text(project.config.read_text() + CHOSEN)
workplace = ch.open_workplace(project.config)

# %% [markdown]
# Trained in October, scored at the beginning of January and, as the newest quarter, of April.

# %%
trained = ch.retrain(workplace, cutoff=dt.date(2025, 10, 1))
assert trained.verdict.decision == "promoted"
ch.score(workplace, cutoff=dt.date(2026, 1, 1))
scored = ch.score(workplace)
scored.bands

# %% [markdown]
# ## How healthy are they?

# %%
published = read_slice(workplace)
current = published.fresh.set_index("customer_id")
distribution = score_distribution(current["churn_probability"], current["health_band"])
plots.score_histogram(distribution, language="ja")

# %% [markdown]
# ## Who looks after them? Bands by touch model
#
# Customers, and the MRR at risk (churn probability x MRR, yen a month).

# %%
team = current.join(published.indicators["touch_model"].astype(str))
by_touch = {"index": "touch_model", "columns": "health_band", "aggfunc": "sum", "fill_value": 0}
order = ["red", "yellow", "green"]
team.assign(customers=1).pivot_table(values="customers", **by_touch)[order]

# %%
team.pivot_table(values="mrr_at_risk", **by_touch)[order].round(-2).astype(int)

# %% [markdown]
# ## What changed since January?

# %%
moved = current[["health_band"]].join(
    published.before.set_index("customer_id")["health_band"].rename("in January"), how="inner"
)
pd.crosstab(moved["in January"], moved["health_band"].rename("now")).reindex(order, columns=order)

# %% [markdown]
# ## Low use and low satisfaction at once?

# %%
groups = published.groups.loc[current.index]
cells = two_axes(groups, "usage", "satisfaction", current["churn_probability"], mrr=current["mrr"])
plots.two_axes_matrix(cells, "JPY", language="ja")

# %% [markdown]
# ## The key figures
#
# From contracts and surveys, no model needed. The guide of 3 % is for the churn rate of a month.


# %%
def told(one):
    value = f"{one.value:,.3f}" if "share" in one.unit else f"{one.value:,.0f}"
    return value, one.unit, one.period, one.guide or ""


figures = kpi(workplace).values
names = [KPI_LABELS[one.name]["ja"] for one in figures]
pd.DataFrame([told(one) for one in figures], names, ["value", "unit", "period", "guide of 3 %"])

# %% [markdown]
# ## Whom first? By MRR at risk
#
# Yellow and red customers; their names are in the vendor's own table.

# %%
people = pd.read_parquet(project.folder / "customers.parquet").set_index("customer_id")["name"]
first = customer_lists(workplace.warehouse).prevention.head(8)
columns = ["name", "health_score", "health_band", "mrr", "mrr_at_risk", "health_score_change"]
table = first.set_index("customer_id").join(people)[columns].round(1)
table.astype({"mrr": int, "mrr_at_risk": int})

# %% [markdown]
# ## What to know before calling the first one

# %%
card = ch.explain_customer(workplace, first["customer_id"].iloc[0])
card

# %%
for reason in card.card.drivers["reason_ja"].head(5):
    print("・", reason)
print(card.day.sentence("ja") if card.day else "直近に利用の水準の明確な変化はありません。")

# %% [markdown]
# The same for everybody, as one file for the team: `churnhealth report`.
