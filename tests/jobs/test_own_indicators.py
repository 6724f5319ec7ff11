# ruff: noqa: E501 - one line is one faulty declaration.
"""Indicators, groups and the choice of built-in ones in churnhealth.toml."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from churnhealth.domain.catalogue import BUILT_IN
from churnhealth.domain.indicators import Catalogue
from churnhealth.errors import ArtifactError, ConfigError
from churnhealth.jobs.declarations_changed import changed_declarations, recipe_fault, require_unchanged
from churnhealth.jobs.history_panel import history_scoring_panel, history_training_panel
from churnhealth.jobs.indicator_list import list_indicators
from churnhealth.jobs.scoring_source import read_scoring_batches
from churnhealth.jobs.settings import Settings, load_settings
from churnhealth.jobs.simulate_project import simulate_project
from churnhealth.jobs.wiring import open_workplace

DOCS = (Path(__file__).parents[2] / "docs" / "indicators.md").read_text(encoding="utf-8")
HISTORY = """
[project]
name = "p"
[problem]
rule = "contract_end"
horizon_days = 90
[sources.customers]
table = "c"
[sources.subscriptions]
table = "s"
[sources.usage_events]
table = "u"
"""


@pytest.fixture
def load(tmp_path: Path):
    def read(text: str, head: str = HISTORY) -> Settings:
        path = tmp_path / "churnhealth.toml"
        path.write_text(head + text, encoding="utf-8")
        return load_settings(path)

    return read


def own(name: str, *lines: str) -> str:
    return "\n".join([f"[indicators.{name}]", 'group = "usage"', *lines, ""])


COUNT = ('table = "usage_events"', 'kind = "count"', "window = 7")


def test_the_example_of_the_docs_is_computed_from_the_simulated_vendor(tmp_path):
    snippets = re.findall(r"```toml\n(.*?)```", DOCS, flags=re.DOTALL)
    (snippet,) = [one for one in snippets if "[indicators." in one]
    simulate_project(120, 1, tmp_path / "p", seed=3)
    config = tmp_path / "p" / "churnhealth.toml"
    config.write_text(config.read_text(encoding="utf-8") + "\n" + snippet, encoding="utf-8")
    workplace = open_workplace(config)
    names = ["reports_28d", "operations_per_user_28d", "mrr_per_seat", "tickets_per_seat"]
    listed = list_indicators(workplace)
    assert set(names) == listed.own
    assert listed.catalogue.group_label(listed.catalogue["reports_28d"].group, "ja") == "レポート"
    assert any("left out by [catalogue]" in note and "end_announced" in note for note in listed.notes)
    panel = history_training_panel(workplace)
    assert set(names) <= set(panel.X)
    assert not {"end_announced", "onboarding_share"} & set(panel.X)
    assert (panel.X[names].nunique() > 1).all()
    here = panel.X
    assert (here["mrr_per_seat"] - here["mrr"] / here["seats"]).abs().max() < 1e-9
    day = panel.cutoff.max().date()
    scored = history_scoring_panel(workplace, names, workplace.settings.problem, day)
    newest = (panel.cutoff == panel.cutoff.max()).to_numpy()
    assert (
        scored.X.fillna(-1).to_numpy().tolist() == here.loc[newest, names].fillna(-1).to_numpy().tolist()
    )


def test_own_indicators_follow_the_built_in_ones(load):
    settings = load(own("logins", *COUNT, 'label_ja = "ログイン"'))
    assert list(settings.catalogue)[-1] == "logins"
    assert settings.catalogue["logins"].label_ja == "ログイン"
    assert settings.catalogue["logins"].computed == "count in usage_events, 7 days"
    assert len(settings.catalogue) == len(BUILT_IN) + 1


def test_a_section_without_a_declaration_gives_new_words_to_a_built_in_indicator(load):
    one = load('[indicators.mrr]\nlabel_en = "revenue"\n').catalogue["mrr"]
    assert (one.label_en, one.group, one.unit) == ("revenue", "contract", "currency/month")


def test_derived_indicators_may_stand_in_any_order_and_refer_to_unused_ones(load):
    text = own("b", 'sql = "a * 2"') + own("a", 'sql = "mrr / seats"')
    settings = load(text + '[catalogue]\ninclude = ["usage"]\n')
    assert "mrr" not in settings.catalogue
    assert list(settings.catalogue)[-2:] == ["b", "a"]
    assert settings.catalogue["b"].computed.count("level of mrr in subscriptions") == 1


def test_include_and_exclude_choose_by_name_and_by_group(load):
    kept = load(
        '[catalogue]\ninclude = ["contract", "nps_last"]\nexclude = ["end_announced"]\n'
    ).catalogue
    assert "nps_last" in kept
    assert "mrr" in kept
    assert "end_announced" not in kept
    assert "tickets_28d" not in kept


BAD = [
    (own("x", 'table = "usage_event"', 'kind = "count"', "window = 7"), "did you mean 'usage_events'"),
    (own("x", 'table = "usage_events"', 'kind = "cuont"', "window = 7"), "did you mean 'count'"),
    (own("x", 'table = "usage_events"', 'kind = "count"'), "expected 'window' as well"),
    (own("x", *COUNT, 'where = { featur = ["a"] }'), "did you mean 'feature'"),
    (own("x", *COUNT, "where = { feature = [] }"), "indicators.x.where"),
    (own("x", 'table = "tickets"', 'kind = "mean"', "window = 7", 'column = "csat"'), "use date='csat_given_at'"),
    (own("x", 'table = "customers"', 'kind = "attribute"', 'column = "churned_on"'), "does not describe"),
    (own("x", 'table = "usage_events"', "window = 7"), "expected table and kind"),
    (own("x", *COUNT, 'sql = "COUNT(*)"'), "expected kind or sql, got both"),
    (own("x", 'table = "usage_events"', "window = 7", 'sql = "SUM("'), "expected one SQL expression"),
    (own("x", 'table = "usage_events"', "window = 7", 'sql = "quantity"'), "expected an aggregate"),
    (own("x", 'sql = "mrr"', "window = 7"), "sql has no use for 'window'"),
    (own("x", 'sql = "plan"'), "expected a number"),
    (own("x", 'sql = "mmr"'), "did you mean 'mrr'"),
    (own("x", 'sql = "y + 1"') + own("y", 'sql = "x"'), "x -> y -> x"),
    (own("x", 'sql = "y"') + own("y", *COUNT[:2]), "refers to 'y', which has faults"),
    (own("mrr", *COUNT), "a built-in indicator has this name"),
    (own("mmr"), "no built-in indicator has this name .did you mean 'mrr'"),
    (own('"Log ins"', *COUNT), "small letters"),
    (own("cutoff", *COUNT), "small letters"),
    (own("x", *COUNT).replace('"usage"', '"usge"'), "no group is called 'usge' .did you mean 'usage'"),
    ('[catalogue]\nexclude = ["end_anounced"]\n', "catalogue.exclude: .*did you mean 'end_announced'"),
    ("[catalogue]\ninclude = []\n", "leaves no indicator"),
    ('[sources.tickets]\ntable = "t"\nextra = { kind = "k" }\n', "rows of 'tickets' are overwritten"),
    ('[sources.touches]\ntable = "t"\nextra = { topic = "k" }\n', "expected a new name"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), BAD)
def test_a_faulty_declaration_is_told(load, text, message):
    with pytest.raises(ConfigError, match=message):
        load(text)


def test_all_faults_are_told_at_once_each_with_its_section(load):
    with pytest.raises(ConfigError) as caught:
        load(own("x", 'sql = "mmr"') + own("y", *COUNT[:2]) + '[catalogue]\nexclude = ["z"]\n')
    text = str(caught.value)
    assert "3 faults" in text
    assert all(
        part in text for part in ("  - indicators.x: ", "  - indicators.y: ", "  - catalogue.exclude")
    )


def test_a_panel_has_no_declarations(load):
    head = '[project]\nname = "p"\n[panel]\ntable = "t"\ncustomer_id = "id"\nlabel = "y"\n'
    with pytest.raises(ConfigError, match=r"the indicators of a \[panel\] are its columns"):
        load(own("x", *COUNT), head)
    with pytest.raises(ConfigError, match=r"chosen under \[panel\]"):
        load('[catalogue]\nexclude = ["mrr"]\n', head)


def test_extra_columns_reach_the_source_and_the_expression(load):
    extra = HISTORY + 'extra = { bytes = "n_bytes" }\n'
    settings = load(own("x", 'table = "usage_events"', "window = 7", 'sql = "SUM(bytes)"'), extra)
    assert settings.history.sources["usage_events"].extra == {"bytes": "n_bytes"}


def test_a_model_is_refused_when_a_declaration_has_changed_since(load):
    trained = load(own("logins", *COUNT)).catalogue
    require_unchanged(load(own("logins", *COUNT, 'label_en = "new words"')), trained)
    now = load(own("logins", *COUNT[:2], "window = 14"))
    told = "'logins' was 'count in usage_events, 7 days', is 'count in usage_events, 14 days'"
    assert changed_declarations(now, trained) == [told]
    with pytest.raises(ArtifactError, match="restore the old declarations, or retrain"):
        require_unchanged(now, trained)
    assert "declared in another way" in str(recipe_fault(now, trained, trained))
    fault = recipe_fault(now, trained, [name for name in trained if name != "logins"])
    assert fault == "the panel no longer has its indicators 'logins'."


def test_scoring_refuses_such_a_model_before_it_reads_anything(load, tmp_path):
    trained = load(own("logins", *COUNT)).catalogue
    load(own("logins", *COUNT[:2], "window = 14"))
    model = SimpleNamespace(catalogue_=trained)
    with pytest.raises(ArtifactError, match="'logins' was"):
        read_scoring_batches(open_workplace(tmp_path / "churnhealth.toml"), model, None)


def test_a_change_of_what_is_referred_to_is_a_change(load):
    derived = own("per_seat", 'sql = "logins / seats"')
    trained = load(own("logins", *COUNT) + derived).catalogue
    changed = changed_declarations(load(own("logins", *COUNT[:2], "window = 14") + derived), trained)
    assert [one.partition(" was")[0] for one in changed] == ["'logins'", "'per_seat'"]


def test_a_model_of_an_older_release_that_kept_no_declarations_is_not_refused(load):
    settings = load(own("logins", *COUNT))
    silent = tuple(replace(one, computed="") for one in settings.catalogue.values())
    assert changed_declarations(settings, Catalogue(silent)) == []
    assert recipe_fault(settings, settings.catalogue, settings.catalogue) is None


def test_the_model_keeps_the_declaration_of_an_excluded_indicator_computable(load):
    trained = load("").catalogue
    settings = load('[catalogue]\nexclude = ["mrr"]\n')
    assert changed_declarations(settings, trained) == []
    assert "mrr" in {one.name for one in settings.declarations.known}
