"""One tree of errors: catch `ChurnHealthError` and you have caught them all.

Every message says what was expected, what came, where, and what to do about it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence


class ChurnHealthError(Exception):
    """Root of every error that churnhealth raises on purpose."""


class SchemaError(ChurnHealthError, ValueError):
    """A table does not keep its contract; the message lists all of its faults."""

    def __init__(self, table: str, faults: Sequence[str]) -> None:
        self.table = table
        self.faults = tuple(faults)
        head = f"{table}: {len(self.faults)} fault{'s' if len(self.faults) != 1 else ''}"
        super().__init__("\n".join([head, *(f"  - {fault}" for fault in self.faults)]))


class LeakageError(ChurnHealthError, ValueError):
    """Something from after the cutoff would reach the model."""


class NotEnoughDataError(ChurnHealthError, ValueError):
    """Too few customers or churners for an honest answer."""


class DriftError(ChurnHealthError, ValueError):
    """The customers are too different from those that the model was trained on."""


class ConfigError(ChurnHealthError):
    """The configuration cannot be used."""


class ArtifactError(ChurnHealthError):
    """A model folder is damaged, foreign, or of a version that this release cannot read."""


class WarehouseError(ChurnHealthError):
    """The warehouse cannot be read or written."""


class TrackingError(ChurnHealthError):
    """The experiment tracker or the model registry cannot be used."""


class MissingDependencyError(ChurnHealthError, ImportError):
    """An optional library is needed; the message names the extra that brings it."""


def nearest(name: str, known: Iterable[str], most: int = 1) -> str:
    """Return a hint such as `` (did you mean 'tenure'?)``, or nothing when no name is near.

    Examples
    --------
    >>> nearest("tenur", ["tenure", "plan"])
    " (did you mean 'tenure'?)"
    >>> nearest("T42", ["T041", "T042", "T142"], most=2)
    " (did you mean 'T142' or 'T042'?)"
    >>> nearest("xyz", ["tenure", "plan"])
    ''
    """
    close = difflib.get_close_matches(name, list(known), n=most, cutoff=0.6)
    return f" (did you mean {' or '.join(map(repr, close))}?)" if close else ""


def listed(names: Iterable[object], most: int = 8) -> str:
    """Write names in quotes, and how many more there are beyond `most`.

    Examples
    --------
    >>> listed(["a", "b", "c"], most=2)
    "'a', 'b' and 1 more"
    """
    shown = [repr(_short(name)) for name in names]
    rest = len(shown) - most
    return ", ".join(shown[:most]) + (f" and {rest} more" if rest > 0 else "")


def _short(name: object, most: int = 60) -> str:
    text = str(name)
    return text if len(text) <= most else text[: most - 1] + "…"
