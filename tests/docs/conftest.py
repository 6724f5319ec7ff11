"""The worlds in which the snippets of a page run: an empty folder, customers in a file, or a vendor
whose history was trained on and scored.

A page names its world in a comment, `<!-- snippets: vendor -->`; without one it is "panel".
"""

from __future__ import annotations

import copy
import datetime as dt
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from churnhealth.adapters.tracking import TrainingRecord
from churnhealth.estimator import HealthModel
from churnhealth.jobs import backtest, judging, wiring
from churnhealth.jobs.history_panel import history_scoring_panel
from churnhealth.jobs.retrain import retrain
from churnhealth.jobs.score import score
from churnhealth.jobs.simulate_project import simulate_project
from churnhealth.jobs.wiring import Workplace, open_workplace
from churnhealth.model.linear import fit_linear

NOW = dt.datetime(2025, 4, 2, tzinfo=dt.UTC)
QUARTERS = [dt.date(2024, 10, 1), dt.date(2025, 1, 1), dt.date(2025, 4, 1)]
FEWER = """
[model]
backtest_windows = 1

[catalogue]
include = [
    "usage_events_28d", "usage_ratio_28d", "usage_users_28d", "touches_28d", "nps_last", "tickets_90d",
    "onboarding_share", "tenure_days", "days_to_renewal", "plan", "mrr", "seats", "contracts",
]
"""


@dataclass
class World:
    """Where a page runs.

    Parameters
    ----------
    folder : Path
        Where its commands and snippets run.
    names : dict of str to object
        What its Python snippets find and leave.
    words : dict of str to str
        What stands for the placeholders of the page.
    """

    folder: Path
    names: dict[str, Any] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)

    def said(self, text: str) -> str:
        """Return a snippet with the placeholders replaced."""
        for placeholder, word in self.words.items():
            text = text.replace(placeholder, word)
        return text


@contextmanager
def quickly() -> Iterator[None]:
    """Learn straight lines where trees would be grown: the pages show calls, not quality."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("churnhealth.model.fitted.fit_trees", lambda rows, *_, **__: _straight(rows))
        patch.setattr("churnhealth.model.fitted.MOST_BENT_COLUMNS", 0)
        patch.setattr("churnhealth.model.linear.STRENGTHS", (0.3,))
        fewer = {"n_boot": 20, "n_sim": 10}
        patch.setattr(backtest, "rolling_backtest", partial(backtest.rolling_backtest, **fewer))
        patch.setattr(judging, "evaluate_model", partial(judging.evaluate_model, **fewer))
        yield


def _straight(rows: Any) -> Any:
    return fit_linear(rows, splines=False)


@pytest.fixture
def opening(memory_registry: type, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[Path, Any]]:
    """Let projects keep their models in memory, and learn quickly; by folder, the registries opened."""
    kept: dict[Path, Any] = {}

    def opened(config: Path, *more: Any) -> Workplace:
        folder = Path(config).resolve().parent
        kept.setdefault(folder, memory_registry(folder / "registry"))
        return replace(open_workplace(config, *more), registry=kept[folder], clock=lambda: NOW)

    monkeypatch.setattr(wiring, "open_workplace", opened)
    with quickly():
        yield kept


@pytest.fixture(scope="session")
def vendor_template(memory_registry: type, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """A small vendor: a champion trained as of October, its scores of three quarters, three versions."""
    folder = tmp_path_factory.mktemp("docs") / "vendor"
    simulate_project(400, 2, folder, seed=3)
    config = folder / "churnhealth.toml"
    config.write_text(config.read_text() + FEWER)
    registry = memory_registry(folder / "registry")
    workplace = replace(open_workplace(config), registry=registry, clock=lambda: NOW)
    with quickly():
        retrain(workplace, cutoff=QUARTERS[0])
    registry.set_champion("1")
    for day in QUARTERS:
        score(workplace, cutoff=day)
    for _ in range(2):
        first: TrainingRecord = registry.records[0]
        artifact = registry.download("1", folder / f"again-{len(registry.kept)}")
        registry.log_version(replace(first, artifact_folder=artifact))
    return folder, registry


@pytest.fixture
def vendor(vendor_template: tuple[Path, Any], tmp_path: Path, opening: dict[Path, Any]) -> World:
    template, registry = vendor_template
    folder = tmp_path / "vendor"
    shutil.copytree(template, folder)
    own = copy.copy(registry)
    own.folder, own.kept = folder / "registry", list(registry.kept)
    opening[folder.resolve()] = own
    project = wiring.open_workplace(folder / "churnhealth.toml")
    model = HealthModel.load(folder / "registry" / "1")

    def customers(day: dt.date) -> Any:
        problem = project.settings.problem
        panel = history_scoring_panel(project, list(model.feature_names_in_), problem, day)
        return panel.X.set_index(panel.customer_id)

    scores = project.warehouse.current_scores()
    known = scores[~scores["is_stale"] & scores["previous_cutoff"].notna()]
    riskiest = str(known["customer_id"].iloc[0])
    march, april = customers(QUARTERS[1]), customers(QUARTERS[2])
    names = {"project": project, "model": model, "champion": model}
    names |= {"march": march, "april": april, "customers": april}
    return World(folder, names, {"C1": riskiest, "CUSTOMER_ID": riskiest, "VERSION": "2"})


@pytest.fixture
def panel(tmp_path: Path, make_customers: Callable[..., Any], opening: dict[Path, Any]) -> World:
    """Customers in a file, as an own project begins."""
    frame, churned, _ = make_customers(400, seed=5)
    frame.insert(0, "customer_id", [f"C{at}" for at in range(len(frame))])
    frame.assign(churned=churned).to_csv(tmp_path / "customers.csv", index=False)
    return World(tmp_path, words={"CUSTOMER_ID": "C1", "VERSION": "1"})


@pytest.fixture
def nothing(tmp_path: Path) -> World:
    """An empty folder; what is fitted is fitted in earnest."""
    return World(tmp_path)
