"""How a fitted `HealthModel` shows itself: what it learned from, what it chose and why, its bands."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pandas as pd

from churnhealth.domain.health import HealthBands
from churnhealth.domain.html import html_card, html_line, html_list
from churnhealth.domain.table_text import html_table, text_table
from churnhealth.estimator_files import Kept


class Shown(Kept):
    """A model that shows itself in a notebook and in the terminal; unfitted, as scikit-learn does."""

    label_known_through_: pd.Timestamp | None

    def __str__(self) -> str:
        """Say what was learned, in plain text."""
        if not hasattr(self, "model_"):
            return repr(self)
        tables = (f"{title}\n\n{text_table(table)}" for title, table in self._tables())
        return "\n\n".join([repr(self), "\n".join(self._sentences()), *tables])

    def _html_repr(self) -> str:
        """Return what a notebook shows: scikit-learn's diagram, or, once fitted, a card."""
        if not hasattr(self, "model_"):
            diagram: str = super()._html_repr()
            return diagram
        tables = (html_table(table, title) for title, table in self._tables())
        return html_card(
            type(self).__name__, html_list(self._sentences()), *tables, html_line(repr(self), soft=True)
        )

    def _sentences(self) -> list[str]:
        told, share = self.model_.summary, self.model_.base_rate
        rows, churners, customers = (int(told[one]) for one in ("rows", "churners", "customers"))
        of = "" if customers == rows else f" of {customers:,} customers"
        said = [
            f"Learned from {rows:,} rows{of}; {churners:,} churned: base rate {share:.3f}.",
            f"Rung: {told['rung']}. {told['reason']}",
            f"Calibrator: {told['calibrator']}.",
        ]
        if self.label_known_through_ is not None:
            said.append(f"Labels known through {self.label_known_through_:%Y-%m-%d %H:%M} UTC.")
        return said

    def _tables(self) -> list[tuple[str, pd.DataFrame]]:
        tables = [
            ("Members of the stack", _members(self.model_.summary)),
            ("Out-of-fold log loss (nats)", _losses(self.model_.summary)),
            ("Health bands", _bands(self.bands_)),
            ("Indicators", self._indicators()),
        ]
        return [(title, table) for title, table in tables if len(table)]

    def _indicators(self) -> pd.DataFrame:
        groups = Counter(one.group for one in self.catalogue_.indicators)
        return pd.DataFrame({"indicator_group": list(groups), "indicators": list(groups.values())})


def _members(summary: dict[str, Any]) -> pd.DataFrame:
    weights = summary["weights"]
    return pd.DataFrame(
        {
            "member": list(weights),
            "weight": [float(one) for one in weights.values()],
            "leaves": [int(summary["leaves"].get(one, 0)) for one in weights],
        }
    )


def _losses(summary: dict[str, Any]) -> pd.DataFrame:
    losses = summary["out_of_fold_log_loss"]
    return pd.DataFrame({"rung": list(losses), "log_loss": [float(one) for one in losses.values()]})


def _bands(bands: HealthBands) -> pd.DataFrame:
    lowest = (0.0, bands.yellow, bands.red)
    return pd.DataFrame(
        {
            "health_band": ["green", "yellow", "red"],
            "churn_probability_from": list(lowest),
            "health_score_up_to": [f"{100.0 * (1.0 - one):.1f}" for one in lowest],
        }
    )
