"""Drift before scoring: customers are counted in batches, then compared with the model's reference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from churnhealth.domain.monitor_words import DRIFT_WORDS, word
from churnhealth.errors import DriftError, listed
from churnhealth.estimator import HealthModel
from churnhealth.evaluate.checks import IntArray
from churnhealth.evaluate.drift import DRIFT_COLUMNS, DriftPolicy, drift_table
from churnhealth.evaluate.missing import coverage_warnings, missing_by_group
from churnhealth.evaluate.said import Said
from churnhealth.jobs.settings_monitor import DriftSettings
from churnhealth.model.columns import FloatArray, encode_table
from churnhealth.model.drift_reference import DriftReference

NO_REFERENCE = Said(
    "drift is not known: the model keeps no reference; retrain to make one",
    "変化は判定できません：モデルに学習時の分布がありません。再学習すると記録されます",
)
NOBODY = Said(
    "drift is not known: there is no customer to compare",
    "変化は判定できません：比べる顧客がいません",
)
UNKNOWN = "unknown"
MOST_NAMED = 5


@dataclass(frozen=True, eq=False)
class DriftReport:
    """What was found about the customers that are to be scored.

    Parameters
    ----------
    verdict : {"ok", "warn", "stop", "unknown"}
        As `DriftPolicy.overall` judges; "unknown" without a reference or a customer.
    customers : int
        Customers compared.
    indicators : DataFrame
        As `evaluate.drift.drift_table` makes it; no rows when unknown.
    groups : DataFrame
        As `evaluate.missing.missing_by_group` makes it; no rows when there is no customer.
    said : tuple of Said
        What people should know, in sentences; none when nothing drifted.
    """

    verdict: str
    customers: int
    indicators: pd.DataFrame
    groups: pd.DataFrame
    said: tuple[Said, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """What people should know, in English."""
        return tuple(one.en for one in self.said)

    @property
    def notes_ja(self) -> tuple[str, ...]:
        """What people should know, in Japanese."""
        return tuple(one.ja for one in self.said)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; what is no number becomes None."""
        drifted = self.indicators[self.indicators["verdict"] != "ok"]
        return {
            "verdict": self.verdict,
            "customers": self.customers,
            "indicators": _records(drifted),
            "groups": _records(self.groups),
            "notes": list(self.notes),
            "notes_ja": list(self.notes_ja),
        }


@dataclass(eq=False)
class DriftTally:
    """Counts customers into the cells of a model's reference; batches add up, memory does not.

    Parameters
    ----------
    model : HealthModel
        The model that scores them.
    policy : DriftPolicy
        Thresholds.
    """

    model: HealthModel
    policy: DriftPolicy = field(default_factory=DriftPolicy)
    customers: int = 0
    _counts: dict[str, IntArray] = field(default_factory=dict)
    _missing: dict[str, int] = field(default_factory=dict)

    def add(self, frame: pd.DataFrame, churn_probability: FloatArray | None = None) -> None:
        """Count a batch.

        Parameters
        ----------
        frame : DataFrame
            The indicators of the batch, as for scoring.
        churn_probability : ndarray, shape (n_customers,), optional
            Where the batch has been scored already; None: it is scored here.

        Raises
        ------
        SchemaError
            The columns are not the model's.
        """
        if frame.empty:
            return
        reference = self.model.drift_reference_
        for name, missing in frame.isna().sum().items():
            self._missing[str(name)] = self._missing.get(str(name), 0) + int(missing)
        self.customers += len(frame)
        if reference is None:
            return
        columns = self.model.model_.columns
        scored = self.model.churn_probability(frame) if churn_probability is None else churn_probability
        counted = reference.count(encode_table(frame, columns), columns, scored)
        for name, counts in counted.items():
            self._counts[name] = self._counts.get(name, np.zeros_like(counts)) + counts

    def report(self) -> DriftReport:
        """Compare what was counted so far with the reference."""
        reference = self.model.drift_reference_
        shares = {name: missing / self.customers for name, missing in self._missing.items()}
        groups = self._coverage(shares, reference)
        if reference is None or not self.customers:
            nothing = pd.DataFrame(columns=list(DRIFT_COLUMNS))
            note = NO_REFERENCE if reference is None else NOBODY
            return DriftReport(UNKNOWN, self.customers, nothing, groups, (note,))
        table = drift_table(reference, self._counts, self.model.catalogue_, self.policy)
        said = (*_notes(table), *coverage_warnings(groups))
        verdict = self.policy.overall(table)
        if verdict == "ok" and (groups["verdict"] == "warn").any():
            verdict = "warn"
        return DriftReport(verdict, self.customers, table, groups, said)

    def _coverage(self, shares: dict[str, float], reference: DriftReference | None) -> pd.DataFrame:
        return missing_by_group(
            shares,
            reference.missing if reference else {},
            self.model.catalogue_,
            (reference.customers if reference else 0, self.customers),
            warn_missing=self.policy.warn_missing,
        )


