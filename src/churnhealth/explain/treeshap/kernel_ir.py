"""Write the compiled kernel's LLVM code: the formulas of `layout`, one function per number of points.

A vector is one number for LANES rows. For every sweep and every vector of rows: `_deviations` finds e,
`_up` finds V at all points from the leaves to the root, `_down` carries P to the leaves, over the V that
are not needed any more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from llvmlite import ir

from churnhealth.explain.treeshap.emitter import DOUBLE, F64, I32, I64, POINTER, Emitter
from churnhealth.explain.treeshap.program import LEAF, LEAVES, NO_LEAF, NODE, SWEEP

N_POINTERS = 8
"""sweeps, nodes, constants, words, table, sums, values, e."""
N_SIZES = 4
"""Number of sweeps, number of vectors of rows, bytes per vector of rows of the table and of the sums."""

_FUNCTION = ir.FunctionType(ir.VoidType(), [POINTER] * N_POINTERS + [I64] * N_SIZES)


def module_text(most_points: int, lanes: int) -> str:
    """Return the LLVM code of `run`, which takes `N_POINTERS` addresses and `N_SIZES` 64-bit numbers."""
    module = ir.Module("treeshap")
    vector = ir.VectorType(F64, lanes)
    fma = ir.Function(module, ir.FunctionType(vector, [vector] * 3), f"llvm.fmuladd.v{lanes}f64")
    sweeps = [_sweep_function(module, fma, points) for points in range(1, most_points + 1)]
    _run_function(module, fma, sweeps)
    return str(module)


def _run_function(module: ir.Module, fma: ir.Function, sweeps: list[ir.Function]) -> None:
    """Write `run`: for each sweep, the function for its number of points."""
    function = ir.Function(module, _FUNCTION, "run")
    records, nodes, constants, words, table, sums, values, e, count, blocks, table_step, sums_step = (
        function.args
    )
    k = Emitter(function, fma)

    def one(number: Any) -> None:
        record = k.at(records, k.times(number, SWEEP.itemsize))
        node, constant, n, points = (
            k.b.load(k.at(record, SWEEP.fields[name][1]), typ=I64)  # type: ignore[index]
            for name in ("node", "constant", "nodes", "points")
        )
        first_node = k.at(nodes, k.times(node, NODE.itemsize))
        first_constant = k.at(constants, k.times(constant, DOUBLE))
        args = [
            record,
            first_node,
            first_constant,
            words,
            table,
            sums,
            values,
            e,
            n,
            blocks,
            table_step,
            sums_step,
        ]
        k.switch(points, {i: partial(k.b.call, f, args) for i, f in enumerate(sweeps, start=1)})

    k.loop(count, one)
    k.b.ret_void()


def _sweep_function(module: ir.Module, fma: ir.Function, points: int) -> ir.Function:
    """Write the function of one sweep with a fixed number of points."""
    function = ir.Function(module, _FUNCTION, f"sweep_{points}")
    function.linkage = "private"
    for argument in function.args[:N_POINTERS]:
        argument.add_attribute("noalias")
    _, nodes, constants, words, table, sums, values, e, count, blocks, table_step, sums_step = (
        function.args
    )
    k = Emitter(function, fma)

    def one(block: Any) -> None:
        rows = k.at(table, k.b.mul(block, table_step))
        totals = k.at(sums, k.b.mul(block, sums_step))
        sweep = _Sweep(k, points, nodes, constants, words, values, e, rows, totals)
        k.loop(count, lambda n: _deviation(sweep, n))
        k.loop(count, lambda n: _up(sweep, n), backwards=True)
        for q in range(points):
            k.store(k.spread(constants, DOUBLE * (points + q)), values, k.row_bytes * q)
        k.loop(count, lambda n: _down(sweep, n))

    k.loop(blocks, one)
    k.b.ret_void()
    return function


@dataclass(frozen=True)
class _Sweep:
    """What the three passes over the nodes share."""

    k: Emitter
    points: int
    nodes: Any
    constants: Any
    words: Any
    values: Any
    e: Any
    rows: Any
    totals: Any

    def node(self, n: Any) -> Any:
        return self.k.at(self.nodes, self.k.times(n, NODE.itemsize))

    def values_of(self, n: Any) -> Any:
        """Address of V, later P, of node n: `points` vectors."""
        return self.k.at(self.values, self.k.times(n, self.points * self.k.row_bytes))

    def child(self, node: Any, name: str) -> Any:
        return self.values_of(self.k.field(node, name))

    def e_of(self, n: Any) -> Any:
        return self.k.at(self.e, self.k.times(n, self.k.row_bytes))

    def constant(self, node: Any, repeated: bool) -> Any:
        """Address of tau (`points` numbers); those of a repeated column are followed by c."""
        if not repeated:
            return self.constants
        size = 2 * self.points * DOUBLE
        return self.k.at(
            self.constants, self.k.b.add(self.k.times(self.k.field(node, "rank"), size), I64(size))
        )

    def by_kind(self, node: Any, emit: Callable[[int, bool], None]) -> None:
        kind = self.k.b.load(self.k.at(node, NODE.fields["kind"][1]), typ=I32)  # type: ignore[index]
        kinds = [(shape, repeated) for shape in (LEAVES, LEAF, NO_LEAF) for repeated in (False, True)]
        self.k.switch(
            kind, {shape + repeated: partial(emit, shape, repeated) for shape, repeated in kinds}
        )


def _deviation(s: _Sweep, n: Any) -> None:
    """Find e of node n: which way rows go, and whether they passed the same column's splits above."""
    k, node = s.k, s.node(n)
    x = k.load(s.rows, k.times(k.field(node, "column"), k.row_bytes))
    set_words = k.field(node, "set_words")
    here = s.e_of(n)
    with k.b.if_else(k.b.icmp_signed("<", set_words, I64(0))) as (numerical, categorical):
        with numerical:
            low = k.b.fcmp_ordered("<=", k.b.fmul(x, k.field(node, "sign")), k.field(node, "threshold"))
            k.store(k.b.select(low, k.field(node, "if_true"), k.field(node, "if_false")), here)
        with categorical:
            inside = _in_set(s, node, x, set_words)
            k.store(k.b.select(inside, k.field(node, "if_true"), k.field(node, "if_false")), here)
    ancestor = k.field(node, "ancestor")
    with k.b.if_then(k.b.icmp_signed(">=", ancestor, I64(0))):
        above = k.b.fmul(k.load(s.e_of(ancestor)), k.field(node, "side"))
        k.store(k.b.select(k.b.fcmp_ordered(">", above, k.zero), k.load(here), k.zero), here)


