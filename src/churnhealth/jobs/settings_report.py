"""[report] of churnhealth.toml: which columns of the customers people read, beside the indicators."""

from __future__ import annotations

from churnhealth.jobs.settings_sections import Section, Text


class ReportSettings(Section):
    """[report]: columns of the panel, or of the customers table, with their name and their owner."""

    name: Text | None = None
    owner: Text | None = None
