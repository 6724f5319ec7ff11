"""The cohort filter: to whom a model applies, as a small expression that is kept as text.

Comparisons of an indicator or segment with a value, joined by "and", such as
`plan in ('Pro', 'Enterprise') and mrr >= 500`. A customer of whom a value is missing is in no cohort.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from churnhealth.errors import ConfigError, listed

OPERATORS = ("=", "!=", "<", "<=", ">", ">=", "in", "not in")
Value = str | float

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.])"
    r"|(?P<sign><=|>=|!=|<>|==|=|<|>|\(|\)|,)|(?P<word>[^\W\d][\w:.]*)|\"(?P<quoted>[^\"]+)\")"
)


@dataclass(frozen=True)
class Comparison:
    """One comparison of an indicator with a value, or with several for "in" and "not in".

    Parameters
    ----------
    column : str
        Name of the indicator or segment.
    sign : str
        One of `OPERATORS`.
    values : tuple of str or float
        One value; one or more for "in" and "not in".
    """

    column: str
    sign: str
    values: tuple[Value, ...]

    @property
    def text(self) -> str:
        """Return the comparison as it is written."""
        name = self.column if re.fullmatch(r"[^\W\d][\w:.]*", self.column) else f'"{self.column}"'
        written = [_written(one) for one in self.values]
        value = f"({', '.join(written)})" if self.sign.endswith("in") else written[0]
        return f"{name} {self.sign} {value}"


@dataclass(frozen=True)
class CohortFilter:
    """Comparisons that all hold; without any, everybody is in the cohort.

    Examples
    --------
    >>> cohort = CohortFilter.parse("mrr>=500 and plan in ('Pro')")
    >>> cohort.text
    "mrr >= 500 and plan in ('Pro')"
    >>> cohort.columns
    ('mrr', 'plan')
    """

    comparisons: tuple[Comparison, ...] = ()

    @classmethod
    def parse(cls, text: str) -> CohortFilter:
        """Read a filter; raise a `ConfigError` that shows where it cannot be understood."""
        return cls(tuple(_Reader(text).comparisons()))

    @property
    def text(self) -> str:
        """Return the filter in one fixed way of writing; `parse` reads it back."""
        return " and ".join(one.text for one in self.comparisons)

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns that are compared, each once."""
        return tuple(dict.fromkeys(one.column for one in self.comparisons))


def _written(value: Value) -> str:
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


class _Reader:
    """Reads the tokens of a filter from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[tuple[str, str]] = []
        place = 0
        while text[place:].strip():
            match = _TOKEN.match(text, place)
            if match is None or match.lastgroup is None:
                raise self._fault(f"cannot read {text[place:].strip()[:20]!r}")
            self.tokens.append((match.lastgroup, match[match.lastgroup]))
            place = match.end()
        self.place = 0

    def comparisons(self) -> Iterable[Comparison]:
        while self.place < len(self.tokens):
            yield self._comparison()
            if self.place < len(self.tokens):
                self._expect("and")
                if self.place == len(self.tokens):
                    raise self._fault("expected a comparison after 'and'")

    def _comparison(self) -> Comparison:
        kind, column = self._next("the name of a column")
        if kind not in ("word", "quoted"):
            raise self._fault(f"expected the name of a column, got {column!r}")
        sign = self._sign()
        values = self._several() if sign.endswith("in") else (self._value(),)
        return Comparison(column, sign, values)

    def _sign(self) -> str:
        _, sign = self._next("an operator")
        sign = {"==": "=", "<>": "!="}.get(sign, sign.lower())
        if sign == "not":
            self._expect("in")
            sign = "not in"
        if sign not in OPERATORS:
            raise self._fault(f"expected one of {listed(OPERATORS)}, got {sign!r}")
        return sign

    def _several(self) -> tuple[Value, ...]:
        self._expect("(")
        values = [self._value()]
        while self._next("',' or ')'")[1] == ",":
            values.append(self._value())
        self.place -= 1
        self._expect(")")
        return tuple(values)

    def _value(self) -> Value:
        kind, text = self._next("a value")
        if kind == "text":
            return text[1:-1].replace("''", "'")
        if kind == "number":
            return float(text)
        raise self._fault(f"expected a number or 'text' in single quotes, got {text!r}")

    def _expect(self, word: str) -> None:
        if self._next(repr(word))[1].lower() != word:
            raise self._fault(f"expected {word!r}, got {self.tokens[self.place - 1][1]!r}")

    def _next(self, expected: str) -> tuple[str, str]:
        if self.place == len(self.tokens):
            raise self._fault(f"expected {expected} at the end")
        self.place += 1
        return self.tokens[self.place - 1]

    def _fault(self, text: str) -> ConfigError:
        return ConfigError(
            f"cohort: {text} in {self.text!r}; write comparisons such as "
            "\"plan in ('Pro', 'Enterprise') and mrr >= 500\""
        )
