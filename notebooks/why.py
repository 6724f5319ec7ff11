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
# # Why does this customer have this score, and why did it move?
#
# A score that nobody can explain is not acted upon. Here every score is taken apart into indicators,
# exactly, and told in sentences, in English and in Japanese. They say what goes with the score in the
# model's view, never what caused it.

# %%
import datetime as dt
import tempfile
from pathlib import Path

import altair as alt

import churnhealth as ch
from churnhealth import plots
from churnhealth.evaluate.importance import importance_table
from churnhealth.explain.reasons import reasons
from churnhealth.explain.swarm import swarm_table
from churnhealth.explain.waterfall import waterfall_steps

# %%
from churnhealth.jobs.history_panel import history_scoring_panel
from churnhealth.jobs.simulate_project import simulate_project
from churnhealth.jobs.training_rows import training_rows

alt.renderers.enable("png", scale_factor=1.1)
temporary = tempfile.TemporaryDirectory()
project = simulate_project(400, 3, Path(temporary.name), seed=2, timezone="Asia/Tokyo", language="ja")

# %% [markdown]
# A simulated vendor in Tokyo, and fifteen of the built-in indicators. Lifecycle stage and tenure band
# come along by themselves.

# %%
CHOSEN = """
[catalogue]
include = ["usage_features_28d", "usage_users_28d", "usage_ratio_28d", "usage_recency_days",
  "touches_90d", "management_recency_days", "ticket_csat_90d", "nps_last", "tickets_90d",
  "tickets_unresolved_90d", "onboarding_share", "goals_share", "days_to_renewal", "mrr", "plan"]
"""
project.config.write_text(project.config.read_text() + CHOSEN)
workplace = ch.open_workplace(project.config)
today, quarter_ago = dt.date(2025, 10, 1), dt.date(2025, 7, 1)

# %% [markdown]
# The model learns from labels that were known on 1 October 2025.

# %%
panel = training_rows(workplace, today)
problem = workplace.settings.problem
model = ch.HealthModel(problem, catalogue=workplace.catalogue, random_state=0)
model.fit(panel.X, panel.y, cutoff=panel.cutoff, customer_id=panel.customer_id)


def customers_at(day):
    found = history_scoring_panel(workplace, list(panel.X), problem, day)
    return found.X.set_index(found.customer_id)


now, before = customers_at(today), customers_at(quarter_ago)

# %% [markdown]
# ## Everybody at once
#
# For every customer base + points = health score. Points of indicators add up to points of groups.

# %%
explanation = model.explain(now)
plots.importance_bars(importance_table(explanation.groups(), n=100))

# %%
plots.beeswarm(swarm_table(explanation, top=6, most=200), catalogue=explanation.catalogue)

# %% [markdown]
# ## The customer with the lowest score

# %%
riskiest = explanation.health_score.idxmin()
own = model.explain(now.loc[[riskiest]])
own

# %% [markdown]
# The same as a picture and in sentences, for a team that works in Japanese.

# %%
drivers = own.drivers(top=6, others=True)
steps = waterfall_steps(drivers, own.base_points)
plots.waterfall(steps, catalogue=own.catalogue, customer=riskiest, language="ja")

# %%
for sentence in reasons(drivers, own.catalogue, "ja", explanation=own):
    print("・", sentence)

# %% [markdown]
# ## Why did a score move?
#
# The same model at two cutoffs: the difference is what the customer's indicators did. Shown is the
# customer whose score fell most in the quarter.

# %%
change = ch.score_change(model, model, before, now)
fallen = change.totals.set_index("customer_id")["change"].idxmin()
change.totals.query("customer_id == @fallen").round(1)

# %%
parts = change.parts.query("customer_id == @fallen").sort_values("points")
parts[["indicator", "value_before", "value_after", "points"]].head(5).round(1)

# %% [markdown]
# An indicator can lose points without having moved: the nearer a score comes to 50, the more points
# the same log-odds are.
#
# ## Since when?
#
# Of the customers whose use cost them most points since the last quarter, the first one with a day
# since when there are fewer events, beyond chance.

# %%
by_use = change.parts.query("indicator_group == 'usage'").groupby("customer_id")["points"].sum()
for quieter in by_use.nsmallest(60).index:
    series = ch.indicator_series(workplace, quieter, "usage_ratio_28d", cutoff=today)
    since = ch.day_of_change(series)
    if since is not None and since.direction == "fell":
        break
plots.indicator_history(series, "usage events", change=since)

# %% [markdown]
# ## What would help?
#
# Values that a quarter of the customers reach, put in one at a time.

# %%
helping = ch.what_would_help(model, now, [fallen], top=3)
print(helping.attrs["note"]["en"], helping.attrs["note"]["ja"], sep="\n")
helping.drop(columns=["customer_id", "indicator_group"]).round(1)
