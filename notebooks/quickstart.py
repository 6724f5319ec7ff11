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
# # Which customers are at risk, how sure are we, and what goes with it?
#
# Real customers (Telco churn, 7,043 of them) become health scores that are calibrated probabilities,
# with contributions that add up to the score.

# %%
import altair as alt
import numpy as np

import churnhealth as ch
from churnhealth import plots
from churnhealth.adapters.telco import telco_catalogue, telco_customers

alt.renderers.enable("png", scale_factor=1.5)
customers = telco_customers()
customers.head(3)

# %% [markdown]
# Every fifth customer is put aside; the model never sees their labels. Shown in a notebook, a fitted
# model tells what it learned from, what it chose and why, and from which probability customers are
# yellow or red.

# %%
aside = np.random.default_rng(0).random(len(customers)) < 0.2
X = customers.drop(columns=["customer_id", "churn"]).set_index(customers["customer_id"])
y = customers["churn"].eq("Yes").to_numpy()

model = ch.HealthModel(catalogue=telco_catalogue(), random_state=0).fit(X[~aside], y[~aside])
model

# %% [markdown]
# ## Is the probability true?
#
# A health score of 80 claims that one in five leaves. On the customers put aside it can be checked: a
# mark is a share that churned, a grey box is what chance allows around a true probability.

# %%
probability = model.churn_probability(X[aside])
report = ch.evaluate_model(y[aside], probability, n_boot=100, n_sim=100)
plots.reliability_diagram(report.reliability, histogram=report.scores)

# %%
for sentence in report.sentences():
    print(sentence)

# %% [markdown]
# ## Why this customer?
#
# `explain` takes the published score apart: base + points = score, for every customer. Of a single
# customer an explanation shows all of it.

# %%
riskiest = X[aside].index[probability.argmax()]
explanation = model.explain(X[aside])
own = model.explain(X.loc[[riskiest]])
own

# %%
gap = explanation.base_points + explanation.points.sum(axis=1) - model.health_score(X[aside])
assert np.abs(gap).max() < 1e-9  # for every one of them
plots.driver_bars(own.drivers(top=6), catalogue=own.catalogue, customer=riskiest)

# %% [markdown]
# ## What matters over all customers, by group?

# %%
explanation.groups().abs().mean().sort_values(ascending=False).round(2).to_frame("mean points")

# %% [markdown]
# The same from the command line, with a warehouse and MLflow: `churnhealth demo`. The other notebooks
# begin with a history of contracts and logins: [from history to indicators and
# labels](history.ipynb).
