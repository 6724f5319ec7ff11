"""How pictures look: colours that the colour-blind can tell apart, letters, sizes; light and dark.

The colours are those of Okabe and Ito (2008, Color Universal Design). No picture relies on colour alone:
bands and verdicts also differ by place, shape or words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

from churnhealth.domain.health import BAND_LABELS, BANDS
from churnhealth.errors import SchemaError, listed, nearest
from churnhealth.plots.needed import alt
from churnhealth.plots.words import LANGUAGES, WORDS

THEMES = ("light", "dark")
# One that has both scripts comes first: a renderer without a browser takes any font for signs that the
# first one lacks. Then what machines without it have.
_LATIN, _JAPANESE = "Helvetica Neue, Arial", "Hiragino Sans, Yu Gothic, Meiryo"
FONTS = {
    "en": f"Noto Sans CJK JP, {_LATIN}, {_JAPANESE}, sans-serif",
    "ja": f"Noto Sans CJK JP, {_JAPANESE}, {_LATIN}, sans-serif",
}
WIDTH, HEIGHT = 520, 300
LONGEST = 60
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right")
BAND_SHAPES = {"green": "circle", "yellow": "triangle-up", "red": "diamond"}

_COLOURS = {
    "light": {
        "background": "#ffffff",
        "text": "#1a1a1a",
        "muted": "#5f6368",
        "grid": "#e3e5e8",
        "range": "#9aa0a6",
        "green": "#009e73",
        "yellow": "#f0e442",
        "red": "#d55e00",
        "raises": "#0072b2",
        "lowers": "#d55e00",
        "main": "#0072b2",
        "warning": "#d55e00",
    },
    "dark": {
        "background": "#1b1c1f",
        "text": "#f1f1f1",
        "muted": "#b4b8be",
        "grid": "#3a3c41",
        "range": "#80868d",
        "green": "#009e73",
        "yellow": "#f0e442",
        "red": "#d55e00",
        "raises": "#56b4e9",
        "lowers": "#e67a2e",
        "main": "#56b4e9",
        "warning": "#e67a2e",
    },
}
_SERIES = {
    "light": ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#1a1a1a"),
    "dark": ("#56b4e9", "#e67a2e", "#009e73", "#cc79a7", "#e69f00", "#f0e442", "#f1f1f1"),
}
# From little to much: one hue, so that the order is one of lightness and survives a grey print.
_RAMPS = {"light": ("#f4f8fb", "#7fb2dc", "#08457e"), "dark": ("#23303c", "#3f7fae", "#c4e6fb")}

Chart = TypeVar("Chart", bound="alt.Chart | alt.LayerChart | alt.VConcatChart | alt.HConcatChart")


@dataclass(frozen=True)
class Look:
    """Language and theme of one picture.

    Parameters
    ----------
    language : {"en", "ja"}
    theme : {"light", "dark"}

    Raises
    ------
    SchemaError
        Another language or theme.

    Examples
    --------
    >>> Look("ja", "light").word("health_score")
    '健全度（0〜100点）'
    """

    language: str
    theme: str

    def __post_init__(self) -> None:
        faults = [
            f"{name}: expected one of {listed(known)}, got {given!r}{nearest(str(given), known)}"
            for name, given, known in (
                ("language", self.language, LANGUAGES),
                ("theme", self.theme, THEMES),
            )
            if given not in known
        ]
        if faults:
            raise SchemaError("picture", faults)

    def word(self, key: str, **values: object) -> str:
        """Return words of `WORDS` in this language, with values put in."""
        return WORDS[key][LANGUAGES.index(self.language)].format(**values)

    def told(self, prefix: str, value: str) -> str:
        """Return the words for a value of a table, such as a verdict; the value where there are none."""
        key = f"{prefix}: {value}"
        return self.word(key) if key in WORDS else value

    def band(self, name: str) -> str:
        """Return the name of a band in this language."""
        return BAND_LABELS[self.language][name]

    @property
    def bands(self) -> list[str]:
        """Return the names of all bands in this language, from healthy to at risk."""
        return [self.band(name) for name in BANDS]

    def colour(self, name: str) -> str:
        """Return a colour by what it means."""
        return _COLOURS[self.theme][name]

    @property
    def series(self) -> list[str]:
        """Return colours of lines, each told apart from the others."""
        return list(_SERIES[self.theme])

    @property
    def ramp(self) -> list[str]:
        """Return colours from little to much."""
        return list(_RAMPS[self.theme])

    def ink(self, field: str, largest: float) -> Any:
        """Return letters for cells coloured by a field from 0 to `largest`: readable on each of them."""
        turns = {"light": 0.7, "dark": 0.5}[self.theme] * largest
        opposite = {"light": "#ffffff", "dark": "#10202c"}[self.theme]
        strong = f"isValid(datum.{field}) && datum.{field} > {turns!r}"
        return alt.condition(strong, alt.value(opposite), alt.value(self.colour("text")))

    @property
    def date_format(self) -> str:
        """Return how a day is written on an axis."""
        return "%Y/%-m/%-d" if self.language == "ja" else "%-d %b %Y"

    def dress(self, chart: Chart, title: str, *subtitle: str) -> Chart:
        """Give a finished picture its title, letters and colours."""
        lines = [shortened(line, 110) for line in subtitle if line]
        heading = alt.TitleParams(text=shortened(title, 90), subtitle=lines)
        told = ". ".join([title, *lines])
        dressed: Chart = chart.properties(title=heading, description=told).configure(**self._config())
        return dressed

    def _config(self) -> dict[str, Any]:
        text, muted, grid = (self.colour(name) for name in ("text", "muted", "grid"))
        words = {"labelColor": text, "titleColor": text, "labelFontSize": 12, "titleFontSize": 12}
        return {
            "background": self.colour("background"),
            "font": FONTS[self.language],
            "padding": 12,
            "view": {"stroke": None, "continuousWidth": WIDTH, "continuousHeight": HEIGHT},
            "title": {
                "anchor": "start",
                "frame": "group",
                "color": text,
                "fontSize": 15,
                "subtitleColor": muted,
                "subtitleFontSize": 12,
                "subtitlePadding": 5,
                "offset": 14,
            },
            "axis": {
                **words,
                "titleFontWeight": "normal",
                "titlePadding": 9,
                "labelLimit": 260,
                "gridColor": grid,
                "domainColor": muted,
                "tickColor": muted,
            },
            "axisXQuantitative": {"tickCount": 7},
            "legend": {**words, "labelLimit": 260, "titleFontWeight": "normal", "symbolSize": 90},
            "header": {**words, "titleFontWeight": "normal"},
            "text": {"color": text, "fontSize": 12},
        }


def shortened(text: object, most: int = LONGEST) -> str:
    """Return a text of at most so many signs, the end replaced by an ellipsis."""
    whole = str(text)
    return whole if len(whole) <= most else whole[: most - 1] + "…"
