"""The sweeps of `layout` in NumPy: where the extra `fast` is absent, and to check the other kernel."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from churnhealth.explain.treeshap.columns import prepare
from churnhealth.explain.treeshap.program import LEAF, LEAVES, Program

Floats = npt.NDArray[np.float64]


def contributions(program: Program, X: npt.NDArray[Any], out: Floats) -> None:
    """Add the contributions of a block of rows to `out` (rows, columns)."""
    table = prepare(X, program.readings)
    for sweep in program.sweeps:
        nodes = program.nodes[sweep["node"] : sweep["node"] + sweep["nodes"]]
        constants = program.constants[sweep["constant"] :]
        _sweep(nodes, constants, int(sweep["points"]), table, program.words, out)


def _sweep(
    nodes: npt.NDArray[Any],
    constants: Floats,
    points: int,
    table: Floats,
    words: npt.NDArray[np.uint32],
    out: Floats,
) -> None:
    t, w = constants[:points, np.newaxis], constants[points : 2 * points, np.newaxis]
    repeats = constants[2 * points :]
    taus = [
        t if n["kind"] % 2 == 0 else repeats[2 * points * n["rank"] :][:points, np.newaxis]
        for n in nodes
    ]
    e = _deviations(nodes, table, words)
    values = _up(nodes, taus, e)
    _down(nodes, taus, e, values, w, repeats, out)


def _deviations(nodes: npt.NDArray[Any], table: Floats, words: npt.NDArray[np.uint32]) -> list[Floats]:
    """Return e of every split: (rows,) each."""
    e: list[Floats] = []
    for node in nodes:
        x = table[node["column"]]
        true = (
            x * node["sign"] <= node["threshold"] if node["set_words"] < 0 else _in_set(x, node, words)
        )
        here = np.where(true, node["if_true"], node["if_false"])
        if node["ancestor"] >= 0:
            here = np.where(e[node["ancestor"]] * node["side"] > 0.0, here, 0.0)
        e.append(here)
    return e


def _in_set(x: Floats, node: npt.NDArray[Any], words: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
    code = x.astype(np.int64)
    word = np.where(code < 0, node["set_words"], np.minimum(code >> 5, node["set_words"]))
    bits = words[node["set_start"] + word] >> (code & 31).astype(np.uint32)
    return np.asarray(bits & 1, dtype=np.bool_)


def _up(nodes: npt.NDArray[Any], taus: list[Floats], e: list[Floats]) -> list[Floats]:
    """Return V of every split: (points, rows) each."""
    values: list[Any] = [None] * len(nodes)
    for n in range(len(nodes) - 1, -1, -1):
        node, kind = nodes[n], nodes["kind"][n] & ~1
        if kind == LEAVES:
            values[n] = node["base"] + e[n] * taus[n] * node["step"]
            continue
        other = node["base"] if kind == LEAF else values[node["child_b"]]
        values[n] = other + (node["share"] + e[n] * taus[n]) * (values[node["child_a"]] - other)
    return values


def _down(
    nodes: npt.NDArray[Any],
    taus: list[Floats],
    e: list[Floats],
    values: list[Any],
    w: Floats,
    repeats: Floats,
    out: Floats,
) -> None:
    """Carry the products P down; they take the place of the V that are not needed any more."""
    points = len(w)
    values[0] = np.broadcast_to(w, (points, len(out)))
    for n, node in enumerate(nodes):
        kind, product = node["kind"] & ~1, values[n]
        weighted = product
        if node["kind"] % 2:
            weighted = product * repeats[2 * points * node["rank"] + points :][:points, np.newaxis]
        if kind == LEAVES:
            total = (node["start"] + weighted.sum(axis=0)) * node["step"]
        else:
            other = node["base"] if kind == LEAF else values[node["child_b"]]
            total = node["start"] + (weighted * (values[node["child_a"]] - other)).sum(axis=0)
            values[node["child_a"]] = product * (node["share"] + e[n] * taus[n])
            if kind != LEAF:
                values[node["child_b"]] = product - values[node["child_a"]]
        out[:, node["indicator"]] += e[n] * total
