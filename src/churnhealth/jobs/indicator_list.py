"""Which indicators a project has, and why others are left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from churnhealth.domain.catalogue import BUILT_IN, DeclaredIndicator
from churnhealth.domain.indicators import Catalogue
from churnhealth.domain.segments import Segment, Segments
from churnhealth.features.indicator_sql import computable
from churnhealth.features.segments_sql import computable_segments
from churnhealth.features.source_columns import present_columns
from churnhealth.jobs.sources import source_runner
from churnhealth.jobs.wiring import Workplace


@dataclass(frozen=True)
class IndicatorList:
    """The indicators of a project.

    Parameters
    ----------
    catalogue : Catalogue
        Those that can be computed, in order.
    measures : mapping of str to str
        What each is computed from; empty for those of a panel.
    notes : tuple of str
        Why others are left out.
    own : frozenset of str
        Those that the user declared.
    """

    catalogue: Catalogue
    measures: dict[str, str]
    notes: tuple[str, ...] = ()
    own: frozenset[str] = frozenset()

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "indicators": [
                {
                    **{key: value for key, value in asdict(one).items() if key != "computed"},
                    "measure": self.measures.get(one.name, ""),
                    "own": one.name in self.own,
                }
                for one in self.catalogue.values()
            ],
            "notes": list(self.notes),
        }


def built_in_indicators() -> IndicatorList:
    """Return the built-in catalogue, whatever tables a project has."""
    return _listed(BUILT_IN, Segments().declared)


def list_indicators(workplace: Workplace) -> IndicatorList:
    """Return the indicators that the tables of a project can give.

    Raises
    ------
    SchemaError, WarehouseError
        A source, or a column that the configuration names, is not there.
    """
    settings = workplace.settings
    if not settings.is_history:
        return IndicatorList(settings.catalogue, {})
    runner = source_runner(settings, workplace.warehouse)
    declared, segments = settings.declarations, settings.problem.segments
    history = present_columns(settings.history, runner)
    possible = computable(history, declared.used)
    given, notes = computable_segments(history, segments)
    used = {one.name for one in declared.used}
    unused = [one.name for one in declared.built_in if one.name not in used]
    chosen = (f"left out by [catalogue]: {', '.join(unused)}",) if unused else ()
    listed = _listed(possible.indicators, given, (*possible.notes, *notes, *chosen))
    own = frozenset(one.name for one in declared.own)
    catalogue = Catalogue(listed.catalogue.indicators, settings.catalogue.group_labels)
    return replace(listed, catalogue=catalogue, own=own)


def _listed(
    declared: Sequence[DeclaredIndicator], segments: Sequence[Segment], notes: tuple[str, ...] = ()
) -> IndicatorList:
    measures = {one.name: one.measure.words for one in declared}
    measures |= {one.name: f"segment by {', '.join((*one.needs, *one.uses))}" for one in segments}
    indicators = (*(one.indicator for one in declared), *(one.indicator for one in segments))
    return IndicatorList(Catalogue(indicators), measures, notes)