def check_drift(
    model: HealthModel, frame: pd.DataFrame, policy: DriftPolicy | None = None
) -> DriftReport:
    """Compare one table of customers with what a model was trained on.

    Parameters
    ----------
    model : HealthModel
        The model that will score them.
    frame : DataFrame
        Their indicators.
    policy : DriftPolicy, optional
        Thresholds; None: 0.1 and 0.25.

    Raises
    ------
    SchemaError
        The columns are not the model's.
    """
    tally = DriftTally(model, policy or DriftPolicy())
    tally.add(frame)
    return tally.report()


def stop_on_drift(report: DriftReport, settings: DriftSettings) -> None:
    """Stop where the configuration says so and the drift is that large.

    Raises
    ------
    DriftError
        With `action = "stop"` and the verdict "stop"; it names what drifted.
    """
    if settings.action == "stop" and report.verdict == "stop":
        raise DriftError(
            "\n".join(
                [
                    "the customers are too different from those that the model was trained on:",
                    *(f"  - {note}" for note in report.notes),
                    'Look at their sources; retrain; or score anyway: action = "warn" under [drift].',
                ]
            )
        )


def _notes(table: pd.DataFrame) -> Iterator[Said]:
    for verdict in ("stop", "warn"):
        found = table[table["verdict"] == verdict]
        if not len(found):
            continue
        told = [_named(row) for row in found.head(MOST_NAMED).to_dict("records")]
        rest = len(found) - MOST_NAMED
        yield Said(
            f"{word(DRIFT_WORDS, verdict, 'en')}: {', '.join(one.en for one in told)}"
            + (f" and {rest} more" if rest > 0 else ""),
            f"{word(DRIFT_WORDS, verdict, 'ja')}：{'、'.join(one.ja for one in told)}"
            + (f"、ほか{rest}件" if rest > 0 else ""),
        )
    excused = table.loc[table["note"] != "", "indicator"].tolist()
    if excused:
        yield Said(
            f"PSI above the threshold, but not more than chance among so few: {listed(excused)}",
            f"PSIはしきい値を超えますが、この件数では偶然の範囲です：{listed(excused)}",
        )


def _named(row: dict[Any, Any]) -> Said:
    """Name an indicator with its index and the reasons for it."""
    en, ja = [f"PSI {row['psi']:.2f}"], [f"PSI {row['psi']:.2f}"]
    if abs(row["missing_now"] - row["missing_reference"]) >= 0.05:
        en.append(f"missing {row['missing_reference']:.0%} then, {row['missing_now']:.0%} now")
        ja.append(f"欠損が学習時{row['missing_reference']:.0%}、現在{row['missing_now']:.0%}")
    if row["outside_now"] - row["outside_reference"] >= 0.05:
        en.append(f"{row['outside_now']:.0%} never seen or beyond the training range")
        ja.append(f"{row['outside_now']:.0%}が学習時の範囲外")
    return Said(f"{row['indicator']} ({'; '.join(en)})", f"{row['indicator']}（{'、'.join(ja)}）")


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {str(name): None if value != value else value for name, value in row.items()}
        for row in table.to_dict("records")
    ]
