"""Is the probability true on later cutoffs? Simulated vendors whose churn probability is known.

Of each vendor (seed) the newest cutoffs are put aside; a model is fitted on the rows whose labels were
known before them. Told are the root mean square distance of the probability from the truth, and whether
the number of churners lies inside the 95 % range of the predicted one: of `expected_churners`, which
knows that base rates move between windows, and of chance alone.

    python benchmarks/simulated_truth.py --seeds 20 --report benchmarks/results/simulated_truth.md
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

from churnhealth.estimator import HealthModel
from churnhealth.evaluate.forecast import ChurnerForecast, forecast_churners
from churnhealth.features.panel import Panel
from churnhealth.jobs.history_panel import history_training_panel
from churnhealth.jobs.simulate_project import simulate_project
from churnhealth.jobs.wiring import open_workplace

PUT_ASIDE = 2
OURS, BASE_RATE = "churnhealth", "base rate"


def vendor(seed: int, customers: int, years: float, folder: Path) -> tuple[Panel, np.ndarray]:
    """Return the labelled panel of a simulated vendor, and the true probability of each row."""
    simulate_project(customers, years, folder, seed=seed)
    panel = history_training_panel(open_workplace(folder / "churnhealth.toml"))
    truth = pd.read_parquet(folder / "truth.parquet")
    keys = pd.DataFrame({"customer_id": panel.customer_id, "cutoff": panel.cutoff})
    truth["cutoff"] = truth["cutoff"].dt.as_unit("us")
    both = keys.merge(truth, on=["customer_id", "cutoff"], how="left", validate="one_to_one")
    return panel, both["churn_probability"].to_numpy()


def judged(seed: int, customers: int, years: float) -> list[dict[str, object]]:
    """Fit on the earlier rows of one vendor; figures of the model and of the base rate."""
    with tempfile.TemporaryDirectory() as folder:
        panel, truth = vendor(seed, customers, years, Path(folder) / "vendor")
        problem = open_workplace(Path(folder) / "vendor" / "churnhealth.toml").settings.problem
    y = np.asarray(panel.y, dtype=float)
    labelled = ~np.isnan(y)
    newest = np.sort(panel.cutoff[labelled].unique())[-PUT_ASIDE:]
    test = labelled & panel.cutoff.isin(newest).to_numpy()
    known = panel.cutoff.map({one: problem.label_known_at(one) for one in panel.cutoff.unique()})
    train = labelled & (known <= newest[0]).to_numpy()
    rows = []
    cpu = time.process_time()
    model = HealthModel(problem.with_plain_label(), random_state=0, n_jobs=1).fit(
        panel.X[train],
        y[train].astype(bool),
        customer_id=panel.customer_id[train],
        cutoff=panel.cutoff[train],
    )
    cpu = time.process_time() - cpu
    predicted = model.churn_probability(panel.X[test])
    forecast = model.expected_churners(panel.X[test])
    rows = [_figures(OURS, seed, predicted, truth[test], y[test], forecast, cpu)]
    predicted = np.full(int(test.sum()), y[train].mean())
    forecast = forecast_churners(predicted)
    rows.append(_figures(BASE_RATE, seed, predicted, truth[test], y[test], forecast, 0.0))
    return rows


def _figures(
    way: str,
    seed: int,
    predicted: np.ndarray,
    truth: np.ndarray,
    y: np.ndarray,
    forecast: ChurnerForecast,
    cpu: float,
) -> dict[str, object]:
    chance = forecast_churners(predicted)
    # A true probability of 0 or 1 always comes true.
    known = np.clip(truth, 1e-12, 1 - 1e-12)
    return {
        "way": way,
        "seed": seed,
        "rmse": float(np.sqrt(np.mean((predicted - truth) ** 2))),
        "log_loss": _log_loss(y, predicted),
        "truth_log_loss": _log_loss(y, known),
        "predicted": float(predicted.sum()),
        "true": float(truth.sum()),
        "churned": float(y.sum()),
        "inside": forecast.low <= y.sum() <= forecast.high,
        "by_chance": chance.low <= y.sum() <= chance.high,
        "range": f"{forecast.low} to {forecast.high}",
        "cpu": cpu,
    }


def _log_loss(y: np.ndarray, probability: np.ndarray) -> float:
    return float(-(y * np.log(probability) + (1.0 - y) * np.log(1.0 - probability)).mean())


def report(table: pd.DataFrame, command: str) -> str:
    machine = f"Python {platform.python_version()}, {platform.machine()}, two shared cores"
    lines = [
        "# The probability against the known truth, on later cutoffs",
        "",
        __doc__.split("\n\n")[1].replace("\n", " "),
        "",
        f"`{command}`, {dt.datetime.now(tz=dt.UTC):%Y-%m-%d}, {machine}.",
        "",
        (
            "| model | RMSE to the truth | log loss | truth's own | predicted / true / churned "
            "| inside 95 % | by chance alone | CPU s a fit |"
        ),
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for way, part in table.groupby("way", sort=False):
        counts = " / ".join(f"{part[name].mean():.1f}" for name in ("predicted", "true", "churned"))
        lines.append(
            f"| {way} | {part['rmse'].mean():.4f} | {part['log_loss'].mean():.4f} "
            f"| {part['truth_log_loss'].mean():.4f} | {counts} "
            f"| {part['inside'].sum()} of {len(part)} | {part['by_chance'].sum()} of {len(part)} "
            f"| {part['cpu'].mean():.1f} |"
        )
    ours = table[table["way"] == OURS]
    lines += ["", "Vendor by vendor: predicted (range), true, churned.", ""]
    lines += [
        f"- {one.seed}: {one.predicted:.1f} ({one.range}), {one.true:.1f}, {one.churned:.0f}"
        for one in ours.itertuples()
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--customers", type=int, default=800)
    parser.add_argument("--years", type=float, default=3)
    parser.add_argument("--report", type=Path)
    given = parser.parse_args()
    rows: list[dict[str, object]] = []
    command = (
        f"python benchmarks/simulated_truth.py --seeds {given.seeds} --customers {given.customers} "
        f"--years {given.years:g}"
    )
    for seed in range(given.seeds):
        rows += judged(seed, given.customers, given.years)
        text = report(pd.DataFrame(rows), command)
        print(f"after {seed + 1} vendors\n{text}", flush=True)
        if given.report:
            given.report.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
