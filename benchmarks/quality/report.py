"""Tables of scores in Markdown, from the results on disk alone."""

from __future__ import annotations

import math
import platform
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks.quality.cache import Result
from benchmarks.quality.rivals import TOOLS
from benchmarks.quality.scores import (
    average_ranks,
    difference,
    draw_difference,
    mean_and_error,
    ranks,
    verdict,
)
from benchmarks.quality.sets import SETS

from churnhealth.evaluate.compare import PairedDifference
from churnhealth.evaluate.loss import log_loss

Results = Mapping[str, Sequence[Result]]
BASE = "base_rate"
DIGITS = {"log loss": 4, "AUC": 4, "Brier": 4, "slope": 2, "ICI": 4, "ICI floor": 4}
SECONDS = ("fit s", "predict s")

EXPLAINED = """\
Every fold is `StratifiedKFold(n, shuffle=True, random_state=0)`, ravenstack is split in time; scores are
of the judged rows of all folds together (AUC: mean over folds). "Less ours" is the tool's log loss less
that of the first churnhealth, row by row on the folds that both have, ± its standard error (clustered by
customer): above 0 = the tool is worse. Ranks go to tools that were measured on all folds. ICI:
mean distance from the smooth calibration curve; its floor is the 95 % quantile of a perfect model with
these probabilities. Seconds are CPU seconds of a fold, process and children, one thread, one process at
a time, imports not counted; the first fold of ours includes 0.7 s of compiling."""

CURVE_EXPLAINED = """\
Mean log loss of 13 draws; draws of a set and rate are nested over the sizes and judged on customers that
no size learned from, at the same churn rate. ± standard error over draws, which share customers."""


def render(
    by_set: Mapping[str, Results],
    curves: Mapping[str, Results],
    notes: Sequence[str],
    score: Callable[[Sequence[Result]], dict[str, float]],
) -> str:
    """Return the whole report; `score` gives the scores of a tool's results on a set."""
    parts = ["# Quality of the churn probability, beside other tools", EXPLAINED]
    ranked = {name: _ranks(results) for name, results in by_set.items() if results.get(BASE)}
    if len(ranked) > 1:
        parts += ["## All sets", _summary(by_set, ranked)]
    for name, results in by_set.items():
        scores = {tool: score(found) for tool, found in results.items()}
        parts += [f"## {name}", _about(name, results)]
        parts += [_set_table(results, scores, ranked.get(name, {}))]
        parts += _against_best(results)
    if any(curves.values()):
        parts += ["## Learning curve", _curve_table(curves)]
    parts += ["## How it was measured", *_circumstances(by_set, curves), *notes]
    return "\n\n".join(parts) + "\n"


def title(name: str) -> str:
    """Name of a tool for people; a cached churnhealth keeps the fingerprint of its source."""
    tool, _, fingerprint = name.partition("@")
    return TOOLS[tool].title + (f" @{fingerprint}" if fingerprint else "")


def _ours(results: Results) -> str:
    return next((name for name in results if name.startswith("churnhealth")), BASE)


def _ranks(results: Results) -> dict[str, float]:
    """Ranks by log loss of the tools that were measured on all folds."""
    whole = {name: found for name, found in results.items() if len(found) == found[0].facts.folds}
    gaps = {name: difference(found, results[BASE]) for name, found in whole.items()}
    return ranks({name: gap.difference for name, gap in gaps.items() if gap is not None})


def _summary(by_set: Mapping[str, Results], ranked: Mapping[str, Mapping[str, float]]) -> str:
    """Log loss of every tool on every set; tools that were not measured on all rows stand last."""
    everywhere = average_ranks([_only_complete(one, ranked) for one in ranked.values()])
    names = {name: None for results in by_set.values() for name in results}
    rows = []
    for name in [*everywhere, *(name for name in names if name not in everywhere)]:
        losses = [_loss_cell(results.get(name, ())) for results in by_set.values()]
        mean = f"{everywhere[name]:.2f}" if name in everywhere else "–"
        rows.append([title(name), *losses, mean])
    return _markdown(["log loss", *by_set, "average rank"], rows)


def _only_complete(
    one: Mapping[str, float], ranked: Mapping[str, Mapping[str, float]]
) -> dict[str, float]:
    complete = [name for name in one if all(name in other for other in ranked.values())]
    return ranks({name: one[name] for name in complete})


def _loss_cell(results: Sequence[Result]) -> str:
    if not results:
        return "–"
    rows = sum(len(result.y) for result in results)
    mean = sum(log_loss(result.y, result.p) * len(result.y) for result in results) / rows
    some = "" if len(results) == results[0].facts.folds else f" ({_folds(results)})"
    return f"{mean:.4f}{some}"


