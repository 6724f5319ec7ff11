"""Addresses of PostgreSQL: understood, or refused without being shown."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnhealth.adapters.postgres_address import read_address
from churnhealth.adapters.postgres_warehouse import PostgresWarehouse
from churnhealth.errors import WarehouseError


@pytest.mark.parametrize(
    ("uri", "place"),
    [
        (
            "postgresql://ann:secret@db:5433/crm",
            "PostgreSQL at db:5433, database crm, as ann",
        ),
        ("postgres://db/crm", "PostgreSQL at db, database crm"),
        ("postgresql://", "PostgreSQL at the default server, the default database"),
        (
            "postgresql://postgres:@/crm?host=/tmp/sockets&port=6000",
            "PostgreSQL at /tmp/sockets:6000, database crm, as postgres",
        ),
        (
            "postgresql:///?host=a&dbname=crm&user=ann&password=secret",
            "PostgreSQL at a, database crm, as ann",
        ),
        ("postgresql://[::1]:5432/%E8%A1%A8", "PostgreSQL at [::1]:5432, database 表"),
    ],
)
def test_the_place_is_named_without_the_password(uri: str, place: str) -> None:
    address = read_address(uri)
    assert address.place == place
    assert "secret" not in repr(address)


@pytest.mark.parametrize("password", ["s@crit", "s/crit", "s?crit", "s#crit", "s:crit", "s crit"])
def test_a_password_that_must_be_written_in_percent_code_is_not_shown(password: str) -> None:
    with pytest.raises(WarehouseError, match=r"such as %40 for @") as caught:
        read_address(f"postgresql://ann:{password}@db/crm")
    assert "crit" not in str(caught.value)


@given(password=st.text(st.characters(categories=["L", "N"]), min_size=1))
def test_no_message_holds_the_password_in_either_form(password: str) -> None:
    address = read_address(f"postgresql://ann:{quote(password)}@db/crm?sslpassword={quote(password)}")
    assert address.masked(f"<{password}>") == "<***>"
    assert address.masked(f"<{quote(password)}>") == "<***>"


def test_a_prefix_that_postgres_would_cut_is_refused() -> None:
    PostgresWarehouse("postgresql://db/crm", prefix="x" * 38)  # 38 + 25 = 63
    with pytest.raises(WarehouseError, match="expected at most 38 characters, got 39"):
        PostgresWarehouse("postgresql://db/crm", prefix="x" * 39)


def test_an_address_is_described_and_nothing_is_opened() -> None:
    warehouse = PostgresWarehouse("postgresql://ann:secret@nowhere.invalid/crm", prefix="emea_")
    assert warehouse.describe() == (
        "PostgreSQL at nowhere.invalid, database crm, as ann, output tables begin with 'emea_'"
    )
    assert "secret" not in repr(vars(warehouse))
