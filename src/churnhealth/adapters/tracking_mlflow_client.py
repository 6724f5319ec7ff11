"""Reach MLflow from inside somebody's process: quiet, without telemetry, its errors translated.

MLflow keeps its settings in the environment and in module globals. What is changed here for our calls
is put back after each of them; nothing here sets the process's tracking URI or ends its active run.
"""

from __future__ import annotations

import base64
import logging
import os
import re
import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote, urlsplit

from churnhealth.adapters.file_lock import file_lock
from churnhealth.errors import TrackingError, WarehouseError

LOCK_SECONDS = 120.0
_MUTED_LOGGERS = ("mlflow", "alembic", "sqlalchemy", "urllib3")

# In force while one of our calls runs. Without the first two a log would print a link for each run and
# bars for each download; with the third MLflow would copy a uv.lock of the working folder to the model.
_DURING_CALLS = {
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_UV_AUTO_DETECT": "false",
}
# By default MLflow tries for minutes to reach a server; what the user has set is kept.
_DURING_CALLS_UNLESS_SET = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_BACKOFF_JITTER": "0",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
}
_SECRET_VARIABLES = ("MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN")
_NAMED_SERVERS = ("databricks", "databricks-uc")

# What MLflow and the libraries below warn about in their own code, and nothing else.
_KNOWN_WARNINGS: tuple[tuple[str, type[Warning]], ...] = (
    # MLflow's own chat classes, while they are imported.
    (r".*type hint.* inferred as AnyType", UserWarning),
    # MLflow's tables under SQLAlchemy 2.1.
    (r"The ``noload`` loader strategy is deprecated", DeprecationWarning),
    # MLflow comparing an input example's column names with numbers under pandas 3.
    (r"Operation with range is deprecated", DeprecationWarning),
)


def masked(text: str) -> str:
    """Return a text in which no URI shows its user and password.

    Examples
    --------
    >>> masked("postgresql://ann:s3cret@db.example.com/mlflow")
    'postgresql://***@db.example.com/mlflow'
    >>> masked("https://example.com/mlflow?token=s3cret&page=1")
    'https://example.com/mlflow?token=***&page=1'
    """
    # Not after "///": that is the path of a file, which may hold an "@".
    hidden = re.sub(r"(?<=://)(?!/)\S*@", "***@", text)
    return re.sub(r"(?i)\b(\w*(?:password|token|secret|key))=[^&\s]+", r"\1=***", hidden)


def sqlite_uri(path: Path) -> str:
    """Return the tracking URI of an sqlite file, from its absolute path.

    Examples
    --------
    >>> sqlite_uri(Path("/srv/50% off/mlflow.db"))
    'sqlite:////srv/50%25 off/mlflow.db'
    """
    return "sqlite:///" + path.absolute().as_posix().replace("%", "%25").replace("?", "%3F")


def sqlite_path(uri: str) -> Path | None:
    """Return the file of a `sqlite:///` URI, None for any other URI.

    Examples
    --------
    >>> sqlite_path("sqlite:////srv/models/mlflow.db")
    PosixPath('/srv/models/mlflow.db')
    >>> sqlite_path("https://mlflow.example.com") is None
    True
    """
    if not uri.startswith("sqlite:"):
        return None
    name = unquote(uri.removeprefix("sqlite:///").partition("?")[0])
    if not uri.startswith("sqlite:///") or name in ("", ":memory:"):
        raise TrackingError(f"MLflow: expected sqlite:////absolute/path/mlflow.db, got {masked(uri)!r}")
    return Path(name)


def check_uri(uri: str) -> None:
    """Refuse an address that cannot be a tracking store.

    Raises
    ------
    TrackingError
        A folder or a `file:` URI: MLflow itself refuses its file store since 3.13.
    """
    if uri in _NAMED_SERVERS:
        return
    scheme = urlsplit(uri).scheme
    # One letter is the drive of a Windows path.
    if len(scheme) < 2 or scheme == "file":
        raise TrackingError(
            "MLflow: expected a tracking URI such as 'sqlite:////absolute/path/mlflow.db' or "
            f"'https://host:5000', got {masked(uri)!r}. A folder is MLflow's old file store, which "
            "MLflow does not support any more; name an sqlite file instead"
        )
    sqlite_path(uri)


def import_mlflow() -> ModuleType:
    """Import MLflow with its telemetry off; takes seconds the first time."""
    # The value must be "true"; MLflow does not count "1" as a yes to DO_NOT_TRACK.
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ["DO_NOT_TRACK"] = "true"
    with _known_warnings():
        import mlflow
        import mlflow.artifacts
        import mlflow.pyfunc
    return mlflow


@contextmanager
def talking(uri: str, doing: str) -> Iterator[ModuleType]:
    """Give the MLflow module for a few calls, quietly; turn its failures into a `TrackingError`.

    Parameters
    ----------
    uri : str
        The tracking URI; in messages without its credentials.
    doing : str
        What is done, as it follows "could not".
    """
    mlflow = import_mlflow()
    with ExitStack() as quiet:
        quiet.enter_context(_environment())
        quiet.enter_context(_known_warnings())
        quiet.enter_context(_muted())
        try:
            yield mlflow
        except _failures(mlflow) as error:
            # Where there are credentials, the causes may show them in a traceback.
            hidden = masked(uri) != uri or _secrets(uri)
            raise _translated(uri, doing, error) from (None if hidden else error)