def _folds(results: Sequence[Result]) -> str:
    facts = results[0].facts
    if len(results) == facts.folds:
        return str(facts.folds)
    return f"fold {', '.join(str(result.facts.fold) for result in results)} of {facts.folds}"


def _about(name: str, results: Results) -> str:
    found = next((one for one in results.values() if one), None)
    if found is None:
        return "No results."
    most = max(results.values(), key=len)
    rows, facts = sum(len(result.y) for result in most), most[0].facts
    said = SETS[name].__doc__ or ""
    return f"{said} {rows:,} judged rows, {facts.folds} folds, fold ids {facts.digest}."


def _set_table(
    results: Results, scores: Mapping[str, Mapping[str, float]], ranked: Mapping[str, float]
) -> str:
    ours = results.get(_ours(results), ())
    rows = []
    for name in sorted(scores, key=lambda name: ranked.get(name, scores[name]["log loss"])):
        gap = None if name == _ours(results) else difference(results[name], ours)
        cells = [_number(scores[name][key], digits) for key, digits in DIGITS.items()]
        seconds = [f"{scores[name][key]:.1f}" for key in SECONDS]
        rank = f"{ranked[name]:g}" if name in ranked else "–"
        rows.append(
            [title(name), _folds(results[name]), cells[0], _gap(gap), *cells[1:], *seconds, rank]
        )
    less = "less ours" if _ours(results) != BASE else "less base rate"
    head = ["tool", "folds", "log loss", less, *list(DIGITS)[1:], *SECONDS, "rank"]
    return _markdown(head, rows)


def _number(value: float, digits: int) -> str:
    return "–" if math.isnan(value) else f"{value:.{digits}f}"


def _gap(gap: PairedDifference | None) -> str:
    return "" if gap is None else f"{gap.difference:+.4f} ± {gap.standard_error:.4f}"


def _against_best(results: Results) -> list[str]:
    ours = _ours(results)
    rivals = {
        name: found for name, found in results.items() if found and name.split("@")[0] != "churnhealth"
    }
    if ours == BASE or not results[ours]:
        return []
    gaps = {name: difference(results[ours], found) for name, found in rivals.items()}
    known = {name: gap for name, gap in gaps.items() if gap is not None}
    if not known:
        return []
    best = max(known, key=lambda name: known[name].difference)
    gap = known[best]
    said = verdict(gap.difference, gap.standard_error)
    return [f"{title(ours)} against the best rival ({title(best)}): {_gap(gap)}, {said}."]


def _curve_table(curves: Mapping[str, Results]) -> str:
    names = {name: None for results in curves.values() for name, found in results.items() if found}
    ours = next((name for name in names if name.startswith("churnhealth")), None)
    rows = []
    for point, results in curves.items():
        have = {name: results[name] for name in names if results.get(name)}
        if not have:
            continue
        means = {name: _draw_mean(found) for name, found in have.items()}
        cells = [f"{means[name]:.4f}" if name in means else "–" for name in names]
        rows.append([point, *cells, *_curve_gaps(have, means, ours)])
    head = ["set, churn, customers", *map(title, names), "ours less base rate", "ours less best rival"]
    return CURVE_EXPLAINED + "\n\n" + _markdown(head, rows)


def _curve_gaps(have: Results, means: Mapping[str, float], ours: str | None) -> list[str]:
    rivals = [name for name in have if not name.startswith("churnhealth")]
    if ours is None or ours not in have or not rivals:
        return ["–", "–"]
    best = min(rivals, key=lambda name: means[name])
    pairs = [draw_difference(have[ours], have.get(name, ())) for name in (BASE, best)]
    return [f"{gap:+.4f} ± {error:.4f}" for gap, error in pairs]


def _draw_mean(results: Sequence[Result]) -> float:
    return mean_and_error([log_loss(result.y, result.p) for result in results])[0]


def _circumstances(by_set: Mapping[str, Results], curves: Mapping[str, Results]) -> list[str]:
    every = [*by_set.values(), *curves.values()]
    found = [result for results in every for one in results.values() for result in one]
    if not found:
        return []
    when = sorted(result.facts.measured_at for result in found)
    versions = sorted({f"{k} {v}" for result in found for k, v in result.facts.versions.items()})
    loads = [result.facts.load for result in found]
    budgets = sorted({result.facts.budget for result in found} - {""})
    timed = f" Timed tools had {' or '.join(budgets)} s of wall time a fold." if budgets else ""
    load = f"load {min(loads):.1f} to {max(loads):.1f}"
    return [
        f"Measured {when[0]} to {when[-1]} on {_processor()}, shared with other work ({load}), "
        + f"Python {found[0].facts.python}; {', '.join(versions)}.{timed}"
    ]


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    model = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{len(model)} cores of {model[0]}" if model else platform.machine()


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
