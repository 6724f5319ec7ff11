"""What people read for the codes of monitoring, in English and Japanese; tables keep the codes."""

from __future__ import annotations

from collections.abc import Mapping

Words = Mapping[str, Mapping[str, str]]

CHECK_WORDS: Words = {
    "calibration_level": {"en": "level of the probabilities", "ja": "解約確率の水準"},
    "calibration_shape": {"en": "shape of the probabilities", "ja": "解約確率の偏り"},
    "log_loss": {"en": "log loss", "ja": "対数損失"},
    "drift": {"en": "drift", "ja": "データの変化（ドリフト）"},
    "age": {"en": "age of the model", "ja": "モデルの古さ"},
}
STATUS_WORDS: Words = {
    "due": {"en": "due", "ja": "要再学習"},
    "ok": {"en": "ok", "ja": "問題なし"},
    "unknown": {"en": "unknown", "ja": "判定不可"},
}
PERIOD_WORDS: Words = {
    "as predicted": {"en": "as predicted", "ja": "予測どおり"},
    "more than predicted": {"en": "more than predicted", "ja": "予測より多い"},
    "fewer than predicted": {"en": "fewer than predicted", "ja": "予測より少ない"},
}
FINDING_WORDS: Words = {
    "green_but_churned": {"en": "Green, but churned", "ja": "健全だったが解約"},
    "red_but_stayed": {"en": "Red, but stayed", "ja": "危険だったが継続"},
}
DRIFT_WORDS: Words = {
    "ok": {"en": "ok", "ja": "問題なし"},
    "warn": {"en": "drifting", "ja": "変化あり"},
    "stop": {"en": "far from the training data", "ja": "学習時と大きく異なる"},
}


def word(words: Words, code: str, language: str = "en") -> str:
    """Return what people read for a code; the code itself where nobody gave it words.

    Examples
    --------
    >>> word(STATUS_WORDS, "due", "ja"), word(CHECK_WORDS, "age")
    ('要再学習', 'age of the model')
    """
    return words.get(code, {}).get(language, code)
