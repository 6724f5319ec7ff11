"""Two years of quarterly retraining at simulated vendors: is the next quarter calibrated?

Every vendor (seed) is simulated with drift. On each of its last eight quarter starts whose outcome is
known, `retrain` runs as if today were that day: it sees no later label, its gate decides, and the
champion then predicts the customers at risk on that day. Told is whether the number that really
churned in the quarter lies inside the 95 % range of `expected_churners`, which knows that base rates
move between windows, and inside that of chance alone. A quarter without a champion (the gate promoted
none yet) is counted and not judged.

The gate judges a recipe on the newest closed window, trained on what was known before it: on the very
rows that the retraining of the quarter before was fitted on. That fit is taken from memory, which halves
the time and changes nothing; the memory goes by the content of the rows.

    python benchmarks/quarters.py --seeds 20 --report benchmarks/results/quarters.md

Finished quarters are kept in the file named by `--kept`, so that a run that was stopped goes on.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import logging
import platform
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from churnhealth.adapters.tracking import ModelVersion
from churnhealth.estimator import HealthModel
from churnhealth.evaluate.forecast import forecast_churners
from churnhealth.features.panel import Panel
from churnhealth.jobs import backtest as backtest_job
from churnhealth.jobs import retrain as retrain_job
from churnhealth.jobs.history_panel import history_training_panel
from churnhealth.jobs.recipe import fit_rows
from churnhealth.jobs.retrain import RetrainResult, retrain
from churnhealth.jobs.score import champion_model
from churnhealth.jobs.simulate_project import simulate_project
from churnhealth.jobs.wiring import Workplace, open_workplace
from churnhealth.model.options import TrainingOptions

QUARTERS = 8
WINDOWS_JUDGED = 1  # the newest, which the gate judges; older ones change no decision


def project(seed: int, customers: int, years: int, folder: Path) -> Workplace:
    """Simulate a vendor whose project judges the newest window only."""
    written = simulate_project(customers, years, folder, seed=seed).config
    text = written.read_text(encoding="utf-8")
    written.write_text(f"{text}\n[model]\nbacktest_windows = {WINDOWS_JUDGED}\n", encoding="utf-8")
    return open_workplace(written)


def quarters(panel: Panel) -> list[pd.Timestamp]:
    """Return the last cutoffs whose labels are all known, oldest first."""
    known = pd.Series(~pd.isna(panel.y)).groupby(panel.cutoff.to_numpy()).mean()
    whole = known.index[known > 0]
    return [pd.Timestamp(one) for one in whole[-QUARTERS:]]


class RememberedFits:
    """`fit_rows`, which answers from memory when it has fitted the same rows of the same columns."""

    def __init__(self) -> None:
        self.fits: dict[tuple[object, ...], HealthModel] = {}
        self.remembered = 0

    def __call__(
        self,
        workplace: Workplace,
        panel: Panel,
        rows: np.ndarray,
        indicators: Sequence[str] | None = None,
        options: TrainingOptions | None = None,
    ) -> HealthModel:
        content = panel.X[rows].assign(
            _id=panel.customer_id[rows], _cutoff=panel.cutoff[rows], _y=np.asarray(panel.y)[rows]
        )
        hashes = pd.util.hash_pandas_object(content, index=False).sort_values().to_numpy()
        key = (
            tuple(panel.X.columns),
            tuple(indicators or panel.X.columns),
            repr(options or TrainingOptions()),
            hashes.tobytes(),
        )
        if key in self.fits:
            self.remembered += 1
        else:
            self.fits[key] = fit_rows(workplace, panel, rows, indicators, options)
        return self.fits[key]


def champion(workplace: Workplace) -> tuple[ModelVersion, HealthModel] | None:
    return champion_model(workplace.registry) if workplace.registry.champion() else None


def judged(seed: int, panel: Panel, cutoff: pd.Timestamp, workplace: Workplace) -> dict[str, object]:
    """Retrain as of a quarter's first day; what the champion said of the quarter, and what came."""
    cpu = time.process_time()
    day = cutoff.tz_convert(workplace.settings.problem.timezone).date()
    result = retrain(workplace, cutoff=day)
    found = champion(workplace)
    row = {"seed": seed, "cutoff": day.isoformat(), **_decided(result)}
    if found:
        here = (panel.cutoff == cutoff).to_numpy() & ~pd.isna(panel.y)
        row |= _predicted(found[1], panel.X[here], np.asarray(panel.y, dtype=float)[here])
        row["champion"] = found[0].version
    return row | {"cpu": time.process_time() - cpu}


def _decided(result: RetrainResult) -> dict[str, object]:
    fired = [one.code for one in result.verdict.checks if one.fired]
    return {"decision": result.verdict.decision, "fired": fired}


