"""One HTML file: nothing of the data is markup, nothing is asked for, every word is there twice."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnhealth.report.page import SCRIPTS, Page, render_page, safe_json
from churnhealth.report.words import WORDS

HOSTILE = "</script><script>alert(1)</script>&amp;\u2028<!--"
PORTFOLIO = {"bands": [{"band": "red", "customers": 3}]}


class Elements(HTMLParser):
    """Collects tags with their attributes, and the text of each script and style."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inside: list[str] = []
        self.open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.open = tag in ("script", "style")
        if self.open:
            self.inside.append("")

    def handle_endtag(self, tag: str) -> None:
        self.open = False

    def handle_data(self, data: str) -> None:
        if self.open:
            self.inside[-1] += data


@pytest.fixture(scope="module")
def html() -> str:
    document = {"portfolio": PORTFOLIO, "customers": [{"id": HOSTILE}]}
    return render_page(Page(HOSTILE, "ja", document, f"# {HOSTILE}\n\n- {HOSTILE}\n\n| {HOSTILE} |\n"))


@pytest.fixture(scope="module")
def parsed(html: str) -> Elements:
    found = Elements()
    found.feed(html)
    return found


def test_text_of_the_data_makes_no_element(parsed: Elements) -> None:
    tags = [tag for tag, _ in parsed.tags]
    assert tags.count("script") == 2
    assert tags.count("style") == 1


def test_the_policy_names_the_hashes_of_the_only_script_and_style(parsed: Elements) -> None:
    style, data, script = parsed.inside
    (policy,) = [
        about["content"]
        for tag, about in parsed.tags
        if tag == "meta" and about.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy is not None
    for kind, text in (("script", script), ("style", style)):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert json.loads(data)["customers"] == [{"id": HOSTILE}]


def test_nothing_points_outside(parsed: Elements) -> None:
    for tag, about in parsed.tags:
        assert tag not in ("link", "img", "iframe", "object", "embed", "base", "form")
        assert "src" not in about
        assert str(about.get("href", "#")).startswith("#")
        assert not [name for name in about if name.startswith("on") or name == "style"]


def test_the_page_opens_in_the_language_asked_for(html: str) -> None:
    assert '<html lang="ja">' in html
    assert "顧客ヘルスレポート</title>" in html
    assert "<td>危険</td><td>3</td>" in html


def test_our_own_files_cannot_end_their_element_and_load_nothing() -> None:
    static = files("churnhealth.report") / "static"
    for name in ("page.css", *(f"{one}.js" for one in SCRIPTS)):
        text = (static / name).read_text(encoding="utf-8")
        assert "</" not in text
        assert not re.search(r"https?://(?!www\.w3\.org)|@import|url\(|innerHTML|eval\(|fetch\(", text)


def test_every_word_that_the_script_asks_for_is_there_in_both_languages() -> None:
    static = files("churnhealth.report") / "static"
    script = "".join((static / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS)
    asked = set(re.findall(r"\bt\('([^']+)'[,)]", script))
    assert asked <= set(WORDS)
    assert len(asked) > 80
    for key, said in WORDS.items():
        assert all(said), key
        places = [sorted(re.findall(r"\{\w+\}", one)) for one in said]
        assert places[0] == places[1], key


def test_every_word_is_used() -> None:
    static = files("churnhealth.report")
    code = "".join(
        (static / "static" / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS
    ) + (static / "templates" / "page.html.j2").read_text(encoding="utf-8")
    built = ("tab.", "band.", "third.", "word.", "level.", "metric.")
    data = {"touches", "tickets", "surveys", "actions", "open", "resolved", "control", "due", "ok"}
    data |= {"green_but_churned", "red_but_stayed"}
    data |= {"as predicted", "more than predicted", "fewer than predicted"}
    unused = [
        key
        for key in WORDS
        if not key.startswith(built) and key not in data and not re.search(rf"['.]{key}\b", code)
    ]
    assert unused == []


@given(st.dictionaries(st.text(), st.text(st.characters(codec="utf-8"))))
def test_json_in_the_page_comes_back_as_it_was_and_holds_no_markup(document: dict[str, str]) -> None:
    text = safe_json(document)
    assert json.loads(text) == document
    assert not set(text) & set("<>&\u2028\u2029")


def test_half_a_character_is_written_as_an_escape() -> None:
    assert safe_json({"name": "\ud83d"}).encode("utf-8") == b'{"name":"\\ud83d"}'


def test_a_number_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="Out of range"):
        safe_json({"score": float("nan")})
