"""Indicators: named measures of a customer, each with a group, a unit and words in two languages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from churnhealth.errors import ConfigError, listed

OTHER = "other"
DIRECTIONS = ("learned", "more_is_healthier", "more_is_riskier")

GROUP_LABELS: dict[str, dict[str, str]] = {
    "usage": {"en": "usage", "ja": "利用状況"},
    "engagement": {"en": "engagement", "ja": "エンゲージメント"},
    "touch": {"en": "touch", "ja": "接点"},
    "satisfaction": {"en": "satisfaction", "ja": "満足度"},
    "support": {"en": "support", "ja": "サポート"},
    "onboarding": {"en": "onboarding", "ja": "オンボーディング"},
    "contract": {"en": "contract", "ja": "契約"},
    "outcome": {"en": "outcome", "ja": "成果"},
    OTHER: {"en": "other", "ja": "その他"},
}

# Words in a column's name that give its group away; the first row that fits wins.
_GROUP_WORDS: tuple[tuple[str, str], ...] = (
    ("satisfaction", r"nps|csat|ces|gcr|survey|satisf|rating|feedback"),
    ("support", r"ticket|support|complain|inquir|incident|escalat|resolution|response"),
    ("onboarding", r"onboard|milestone|setup|golive|kickoff"),
    ("touch", r"touch|meeting|call|calls|csm|stakeholder|visit|visits|phonecall|qbr|contacted"),
    ("engagement", r"event|events|community|webinar|seminar|training|help|newsletter|engag"),
    ("outcome", r"roi|outcome|goal|goals|value"),
    (
        "usage",
        (
            r"usage|use|login|logins|session|sessions|active|feature|features|minutes|min|mins"
            r"|download|streaming|users|api|storage|data|backup|frequency|duration"
        ),
    ),
    (
        "contract",
        (
            r"contract|plan|mrr|arr|price|charge|charges|seat|seats|tenure|renew|renewal|payment"
            r"|billing|bill|subscription|term|discount|invoice|revenue|service|services|internet"
            r"|phone|lines"
        ),
    ),
)

# Groups by words of a name in Japanese, where no blank parts the words.
_GROUP_WORDS_JA: tuple[tuple[str, str], ...] = (
    ("satisfaction", r"満足|アンケート|推奨度|評価"),
    ("support", r"問い?合わ?せ|チケット|クレーム|苦情|障害|不具合|サポート|回答時間|解決時間"),
    ("onboarding", r"オンボーディング|導入|初期設定|立ち?上げ|キックオフ"),
    ("touch", r"接点|接触|面談|商談|訪問|打ち?合わ?せ|架電|電話|メール|ミーティング"),
    ("engagement", r"セミナー|ウェビナー|イベント|コミュニティ|勉強会|研修|ヘルプ|エンゲージメント"),
    ("outcome", r"成果|目標|達成"),
    (
        "contract",
        r"契約|プラン|料金|金額|月額|年額|請求|支払|更新|座席|席数|シート数|ライセンス|割引|単価|継続期間",
    ),
    ("usage", r"利用|ログイン|使用|アクセス|セッション|稼働|機能|閲覧|操作|アクティブ|活用"),
)

# Written in capitals in labels, however the column writes them.
_ABBREVIATIONS = "nps|csat|ces|gcr|mrr|arr|arpu|roi|csm|qbr|api|id|sso|sla"


@dataclass(frozen=True)
class Indicator:
    """One named measure.

    Parameters
    ----------
    name : str
        Column name; unique in a catalogue.
    group : str
        Indicator group; any word, the built-in ones are the keys of `GROUP_LABELS`.
    unit : str
        Such as "days", "JPY/month", "logins"; empty when it has none. See `domain.units`.
    direction : {"learned", "more_is_healthier", "more_is_riskier"}
        What the user expects. Never imposed on the model (for that see `monotone` of `HealthModel`);
        `what_would_help` looks no other way.
    actionable : bool
        Can the vendor change it? Only then `what_would_help` looks at it.
    label_en, label_ja : str
        What people read; the name when empty.
    missing_en, missing_ja : str
        What a missing value says, such as "no NPS answer in the last 365 days"; "no data" when empty.
    computed : str
        How it is computed from the history, in one line; empty: it is a column of a panel. A model
        keeps it, so that a declaration that has changed since is found before it scores.
    """

    name: str
    group: str = OTHER
    unit: str = ""
    direction: str = "learned"
    actionable: bool = False
    label_en: str = ""
    label_ja: str = ""
    missing_en: str = field(default="", repr=False)
    missing_ja: str = field(default="", repr=False)
    computed: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if self.direction not in DIRECTIONS:
            raise ConfigError(
                f"indicator {self.name!r}: expected direction one of {listed(DIRECTIONS)}, "
                f"got {self.direction!r}"
            )

    def label(self, language: str = "en") -> str:
        """Return the words for people, in English ("en") or Japanese ("ja")."""
        return (self.label_ja if language == "ja" else self.label_en) or self.label_en or self.name


def infer_indicator(name: str) -> Indicator:
    """Guess group and English label of a column from its name; everything else stays open.

    Examples
    --------
    >>> infer_indicator("monthly_charges")
    Indicator(name='monthly_charges', group='contract', unit='', direction='learned', \
actionable=False, label_en='monthly charges', label_ja='')
    """
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    words = " ".join(re.findall(r"[^\W_]+", spaced.lower()))
    label = re.sub(rf"\b(?:{_ABBREVIATIONS})\b", lambda found: found[0].upper(), words)
    for group, pattern in _GROUP_WORDS:
        if re.search(rf"\b(?:{pattern})s?\b", words):
            return Indicator(name, group=group, label_en=label)
    group = next((one for one, pattern in _GROUP_WORDS_JA if re.search(pattern, name)), OTHER)
    return Indicator(name, group, label_en=label or name)


@dataclass(frozen=True)
class Catalogue(Mapping[str, Indicator]):
    """Indicators by name, in order.

    Parameters
    ----------
    indicators : tuple of Indicator
        In the order in which tables show them; names are unique.
    group_labels : mapping
        Labels of the user's own groups: `{"group": {"en": "...", "ja": "..."}}`.
    """

    indicators: tuple[Indicator, ...] = ()
    group_labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = [indicator.name for indicator in self.indicators]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ConfigError(f"catalogue: every indicator once, but these stand twice: {listed(twice)}")

    def __getitem__(self, name: str) -> Indicator:
        for indicator in self.indicators:
            if indicator.name == name:
                return indicator
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return (indicator.name for indicator in self.indicators)

    def __len__(self) -> int:
        return len(self.indicators)

    def for_columns(self, columns: Iterable[str]) -> Catalogue:
        """Return the catalogue of exactly these columns: known ones as declared, others inferred."""
        known = {indicator.name: indicator for indicator in self.indicators}
        chosen = tuple(known.get(name) or infer_indicator(name) for name in columns)
        return Catalogue(chosen, self.group_labels)

    def group_label(self, group: str, language: str = "en") -> str:
        """Return the words for a group; its own name when nobody gave it any."""
        labels = self.group_labels.get(group) or GROUP_LABELS.get(group) or {}
        return labels.get(language) or labels.get("en") or group

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "indicators": [asdict(indicator) for indicator in self.indicators],
            "group_labels": {group: dict(labels) for group, labels in self.group_labels.items()},
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Catalogue:
        """Rebuild a catalogue from `to_dict`."""
        return cls(tuple(Indicator(**one) for one in values["indicators"]), values["group_labels"])
