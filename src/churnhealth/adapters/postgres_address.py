"""A PostgreSQL URI, taken apart so that its password is never shown."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote

from churnhealth.errors import WarehouseError

SCHEMES = ("postgresql://", "postgres://")
_URI = re.compile(
    r"postgres(?:ql)?://"
    r"(?:(?P<user>[^:@/?#\s]*)(?::(?P<password>[^:@/?#\s]*))?@)?"
    r"(?P<hosts>[^@/?#\s]*)(?:/(?P<database>[^@/?#\s]*))?(?:\?(?P<options>[^@#\s]*))?"
)
_SECRET_OPTIONS = ("password", "sslpassword", "oauth_client_secret")
_HIDDEN = "***"


@dataclass(frozen=True)
class PostgresAddress:
    """Where a PostgreSQL database is, and how to get in.

    Parameters
    ----------
    uri : str
        As libpq reads it. Not shown by `repr`, as it may carry a password.
    place : str
        Server and database, for messages.
    secrets : tuple of str
        Texts that no message may hold.
    """

    uri: str = field(repr=False)
    place: str
    secrets: tuple[str, ...] = field(repr=False)

    def masked(self, text: str) -> str:
        """Replace every secret in a text by asterisks.

        Examples
        --------
        >>> read_address("postgresql://ann:s%40crit@db/crm").masked("no s@crit here")
        'no *** here'
        """
        for secret in self.secrets:
            text = text.replace(secret, _HIDDEN)
        return text


def read_address(uri: str) -> PostgresAddress:
    """Take a URI apart.

    Raises
    ------
    WarehouseError
        When it is no `postgresql://user:password@host:port/database?option=value`; the message does
        not repeat it.

    Examples
    --------
    >>> read_address("postgresql://ann:secret@db.example:5433/crm?sslmode=require").place
    'PostgreSQL at db.example:5433, database crm, as ann'
    """
    parts = _URI.fullmatch(uri)
    if parts is None:
        raise WarehouseError(
            "warehouse: expected postgresql://user:password@host:port/database, got an address of "
            "another form (not shown, as it may hold a password). Write the special characters of user "
            "and password in percent code, such as %40 for @ and %2F for /, or leave the password out "
            "and give it by PGPASSWORD or ~/.pgpass."
        )
    options = dict(parse_qsl(parts["options"] or "", keep_blank_values=True))
    given = [parts["password"], unquote(parts["password"] or "")]
    given += [options.get(name) for name in _SECRET_OPTIONS]
    secrets = sorted({secret for secret in given if secret}, key=len, reverse=True)
    return PostgresAddress(uri, _place(parts, options), tuple(secrets))


def _place(parts: re.Match[str], options: dict[str, str]) -> str:
    host = unquote(parts["hosts"] or "") or options.get("host") or "the default server"
    host += f":{options['port']}" if "port" in options else ""
    database = unquote(parts["database"] or "") or options.get("dbname")
    user = unquote(parts["user"] or "") or options.get("user")
    about = [f"database {database}" if database else "the default database"]
    about += [f"as {user}"] if user else []
    return ", ".join([f"PostgreSQL at {host}", *about])
