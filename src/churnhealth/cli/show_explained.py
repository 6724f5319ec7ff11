"""What stands on a card beside the published score: what moved, what would help, since when."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from churnhealth.cli.printing import new_table, plain_text
from churnhealth.domain.indicators import Catalogue
from churnhealth.domain.units import COLON, MINUS
from churnhealth.explain.explanation import ALL_OTHERS
from churnhealth.explain.improve import MODELS_VIEW
from churnhealth.explain.phrases import capitalised
from churnhealth.explain.reasons import reason
from churnhealth.jobs.card_change import CardChange
from churnhealth.jobs.card_help import CardHelp
from churnhealth.jobs.explain_customer import ExplainedCustomer

MOST_WARNINGS = 5
_NO_WORDS = Catalogue()


def signed(points: float) -> str:
    """Write points with their sign.

    Examples
    --------
    >>> signed(-3.21), signed(0.0)
    ('−3.2', '±0.0')
    """
    text = f"{points:+.1f}".replace("-", MINUS)
    return f"±{text[1:]}" if text[1:] == "0.0" else text


def change_words(change: CardChange | None, language: str) -> str:
    """Return what follows the change in the head of the card: its two parts, where they are known."""
    if change is None or change.same_model:
        return ""
    model, behaviour = signed(change.model), signed(change.behaviour)
    if language == "ja":
        return f"（顧客側の変化 {behaviour}点、モデルの変更 {model}点）"
    return f": behaviour {behaviour}, the model {model}"


def moved(change: CardChange, language: str) -> Table:
    """List what the customer did and what the model changed; the lines add up to the change."""
    japanese = language == "ja"
    table = new_table(None, ["前回からの変化の内訳" if japanese else "what moved since then"])
    head = "▶ 顧客側の変化" if japanese else "▶ behaviour"
    table.add_row(Text(f"{head} {_points(change.behaviour, language)}", "bold"))
    rows, rest = change.moved_most()
    _lines(table, [change.sentence(row, language) for row in rows.to_dict("records")], rest, language)
    head = "▶ モデルの変更" if japanese else "▶ the model"
    same = ("（前回と同じモデル）" if japanese else " (the same one as before)") * change.same_model
    table.add_row(Text(f"{head} {_points(change.model, language)}{same}", "bold"))
    if not change.model_by_indicator:
        table.add_row(plain_text(f"  {_only_behaviour(change, language)}"))
    elif not change.same_model:
        rows, rest = change.weighed_most()
        told = [change.sentence(row, language) for row in rows.to_dict("records")]
        _lines(table, told, rest, language)
    return table


def would_help(found: CardHelp, language: str) -> Table | None:
    """List what would raise the score in the model's view; nothing where nothing is actionable."""
    if not found.asked:
        return None
    japanese = language == "ja"
    title = (
        "改善が見込まれる項目（モデルの見方）" if japanese else "what would help, in the model's view"
    )
    table = new_table(None, [title])
    for row in found.lines.to_dict("records"):
        table.add_row(plain_text(found.sentence(row, language)))
    if found.lines.empty:
        none = "対応可能な指標の改善でスコアが上がる見込みはありません"
        table.add_row(none if japanese else "No indicator that can be acted on would raise the score")
        return table
    table.add_row(plain_text(_alike(found, language)))
    table.add_row(Text(f"{capitalised(MODELS_VIEW[language])}{'。' if japanese else '.'}", "dim"))
    return table


def remarks(one: ExplainedCustomer, language: str) -> list[str]:
    """Return the lines below the tables: since when, values new to the model, what is not told."""
    japanese = language == "ja"
    told = [] if one.day is None else [one.day.sentence(language)]
    if one.would_help is not None and not one.would_help.asked:
        told.append(
            "改善の見込みを示すには、churnhealth.toml の [indicators.*] で actionable = true を指定し、"
            "再学習してください。"
            if japanese
            else "To see what would help, mark indicators with actionable = true in churnhealth.toml "
            "and retrain."
        )
    if one.warnings:
        told.append(
            "注意：学習データにない値です。この部分でのモデルの判断は検証されていません。"
            if japanese
            else "Take care: these values were not in the training data. There the model is untested."
        )
        told += [f"  {warning[language]}" for warning in one.warnings[:MOST_WARNINGS]]
        told += _more(len(one.warnings) - MOST_WARNINGS, language)
    return told + [note[language] for note in one.notes]


def _more(count: int, language: str) -> list[str]:
    if count <= 0:
        return []
    return [f"  ほか{count}件" if language == "ja" else f"  and {count} more"]


def _lines(table: Table, sentences: list[str], rest: float, language: str) -> None:
    last = reason(ALL_OTHERS, None, None, rest, _NO_WORDS, language)
    for one in [*sentences, *([last] if abs(rest) >= 0.05 or not sentences else [])]:
        table.add_row(plain_text(f"  {one}"))


def _only_behaviour(change: CardChange, language: str) -> str:
    if language == "ja":
        return (
            f"前回のモデル（{change.model_before}）を読み込めないため、指標ごとの内訳は"
            "現在のモデルでの顧客側の変化のみ示します"
        )
    return (
        f"the model before, {change.model_before}, cannot be read any more: only behaviour under the "
        "current model can be told by indicator"
    )


def _alike(found: CardHelp, language: str) -> str:
    labels = [found.catalogue[name].label(language) for name in found.alike_by]
    if language == "ja":
        who = f"{'・'.join(labels)}が同じ顧客" if labels else "同じ基準日の全顧客"
        return f"類似顧客{COLON}{who}"
    who = f"of the same {', '.join(labels)}" if labels else "all customers scored at this cutoff"
    return f"Similar customers: {who}"


def _points(points: float, language: str) -> str:
    return f"{signed(points)}点" if language == "ja" else f"{signed(points)} points"