def connect(mlflow: ModuleType, uri: str) -> Any:
    """Return an `MlflowClient` for the URI, the schema of an sqlite store being in place.

    Two writers that meet on a fresh sqlite file would both create its tables and one would die, so the
    first touch happens under a lock.
    """
    path = sqlite_path(uri)
    if path is None:
        return mlflow.MlflowClient(tracking_uri=uri, registry_uri=uri)
    with alone(uri):
        if path.exists():
            _check_sqlite(path)
        client = mlflow.MlflowClient(tracking_uri=uri, registry_uri=uri)
        client.search_experiments(max_results=1)
        client.search_registered_models(max_results=1)
    return client


def alone(uri: str) -> AbstractContextManager[None]:
    """Keep other processes out of an sqlite store for a few calls; a server cannot be locked."""
    path = sqlite_path(uri)
    if path is None:
        return nullcontext()
    if path.exists() and not os.access(path.parent, os.W_OK):
        return nullcontext()  # A read-only copy of a finished store: nobody creates tables in it.
    return file_lock(path.with_name(f"{path.name}.lock"), "the tables of MLflow's store", LOCK_SECONDS)


def _check_sqlite(path: Path) -> None:
    """Fail at once on a file that sqlite cannot read; MLflow would try for more than a minute."""
    reader = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        reader.execute("PRAGMA schema_version").fetchone()
    finally:
        reader.close()


@contextmanager
def _environment() -> Iterator[None]:
    """Set the environment for our calls and put it back."""
    unless_set = {key: val for key, val in _DURING_CALLS_UNLESS_SET.items() if key not in os.environ}
    ours = {**_DURING_CALLS, **unless_set}
    before = {key: os.environ.get(key) for key in ours}
    os.environ.update(ours)
    try:
        yield
    finally:
        for key, value in before.items():
            if value is None:
                os.environ.pop(key, None)
            else:
                os.environ[key] = value


@contextmanager
def _known_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        for message, category in _KNOWN_WARNINGS:
            warnings.filterwarnings("ignore", message, category)
        yield


@contextmanager
def _muted() -> Iterator[None]:
    """Keep MLflow's log lines off the terminal, unless the user asks for them by MLFLOW_LOGGING_LEVEL.

    Failures are not lost: they arrive as exceptions.
    """
    loggers = [logging.getLogger(name) for name in _MUTED_LOGGERS]
    before = [logger.level for logger in loggers]
    try:
        if "MLFLOW_LOGGING_LEVEL" not in os.environ:
            for logger in loggers:
                logger.setLevel(logging.CRITICAL + 1)
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


def _failures(mlflow: ModuleType) -> tuple[type[Exception], ...]:
    """Return what MLflow's calls raise: its own errors and those of the libraries below."""
    from alembic.util.exc import CommandError
    from sqlalchemy.exc import SQLAlchemyError

    return (
        mlflow.exceptions.MlflowException,
        SQLAlchemyError,
        CommandError,
        sqlite3.Error,
        OSError,  # also everything that requests raises
        ImportError,  # the driver of a database
        WarehouseError,  # from the lock
    )


def _translated(uri: str, doing: str, error: Exception) -> TrackingError:
    text = " ".join(str(error).split())
    for secret in sorted(_secrets(uri), key=len, reverse=True):
        text = text.replace(secret, "***")
    shown = masked(text)[:600].rstrip(". ")
    return TrackingError(
        f"MLflow at {masked(uri)}: could not {doing}: {shown}. {_advice(uri, text, error)}"
    )


def _secrets(uri: str) -> set[str]:
    """Return what a store must not be quoted with: passwords and tokens, also as they are sent."""
    parts = urlsplit(uri)
    written = {parts.password, *(os.environ.get(name) for name in _SECRET_VARIABLES)} - {None, ""}
    plain = {text for one in written if one is not None for text in (one, unquote(one))}
    users = {unquote(parts.username or ""), os.environ.get("MLFLOW_TRACKING_USERNAME", "")}
    pairs = [f"{user}:{one}" for user in users for one in plain]
    return plain | {base64.b64encode(pair.encode()).decode() for pair in pairs}


def _advice(uri: str, text: str, error: Exception) -> str:
    if "out-of-date database schema" in text or "locate revision" in text:
        return (
            "The store was written by another version of MLflow: keep a copy of it, then run "
            f"'mlflow db upgrade {masked(uri)}', or install the MLflow that wrote it"
        )
    if "No such artifact" in text:
        return "Its files were moved or deleted: put them back there, or use another version"
    if "file is not a database" in text:
        return "Expected an sqlite file there: name another path in the tracking URI, or move that file"
    if isinstance(error, ImportError):
        return "Install the database's driver into this environment"
    if sqlite_path(uri) is not None:
        return "Check that the file and its folder can be written, and that no other program holds them"
    return "Check the tracking URI in the configuration, that the server runs, and that it lets you in"
