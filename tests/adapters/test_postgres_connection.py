"""PostgreSQL when it does not let us in, goes away, or keeps us waiting."""

from __future__ import annotations

import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pandas as pd
import pytest
from adbc_driver_postgresql import dbapi

from churnhealth.adapters import warehouse_publish
from churnhealth.adapters.postgres_warehouse import PostgresWarehouse
from churnhealth.errors import MissingDependencyError, WarehouseError

FRAME = pd.DataFrame({"a": [1]})
SECRET = "Tr0ub4dor&3"  # noqa: S105
IN_URI = "Tr0ub4dor%263"


@contextmanager
def cursor_on(uri: str) -> Iterator[Any]:
    with dbapi.connect(uri, autocommit=True) as connection, connection.cursor() as cursor:
        yield cursor


def ask(uri: str, question: str) -> list[Any]:
    with cursor_on(uri) as cursor:
        cursor.execute(question)
        return [row[0] for row in cursor.fetchall()] if cursor.description else []


@pytest.fixture
def locked_role(postgres_uri: str) -> Iterator[str]:
    """A role that must give its password."""
    [file] = ask(postgres_uri, "SELECT current_setting('hba_file')")
    with open(file, encoding="utf-8") as own:  # noqa: PTH123 - as the server names it
        before = own.read()
    with open(file, "w", encoding="utf-8") as own:  # noqa: PTH123
        own.write(f"local all guarded scram-sha-256\n{before}")
    ask(postgres_uri, f"CREATE ROLE guarded LOGIN PASSWORD '{SECRET}'")
    ask(postgres_uri, "SELECT pg_reload_conf()")
    yield "guarded"
    ask(postgres_uri, "DROP OWNED BY guarded")
    ask(postgres_uri, "DROP ROLE guarded")
    with open(file, "w", encoding="utf-8") as own:  # noqa: PTH123
        own.write(before)


def as_role(uri: str, role: str, password: str) -> str:
    return uri.replace("postgres:@", f"{role}:{password}@")


def test_queries_join_by_hashing_though_the_planner_expects_a_single_row(postgres_uri: str) -> None:
    warehouse = PostgresWarehouse(postgres_uri)
    warehouse.write_table("numbers", pd.DataFrame({"a": range(3000)}))
    newest = "SELECT a FROM (SELECT a, ROW_NUMBER() OVER (ORDER BY a) AS place FROM numbers) AS n"
    # Row by row these are 9 million pairs, and the second part would be sorted 3,000 times.
    joined = (
        f"WITH one AS ({newest} WHERE place = a + 1), two AS ({newest} WHERE place = a + 1) "
        "SELECT {} FROM one LEFT JOIN two ON two.a = one.a"
    )
    assert warehouse.query(joined.format("COUNT(two.a) AS n")).to_pydict() == {"n": [3000]}
    ways = warehouse.query(
        "SELECT current_setting('enable_nestloop') AS nested, "
        "current_setting('enable_mergejoin') AS merged"
    )
    assert ways.to_pylist() == [{"nested": "off", "merged": "off"}]


def test_wrong_credentials_are_refused_and_never_shown(postgres_uri: str, locked_role: str) -> None:
    right = PostgresWarehouse(as_role(postgres_uri, locked_role, IN_URI))
    assert right.tables() == []
    for password in (IN_URI.lower(), ""):
        wrong = PostgresWarehouse(as_role(postgres_uri, locked_role, password))
        with pytest.raises(WarehouseError, match=r"cannot connect: .*password.*PGPASSWORD") as caught:
            wrong.tables()
        said = "".join(traceback.format_exception(caught.value))
        assert SECRET.lower() not in said
        assert IN_URI.lower() not in said


def test_a_role_without_permissions_is_told_so_and_no_secret_is_shown(
    postgres_uri: str, locked_role: str
) -> None:
    warehouse = PostgresWarehouse(as_role(postgres_uri, locked_role, IN_URI))
    with pytest.raises(
        WarehouseError, match=r"permission denied for schema public.*Ask for the permission"
    ) as caught:
        warehouse.write_table("panel", FRAME)
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    ask(postgres_uri, f"CREATE TABLE odd AS SELECT '{SECRET}' AS said; ")
    ask(postgres_uri, "GRANT SELECT ON odd TO guarded")
    with pytest.raises(WarehouseError, match=r"invalid input syntax.*\*\*\*") as caught:
        warehouse.query("SELECT CAST(said AS INTEGER) FROM odd")
    assert SECRET not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("postgresql://ann:secret@127.0.0.1:1/crm", r"at 127\.0\.0\.1:1, .*cannot connect: .*refused"),
        ("postgresql://ann:secret@/crm?host=/nowhere", "cannot connect: .*No such file or directory"),
        ("postgresql://ann:secret@127.0.0.1:1/crm?bogus=1", "cannot connect: .*bogus"),
    ],
)
def test_a_server_that_is_away_is_an_error_that_says_where(uri: str, message: str) -> None:
    warehouse = PostgresWarehouse(uri, wait_seconds=2.0)
    for attempt in (warehouse.tables, warehouse.prepare, warehouse.job_lock("score").__enter__):
        with pytest.raises(WarehouseError, match=message) as caught:
            attempt()
        assert "secret" not in str(caught.value)


def test_an_unknown_database_is_named(postgres_uri: str) -> None:
    warehouse = PostgresWarehouse(postgres_uri.replace("/test_", "/nodb_"))
    with pytest.raises(WarehouseError, match=r'database "nodb_\d+" does not exist'):
        warehouse.tables()


