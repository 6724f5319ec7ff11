# ruff: noqa: E501 - one line declares one indicator, as in a table.
"""The built-in catalogue: indicators and their measures, declared.

The model learns by itself whether more is healthier: many contacts can be trouble or interest. The direction
given here only keeps advice sensible: nobody is told to use less, or to call less often.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from churnhealth.domain.indicators import Catalogue, Indicator
from churnhealth.domain.measures import Measure
from churnhealth.domain.sql_measure import SqlMeasure
from churnhealth.domain.units import CHANGE, DAYS_AGO, FLAG, RATIO, SHARE


@dataclass(frozen=True)
class Derived:
    """An expression over other indicators of the same row.

    Parameters
    ----------
    sql : str
        The expression in DuckDB's dialect, in one fixed way of writing.
    of : tuple of DeclaredIndicator
        What it refers to, as declared.
    """

    sql: str
    of: tuple[DeclaredIndicator, ...]

    @property
    def words(self) -> str:
        """Return the whole declaration in one line, with those that it refers to."""
        parts = "; ".join(f"{one.name}: {one.measure.words}" for one in self.of)
        return f"{self.sql} [{parts}]"


@dataclass(frozen=True)
class DeclaredIndicator:
    """An indicator and how it is computed."""

    indicator: Indicator
    measure: Measure | SqlMeasure | Derived

    @property
    def name(self) -> str:
        """Return the indicator's name."""
        return self.indicator.name


def catalogue_of(declared: Iterable[DeclaredIndicator]) -> Catalogue:
    """Return the catalogue of declared indicators, each with how it is computed.

    Raises
    ------
    ConfigError
        A name stands twice.

    Examples
    --------
    >>> catalogue_of(BUILT_IN)["mrr"].group
    'contract'
    """
    return Catalogue(tuple(replace(one.indicator, computed=one.measure.words) for one in declared))


_DIRECTION = {"more": "more_is_healthier", "less": "more_is_riskier"}


def _one(
    name: str,
    group: str,
    unit: str,
    words: tuple[str, str],
    measure: Measure,
    missing: tuple[str, str] = ("", ""),
    *,
    advise: str = "",
) -> DeclaredIndicator:
    """Declare one; `advise` says which way advice may go: "more", "less", "either", or "" for none."""
    direction = _DIRECTION.get(advise, "learned")
    indicator = Indicator(name, group, unit, direction, bool(advise), *words, *missing)
    return DeclaredIndicator(indicator, measure)


_NO_SEATS = ("no seats under contract on record", "契約席数の記録がない")
_SILENT_TICKETS = {
    "first_replied_at": ("no first reply in the last 90 days", "直近90日に初回応答がない"),
    "resolved_at": ("no ticket resolved in the last 90 days", "直近90日に解決した問い合わせがない"),
}
_NO_CONTRACT = {
    "mrr_change_90d": ("no revenue 90 days ago to compare with", "比較できる90日前の収益がない"),
    "seats": _NO_SEATS,
    "seats_change_90d": ("no seats 90 days ago to compare with", "比較できる90日前の契約席数がない"),
    "days_to_renewal": ("no renewal date ahead", "今後の更新日がない"),
}


