"""The report: one HTML file of the scores published last, for people in customer success."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from churnhealth.domain.health import BANDS
from churnhealth.errors import ChurnHealthError, ConfigError
from churnhealth.jobs.init_project import write_text
from churnhealth.jobs.kpi import kpi
from churnhealth.jobs.kpi_words import GUIDE_WORDS, KPI_LABELS
from churnhealth.jobs.report_advice import report_advice
from churnhealth.jobs.report_customers import chosen_customers, customer_documents
from churnhealth.jobs.report_model import coverage_document, model_document
from churnhealth.jobs.report_monitor import monitor_document, warning_sentences
from churnhealth.jobs.report_people import customer_people, has_contacts, last_contacts
from churnhealth.jobs.report_portfolio import portfolio
from churnhealth.jobs.report_slice import MRR_SIZE, ScoredSlice, read_slice, segments_of
from churnhealth.jobs.wiring import Workplace
from churnhealth.report.page import Page, render_page

Document = dict[str, Any]
STAGES = 6
CUSTOMERS = 1_000
FILE_NAME = "health-report.html"


@dataclass(frozen=True)
class ReportResult:
    """What was written.

    Parameters
    ----------
    path : Path
        The file.
    size : int
        Its bytes.
    customers, embedded : int
        Customers with a score, and how many of them the page holds.
    notes : tuple of dict
        What the page warns of, by language.
    """

    path: Path
    size: int
    customers: int
    embedded: int
    notes: tuple[dict[str, str], ...]

    def to_dict(self) -> Document:
        """Return plain values for JSON."""
        return {**vars(self), "path": str(self.path), "notes": list(self.notes)}


def write_report(
    workplace: Workplace,
    *,
    out: Path | None = None,
    language: str | None = None,
    customers: int = CUSTOMERS,
) -> ReportResult:
    """Write the report; an older one is replaced only when the new one is whole.

    Parameters
    ----------
    workplace : Workplace
        As `open_workplace` gives it. Nothing is written to its warehouse.
    out : Path, optional
        The file; None: `health-report.html` in the project's folder.
    language : {"en", "ja"}, optional
        In which the page opens; readers can switch. None: the project's.
    customers : int
        At most so many customers stand in the page; totals are those of all.

    Returns
    -------
    ReportResult

    Raises
    ------
    ConfigError
        A column that [report] names is not there; fewer customers than 1; the file cannot be written.
    WarehouseError
        Nothing was scored yet, or the warehouse cannot be read.
    """
    if customers < 1:
        raise ConfigError(f"customers: expected 1 or more, got {customers}")
    path = out or workplace.settings.folder / FILE_NAME
    document, card = report_document(workplace, customers)
    workplace.progress("writing the page")
    chosen = language or workplace.settings.project.language
    text = render_page(Page(workplace.settings.project.name, chosen, document, card))
    write_text(path, text)
    meta = document["meta"]
    return ReportResult(
        path, path.stat().st_size, meta["total"], meta["embedded"], tuple(document["warnings"])
    )


def report_document(workplace: Workplace, most: int) -> tuple[Document, str]:
    """Gather everything that the page shows.

    Returns
    -------
    document : dict
        Plain values for JSON.
    card : str
        The model card, Markdown.
    """
    workplace.progress("reading the scores")
    scored = read_slice(workplace)
    declared = workplace.settings.panel_settings.segments if workplace.settings.panel_settings else ()
    segments = segments_of(scored, tuple(declared))
    chosen = chosen_customers(scored.current, most)
    workplace.progress("reading customers and contacts")
    people, problems = customer_people(workplace), []
    ids = chosen["customer_id"].tolist()
    contacts = last_contacts(workplace, ids)
    workplace.progress("reading the model")
    facts, card, more = model_document(workplace, scored)
    workplace.progress("working out what would help, and since when")
    advice = report_advice(workplace, scored, chosen, with_model=facts["trained_at"] is not None)
    rows = customer_documents(workplace, scored, chosen, segments, people, contacts, advice)
    workplace.progress("working out the key figures")
    try:
        figures = kpi(workplace).to_dict()
    except ChurnHealthError as error:
        figures, problems = None, [str(error)]
    monitored = monitor_document(workplace)
    warnings = warning_sentences(workplace, scored, monitored, len(chosen))
    told = dict.fromkeys((*problems, *more, *advice.problems))
    warnings += [{"en": problem, "ja": problem} for problem in told]
    document = {
        "meta": _meta(workplace, scored, len(chosen)),
        "portfolio": portfolio(workplace, scored, segments),
        **rows,
        "segments": [[name, *_segment_labels(scored, name)] for name in segments.columns],
        "kpi": figures,
        "kpi_labels": KPI_LABELS,
        "guide_words": GUIDE_WORDS,
        "model": facts,
        "coverage": coverage_document(scored),
        "monitor": monitored,
        "warnings": warnings,
    }
    return document, card


def _meta(workplace: Workplace, scored: ScoredSlice, embedded: int) -> Document:
    zone = workplace.settings.problem.zone
    currencies = sorted({str(one) for one in scored.current["currency"].dropna()})
    cutoff = None if scored.slice is None else scored.slice[0].astimezone(zone)
    return {
        "project": workplace.settings.project.name,
        "timezone": workplace.settings.project.timezone,
        "made_at": f"{workplace.clock().astimezone(zone):%Y-%m-%d %H:%M}",
        "cutoff": None if cutoff is None else f"{cutoff:%Y-%m-%d}",
        "currency": currencies[0] if len(currencies) == 1 else None,
        "bands": list(BANDS),
        "embedded": embedded,
        "total": len(scored.current),
        "contacts": has_contacts(workplace.settings),
    }


def _segment_labels(scored: ScoredSlice, name: str) -> tuple[str, str]:
    if name == MRR_SIZE:
        return "MRR (thirds)", "MRR規模（3分割）"
    known = scored.catalogue[name]
    return known.label("en"), known.label("ja")
