"""The customers that the page holds: score and history, sub-scores, drivers, facts, contacts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from churnhealth.domain.health import BANDS
from churnhealth.domain.indicators import Indicator
from churnhealth.domain.units import with_unit
from churnhealth.explain.card_sentences import from_to
from churnhealth.explain.explanation import source_of
from churnhealth.explain.reasons import LANGUAGES, SENTENCE_ENDS
from churnhealth.jobs.card_day import CardDay
from churnhealth.jobs.report_advice import Advice
from churnhealth.jobs.report_people import PEOPLE_COLUMNS
from churnhealth.jobs.report_slice import ScoredSlice
from churnhealth.jobs.wiring import Workplace

Document = dict[str, Any]
FACT_GROUP = "contract"
MOST_HISTORY = 12
# Of the customers that the page holds, the share kept for those to grow.
EXPANSION_SHARE = 0.2


class Pool:
    """Texts by number, each once: customers share most of their sentences."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def number(self, text: object) -> int:
        """Return the number of a text; -1 for none."""
        if not isinstance(text, str):
            return -1
        return self.numbers.setdefault(text, len(self.numbers))

    @property
    def texts(self) -> list[str]:
        """Return the texts in the order of their numbers."""
        return list(self.numbers)


def chosen_customers(current: pd.DataFrame, most: int) -> pd.DataFrame:
    """Choose the customers that the page holds: those most in need, and the healthiest to grow.

    Parameters
    ----------
    current : DataFrame
        By need, as `report_slice.by_need` gives it.
    most : int
        At most so many, 1 or more. All of them where there are no more.
    """
    if len(current) <= most:
        return current
    fresh = current[~current["is_stale"].astype(bool)]
    if len(fresh) <= most:
        return current.head(most)
    grow = int(most * EXPANSION_SHARE)
    needy = fresh.head(most - grow)
    rest = fresh.iloc[most - grow :]
    green = rest[rest["health_band"] == "green"].nlargest(grow, ["health_score"])
    filled = rest.drop(green.index).head(grow - len(green))
    return pd.concat([needy, green, filled]).sort_index()


def customer_documents(
    workplace: Workplace,
    scored: ScoredSlice,
    chosen: pd.DataFrame,
    segments: pd.DataFrame,
    people: pd.DataFrame,
    contacts: pd.DataFrame,
    advice: Advice,
) -> Document:
    """Return the chosen customers as plain values for JSON, with the lists that they point into.

    Returns
    -------
    dict
        customers, texts, indicators ([name, English, Japanese, group number]), groups, dates.
    """
    writer = _Writer(workplace, scored, segments)
    ids = chosen["customer_id"].tolist()
    parts = {
        "h": writer.histories(ids),
        **writer.slices(chosen),
        "c": writer.contacts(contacts),
        "w": writer.helps(advice.lines),
        "y": writer.days(advice.days),
    }
    known = people[people["customer_id"].isin(ids)].set_index("customer_id")
    named = known[list(PEOPLE_COLUMNS[1:])].to_dict("index")
    here = segments[segments.index.isin(ids)].astype(object)
    levels = here.where(here.notna(), None).to_dict("index")
    rows = []
    for row in chosen.to_dict("records"):
        customer = str(row["customer_id"])
        about = named.get(customer, {})
        own = {key: found.get(customer, []) for key, found in parts.items()}
        told = levels.get(customer, {})
        segment = [writer.pool.number(told.get(name)) for name in segments.columns]
        rows.append(
            {**_score(row), "n": about.get("name"), "o": about.get("owner"), **own, "seg": segment}
        )
    return {"customers": rows, **writer.lists()}


def _score(row: dict[Any, Any]) -> Document:
    return {
        "id": str(row["customer_id"]),
        "s": _rounded(row["health_score"], 2),
        "p": _rounded(row["churn_probability"], 4),
        "b": BANDS.index(str(row["health_band"])),
        "r": int(row["risk_rank"]),
        "d": _rounded(row["health_score_change"], 1),
        "m": _rounded(row["mrr"], 2),
        "a": _rounded(row["mrr_at_risk"], 2),
        "base": _rounded(row["base_points"], 2),
        "st": bool(row["is_stale"]),
    }


def _without_points(reason: object, language: str) -> str | None:
    """Return a reason without its last sentence: the page shows the points beside it."""
    return reason.rsplit(SENTENCE_ENDS[language], 1)[0] if isinstance(reason, str) else None


def _rounded(value: Any, digits: int) -> float | None:
    return None if pd.isna(value) else round(float(value), digits)


