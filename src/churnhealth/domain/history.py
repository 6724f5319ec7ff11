"""The history of customers: what each table holds, and when each of its facts was known.

Three moments must never be mixed up. The *event time* is when something happened. A *fact date* is
when a later fact joined a row that already existed (a ticket's resolution, the announcement of an
end). `recorded_at` is when the row was first inserted. At a cutoff nothing is known whose date, of
whichever of these kinds, is not strictly before the cutoff.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType

from churnhealth.domain.history_contract import HistoryColumn, HistoryTable
from churnhealth.errors import SchemaError, listed


def _column(name: str, kind: str, description: str, **more: object) -> HistoryColumn:
    return HistoryColumn(name, kind, description, **more)  # type: ignore[arg-type]


def _need(name: str, kind: str, description: str, **more: object) -> HistoryColumn:
    return _column(name, kind, description, nullable=False, obligatory=True, **more)


def _fact(name: str, description: str, kind: str = "timestamp") -> HistoryColumn:
    return _column(name, kind, description, role="fact_date", dated_by=name)


_CUSTOMER = _need("customer_id", "string", "the customer", role="key")
_RECORDED = _column("recorded_at", "timestamp", "first insertion of the row", role="recorded_at")
_VALID = (
    _column("valid_from", "timestamp", "from when this version of the row holds", role="valid_from"),
    _column("valid_to", "timestamp", "until when it holds; empty: still", role="valid_to"),
)

_CUSTOMERS = HistoryTable(
    "customers",
    "one customer (or one version of it, with valid_from and valid_to)",
    ("customer_id", "valid_from"),
    (
        _CUSTOMER,
        _column("name", "string", "what people call it", mutable=True),
        _column("created_at", "timestamp", "when it became a customer", role="event_time"),
        _column("industry", "string", "line of business", mutable=True),
        _column("segment", "string", "size class", mutable=True),
        _column("region", "string", "where it is", mutable=True),
        _column("employees", "integer", "people employed", unit="people", low=1, mutable=True),
        _fact("churned_on", "ready churn date, for users who keep one", "date"),
        _RECORDED,
        *_VALID,
    ),
    "obligatory",
)

_SUBSCRIPTIONS = HistoryTable(
    "subscriptions",
    "one version of one contract; a plan change or a late renewal is a successor with its own id",
    ("subscription_id", "valid_from"),
    (
        _need("subscription_id", "string", "the contract", role="key"),
        _CUSTOMER,
        _need("start_date", "date", "first day in force"),
        _column(
            "end_date",
            "date",
            "first day no longer in force",
            dated_by="end_announced_at",
            obligatory=True,
        ),
        _fact("end_announced_at", "when the end became known"),
        _column("end_reason", "string", "why it ends", dated_by="end_announced_at"),
        _column("renewal_date", "date", "when the term ends; empty: rolls on monthly", mutable=True),
        _column("term_months", "integer", "length of a term", unit="months", low=1, mutable=True),
        _column("notice_days", "integer", "from announcement to end", unit="days", low=0, mutable=True),
        _column("plan", "string", "plan", mutable=True),
        _column("mrr", "double", "recurring revenue", unit="currency/month", low=0, mutable=True),
        _column("currency", "string", "ISO 4217 code of mrr", mutable=True),
        _column("seats", "integer", "seats paid for", unit="seats", low=0, mutable=True),
        _RECORDED,
        *_VALID,
    ),
    "churn_source",
    (("start_date", "end_date"), ("start_date", "renewal_date"), ("valid_from", "valid_to")),
)

_USAGE = HistoryTable(
    "usage_events",
    "something that a user did in the product",
    ("customer_id", "user_id", "occurred_at", "feature"),
    (
        _CUSTOMER,
        _column("user_id", "string", "who did it", role="key"),
        _need("occurred_at", "timestamp", "when", role="event_time"),
        _column("feature", "string", "what was used", role="key"),
        _column("quantity", "integer", "how often, or how much", unit="operations", low=0),
        _RECORDED,
    ),
    "churn_source",
    (("occurred_at", "recorded_at"),),
)

_TOUCHES = HistoryTable(
    "touches",
    "one participant of one contact between the customer and the vendor's people",
    ("touch_id", "participant_id"),
    (
        _need("touch_id", "string", "the contact", role="key"),
        _CUSTOMER,
        _need("occurred_at", "timestamp", "when", role="event_time"),
        _column(
            "channel",
            "string",
            "how",
            allowed=("mail", "phone", "meeting", "chat", "seminar", "event", "community"),
        ),
        _column("direction", "string", "inbound: the customer began", allowed=("inbound", "outbound")),
        _column("participant_id", "string", "person on the customer's side", role="key"),
        _column("participant_role", "string", "role", allowed=("user", "key_person", "management")),
        _column("topic", "string", "what about"),
        _RECORDED,
    ),
    ordered=(("occurred_at", "recorded_at"),),
)

_TICKETS = HistoryTable(
    "tickets",
    "one support inquiry; the row is overwritten as it is answered, solved and rated",
    ("ticket_id",),
    (
        _need("ticket_id", "string", "the inquiry", role="key"),
        _CUSTOMER,
        _need("opened_at", "timestamp", "when it was opened", role="event_time"),
        _fact("first_replied_at", "when somebody first answered"),
        _fact("resolved_at", "when it was solved"),
        _column("severity", "string", "at opening", allowed=("low", "normal", "high", "urgent")),
        _column(
            "csat", "double", "satisfaction", unit="points", low=1, high=5, dated_by="csat_given_at"
        ),
        _fact("csat_given_at", "when csat was given"),
        _RECORDED,
    ),
    ordered=(
        ("opened_at", "first_replied_at"),
        ("first_replied_at", "resolved_at"),
        ("resolved_at", "csat_given_at"),
        ("opened_at", "recorded_at"),
    ),
)

_SURVEYS = HistoryTable(
    "surveys",
    "one question sent to one respondent; unanswered rows stay, with an empty score",
    ("survey_id",),
    (
        _need("survey_id", "string", "the question sent", role="key"),
        _CUSTOMER,
        _column("respondent_id", "string", "who was asked"),
        _need("kind", "string", "what was asked", allowed=("NPS", "CSAT", "CES", "GCR")),
        _need("sent_at", "timestamp", "when it was asked", role="event_time"),
        _fact("answered_at", "when it was answered; empty: never"),
        _column("score", "double", "answer on its scale", unit="points", dated_by="answered_at"),
        _need("scale_low", "double", "smallest answer possible", unit="points"),
        _need("scale_high", "double", "largest answer possible", unit="points"),
        _RECORDED,
    ),
    ordered=(
        ("sent_at", "answered_at"),
        ("scale_low", "score"),
        ("score", "scale_high"),
        ("sent_at", "recorded_at"),
    ),
)

_MILESTONES = HistoryTable(
    "milestones",
    "one step of the onboarding, or one goal, of one customer",
    ("customer_id", "milestone"),
    (
        _CUSTOMER,
        _need("milestone", "string", "which step or goal", role="key"),
        _column("kind", "string", "what it is", allowed=("onboarding", "goal")),
        _need("planned_at", "timestamp", "when it was agreed", role="event_time"),
        _column("due_date", "date", "when it should be reached"),
        _fact("reached_at", "when it was reached; empty: not yet"),
        _RECORDED,
    ),
    ordered=(("planned_at", "reached_at"), ("planned_at", "recorded_at")),
)

_ACTIONS = HistoryTable(
    "actions",
    "something the vendor did, or held back on purpose, to keep a customer; never an indicator",
    ("action_id",),
    (
        _need("action_id", "string", "the action", role="key"),
        _CUSTOMER,
        _need("occurred_at", "timestamp", "when", role="event_time"),
        _need("action", "string", "what"),
        _column("control", "boolean", "true: chosen at random to get nothing"),
        _RECORDED,
    ),
    ordered=(("occurred_at", "recorded_at"),),
)

HISTORY = MappingProxyType(
    {
        table.name: table
        for table in (
            _CUSTOMERS,
            _SUBSCRIPTIONS,
            _USAGE,
            _TOUCHES,
            _TICKETS,
            _SURVEYS,
            _MILESTONES,
            _ACTIONS,
        )
    }
)


def require_tables(present: Iterable[str], churn_column: str = "") -> None:
    """Raise a `SchemaError` when a history is too small to find customers and churn in it.

    Parameters
    ----------
    present : iterable of str
        Names of the tables that there are.
    churn_column : str
        Column of `customers` with a ready churn date; it counts as a source of churn.

    Examples
    --------
    >>> require_tables(["customers", "subscriptions"])
    >>> require_tables(["customers"], churn_column="churned_on")
    """
    names = set(present)
    needed = [name for name, table in HISTORY.items() if table.level == "obligatory"]
    sources = [name for name, table in HISTORY.items() if table.level == "churn_source"]
    faults = [
        f"expected the table {name!r}, got {listed(sorted(names))}"
        for name in needed
        if name not in names
    ]
    if not churn_column and not names.intersection(sources):
        faults.append(
            f"expected a source of churn: one of {listed(sources)}, or a column with churn dates"
        )
    if faults:
        raise SchemaError("history", faults)
