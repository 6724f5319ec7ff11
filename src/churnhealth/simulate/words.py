"""Names of simulated customers, plans, industries and regions, in English and Japanese."""

from __future__ import annotations

PLANS = {
    "en": ("starter", "standard", "enterprise"),
    "ja": ("スターター", "スタンダード", "エンタープライズ"),
}
SIZES = {"en": ("small", "mid", "large"), "ja": ("小規模", "中規模", "大規模")}
INDUSTRIES = {
    "en": (
        "logistics",
        "retail",
        "software",
        "manufacturing",
        "health",
        "education",
        "finance",
        "media",
    ),
    "ja": ("物流", "小売", "ソフトウェア", "製造", "医療", "教育", "金融", "メディア"),
}
REGIONS = {
    "en": ("north", "east", "capital", "central", "west", "south"),
    "ja": ("北海道", "東北", "関東", "中部", "近畿", "九州"),
}
SEAT_PRICES = {"USD": (12.0, 25.0, 48.0), "JPY": (1500.0, 3000.0, 5800.0)}
FEATURES = (
    "dashboard",
    "search",
    "report",
    "export",
    "calendar",
    "comments",
    "approval",
    "automation",
    "integration",
    "api",
    "forecast",
    "admin",
)

_FIRST = {
    "en": (
        "Amber", "Birch", "Cedar", "Delta", "Ember", "Falcon", "Granite", "Harbor", "Iris", "Juniper",
        "Kestrel", "Lumen", "Maple", "North", "Ocean", "Pine", "Quartz", "River", "Summit", "Tidal",
    ),
    "ja": (
        "青葉", "朝日", "泉", "桜", "栄", "若葉", "大和", "富士", "松風", "三河",
        "瑞穂", "光", "北斗", "緑", "東雲", "明星", "山手", "結", "陽光", "鶴見",
    ),
}  # fmt: skip
_SECOND = {
    "en": (
        "Logistics", "Systems", "Foods", "Works", "Trading", "Labs", "Clinic", "Media", "Motors",
        "Partners",
    ),
    "ja": ("物流", "システム", "食品", "製作所", "商事", "研究所", "医療", "出版", "自動車",
           "パートナーズ"),
}  # fmt: skip


def company_name(number: int, language: str) -> str:
    """Return the name of a customer; after 200 of them a number tells them apart.

    Examples
    --------
    >>> company_name(0, "en"), company_name(215, "ja")
    ('Amber Logistics', '株式会社明星物流1号店')
    """
    first, second = _FIRST[language], _SECOND[language]
    rest, place = divmod(number, len(first) * len(second))
    one, two = first[place % len(first)], second[place // len(first)]
    if language == "ja":
        return f"株式会社{one}{two}" + (f"{rest}号店" if rest else "")
    return f"{one} {two}" + (f" {rest}" if rest else "")
