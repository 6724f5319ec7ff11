"""Words for the key figures and for what cannot be told, in English and Japanese."""

from __future__ import annotations

KPI_LABELS: dict[str, dict[str, str]] = {
    "customers": {"en": "Customers", "ja": "顧客数"},
    "mrr": {"en": "MRR", "ja": "MRR"},
    "churn_rate": {"en": "Churn rate (customers)", "ja": "解約率（顧客数）"},
    "churn_rate_average": {"en": "Churn rate, average month", "ja": "解約率（月平均）"},
    "churn_rate_horizon": {"en": "Churn rate of the horizon", "ja": "解約率（予測期間）"},
    "churn_rate_monthly": {"en": "Churn rate, converted to a month", "ja": "解約率（月換算）"},
    "mrr_churn_rate": {"en": "Churn rate (MRR)", "ja": "解約率（MRR）"},
    "mrr_churn_rate_horizon": {
        "en": "Churn rate of the horizon (MRR)",
        "ja": "解約率（予測期間・MRR）",
    },
    "retention_rate": {"en": "Retention rate", "ja": "継続率"},
    "mrr_expansion_rate": {"en": "Expansion rate (MRR)", "ja": "拡大率（MRR）"},
    "customer_expansion_rate": {
        "en": "Up- and cross-sell rate (customers)",
        "ja": "アップセル・クロスセル率（顧客数）",
    },
    "net_revenue_retention": {"en": "Net revenue retention", "ja": "売上継続率（NRR）"},
    "average_mrr": {"en": "Average MRR per customer", "ja": "顧客あたり平均MRR"},
    "expected_months": {"en": "Expected months of contract", "ja": "想定契約月数"},
    "lifetime_value": {"en": "Lifetime value (LTV)", "ja": "顧客生涯価値（LTV）"},
    "nps": {"en": "NPS", "ja": "NPS"},
    "nps_response_rate": {"en": "NPS response rate", "ja": "NPS回答率"},
    "expected_churners": {"en": "Expected churners", "ja": "解約見込み数"},
    "mrr_at_risk": {"en": "MRR at risk", "ja": "リスクMRR"},
}
GUIDE_WORDS = {
    "within": {"en": "at most 3 % a month", "ja": "目安の月3%以内"},
    "above": {"en": "above 3 % a month", "ja": "目安の月3%を超過"},
}
NOTES: dict[str, dict[str, str]] = {
    "panel": {
        "en": "A panel tells neither months nor changes of MRR: expansion, net revenue retention, "
        "cohorts, LTV by contracts and NPS by survey need history tables under [sources.*].",
        "ja": "パネルからは月ごとの動きやMRRの変化が分からないため、拡大率・NRR・コホート・"
        "契約に基づくLTV・NPSは計算できません。[sources.*]に履歴テーブルを設定してください。",
    },
    "no_horizon": {
        "en": "The panel's label has no horizon_days: its churn rate is of an unknown period, so it is "
        "neither converted nor compared with the guide of 3 % a month.",
        "ja": "パネルのラベルにhorizon_daysがないため、解約率の対象期間が不明です。月換算も"
        "月3%の目安との比較も行いません。",
    },
    "no_label": {
        "en": "The panel has no label column: churn rates cannot be told.",
        "ja": "パネルにラベル列がないため、解約率は計算できません。",
    },
    "horizon": {
        "en": "The guide of 3 % is for a month; the rate of the horizon was converted first.",
        "ja": "目安の3%は月次の値です。予測期間の解約率は月換算してから比較しています。",
    },
    "no_contracts": {
        "en": "There is no [sources.subscriptions]: churn, retention, expansion and LTV need contracts.",
        "ja": "[sources.subscriptions]がないため、解約率・継続率・拡大率・LTVは計算できません。",
    },
    "no_months": {
        "en": "The contracts do not cover one whole month before the end of the data.",
        "ja": "契約データが、データ終了日までの1か月を満たしていません。",
    },
    "no_money": {
        "en": "MRR figures are left out: the contracts have no MRR, or no single currency.",
        "ja": "契約にMRRがない、または通貨が一つでないため、MRRの指標は省いています。",
    },
    "no_versions": {
        "en": "Contracts without valid_from show their latest MRR only: a plan change inside a contract "
        "is not seen as expansion or contraction.",
        "ja": "valid_fromのない契約は最新のMRRしか分からないため、契約内のプラン変更は"
        "拡大・縮小に含まれません。",
    },
    "no_nps": {
        "en": "There are no NPS answers from 0 to 10 in [sources.surveys].",
        "ja": "[sources.surveys]に0～10のNPS回答がありません。",
    },
    "nobody_left": {
        "en": "Nobody left in these months: lifetime and LTV cannot be told yet.",
        "ja": "この期間の解約がないため、契約期間とLTVはまだ計算できません。",
    },
    "grace": {
        "en": "A contract that ended within the grace days before the end of the data counts as churned "
        "until its successor is there.",
        "ja": "データ終了日の直前（猶予日数内）に終了した契約は、後続契約が登録されるまで解約として"
        "数えます。",
    },
}
