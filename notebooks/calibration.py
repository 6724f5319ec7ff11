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
# # Is the probability true, also when only 300 customers are known?
#
# Most vendors have hundreds of customers, not thousands, and few of them have left. Here models learn
# from 100, 300 and 1,000 real customers, and customers that they have never seen say whether the
# probabilities can be taken at their word.

# %%
import altair as alt
import numpy as np
import pandas as pd
from lightgbm import LGBMClassifier

import churnhealth as ch
from churnhealth import plots
from churnhealth.adapters.telco import telco_customers

alt.renderers.enable("png", scale_factor=1.25)
customers = telco_customers().set_index("customer_id")
y = customers.pop("churn").eq("Yes").to_numpy()
X = customers.astype(dict.fromkeys(customers.select_dtypes(exclude="number").columns, "category"))

# %% [markdown]
# The first customers of a random order are known, the last 6,000 judge. Beside our model learns the
# usual gradient boosting, LightGBM with its defaults.

# %%
order = np.random.default_rng(5).permutation(len(X))
rest = order[-6000:]


def judged(model, size):
    model.fit(X.iloc[order[:size]], y[order[:size]])
    probability = model.predict_proba(X.iloc[rest])[:, 1]
    return ch.evaluate_model(y[rest], probability, n_boot=50, n_sim=50)


# %%
reports = {}
for size in (100, 300, 1000):
    reports["HealthModel", size] = judged(ch.HealthModel(random_state=0), size)
    reports["LightGBM", size] = judged(LGBMClassifier(verbose=-1, random_state=0, n_jobs=1), size)

# %% [markdown]
# ## What happened to the customers that the model of 300 has never seen?
#
# Were every probability true, nine marks in ten would lie within the grey boxes.

# %%
ours = reports["HealthModel", 300]
plots.reliability_diagram(ours.reliability, histogram=ours.scores)

# %%
for sentence in ours.sentences():
    print(sentence)

# %% [markdown]
# ## And the usual gradient boosting, on the same 300?

# %%
usual = reports["LightGBM", 300]
plots.reliability_diagram(usual.reliability, histogram=usual.scores)

# %% [markdown]
# ## What do more customers bring?
#
# `ici` is the mean distance between probability and what happened, `calibration_slope` is 1 when
# extreme probabilities are as extreme as they should be, below 1 when they are too bold, above 1 when
# too timid.

# %%
wanted = ["log_loss", "log_loss_base_rate", "roc_auc", "calibration_slope", "ici"]
table = pd.DataFrame({key: one.metrics.set_index("metric")["value"] for key, one in reports.items()})
table = table.T[wanted].astype(float).round(3).rename_axis(["model", "customers known"])
table

# %% [markdown]
# 300 customers order the others well, but the level and the slope still carry the luck of the draw:
# these probabilities are wrong by four points in a hundred on average. With 1,000 it is less than one
# point. More customers do not cure the usual model: its probabilities stay about as bold as they
# were.

# %%
ours, usual = table.loc["HealthModel"], table.loc["LightGBM"]
assert (ours["log_loss"] < usual["log_loss"]).all()
assert ours.loc[300, "ici"] < 0.04
assert ours.loc[1000, "ici"] < 0.01
assert usual["calibration_slope"].between(0.4, 0.5).all()
(usual["log_loss"] - ours["log_loss"]).round(3).to_frame("log loss saved")