def _in_set(s: _Sweep, node: Any, x: Any, set_words: Any) -> Any:
    """Look up the bit of every row's category; one beyond the set reads the empty word behind it."""
    k, b = s.k, s.k.b
    start = k.at(s.words, k.times(k.field(node, "set_start"), 4))
    answer = ir.Constant(ir.VectorType(ir.IntType(1), k.vector.count), ir.Undefined)
    for lane in range(k.vector.count):
        code = b.fptosi(b.extract_element(x, I32(lane)), I64)
        word = b.lshr(code, I64(5))
        word = b.select(b.icmp_unsigned("<", word, set_words), word, set_words)
        bits = b.zext(b.load(k.at(start, k.times(word, 4)), typ=I32), I64)
        bit = b.trunc(b.lshr(bits, b.and_(code, I64(31))), ir.IntType(1))
        answer = b.insert_element(answer, bit, I32(lane))
    return answer


def _up(s: _Sweep, n: Any) -> None:
    """V of node n, from the V of its children."""
    k, node, values, e = s.k, s.node(n), s.values_of(n), s.k.load(s.e_of(n))

    def two_leaves(repeated: bool) -> None:
        base, tau = k.field(node, "base"), s.constant(node, repeated)
        scaled = k.b.fmul(e, k.field(node, "step"))
        for q in range(s.points):
            k.store(k.fma(scaled, k.spread(tau, DOUBLE * q), base), values, k.row_bytes * q)

    def inner(shape: int, repeated: bool) -> None:
        share, tau, a = k.field(node, "share"), s.constant(node, repeated), s.child(node, "child_a")
        other = _child_b(s, node, shape)
        for q in range(s.points):
            v_b = other(q)
            rho = k.fma(e, k.spread(tau, DOUBLE * q), share)
            k.store(k.fma(rho, k.b.fsub(k.load(a, k.row_bytes * q), v_b), v_b), values, k.row_bytes * q)

    s.by_kind(
        node, lambda shape, repeated: two_leaves(repeated) if shape == LEAVES else inner(shape, repeated)
    )


def _child_b(s: _Sweep, node: Any, shape: int) -> Callable[[int], Any]:
    """Return how to get V of child b at point q: a constant where it is a leaf."""
    if shape == LEAF:
        output = s.k.field(node, "base")
        return lambda q: output
    address = s.child(node, "child_b")
    return lambda q: s.k.load(address, s.k.row_bytes * q)


def _down(s: _Sweep, n: Any) -> None:
    """Add the contribution of node n to its column and hand P to the children."""
    k, node, values, e = s.k, s.node(n), s.values_of(n), s.k.load(s.e_of(n))

    def weighted(product: Any, constants: Any, repeated: bool, q: int) -> Any:
        return k.b.fmul(product, k.spread(constants, DOUBLE * (s.points + q))) if repeated else product

    def two_leaves(repeated: bool) -> None:
        total, constants = k.field(node, "start"), s.constant(node, repeated)
        for q in range(s.points):
            total = k.b.fadd(total, weighted(k.load(values, k.row_bytes * q), constants, repeated, q))
        add(k.b.fmul(total, k.field(node, "step")))

    def inner(shape: int, repeated: bool) -> None:
        share, constants, a = (
            k.field(node, "share"),
            s.constant(node, repeated),
            s.child(node, "child_a"),
        )
        other, total = _child_b(s, node, shape), k.field(node, "start")
        for q in range(s.points):
            product = k.load(values, k.row_bytes * q)
            gap = k.b.fsub(k.load(a, k.row_bytes * q), other(q))
            total = k.fma(weighted(product, constants, repeated, q), gap, total)
            to_a = k.b.fmul(product, k.fma(e, k.spread(constants, DOUBLE * q), share))
            k.store(to_a, a, k.row_bytes * q)
            if shape == NO_LEAF:
                k.store(k.b.fsub(product, to_a), s.child(node, "child_b"), k.row_bytes * q)
        add(total)

    def add(total: Any) -> None:
        address = k.at(s.totals, k.times(k.field(node, "indicator"), k.row_bytes))
        k.store(k.fma(e, total, k.load(address)), address)

    s.by_kind(
        node, lambda shape, repeated: two_leaves(repeated) if shape == LEAVES else inner(shape, repeated)
    )