def _usage() -> Iterator[DeclaredIndicator]:
    table = "usage_events"
    for days in (7, 28, 90):
        for name, unit, kind, column, words in (
            ("events", "events", "count", "", ("usage events", "利用回数")),
            ("users", "users", "distinct", "user_id", ("active users", "利用ユーザー数")),
            ("days", "days", "distinct_days", "", ("active days", "利用日数")),
            ("features", "features", "distinct", "feature", ("features used", "利用機能数")),
            ("quantity", "operations", "sum", "quantity", ("operations", "操作量")),
        ):
            if name == "events" or days > (28 if name == "quantity" else 7):
                measure = Measure(table, kind, days, column)
                yield _one(
                    f"usage_{name}_{days}d", "usage", unit, _last(words, days), measure, advise="more"
                )
    for days in (7, 28):
        words = (
            f"usage events in the last {days} days against the {days} days before",
            f"直近{days}日の利用回数の前{days}日比",
        )
        none = (
            f"no usage in the {days} days before to compare with",
            f"比較できる前{days}日の利用がない",
        )
        ratio = Measure(table, "ratio", days)
        yield _one(f"usage_ratio_{days}d", "usage", RATIO, words, ratio, none, advise="more")
    share = Measure(table, "seats_share", 28, "user_id")
    words = _last(("share of seats active", "契約席数に対する利用率"), 28)
    yield _one("usage_seats_share_28d", "usage", SHARE, words, share, _NO_SEATS, advise="more")
    words = _last(("trend of usage events", "利用回数の傾き"), 90)
    yield _one(
        "usage_trend_90d", "usage", "events/day/day", words, Measure(table, "trend", 90), advise="more"
    )
    words = _last(("usage events per active user", "利用ユーザー当たり利用回数"), 28)
    per, none = (
        Measure(table, "per", 28, "user_id"),
        _last(("no active user", "利用ユーザーがいない"), 28),
    )
    yield _one("usage_per_user_28d", "usage", "events/user", words, per, none, advise="more")
    words, none = ("last use", "最終利用"), ("never used so far", "利用の記録がない")
    last = Measure(table, "recency")
    yield _one("usage_recency_days", "usage", DAYS_AGO, words, last, none, advise="less")


def _touch() -> Iterator[DeclaredIndicator]:
    joined = ("seminar", "event", "community")
    for group, name, unit, windows, column, values, words in (
        ("touch", "touches", "contacts", (28, 90), "", (), ("contacts", "接触回数")),
        ("touch", "touch_meetings", "meetings", (90,), "channel", ("meeting",), ("meetings", "商談・面談回数")),
        ("touch", "touch_calls", "calls", (28,), "channel", ("phone",), ("phone calls", "電話回数")),
        ("touch", "touch_mails", "mails", (28,), "channel", ("mail",), ("mails", "メール回数")),
        ("touch", "touch_outbound", "contacts", (28,), "direction", ("outbound",), ("contacts by us", "自社発の接触回数")),
        ("engagement", "inbound", "contacts", (28,), "direction", ("inbound",), ("contacts by the customer", "顧客発の接触回数")),
        ("engagement", "joined", "times", (90,), "channel", joined, ("seminars, events and community", "セミナー・イベント・コミュニティ参加回数")),
        ("engagement", "community", "contacts", (90,), "channel", ("community",), ("community contacts", "コミュニティ参加回数")),
    ):  # fmt: skip
        for days in windows:
            where = ((column, values),) if column else ()
            measure = Measure("touches", "distinct", days, "touch_id", where=where)
            # Contact that the customer seeks can be interest or trouble.
            advise = "either" if name == "inbound" else "more"
            yield _one(f"{name}_{days}d", group, unit, _last(words, days), measure, advise=advise)
    for name, role, words in (
        ("stakeholders_met_90d", (), ("people met", "面会した関係者数")),
        ("key_persons_met_90d", ("key_person",), ("key persons met", "面会したキーパーソン数")),
        ("management_met_90d", ("management",), ("managers met", "面会した経営層の人数")),
    ):
        met = (("participant_role", role),) if role else ()
        measure = Measure("touches", "distinct", 90, "participant_id", where=met)
        yield _one(name, "touch", "people", _last(words, 90), measure, advise="more")
    management = Measure("touches", "recency", where=(("participant_role", ("management",)),))
    words = ("last contact with management", "経営層との最終接触")
    none = ("no contact with management so far", "経営層との接触の記録がない")
    yield _one("management_recency_days", "touch", DAYS_AGO, words, management, none, advise="less")
    words, none = ("last contact", "最終接触"), ("no contact so far", "接触の記録がない")
    last = Measure("touches", "recency")
    yield _one("touch_recency_days", "touch", DAYS_AGO, words, last, none, advise="less")


