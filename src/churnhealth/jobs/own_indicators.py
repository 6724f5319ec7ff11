"""From [indicators.*], [groups.*] and [catalogue] to the declared indicators of a history."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from churnhealth.domain.catalogue import BUILT_IN, DeclaredIndicator, Derived
from churnhealth.domain.indicators import GROUP_LABELS, Indicator
from churnhealth.domain.measures import Measure
from churnhealth.domain.sql_measure import SqlMeasure
from churnhealth.errors import ChurnHealthError, ConfigError, listed, nearest
from churnhealth.features.expressions import check_indicator_sql
from churnhealth.features.indicator_sql import is_category
from churnhealth.features.own_measures import sql_measure
from churnhealth.jobs.settings_errors import dotted
from churnhealth.jobs.settings_sections import CatalogueSettings, IndicatorSettings

_BUILT_IN = {one.name: one for one in BUILT_IN}
_BUILT_IN_GROUPS = tuple(dict.fromkeys(one.indicator.group for one in BUILT_IN))
_HOW = "table and kind, or table and sql, or sql over other indicators"
_RESERVED = ("customer_id", "cutoff")


@dataclass(frozen=True)
class Declarations:
    """The indicators that a project with a history declares.

    Attributes
    ----------
    built_in : tuple of DeclaredIndicator
        The whole built-in catalogue, with the words that the user gave.
    own : tuple of DeclaredIndicator
        The user's own, in the order of the file.
    used : tuple of DeclaredIndicator
        What models are trained on: the built-in ones that [catalogue] keeps, then the user's own.
    """

    built_in: tuple[DeclaredIndicator, ...]
    own: tuple[DeclaredIndicator, ...]
    used: tuple[DeclaredIndicator, ...]

    @property
    def known(self) -> tuple[DeclaredIndicator, ...]:
        """Return all that can be computed by name, used or not."""
        return (*self.built_in, *self.own)


def declarations(
    sections: Mapping[str, IndicatorSettings],
    groups: Sequence[str],
    chosen: CatalogueSettings,
    extra: Mapping[str, Sequence[str]],
) -> Declarations:
    """Build and check every indicator of a project with a history.

    Parameters
    ----------
    sections : mapping of str to IndicatorSettings
        [indicators.*] by name: new words for a built-in indicator, or a declaration of the user's own.
    groups : sequence of str
        The groups declared under [groups.*].
    chosen : CatalogueSettings
        Which built-in indicators are used.
    extra : mapping of str to sequence of str
        The user's own columns, by history table.

    Raises
    ------
    ConfigError
        All faults of all declarations, one a line.
    """
    reader = _Reader(sections, (*GROUP_LABELS, *groups), extra)
    built_in = tuple(reader.relabelled(one) for one in BUILT_IN)
    own = tuple(one for name in sections if (one := reader.own(name)) is not None)
    faults = [*reader.faults, *_choice_faults(chosen)]
    used = (*(one for one in built_in if _is_used(one, chosen)), *own)
    if not used and not faults:
        faults = ["catalogue: it leaves no indicator; include some, or declare your own"]
    if faults:
        raise ConfigError("\n".join(faults))
    return Declarations(built_in, own, used)


def _is_used(one: DeclaredIndicator, chosen: CatalogueSettings) -> bool:
    words = {one.name, _BUILT_IN[one.name].indicator.group}
    return (chosen.include is None or bool(words & set(chosen.include))) and not (
        words & set(chosen.exclude)
    )


def _choice_faults(chosen: CatalogueSettings) -> list[str]:
    known = (*_BUILT_IN_GROUPS, *_BUILT_IN)
    return [
        f"catalogue.{key}: no built-in indicator or group is called {listed([word])}"
        f"{nearest(word, known)}; groups are {listed(_BUILT_IN_GROUPS, 20)}, "
        "`churnhealth indicators --built-in` lists the indicators"
        for key, words in (("include", chosen.include or ()), ("exclude", chosen.exclude))
        for word in words
        if word not in known
    ]


class _Reader:
    """Reads the sections one by one, gathers what is wrong, and follows references."""

    def __init__(
        self,
        sections: Mapping[str, IndicatorSettings],
        groups: Sequence[str],
        extra: Mapping[str, Sequence[str]],
    ) -> None:
        self.sections, self.groups, self.extra = sections, groups, extra
        self.faults: list[str] = []
        self.made: dict[str, DeclaredIndicator | None] = {}
        self.path: list[str] = []

    def relabelled(self, one: DeclaredIndicator) -> DeclaredIndicator:
        """Return a built-in indicator with the words that the file gives it."""
        section = self.sections.get(one.name)
        if section is None or section.declares:
            return one
        return DeclaredIndicator(replace(one.indicator, **section.words_set()), one.measure)

    def own(self, name: str) -> DeclaredIndicator | None:
        """Return the user's own indicator; None when it has faults, or only relabels a built-in one."""
        if name not in self.made:
            self.path.append(name)
            self.made[name] = self._read(name)
            self.path.pop()
        return self.made[name]

    def _read(self, name: str) -> DeclaredIndicator | None:
        section, before = self.sections[name], len(self.faults)
        self._check_name(name, section)
        self._check_group(name, section)
        if not section.declares or len(self.faults) > before:
            return None
        try:
            measure = self._measure(section)
        except ChurnHealthError as error:
            self._fault(name, str(error))
            return None
        return DeclaredIndicator(Indicator(name, **section.words()), measure)

    def _check_name(self, name: str, section: IndicatorSettings) -> None:
        if name in _BUILT_IN:
            if section.declares:
                self._fault(name, "a built-in indicator has this name; give yours another one")
        elif not section.declares:
            hint = nearest(name, _BUILT_IN)
            self._fault(name, f"no built-in indicator has this name{hint}; to declare it, give {_HOW}")
        elif name in _RESERVED or not re.fullmatch("[a-z][a-z0-9_]{0,62}", name):
            self._fault(name, "expected a name of small letters, digits and _ (label_ja is free)")

    def _check_group(self, name: str, section: IndicatorSettings) -> None:
        if section.group not in self.groups:
            self._fault(
                name,
                f"no group is called {listed([section.group])}{nearest(section.group, self.groups)}; "
                f"there are {listed(self.groups, 30)}; declare it under "
                f"[{dotted(['groups', section.group])}]",
            )

    def _measure(self, section: IndicatorSettings) -> Measure | SqlMeasure | Derived:
        where = tuple(section.where.items())
        if section.kind is not None and section.sql is not None:
            raise ConfigError("expected kind or sql, got both")
        if section.sql is None:
            if section.table is None or section.kind is None:
                raise ConfigError(f"expected {_HOW}")
            return Measure(
                section.table,
                section.kind,
                section.window,
                section.column,
                section.date,
                section.until,
                where,
            )
        unused = ["column", "until"] if section.table is not None else list(section.rows_keys)
        given = [key for key in unused if key in section.model_fields_set]
        if given:
            raise ConfigError(f"sql has no use for {listed(given)}")
        if section.table is None:
            return self._derived(section.sql)
        extra = tuple(self.extra.get(section.table, ()))
        return sql_measure(
            section.table,
            section.sql,
            window=section.window,
            date=section.date,
            where=where,
            extra=extra,
        )

    def _derived(self, sql: str) -> Derived:
        own = [name for name, section in self.sections.items() if section.declares]
        names = dict.fromkeys((*_BUILT_IN, *own), "")
        read = check_indicator_sql(sql, names).columns
        of = tuple(self._referred(name) for name in read)
        kinds = {one.name: "string" if is_category(one) else "double" for one in of}
        return Derived(check_indicator_sql(sql, kinds).sql, of)

    def _referred(self, name: str) -> DeclaredIndicator:
        if name in _BUILT_IN:
            return _BUILT_IN[name]
        if name in self.path:
            circle = [*self.path[self.path.index(name) :], name]
            raise ConfigError(f"it refers to itself: {' -> '.join(circle)}")
        found = self.own(name)
        if found is None:
            raise ConfigError(f"it refers to {name!r}, which has faults")
        return found

    def _fault(self, name: str, text: str) -> None:
        self.faults.append(f"{dotted(['indicators', name])}: {text}")
