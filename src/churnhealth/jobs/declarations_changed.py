"""Does a model still mean by an indicator what the project computes under its name?"""

from __future__ import annotations

from collections.abc import Iterable

from churnhealth.domain.catalogue import catalogue_of
from churnhealth.domain.indicators import Catalogue
from churnhealth.errors import ArtifactError
from churnhealth.jobs.settings import Settings


def changed_declarations(settings: Settings, trained: Catalogue) -> list[str]:
    """Tell the indicators of a model that the project computes in another way than when it learned.

    Parameters
    ----------
    settings : Settings
        Of a project; one with a panel computes nothing.
    trained : Catalogue
        The model's own.

    Returns
    -------
    list of str
        One sentence per indicator, with both declarations.
    """
    if not settings.is_history:
        return []
    now = catalogue_of(settings.declarations.known)
    return list(_differences(trained, now))


def require_unchanged(settings: Settings, trained: Catalogue) -> None:
    """Refuse a model whose indicators are computed in another way today.

    Raises
    ------
    ArtifactError
        With every such indicator: the numbers would no longer mean what the model learned.
    """
    changed = changed_declarations(settings, trained)
    if changed:
        head = "the model learned indicators that are declared in another way today; restore the old "
        head += "declarations, or retrain"
        raise ArtifactError("\n".join([head, *(f"  - {one}" for one in changed)]))


def recipe_fault(settings: Settings, trained: Catalogue, present: Iterable[str]) -> str | None:
    """Return why the recipe of an older model cannot be trained on a panel any more; None: it can.

    Parameters
    ----------
    settings : Settings
        Of the project.
    trained : Catalogue
        The model's own.
    present : iterable of str
        The indicators of the panel.
    """
    names = set(present)
    lacking = [name for name in trained if name not in names]
    if lacking:
        return f"the panel no longer has its indicators {', '.join(map(repr, lacking))}."
    changed = changed_declarations(settings, trained)
    return (
        f"its indicators are declared in another way today: {'; '.join(changed)}." if changed else None
    )


def _differences(trained: Catalogue, now: Catalogue) -> Iterable[str]:
    today = {one.name: one.computed for one in now.values()}
    for one in trained.values():
        computed = today.get(one.name, "")
        if one.computed and computed and one.computed != computed:
            yield f"{one.name!r} was {one.computed!r}, is {computed!r}"