def _satisfaction() -> Iterator[DeclaredIndicator]:
    group, date = "satisfaction", "answered_at"
    for kind in ("NPS", "CSAT", "CES", "GCR"):
        where, name = (("kind", (kind,)),), kind.lower()
        none = (f"no {kind} answer in the last 365 days", f"直近365日に{kind}回答がない")
        last = Measure("surveys", "last_value", 365, "score", date, where=where)
        words = (f"last {kind} answer", f"直近の{kind}回答")
        yield _one(f"{name}_last", group, "points", words, last, none)
        words = _last((f"{kind} answered", f"{kind}回答"), 365)
        answered = Measure("surveys", "any", 365, date=date, where=where)
        yield _one(f"{name}_answered_365d", group, FLAG, words, answered)
        words = (f"time of the last {kind} answer", f"直近の{kind}回答日")
        age = Measure("surveys", "recency", 365, date=date, where=where)
        yield _one(f"{name}_age_days", group, DAYS_AGO, words, age, none)
    for kind, mean, words in (
        ("NPS", "promoters", ("NPS, promoters less detractors", "NPS（推奨者割合−批判者割合）")),
        ("GCR", "mean", ("goals said to be reached", "アンケートによる目標達成率")),
    ):
        score = Measure("surveys", mean, 365, "score", date, where=(("kind", (kind,)),))
        none = (f"no {kind} answer in the last 365 days", f"直近365日に{kind}回答がない")
        yield _one(f"{kind.lower()}_365d", group, SHARE, _last(words, 365), score, none)
    words = _last(("share of surveys answered", "アンケート回答率"), 365)
    share = Measure("surveys", "closed_share", 365, until=date)
    none = ("no survey sent in the last 365 days", "直近365日にアンケートの送付がない")
    yield _one("surveys_answered_share_365d", group, SHARE, words, share, none)
    words = _last(("satisfaction with tickets solved", "問い合わせ満足度"), 90)
    rated = Measure("tickets", "mean", 90, "csat", "csat_given_at")
    none = ("no ticket rated in the last 90 days", "直近90日に問い合わせの評価がない")
    yield _one("ticket_csat_90d", group, "points", words, rated, none, advise="more")


def _support() -> Iterator[DeclaredIndicator]:
    table, group = "tickets", "support"
    severe = (("severity", ("high", "urgent")),)
    for name, unit, words, measure in (
        ("tickets_28d", "tickets", ("tickets", "問い合わせ件数"), Measure(table, "count", 28)),
        ("tickets_90d", "tickets", ("tickets", "問い合わせ件数"), Measure(table, "count", 90)),
        ("tickets_severe_90d", "tickets", ("severe tickets", "重大な問い合わせ件数"), Measure(table, "count", 90, where=severe)),
        ("first_response_hours_90d", "hours", ("mean time to first reply", "平均初回応答時間"), Measure(table, "hours", 90, date="first_replied_at")),
        ("resolution_hours_90d", "hours", ("mean time to resolution", "平均解決時間"), Measure(table, "hours", 90, date="resolved_at")),
        ("tickets_unanswered_90d", "tickets", ("unanswered tickets", "未回答の問い合わせ件数"), Measure(table, "open", 90, until="first_replied_at")),
        ("tickets_unresolved_90d", "tickets", ("unresolved tickets", "未解決の問い合わせ件数"), Measure(table, "open", 90, until="resolved_at")),
    ):  # fmt: skip
        none = _SILENT_TICKETS.get(measure.date, ("", ""))
        yield _one(name, group, unit, _last(words, measure.reach), measure, none, advise="less")
    words, none = ("last ticket", "最終問い合わせ"), ("no ticket so far", "問い合わせの記録がない")
    yield _one("ticket_recency_days", group, DAYS_AGO, words, Measure(table, "recency"), none)


