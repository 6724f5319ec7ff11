from __future__ import annotations

import pytest

from churnhealth.domain.sources import History, Source
from churnhealth.errors import ConfigError

IDS = {"customer_id": "id"}


def test_a_history_knows_which_columns_it_has():
    history = History({"customers": Source("customers", "crm.accounts", IDS)}, "Asia/Tokyo")
    assert history.has("customers", "customer_id")
    assert not history.has("customers", "customer_id", "region")
    assert not history.has("tickets")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("customer", "t", IDS), "did you mean 'customers'"),
        (("customers", "t", {"customer": "id"}), "did you mean 'customer_id'"),
        (("customers", "t", IDS, "Tokio"), "expected an IANA name"),
    ],
)
def test_a_source_that_fits_no_contract_is_refused(arguments, message):
    with pytest.raises(ConfigError, match=message):
        Source(*arguments)


def test_a_history_keeps_sources_under_their_own_names():
    with pytest.raises(ConfigError, match="got 'customers' under 'tickets'"):
        History({"tickets": Source("customers", "t", IDS)}, "UTC")
    with pytest.raises(ConfigError, match="expected an IANA name"):
        History({}, "Mars/Olympus")
