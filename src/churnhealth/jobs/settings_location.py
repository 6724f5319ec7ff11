"""Where something is: a file or a URI, relative to the configuration, with secrets kept out of sight."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote

from churnhealth.adapters.tracking_mlflow_client import sqlite_uri
from churnhealth.errors import ConfigError

FROM_ENVIRONMENT = "env:"

# Names that MLflow takes for a tracking server though they look like a file.
_NAMED_SERVERS = frozenset({"databricks", "databricks-uc"})
_SQLITE = "sqlite:///"
_PASSWORD = re.compile(
    r"://[^\s@/:]*:(?!\d+(?:/|$))[^\s@]+@"
    r"|(?i:\b(?:password|passwd|pwd|sslpassword|secret|token|api_?key|access_?key))\s*=\s*\S"
)


class Location:
    """A file or a URI. Its text is what may be shown; `value` is what may be used.

    Parameters
    ----------
    value : str
        Absolute path or URI; may hold a password.
    shown : str, optional
        What stands for it in messages, logs and reprs; the value itself when None.

    Examples
    --------
    >>> place = Location("postgresql://me:secret@host/db", shown="env:WAREHOUSE")
    >>> place, str(place)
    (Location('env:WAREHOUSE'), 'env:WAREHOUSE')
    """

    __slots__ = ("_shown", "_value")

    def __init__(self, value: str, shown: str | None = None) -> None:
        self._value = value
        self._shown = value if shown is None else shown

    @property
    def value(self) -> str:
        """The path or URI itself."""
        return self._value

    @property
    def is_uri(self) -> bool:
        """Does it name a server or a database by URI, not a file?"""
        return "://" in self._value or self._value in _NAMED_SERVERS

    @property
    def file(self) -> Path:
        """The file; ConfigError when it is a URI."""
        if self.is_uri:
            raise ConfigError(f"expected a file, got the URI {self}")
        return Path(self._value)

    def __str__(self) -> str:
        return self._shown

    def __repr__(self) -> str:
        return f"Location({self._shown!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Location) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)


def locate(written: str, folder: Path, environ: Mapping[str, str]) -> Location:
    """Read a location as it stands in churnhealth.toml.

    Parameters
    ----------
    written : str
        A path (relative ones start at `folder`), a URI, or "env:NAME" for the value of the
        environment variable NAME.
    folder : Path
        The folder of the configuration file.
    environ : mapping of str to str
        The environment.

    Returns
    -------
    Location

    Raises
    ------
    ValueError
        The variable is not set, or a password is written out. The message shows no value.
    """
    if not written.startswith(FROM_ENVIRONMENT):
        if _PASSWORD.search(written):
            raise ValueError(
                'a password does not belong in this file; write "env:NAME" here and put the whole text '
                "into the environment variable NAME"
            )
        return Location(_absolute(written, folder))
    name = written.removeprefix(FROM_ENVIRONMENT)
    if not environ.get(name):
        raise ValueError(f"the environment variable {name!r} is not set; set it, or write a path or URI")
    return Location(_absolute(environ[name], folder), shown=written)


def absolute_path(written: str, folder: Path) -> Path:
    """Return a path; a relative one starts at `folder`, and `~` is the user's home."""
    return folder / Path(written).expanduser()


def _absolute(written: str, folder: Path) -> str:
    if written.startswith(_SQLITE) and not written.startswith(f"{_SQLITE}:"):
        return sqlite_uri(absolute_path(unquote(written.removeprefix(_SQLITE)), folder))
    if "://" in written or written in _NAMED_SERVERS:
        return written
    return str(absolute_path(written, folder))
