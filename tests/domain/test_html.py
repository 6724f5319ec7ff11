from churnhealth.domain.html import html_card, html_line, html_list


def test_every_text_is_escaped():
    made = html_card("<b>", html_line("<i>"), html_list(["<u>", "a & b"]), html_line("x", soft=True))
    for raw in ("<b>", "<i>", "<u>", "a & b"):
        assert raw not in made
    assert "<h4>&lt;b&gt;</h4>" in made
    assert '<p class="soft">x</p>' in made


def test_a_card_follows_jupyter_or_the_readers_scheme_and_loads_nothing():
    made = html_card("x")
    assert "var(--jp-content-font-color1,var(--ink))" in made
    assert "@media (prefers-color-scheme:dark)" in made
    for word in ("http", "<script", "@import", "url("):
        assert word not in made


def test_the_style_reaches_only_the_card():
    rules = [
        part.split("{")[0] for part in html_card("x").split("<style>")[1].split("</style>")[0].split("}")
    ]
    named = [rule for rule in rules if rule.strip() and not rule.startswith("@media")]
    assert all(".churnhealth" in rule for rule in named)
