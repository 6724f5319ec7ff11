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
# # A year of quarterly retraining: which model was in charge, why, and did its scores come true?
#
# Every quarter a model is learned anew from what is known by then, judged on the newest quarter that
# it has not seen, and takes over only with reasons. Here is such a year, with a simulated vendor in
# Tokyo.

# %%
import datetime as dt
import tempfile
import warnings
from dataclasses import replace
from pathlib import Path

warnings.filterwarnings("ignore", message="IProgress not found")  # no progress bars wanted
temporary = tempfile.TemporaryDirectory()

# %%
import altair as alt
import mlflow
import pandas as pd

import churnhealth as ch
from churnhealth import plots
from churnhealth.jobs.monitor import monitor
from churnhealth.jobs.registry import history, rollback
from churnhealth.jobs.simulate_project import simulate_project

# %%
alt.renderers.enable("png", scale_factor=1.25)
project = simulate_project(400, 3, Path(temporary.name), seed=3, timezone="Asia/Tokyo", language="ja")

# %% [markdown]
# Ten indicators and one judged window per quarter keep this quick; the default is four windows.

# %%
CHOSEN = """
[model]
backtest_windows = 1
[catalogue]
include = ["usage_features_28d", "usage_users_28d", "usage_ratio_28d", "ticket_csat_90d", "tickets_90d",
  "nps_last", "days_to_renewal", "end_announced", "mrr", "plan"]
"""
project.config.write_text(project.config.read_text() + CHOSEN)
workplace = ch.open_workplace(project.config)

# %% [markdown]
# ## The year
#
# `cutoff` means "as if today were that day": nothing that was known later is used.

# %%
trained, scored = {}, {}
for quarter in [dt.date(2025, month, 1) for month in (1, 4, 7, 10)]:
    trained[quarter] = ch.retrain(workplace, cutoff=quarter)
    scored[quarter] = ch.score(workplace, cutoff=quarter)

# %%
rows = [
    (
        day,
        made.version.version,
        made.verdict.decision,
        scored[day].model_version,
        scored[day].bands["red"],
    )
    for day, made in trained.items()
]
year = pd.DataFrame(rows, columns=["quarter", "new version", "decision", "scored by", "red customers"])
year.set_index("quarter")

# %% [markdown]
# ## Why was it promoted, or kept out?

# %%
for day, made in trained.items():
    print(day, made.verdict.decision, *made.verdict.reasons, sep="\n  - ")

# %% [markdown]
# ## Would it have held?
#
# Each quarter's recipe on the newest window that it had not seen, beside the base rate and simpler
# models.

# %%
metrics = pd.concat([made.backtest.metrics for made in trained.values()], ignore_index=True)
plots.backtest_over_windows(metrics)

# %% [markdown]
# ## What does MLflow keep?
#
# A run per training with its metrics, pictures, tables and model card, and a registered version of
# the model.

# %%
mlflow.set_tracking_uri(workplace.settings.tracking.uri.value)
runs = mlflow.search_runs(experiment_names=[workplace.settings.tracking.experiment])
kept = ["tags.decision", "metrics.log_loss", "metrics.log_loss_base_rate", "metrics.roc_auc"]
runs.dropna(subset="tags.decision")[kept].iloc[::-1].reset_index(drop=True).round(3)

# %%
versions = [
    (one.version, one.decision, ", ".join(one.aliases), f"{one.label_known_through:%Y-%m-%d}")
    for one in history(workplace.registry).versions
]
pd.DataFrame(versions, columns=["version", "decision", "aliases", "labels known through"])

# %% [markdown]
# ## Did the published scores come true?
#
# Half a year later the labels of all four quarters are known. In three of them chance explains the
# difference; in July fewer customers churned than were predicted.

# %%
later = replace(workplace, clock=lambda: dt.datetime(2026, 4, 1, tzinfo=dt.UTC))
found = monitor(later, since=dt.date(2025, 1, 1))
plots.calibration_over_time(found.periods)

# %%
told = ["predicted_churners", "churners_low", "churners_high", "churners", "verdict"]
quarters = found.of_kind("cutoff").set_index("period")[told].round(1)
assert (quarters["verdict"] == "as predicted").tolist() == [True, True, False, True]
quarters

# %% [markdown]
# ## And if the new champion turns out to be a mistake?
#
# One step back, and the next scoring uses the champion before.

# %%
rollback(workplace).told
