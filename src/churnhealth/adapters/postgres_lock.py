"""Locks between processes, kept by the PostgreSQL server; they end with their holder's connection."""

from __future__ import annotations

import hashlib
import time
from typing import Any

from churnhealth.adapters.postgres_connection import run
from churnhealth.errors import WarehouseError

_PAUSE_SECONDS = 0.1
_HOLDER = """SELECT who.pid, who.application_name, who.usename, CAST(who.client_addr AS TEXT)
FROM pg_catalog.pg_locks AS held
INNER JOIN pg_catalog.pg_stat_activity AS who ON who.pid = held.pid
WHERE held.locktype = 'advisory' AND held.granted AND held.objsubid = 1
  AND held.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
  AND CAST(held.classid AS BIGINT) = ($1 >> 32) & 4294967295
  AND CAST(held.objid AS BIGINT) = $1 & 4294967295"""


def take_lock(
    connection: Any, name: str, what: str, wait_seconds: float, *, in_transaction: bool
) -> None:
    """Take an advisory lock; it lasts as long as the connection, or as the transaction.

    Parameters
    ----------
    connection : adbc_driver_manager.dbapi.Connection
        Who shall hold it.
    name : str
        Of the lock; locks of other names do not matter.
    what : str
        What is locked, for the error.
    wait_seconds : float
        How long to wait for another holder.
    in_transaction : bool
        Until the end of the transaction only?

    Raises
    ------
    WarehouseError
        When the deadline passes; names the holder's session.
    """
    key = _key(name)
    attempt = f"SELECT pg_try_advisory{'_xact' if in_transaction else ''}_lock($1)"
    deadline = time.monotonic() + wait_seconds
    while not run(connection, attempt, [key])[0][0]:
        if time.monotonic() >= deadline:
            raise WarehouseError(
                f"{what}: already in work by {_holder(connection, key)} (waited {wait_seconds:g} s). "
                "Wait until it has finished, or end that process."
            )
        time.sleep(_PAUSE_SECONDS)


def _key(name: str) -> int:
    digest = hashlib.sha256(f"churnhealth {name}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def _holder(connection: Any, key: int) -> str:
    found = run(connection, _HOLDER, [key])
    if not found:
        return "a session that has just ended"
    pid, application, user, address = found[0]
    return (
        f"{application or 'a session without a name'} (user {user}, from "
        f"{address or 'the same machine'}, session {pid} of the server)"
    )
