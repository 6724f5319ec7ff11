"""What indicators are called in a picture: their labels, each its own, in either language."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from churnhealth.domain.indicators import Catalogue
from churnhealth.explain.attribution import MISSING_SUFFIX, SEGMENT_SUFFIX
from churnhealth.explain.change import BASE
from churnhealth.explain.explanation import ALL_OTHERS, source_of
from churnhealth.explain.waterfall import SCORE
from churnhealth.plots.theme import Look

_OWN = {BASE: "base", ALL_OTHERS: "all_others", SCORE: "score_itself"}


def indicator_names(names: Iterable[str], catalogue: Catalogue | None, look: Look) -> dict[str, str]:
    """Return what to call each column of points; two columns are never called the same.

    Parameters
    ----------
    names : iterable of str
        Indicators, `x:missing`, `x:segment`, "(base)", "(all others)", "(health score)".
    catalogue : Catalogue, optional
        Labels; without one, indicators keep their names.
    look : Look
        The language.
    """
    told = {name: _name(name, catalogue, look) for name in map(str, names)}
    often = Counter(told.values())
    return {name: one if often[one] == 1 else f"{one} [{name}]" for name, one in told.items()}


def group_name(name: str, catalogue: Catalogue | None, look: Look) -> str:
    """Return what to call an indicator group; its own name when nobody gave it any."""
    # A catalogue of groups alone is empty, and false.
    known = Catalogue() if catalogue is None else catalogue
    return known.group_label(name, look.language)


def _name(name: str, catalogue: Catalogue | None, look: Look) -> str:
    if name in _OWN:
        return look.word(_OWN[name])
    source = source_of(name)
    known = catalogue.get(source) if catalogue is not None else None
    label = known.label(look.language) if known else source
    if name.endswith(MISSING_SUFFIX):
        return look.word("missing", name=label)
    return look.word("segment", name=label) if name.endswith(SEGMENT_SUFFIX) else label