def _predicted(model: HealthModel, rows: pd.DataFrame, y: np.ndarray) -> dict[str, object]:
    probability = model.churn_probability(rows)
    forecast, chance = model.expected_churners(rows), forecast_churners(probability)
    churned = int(y.sum())
    return {
        "customers": len(y),
        "churned": churned,
        "predicted": float(probability.sum()),
        "low": forecast.low,
        "high": forecast.high,
        "inside": bool(forecast.low <= churned <= forecast.high),
        "by_chance": bool(chance.low <= churned <= chance.high),
        "log_loss": _log_loss(y, probability),
        "base_log_loss": _log_loss(y, np.full(len(y), model.model_.base_rate)),
    }


def _log_loss(y: np.ndarray, probability: np.ndarray) -> float:
    return float(-(y * np.log(probability) + (1.0 - y) * np.log1p(-probability)).mean())


def vendor(seed: int, customers: int, years: int, kept: Path) -> None:
    """Judge every quarter of a vendor, unless that was done before; a line of JSON each."""
    done = [one for one in read(kept) if one["seed"] == seed]
    if len(done) == QUARTERS:
        return
    others = [one for one in read(kept) if one["seed"] != seed]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        fits = RememberedFits()
        retrain_job.fit_rows = backtest_job.fit_rows = fits  # type: ignore[assignment]
        workplace = project(seed, customers, years, Path(folder) / "vendor")
        panel = history_training_panel(workplace)
        for cutoff in quarters(panel):
            rows.append(judged(seed, panel, cutoff, workplace) | {"remembered": fits.remembered})
            print(json.dumps(rows[-1]), flush=True)
    text = "".join(json.dumps(one) + "\n" for one in [*others, *rows])
    kept.write_text(text, encoding="utf-8")


def read(kept: Path) -> list[dict[str, object]]:
    return [json.loads(one) for one in kept.read_text("utf-8").splitlines()] if kept.exists() else []


def report(table: pd.DataFrame, command: str) -> str:
    """Return the figures as Markdown."""
    told = table.dropna(subset=["predicted"])
    gain = (told["base_log_loss"] - told["log_loss"]).groupby(told["seed"]).mean()
    fired = table["fired"].explode().dropna().value_counts()
    often = ", ".join(f"{code} {count}" for code, count in fired.items()) or "none"
    promoted = int((table["decision"] == "promoted").sum())
    machine = f"Python {platform.python_version()}, {platform.machine()}, two shared cores"
    mean = told.select_dtypes("number").mean()
    facts = [
        (
            f"{table['seed'].nunique()} vendors, {len(table)} retrainings: {promoted} promoted a model, "
            f"{len(table) - promoted} kept the champion or promoted none."
        ),
        (
            f"{len(told)} quarters were predicted by a champion: churners inside the 95 % range in "
            f"**{_share(told['inside'])}**, inside that of chance alone in {_share(told['by_chance'])}."
        ),
        (
            f"Churners a quarter: {mean['churned']:.1f} of {mean['customers']:.0f} customers, predicted "
            f"{mean['predicted']:.1f}."
        ),
        (
            f"Log loss {mean['log_loss']:.4f}, base rate {mean['base_log_loss']:.4f}; better than it "
            f"over the quarters of {int((gain > 0).sum())} of {len(gain)} vendors."
        ),
        f"Checks of the gate that fired, and how often: {often}.",
        f"CPU seconds a retraining: {table['cpu'].mean():.0f}.",
    ]
    lines = [
        "# Two years of quarterly retraining at simulated vendors",
        "",
        " ".join(__doc__.split("\n\n")[1].split()),
        "",
        f"`{command}`, {dt.datetime.now(tz=dt.UTC):%Y-%m-%d}, {machine}.",
        "",
        *(f"- {one}" for one in facts),
        "",
        "| quarter | predicted by a champion | inside 95 % | by chance alone | churned | predicted |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    number = table.groupby("seed")["cutoff"].rank().astype(int).reindex(told.index)
    for quarter, part in told.groupby(number):
        lines.append(
            f"| {quarter} | {len(part)} | {int(part['inside'].sum())} | {int(part['by_chance'].sum())} "
            f"| {part['churned'].mean():.1f} | {part['predicted'].mean():.1f} |"
        )
    return "\n".join(lines) + "\n"


def _share(inside: pd.Series) -> str:
    return f"{int(inside.sum())} ({inside.mean():.1%})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--customers", type=int, default=400)
    parser.add_argument("--years", type=int, default=4)
    parser.add_argument("--kept", type=Path, default=Path("/tmp/churnhealth-quarters.jsonl"))  # noqa: S108
    parser.add_argument("--report", type=Path)
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    command = (
        f"python benchmarks/quarters.py --seeds {given.seeds} --first {given.first} "
        f"--customers {given.customers} --years {given.years}"
    )
    for seed in range(given.first, given.first + given.seeds):
        vendor(seed, given.customers, given.years, given.kept)
        if given.report:
            text = report(pd.DataFrame(read(given.kept)), command)
            given.report.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