def _steps() -> Iterator[DeclaredIndicator]:
    table, until = "milestones", "reached_at"
    steps, goals = (("kind", ("onboarding",)),), (("kind", ("goal",)),)
    no_steps = ("no onboarding steps agreed", "オンボーディング項目の設定がない")
    open_steps = ("onboarding not completed", "オンボーディングが未完了")
    no_goals = ("no goals agreed", "目標の設定がない")
    no_goal = ("no goal reached so far", "達成した目標がない")
    for name, group, unit, words, measure, none in (
        ("onboarding_share", "onboarding", SHARE, ("onboarding steps completed", "オンボーディング完了率"), Measure(table, "reached_share", until=until, where=steps), no_steps),
        ("onboarding_days", "onboarding", "days", ("days to complete onboarding", "オンボーディング完了までの日数"), Measure(table, "reach_days", until=until, where=steps), open_steps),
        ("onboarding_overdue", "onboarding", "steps", ("onboarding steps overdue", "遅延中のオンボーディング項目数"), Measure(table, "overdue", column="due_date", until=until, where=steps), ("", "")),
        ("goals_share", "outcome", SHARE, ("goals reached", "目標達成率"), Measure(table, "reached_share", until=until, where=goals), no_goals),
        ("goal_recency_days", "outcome", DAYS_AGO, ("last goal reached", "直近の目標達成"), Measure(table, "recency", date=until, where=goals), no_goal),
    ):  # fmt: skip
        advise = "more" if unit == SHARE else "less"
        yield _one(name, group, unit, words, measure, none, advise=advise)


def _contract() -> Iterator[DeclaredIndicator]:
    table = "subscriptions"
    for name, unit, words, measure in (
        ("tenure_days", "days", ("days since first contract", "契約開始からの日数"), Measure(table, "time_since")),
        ("customer_age_days", "days", ("days since becoming a customer", "顧客登録からの日数"), Measure("customers", "time_since")),
        ("contracts", "contracts", ("contracts in force", "有効な契約数"), Measure(table, "contracts")),
        ("mrr", "currency/month", ("recurring revenue per month", "月次経常収益"), Measure(table, "level", column="mrr")),
        ("mrr_change_90d", CHANGE, ("recurring revenue against 90 days ago", "月次経常収益の90日前比"), Measure(table, "change", 90, "mrr")),
        ("seats", "seats", ("seats under contract", "契約席数"), Measure(table, "level", column="seats")),
        ("seats_change_90d", CHANGE, ("seats under contract against 90 days ago", "契約席数の90日前比"), Measure(table, "change", 90, "seats")),
        ("plan", "", ("plan", "プラン"), Measure(table, "category", column="plan")),
        ("plan_changes_365d", "changes", ("plan changes in the last 365 days", "直近365日のプラン変更回数"), Measure(table, "changes", 365, "plan")),
        ("days_to_renewal", "days", ("days to renewal", "更新日までの日数"), Measure(table, "days_until", column="renewal_date")),
        ("end_announced", FLAG, ("end of a contract announced", "解約予告"), Measure(table, "end_announced")),
    ):  # fmt: skip
        yield _one(name, "contract", unit, words, measure, _NO_CONTRACT.get(name, ("", "")))
    for name, unit, words in (
        ("industry", "", ("industry", "業種")),
        ("segment", "", ("size class", "規模区分")),
        ("region", "", ("region", "地域")),
        ("employees", "employees", ("employees", "従業員数")),
    ):
        yield _one(name, "contract", unit, words, Measure("customers", "attribute", column=name))


def _last(words: tuple[str, str], days: int) -> tuple[str, str]:
    return f"{words[0]} in the last {days} days", f"直近{days}日の{words[1]}"


BUILT_IN: tuple[DeclaredIndicator, ...] = (
    *_usage(),
    *_touch(),
    *_satisfaction(),
    *_support(),
    *_steps(),
    *_contract(),
)
