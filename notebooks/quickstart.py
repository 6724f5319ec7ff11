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
import numpy as np

import churnhealth as ch
from churnhealth.adapters.telco import telco_catalogue, telco_customers

customers = telco_customers()
customers.head(3)

# %% [markdown]
# Every fifth customer is put aside; the model never sees their labels.

# %%
aside = np.random.default_rng(0).random(len(customers)) < 0.2
X = customers.drop(columns=["customer_id", "churn"]).set_index(customers["customer_id"])
y = customers["churn"].eq("Yes").to_numpy()

model = ch.HealthModel(catalogue=telco_catalogue(), random_state=0).fit(X[~aside], y[~aside])
model.model_.summary["weights"]

# %% [markdown]
# ## Is the probability true?
#
# A health score of 80 claims that one in five leaves. On the customers put aside it can be checked.

# %%
report = ch.evaluate_model(y[aside], model.churn_probability(X[aside]))
report.reliability.round(3)

# %%
for sentence in report.sentences():
    print(sentence)

# %% [markdown]
# ## Why this customer?
#
# `explain` takes the published score apart: base + points = score, for every customer.

# %%
explanation = model.explain(X[aside])
riskiest = explanation.health_score.nsmallest(3).index
explanation.drivers(top=3).query("row in @riskiest").round(1)

# %%
gap = explanation.base_points + explanation.points.sum(axis=1) - model.health_score(X[aside])
assert np.abs(gap).max() < 1e-9  # for every one of them
round(explanation.base_points, 1)

# %% [markdown]
# ## What matters over all customers, by group?

# %%
explanation.groups().abs().mean().sort_values(ascending=False).round(2)

# %% [markdown]
# The same from the command line, with a warehouse and MLflow: `churnhealth demo`.
