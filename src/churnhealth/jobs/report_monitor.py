"""What the report says of past scores and of warnings: checks, months, surprises, runs, gaps."""

from __future__ import annotations

from typing import Any

import pandas as pd

from churnhealth.domain.monitor_tables import (
    HEALTH_MONITOR_CHECKS,
    HEALTH_MONITOR_CUSTOMERS,
    HEALTH_MONITOR_DRIFT,
    HEALTH_MONITOR_PERIODS,
)
from churnhealth.errors import WarehouseError
from churnhealth.jobs.kpi_tables import plain_records
from churnhealth.jobs.report_slice import MOST_INDICATORS, ScoredSlice
from churnhealth.jobs.wiring import Workplace

Document = dict[str, Any]
MOST_MONTHS, MOST_SURPRISES = 13, 10
Sentences = dict[str, str]

CHECK_WORDS = ["check_name", "check_en", "check_ja", "reason_en", "reason_ja"]


def monitor_document(workplace: Workplace) -> Document:
    """Read what `monitor` found last; empty lists before it ever ran.

    Returns
    -------
    dict
        checks, months, surprises, drift: rows as plain values.
    """
    checks = _read(workplace, HEALTH_MONITOR_CHECKS.name)
    periods = _read(workplace, HEALTH_MONITOR_PERIODS.name)
    found = _read(workplace, HEALTH_MONITOR_CUSTOMERS.name)
    drift = _read(workplace, HEALTH_MONITOR_DRIFT.name)
    if len(periods):
        periods = periods[periods["period_kind"] == "month"].sort_values("period").tail(MOST_MONTHS)
    if len(found):
        worst = found.sort_values("mrr_at_risk", ascending=False, na_position="last")
        found = worst.groupby("finding", sort=False).head(MOST_SURPRISES)
    if len(drift):
        drift = drift[drift["verdict"] != "ok"].sort_values("psi", ascending=False)
    names = ["period", "customers", "churners", "predicted_churners", "churners_low", "churners_high"]
    return {
        "checks": _chosen(checks, [*CHECK_WORDS, "status"]),
        "months": _chosen(periods, [*names, "verdict"]),
        "surprises": _chosen(
            found, ["finding", "customer_id", "cutoff", "health_score", "reasons_en", "reasons_ja"]
        ),
        "drift": _chosen(drift, ["indicator", "psi", "verdict"]),
    }


def _read(workplace: Workplace, name: str) -> pd.DataFrame:
    try:
        return workplace.warehouse.read_table(workplace.settings.warehouse.prefix + name)
    except WarehouseError:
        # A warehouse that an older release prepared does not have the table.
        return pd.DataFrame()


def _chosen(table: pd.DataFrame, names: list[str]) -> list[Document]:
    return plain_records(table[names]) if len(table) else []


def warning_sentences(
    workplace: Workplace, scored: ScoredSlice, monitored: Document, embedded: int
) -> list[Sentences]:
    """Say what the reader should know before trusting the page."""
    fresh, told = scored.fresh, []
    total, stale = len(scored.current), len(scored.current) - len(scored.fresh)
    if embedded < total:
        told.append(_shown(embedded, total))
    if stale:
        told.append(_stale(stale))
    models = sorted({str(one) for one in scored.current["model_version"]}) if total else []
    if len(models) > 1:
        told.append(_models(models))
    if len(fresh) and fresh["mrr_at_risk"].isna().any():
        told.append(_without_mrr(int(fresh["mrr_at_risk"].isna().sum()), len(fresh)))
    if len(fresh) > MOST_INDICATORS:
        told.append(_sampled())
    due = [one["check_name"] for one in monitored["checks"] if one["status"] == "due"]
    if due:
        told.append(_due(due))
    return [*told, *_rejected(workplace, scored)]


def _said(english: str, japanese: str) -> Sentences:
    return {"en": english, "ja": japanese}


def _shown(embedded: int, total: int) -> Sentences:
    return _said(
        f"This page holds {embedded:,} of {total:,} customers: those most in need, and the healthiest "
        "to grow. Search and filters look at these; the portfolio counts everybody.",
        f"このページには全{total:,}社のうち{embedded:,}社（対応の優先度が高い顧客と、拡大が見込める"
        "顧客）が入っています。検索と絞り込みはこの範囲、ポートフォリオの集計は全顧客が対象です。",
    )


def _stale(stale: int) -> Sentences:
    return _said(
        f"{stale:,} customers have no score at the newest date; their last one is shown as old and "
        "counts in no total.",
        f"{stale:,}社には最新日のスコアがありません。以前のスコアを表示し、集計には含めません。",
    )


def _models(models: list[str]) -> Sentences:
    listed = ", ".join(models)
    return _said(
        f"Scores of several models are shown ({listed}): an older score by another model moved for two "
        "reasons, the customer and the model.",
        f"複数のモデル（{listed}）によるスコアが含まれます。モデルが変わった場合、スコアの変化には"
        "顧客の変化とモデルの変化の両方が含まれます。",
    )


def _without_mrr(count: int, total: int) -> Sentences:
    return _said(
        f"{count:,} of {total:,} customers have no known MRR; they count as nothing in MRR figures.",
        f"{total:,}社中{count:,}社はMRRが不明のため、MRRの集計に含まれません。",
    )


def _sampled() -> Sentences:
    return _said(
        f"Segments and data coverage are told of {MOST_INDICATORS:,} customers chosen by chance.",
        f"セグメントとデータの充足状況は、無作為に選んだ{MOST_INDICATORS:,}社の集計です。",
    )


def _due(checks: list[str]) -> Sentences:
    listed = ", ".join(checks)
    return _said(
        f"A retrain is due ({listed}): see Model and data.",
        f"モデルの再学習が必要です（{listed}）。「モデルとデータ」をご覧ください。",
    )


def _rejected(workplace: Workplace, scored: ScoredSlice) -> list[Sentences]:
    """Tell how many customers the newest finished run of the newest cutoff rejected."""
    if scored.slice is None:
        return []
    runs = workplace.warehouse.runs(200)
    here = (runs["job"] == "score") & runs["status"].isin(["completed", "unchanged"])
    here &= runs["cutoff"] == pd.Timestamp(scored.slice[0])
    rejected = runs.loc[here, "rows_rejected"].dropna()
    count = int(rejected.iloc[0]) if len(rejected) else 0
    if not count:
        return []
    return [
        _said(
            f"{count:,} rows could not be scored; health_rejects holds them with their reasons.",
            f"{count:,}行はスコアを算出できませんでした。理由はhealth_rejectsにあります。",
        )
    ]
