"""Short connections to PostgreSQL through ADBC, and its errors in our words."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from churnhealth.adapters.postgres_address import PostgresAddress
from churnhealth.errors import MissingDependencyError, WarehouseError

# What PostgreSQL adds to an error about a value is the value, and that is somebody's data.
_ABOUT_VALUES = ("22", "23")
_ADVICE = {
    "lock timeout": "Another session holds the table. Wait until it has finished, then try again.",
    "permission denied": "Ask for the permission, or use another user or schema.",
    "read-only transaction": "Queries may only read.",
}
# The planner takes a named part of a query (newest versions, groups with a condition) for a single
# row, and would compute or read all of it again for every row that meets it. Hash joins bear that.
_READING = (
    "SELECT set_config('transaction_read_only', 'on', true), "
    "set_config('enable_nestloop', 'off', true), set_config('enable_mergejoin', 'off', true)"
)
_LOST = ("server closed the connection", "terminating connection", "no connection to the server")


def drivers() -> tuple[Any, Any]:
    """Import the driver when it is needed: ADBC's manager, and its part for PostgreSQL.

    Raises
    ------
    MissingDependencyError
        Names the extra that brings them.
    """
    try:
        import adbc_driver_manager.dbapi
        import adbc_driver_postgresql
    except ImportError as error:
        raise MissingDependencyError(
            "PostgreSQL needs the package adbc-driver-postgresql. "
            "Install it with: pip install 'churnhealth[postgres]'"
        ) from error
    return adbc_driver_manager, adbc_driver_postgresql


class PostgresDoor:
    """Opens short connections to one database.

    What the driver learns of the database's types is learned once: that is most of the time that
    opening a connection takes.

    Parameters
    ----------
    address : PostgresAddress
        Where the database is.
    wait_seconds : float
        How long to wait for the server, and for what other sessions hold.
    """

    def __init__(self, address: PostgresAddress, wait_seconds: float) -> None:
        self.address = address
        self.wait_seconds = wait_seconds
        self._database: Any = None

    @contextmanager
    def reading(self) -> Iterator[Any]:
        """Open a connection that cannot write and joins by hashing, for as long as the block runs.

        Raises
        ------
        WarehouseError
            The server is away or lets nobody in, or a statement of the block fails.
        """
        with self._opened(autocommit=False) as connection:
            run(connection, _READING)
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Any]:
        """Run the block in ONE transaction: all of it is committed at the end, or nothing.

        Raises
        ------
        WarehouseError
            As for `reading`, or another session holds a table until the deadline.
        """
        with self._opened(autocommit=False) as connection:
            yield connection
            # Only reached when nothing was raised; a connection closed before it rolls back.
            connection.commit()

    @contextmanager
    def holding(self) -> Iterator[Any]:
        """Open a connection outside of transactions, to hold a lock for long."""
        with self._opened(autocommit=True) as connection:
            run(
                connection,
                "SELECT set_config(name, '0', false) FROM pg_settings "
                "WHERE name = 'idle_session_timeout'",
            )
            yield connection

    @contextmanager
    def _opened(self, *, autocommit: bool) -> Iterator[Any]:
        manager, postgres = drivers()
        try:
            connection = self._connect(manager, postgres, autocommit=autocommit)
        except manager.Error as error:
            raise _unreachable(self.address, str(error)) from _cause(self.address, error)
        try:
            _set_up(connection, self.wait_seconds)
            yield connection
        except manager.Error as error:
            raise _failed(self.address, error) from _cause(self.address, error)
        finally:
            connection.close()

    def _connect(self, manager: Any, postgres: Any, *, autocommit: bool) -> Any:
        if self._database is None:
            self._database = postgres.connect(_with_timeout(self.address.uri, self.wait_seconds))
        own = manager.AdbcConnection(self._database)
        return manager.dbapi.Connection(_StaysOpen(), own, autocommit=autocommit)


class _StaysOpen:
    """Stands for the database in a connection, which closes its database when it is closed."""

    def close(self) -> None:
        """Do nothing."""


def run(connection: Any, statement: str, values: list[object] | None = None) -> list[tuple[Any, ...]]:
    """Run a statement with bound values; return its few rows, none when it returns nothing."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        found: list[tuple[Any, ...]] = cursor.fetchall() if cursor.description else []
        return found


def _set_up(connection: Any, wait_seconds: float) -> None:
    """Dates taken from instants must not depend on the server's zone; waiting for tables ends."""
    settings: list[object] = [f"{max(1, round(wait_seconds * 1000))}ms", application_name()]
    statement = (
        "SELECT set_config('TimeZone', 'UTC', false), set_config('lock_timeout', $1, false), "
        "set_config('application_name', $2, false)"
    )
    run(connection, statement, settings)


def application_name() -> str:
    """Say which process this is, to those who look at the server's sessions (63 bytes at most)."""
    text = f"churnhealth process {os.getpid()} on {socket.gethostname()}"
    return text.encode("ascii", "replace")[:63].decode("ascii")


def _with_timeout(uri: str, wait_seconds: float) -> str:
    if re.search(r"[?&]connect_timeout=", uri):
        return uri
    return f"{uri}{'&' if '?' in uri else '?'}connect_timeout={max(2, round(wait_seconds))}"


def _cause(address: PostgresAddress, error: Exception) -> Exception | None:
    """Show the driver's own error in a traceback only when it holds no secret."""
    return error if address.masked(str(error)) == str(error) else None


def _unreachable(address: PostgresAddress, message: str) -> WarehouseError:
    plain = " ".join(message.partition("Failed to connect: ")[2].split() or message.split())
    if "password" in plain or "authentication" in plain:
        advice = "Check user and password; PGPASSWORD or ~/.pgpass keep them out of the configuration."
    else:
        advice = "Check the address, and that the server runs and lets you in."
    return WarehouseError(address.masked(f"{address.place}: cannot connect: {plain}. {advice}"))


def _failed(address: PostgresAddress, error: Exception) -> WarehouseError:
    state = getattr(error, "sqlstate", None) or ""
    text = plain_message(str(error), state)
    if any(sign in text for sign in _LOST):
        text = f"the connection was lost ({text}). What was not committed is undone; run it again"
    advice = [advice for sign, advice in _ADVICE.items() if sign in text]
    return WarehouseError(address.masked(" ".join([f"{address.place}: {text}.", *advice])))


def plain_message(text: str, state: str) -> str:
    r"""Take the server's words out of the driver's message, without the statement and the data.

    Examples
    --------
    >>> said = "INTEGRITY: [libpq] Failed: ERROR:  duplicate key\nDETAIL:  Key (id)=(ann)"
    >>> plain_message(said + "\n. SQLSTATE: 23505", "23505")
    'duplicate key'
    """
    said = re.split(r"\b(?:ERROR|FATAL):\s+", text, maxsplit=1)[-1]
    said = re.split(r"\n\s*Query was:|\.\s+SQLSTATE:", said)[0]
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    if state[:2] in _ABOUT_VALUES:
        lines = [line for line in lines if not line.startswith(("DETAIL:", "CONTEXT:", "LINE ", "^"))]
    return "; ".join(line for line in lines if line != "^").rstrip(".")