def test_the_driver_is_only_needed_when_postgres_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "adbc_driver_postgresql", None)
    warehouse = PostgresWarehouse("postgresql://db/crm")
    with pytest.raises(MissingDependencyError, match=r"pip install 'churnhealth\[postgres\]'"):
        warehouse.tables()


def test_a_session_that_the_server_ends_in_mid_publish_leaves_the_old_slice_whole(
    postgres_uri: str, world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse = PostgresWarehouse(postgres_uri)
    warehouse.prepare()
    world.publish(warehouse, "r1", {"a": 90.0})
    original = warehouse_publish._replace_table

    def lose_the_session(session: Any, *given: Any) -> None:
        original(session, *given)
        ask(
            postgres_uri,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state LIKE 'idle in%' "
            "AND datname = current_database()",
        )

    monkeypatch.setattr(warehouse_publish, "_replace_table", lose_the_session)
    with pytest.raises(WarehouseError, match=r"connection was lost .*What was not committed is undone"):
        world.publish(warehouse, "r2", {"a": 10.0}, fingerprint="f2")
    monkeypatch.undo()
    assert warehouse.customer_scores("a")["health_score"].tolist() == [90.0]
    assert world.publish(warehouse, "r3", {"a": 10.0}, fingerprint="f2").revision == 2


def test_a_table_that_others_read_keeps_a_writer_waiting_until_the_deadline(postgres_uri: str) -> None:
    warehouse = PostgresWarehouse(postgres_uri, wait_seconds=0.2)
    warehouse.write_table("panel", FRAME)
    with dbapi.connect(postgres_uri) as reader, reader.cursor() as cursor:
        cursor.execute("SELECT * FROM panel")
        cursor.fetchall()
        with pytest.raises(WarehouseError, match=r"lock timeout.*Another session holds the table"):
            warehouse.write_table("panel", pd.DataFrame({"b": [2]}))
    warehouse.write_table("panel", pd.DataFrame({"b": [2]}))
    assert warehouse.read_table("panel").to_dict("list") == {"b": [2]}


def test_a_reader_of_the_view_does_not_keep_jobs_from_preparing(postgres_uri: str, world: Any) -> None:
    warehouse = PostgresWarehouse(postgres_uri, wait_seconds=0.2)
    warehouse.prepare()
    with dbapi.connect(postgres_uri) as reader, reader.cursor() as cursor:
        cursor.execute("SELECT * FROM health_current")
        cursor.fetchall()
        warehouse.prepare()
        world.publish(warehouse, "r1", {"a": 90.0})
        # A view that another release has left is replaced as soon as nobody reads it.
        ask(postgres_uri, "COMMENT ON VIEW health_current IS 'older'")
        with pytest.raises(WarehouseError, match="lock timeout"):
            warehouse.prepare()
    warehouse.prepare()
    assert warehouse.current_scores()["health_score"].tolist() == [90.0]


def test_two_writers_at_once_take_turns_even_without_the_job_lock(
    postgres_uri: str, world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse = PostgresWarehouse(postgres_uri, wait_seconds=0.2)
    warehouse.prepare()
    first, second = (
        world.run("first", rows=1),
        world.run("second", rows=1, job="retrain", cutoff=None, model=None),
    )
    warehouse.start_run(first)
    warehouse.start_run(second)
    inside, go_on = threading.Event(), threading.Event()
    original = warehouse_publish._replace_table

    def wait_inside(*given: Any) -> None:
        inside.set()
        assert go_on.wait(20)
        original(*given)

    monkeypatch.setattr(warehouse_publish, "_replace_table", wait_inside)
    end = pd.Timestamp("2026-04-05", tz="UTC")
    thread = threading.Thread(
        target=warehouse.publish, args=(first, world.slice(first, {"a": 1.0}), end)
    )
    thread.start()
    assert inside.wait(20)
    message = rf"the output tables: already in work by churnhealth process {os.getpid()} on "
    with pytest.raises(WarehouseError, match=message):
        warehouse.prepare()
    warehouse.finish_run(second, end, message="kept")  # the ledger's other rows are free
    go_on.set()
    thread.join(20)
    assert warehouse.runs()["status"].tolist() == ["completed", "completed"]


def test_locks_of_other_schemas_prefixes_and_databases_do_not_matter(
    postgres_uri: str, new_postgres_database: Callable[..., str]
) -> None:
    ask(postgres_uri, "CREATE SCHEMA crm")
    uris = [postgres_uri, f"{postgres_uri}&options=-csearch_path%3Dcrm", new_postgres_database()]
    with PostgresWarehouse(uris[0], wait_seconds=0.1).job_lock("score"):
        for uri, prefix in [(uris[0], "emea_"), (uris[1], ""), (uris[2], "")]:
            with PostgresWarehouse(uri, prefix=prefix, wait_seconds=0.1).job_lock("score"):
                held = ask(uri, "SELECT objid FROM pg_locks WHERE locktype = 'advisory'")
                assert held


def test_the_lock_is_held_by_a_session_outside_of_transactions(postgres_uri: str) -> None:
    with PostgresWarehouse(postgres_uri).job_lock("score"):
        time.sleep(0.05)
        states = ask(
            postgres_uri,
            "SELECT state FROM pg_stat_activity WHERE application_name LIKE 'churnhealth process %'",
        )
    assert states == ["idle"]
