"""A connection to PostgreSQL in the shape that all engines share."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from churnhealth.adapters import warehouse_sql as sql
from churnhealth.adapters.postgres_connection import drivers, run
from churnhealth.adapters.postgres_lock import take_lock
from churnhealth.adapters.warehouse_sql import SOURCE, quoted
from churnhealth.domain.contracts import TableContract
from churnhealth.errors import WarehouseError, listed

# Text in byte order: equal on every server, and what other engines do.
TYPES = {
    "string": 'TEXT COLLATE "C"',
    "json": "TEXT",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
    "double": "DOUBLE PRECISION",
    "integer": "INTEGER",
}
_WORDS = {
    "double precision": "DOUBLE",
    "real": "FLOAT",
    "text": "VARCHAR",
    "character varying": "VARCHAR",
    "character": "VARCHAR",
    "name": "VARCHAR",
    "numeric": "DECIMAL",
    "timestamp without time zone": "TIMESTAMP",
}
_LONGEST_NAME = 63
_BATCH_BYTES = "16000000"
_BATCH_HINT = "adbc.postgresql.batch_size_hint_bytes"


class PostgresSession:
    """One open connection to PostgreSQL; keeps the `Session` protocol."""

    types = TYPES
    unindexed: frozenset[str] = frozenset()

    def __init__(self, connection: Any, where: str, prefix: str, wait_seconds: float) -> None:
        self._connection = connection
        self._where = where
        self._prefix = prefix
        self._wait = wait_seconds
        self.schema = current_schema(connection, where)

    def execute(self, statement: str, values: Sequence[object] = ()) -> None:
        """Run a statement with bound values."""
        run(self._connection, statement, [*values])

    def rows(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Run a statement with bound values and return its few rows."""
        return run(self._connection, statement, [*values])

    def table(self, statement: str, values: Sequence[object] = ()) -> pa.Table:
        """Run a SELECT with bound values and return all of its rows."""
        with self._connection.cursor() as cursor, self._reading_rows():
            return cursor.execute(statement, [*values] or None).fetch_arrow_table()

    def batches(self, statement: str) -> Iterator[pa.RecordBatch]:
        """Run a SELECT and return its rows bit by bit."""
        hint = {_BATCH_HINT: _BATCH_BYTES}
        with (
            self._connection.cursor(adbc_stmt_kwargs=hint) as cursor,
            self._reading_rows(),
            cursor.execute(statement).fetch_record_batch() as reader,
        ):
            yield from reader

    @contextmanager
    def _reading_rows(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:  # what pyarrow makes of the driver's error
            said = str(error).rpartition("ERROR:")[2].strip()
            raise WarehouseError(f"{self._where}: a query failed while it was read: {said}") from error

    @contextmanager
    def staged(self, rows: pa.Table) -> Iterator[None]:
        """Let statements read the rows as the temporary table `SOURCE`."""
        self._load(rows, SOURCE, temporary=True)
        yield
        self.execute(f"DROP TABLE {SOURCE}")

    def replace_slice(
        self, contract: TableContract, prefix: str, cutoff_and_model: Sequence[object]
    ) -> None:
        """Replace the rows of a slice by the staged rows; for PostgreSQL cheaper than key by key."""
        self.execute(sql.delete_slice(contract, prefix), cutoff_and_model)
        self.execute(sql.insert(contract, prefix))

    def replace_table(self, schema: str, table: str, rows: pa.Table) -> None:
        """Replace a whole table, or make it."""
        long = [name for name in (table, *rows.column_names) if len(name.encode()) > _LONGEST_NAME]
        if long:
            raise WarehouseError(
                f"{table}: PostgreSQL cuts names to {_LONGEST_NAME} bytes, got {listed(long)}. "
                "Choose shorter names."
            )
        place = f"{quoted(schema)}.{quoted(table)}"
        self.execute(f"DROP TABLE IF EXISTS {place}")
        self._load(rows, table, db_schema_name=schema)
        # Without statistics the planner takes a new table for small and joins it row by row.
        self.execute(f"ANALYZE {place}")

    def append(self, table: str, rows: pa.Table) -> None:
        """Add rows to a table of the default schema; kinds must be those of its columns."""
        self._load(rows, table, mode="append", db_schema_name=self.schema)

    def _load(self, rows: pa.Table, table: str, mode: str = "create", **where: Any) -> None:
        with self._connection.cursor() as cursor:
            try:
                cursor.adbc_ingest(table, _loadable(rows), mode=mode, **where)
            except drivers()[0].DataError as error:
                raise _unwritable(self._where, rows, error) from error

    def create_view(self, name: str, statement: str) -> None:
        """Run a CREATE OR REPLACE VIEW when the view's comment does not hold the same statement's hash.

        Replacing a view waits for everybody who reads it, so it is not done in vain.
        """
        mark = f"churnhealth {hashlib.sha256(statement.encode()).hexdigest()}"
        question = "SELECT obj_description(to_regclass($1), 'pg_class')"
        place = f"{quoted(self.schema)}.{quoted(name)}"
        if self.rows(question, [place]) != [(mark,)]:
            self.execute(statement)
            self.execute(f"COMMENT ON VIEW {place} IS '{mark}'")

    def relations(self) -> list[tuple[str, str]]:
        """List schema and name of every table and view; a partition is no table of its own."""
        return self.rows(
            "SELECT space.nspname, found.relname FROM pg_catalog.pg_class AS found "
            "INNER JOIN pg_catalog.pg_namespace AS space ON space.oid = found.relnamespace "
            "WHERE found.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT found.relispartition "
            "AND space.nspname <> 'information_schema' AND LEFT(space.nspname, 3) <> 'pg_'"
        )

    def schemas(self) -> list[str]:
        """List the schemas."""
        return [row[0] for row in self.rows("SELECT nspname FROM pg_catalog.pg_namespace")]

    def columns(self, place: str) -> list[tuple[str, str]]:
        """List name and type of every column of a relation, in order."""
        question = (
            "SELECT own.attname, format_type(COALESCE(NULLIF(kind.typbasetype, 0), kind.oid), NULL) "
            "FROM pg_catalog.pg_attribute AS own "
            "INNER JOIN pg_catalog.pg_type AS kind ON kind.oid = own.atttypid "
            "WHERE own.attrelid = to_regclass($1) AND own.attnum > 0 AND NOT own.attisdropped "
            "ORDER BY own.attnum"
        )
        return [(name, _WORDS.get(kind, kind.upper())) for name, kind in self.rows(question, [place])]

    def one_writer(self, what: str) -> None:
        """Take a lock that ends with the transaction; wait for another holder until the deadline."""
        name = f"{self.schema} {self._prefix}"
        take_lock(self._connection, name, f"{self._where}: {what}", self._wait, in_transaction=True)


def current_schema(connection: Any, where: str) -> str:
    """Return the schema in which names without a schema lie."""
    schema = run(connection, "SELECT current_schema()")[0][0]
    if schema is None:
        raise WarehouseError(
            f"{where}: expected a schema to work in, got none: the search path names no schema that is "
            "there. Create one, or name one in the address: ?options=-csearch_path%3Dname"
        )
    return str(schema)


def _loadable(rows: pa.Table) -> pa.Table:
    """The driver cannot write dates of 64 bits, nor dictionaries."""
    for place, kind in enumerate(rows.schema.types):
        plain = pa.date32() if pa.types.is_date64(kind) else getattr(kind, "value_type", None)
        if plain is not None:
            name = rows.column_names[place]
            rows = rows.set_column(place, name, rows.column(place).cast(plain))
    return rows


def _unwritable(where: str, rows: pa.Table, error: Exception) -> Exception:
    """Name the columns with NUL characters, which DuckDB keeps and PostgreSQL does not."""
    texts = (pa.types.is_string, pa.types.is_large_string)
    odd = [
        name
        for name, kind in zip(rows.column_names, rows.schema.types, strict=True)
        if any(test(kind) for test in texts) and pc.any(pc.match_substring(rows[name], "\0")).as_py()
    ]
    if not odd:
        return error
    return WarehouseError(
        f"{where}: PostgreSQL keeps no NUL characters (\\0) in text, got some in {listed(odd)}. "
        "Take them out first."
    )