class _Writer:
    """Writes the parts of the customers, and keeps the lists that they share."""

    def __init__(self, workplace: Workplace, scored: ScoredSlice, segments: pd.DataFrame) -> None:
        self.workplace, self.scored, self.segments = workplace, scored, segments
        self.pool, self.indicators, self.groups, self.dates = Pool(), Pool(), Pool(), Pool()

    def histories(self, ids: list[str]) -> dict[str, list[Any]]:
        """Each customer's scores, oldest first: [date, score, band]."""
        found = self.workplace.warehouse.histories_of(ids)
        zone = self.workplace.settings.problem.timezone
        days = found["cutoff"].dt.tz_convert(zone).dt.strftime("%Y-%m-%d")
        table = found.assign(day=days).groupby("customer_id", sort=False).head(MOST_HISTORY)
        lines: dict[str, list[Any]] = {}
        names = ["customer_id", "day", "health_score", "health_band"]
        for customer, day, score, band in table[names].to_numpy(dtype=object):
            point = [self.dates.number(day), _rounded(score, 1), BANDS.index(band)]
            lines.setdefault(str(customer), []).insert(0, point)
        return lines

    def slices(self, chosen: pd.DataFrame) -> dict[str, dict[str, list[Any]]]:
        """Sub-scores, drivers and facts, slice by slice."""
        found: dict[str, dict[str, list[Any]]] = {"g": {}, "x": {}, "f": {}}
        warehouse, most = self.workplace.warehouse, self.workplace.settings.scoring.drivers + 1
        for _, rows in chosen.groupby(["cutoff", "model_version"], sort=False):
            first = rows.iloc[0]
            key = (first["cutoff"].to_pydatetime(), str(first["model_version"]))
            ids = rows["customer_id"].tolist()
            found["g"] |= self._collected(warehouse.groups_of(*key, ids), self._groups)
            found["x"] |= self._collected(warehouse.drivers_of(*key, ids, most), self._drivers)
            found["f"] |= self._facts(warehouse.indicators_of(*key, ids))
        return found

    def contacts(self, contacts: pd.DataFrame) -> dict[str, list[Any]]:
        """The newest contacts: [local minute, kind, what, detail]."""
        lines: dict[str, list[Any]] = {}
        for row in contacts.itertuples(index=False):
            told = (self.pool.number(one) for one in (row.kind, row.what, row.detail))
            lines.setdefault(str(row.customer_id), []).append([f"{row.moment:%Y-%m-%d %H:%M}", *told])
        return lines

    def helps(self, lines: pd.DataFrame) -> dict[str, list[Any]]:
        """What would help: [indicator, from where to where in English, in Japanese, points]."""
        found: dict[str, list[Any]] = {}
        for row in lines.to_dict("records"):
            known = self._known(row["indicator"])
            told = (from_to(known, row["value"], row["target_value"], lang) for lang in LANGUAGES)
            name, words = self.indicators.number(known.name), map(self.pool.number, told)
            line = [name, *words, _rounded(row["gain_points"], 1)]
            found.setdefault(str(row["customer_id"]), []).append(line)
        return found

    def days(self, days: Mapping[str, CardDay]) -> dict[str, list[Any]]:
        """Since which day: the sentence in English and in Japanese."""
        return {
            customer: [self.pool.number(day.sentence(lang)) for lang in LANGUAGES]
            for customer, day in days.items()
        }

    def lists(self) -> Document:
        """Return what the numbers stand for."""
        catalogue = self.scored.catalogue
        known = {name: self._known(name) for name in self.indicators.texts}
        words = [
            [name, one.label("en"), one.label("ja"), self.groups.number(one.group)]
            for name, one in known.items()
        ]
        groups = [
            [name, catalogue.group_label(name, "en"), catalogue.group_label(name, "ja")]
            for name in self.groups.texts
        ]
        lists = {"texts": self.pool.texts, "indicators": words, "groups": groups}
        return {**lists, "dates": self.dates.texts}

    def _collected(self, table: pd.DataFrame, write: Any) -> dict[str, list[Any]]:
        lines: dict[str, list[Any]] = {}
        for customer, row in zip(table["customer_id"], write(table), strict=True):
            lines.setdefault(str(customer), []).append(row)
        return lines

    def _groups(self, table: pd.DataFrame) -> Iterator[list[Any]]:
        for row in table.itertuples(index=False):
            group = self.groups.number(str(row.indicator_group))
            yield [group, _rounded(row.points, 2), _rounded(row.sub_score, 1)]

    def _drivers(self, table: pd.DataFrame) -> Iterator[list[Any]]:
        for row in table.itertuples(index=False):
            told = {"en": row.reason_en, "ja": row.reason_ja}
            reasons = (self.pool.number(_without_points(told[lang], lang)) for lang in told)
            name = self.indicators.number(str(row.indicator))
            yield [name, _rounded(row.contribution_points, 2), *reasons]

    def _facts(self, stored: pd.DataFrame) -> dict[str, list[Any]]:
        """Contract facts and segments that are there: [indicator, English, Japanese]."""
        wanted = set(self.segments.columns)
        lines: dict[str, list[Any]] = {}
        for customer, text in zip(stored["customer_id"], stored["indicators"], strict=True):
            values = json.loads(text)
            told = [(name, self._known(name), value) for name, value in values.items()]
            lines[str(customer)] = [
                [
                    self.indicators.number(name),
                    *(self.pool.number(with_unit(value, one.unit, lang)) for lang in LANGUAGES),
                ]
                for name, one, value in told
                if value is not None and (one.group == FACT_GROUP or name in wanted)
            ]
        return lines

    def _known(self, name: str) -> Indicator:
        return self.scored.catalogue.get(source_of(name)) or Indicator(name)
