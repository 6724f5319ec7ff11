"""Write the compiled kernel's LLVM code: the formulas of `layout`, one function per number of points.

A vector is one number for LANES rows. For every sweep and every vector of rows: `_deviations` finds e, `_up` finds V
at all points from the leaves to the root, `_down` carries P to the leaves, over the V that are not needed any more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from churnhealth.explain.treeshap.program import LEAF, LEAVES, NO_LEAF, NODE, SWEEP

N_POINTERS = 8
"""sweeps, nodes, constants, words, table, sums, values, e."""
N_SIZES = 4
"""Number of sweeps, number of vectors of rows, bytes per vector of rows of the table and of the sums."""

BYTE, I32, I64, F64, POINTER = (
    ir.IntType(8),
    ir.IntType(32),
    ir.IntType(64),
    ir.DoubleType(),
    ir.PointerType(),
)
VOID = ir.VoidType()
_FUNCTION = ir.FunctionType(VOID, [POINTER] * N_POINTERS + [I64] * N_SIZES)
_DOUBLE = 8


def module_text(most_points: int, lanes: int) -> str:
    """Return the LLVM code of `run`, which takes `N_POINTERS` addresses and `N_SIZES` 64-bit numbers."""
    module = ir.Module("treeshap")
    vector = ir.VectorType(F64, lanes)
    fma = ir.Function(module, ir.FunctionType(vector, [vector] * 3), f"llvm.fmuladd.v{lanes}f64")
    sweeps = [_sweep_function(module, fma, points) for points in range(1, most_points + 1)]
    _run_function(module, fma, sweeps)
    return str(module)


class _Emitter:
    """An IR builder with the few words that the kernel is written in; addresses count in bytes."""

    def __init__(self, function: ir.Function, fma: ir.Function) -> None:
        self.b = ir.IRBuilder(function.append_basic_block())
        self._fma = fma
        self.vector = fma.function_type.return_type
        self.row_bytes = _DOUBLE * self.vector.count
        self.zero = ir.Constant(self.vector, [0.0] * self.vector.count)

    def at(self, pointer: Any, offset: Any) -> Any:
        offset = I64(offset) if isinstance(offset, int) else offset
        return self.b.gep(pointer, [offset], source_etype=BYTE)

    def load(self, pointer: Any, offset: Any = 0) -> Any:
        return self.b.load(self.at(pointer, offset), align=self.row_bytes, typ=self.vector)

    def store(self, value: Any, pointer: Any, offset: Any = 0) -> None:
        self.b.store(value, self.at(pointer, offset), align=self.row_bytes)

    def spread(self, pointer: Any, offset: Any) -> Any:
        """Load one number into all rows."""
        number = self.b.load(self.at(pointer, offset), typ=F64)
        undefined = ir.Constant(self.vector, ir.Undefined)
        one = self.b.insert_element(undefined, number, I32(0))
        mask = ir.Constant(ir.VectorType(I32, self.vector.count), [0] * self.vector.count)
        return self.b.shuffle_vector(one, undefined, mask)

    def field(self, node: Any, name: str) -> Any:
        """Load a field of a node: a number for all rows, or a 64-bit integer."""
        kind, offset = NODE.fields[name][:2]  # type: ignore[index]
        if kind.kind == "f":
            return self.spread(node, offset)
        return self.b.sext(self.b.load(self.at(node, offset), typ=I32), I64)

    def times(self, number: Any, size: int) -> Any:
        return self.b.mul(number, I64(size))

    def fma(self, a: Any, b: Any, c: Any) -> Any:
        return self.b.call(self._fma, [a, b, c])

    def loop(self, count: Any, body: Callable[[Any], None], *, backwards: bool = False) -> None:
        """Run body(i) for i = 0 .. count - 1."""
        function, before = self.b.function, self.b.block
        head, inside, after = (function.append_basic_block() for _ in range(3))
        self.b.branch(head)
        self.b.position_at_end(head)
        done = self.b.phi(I64)
        done.add_incoming(I64(0), before)
        self.b.cbranch(self.b.icmp_signed("<", done, count), inside, after)
        self.b.position_at_end(inside)
        body(self.b.sub(self.b.sub(count, I64(1)), done) if backwards else done)
        done.add_incoming(self.b.add(done, I64(1)), self.b.block)
        self.b.branch(head)
        self.b.position_at_end(after)

    def switch(self, number: Any, cases: dict[int, Callable[[], None]]) -> None:
        after = self.b.function.append_basic_block()
        switch = self.b.switch(number, after)
        for value, emit in cases.items():
            block = self.b.function.append_basic_block()
            switch.add_case(ir.Constant(number.type, value), block)
            self.b.position_at_end(block)
            emit()
            self.b.branch(after)
        self.b.position_at_end(after)


def _run_function(module: ir.Module, fma: ir.Function, sweeps: list[ir.Function]) -> None:
    """Write `run`: for each sweep, the function for its number of points."""
    function = ir.Function(module, _FUNCTION, "run")
    records, nodes, constants, words, table, sums, values, e, count, blocks, table_step, sums_step = (
        function.args
    )
    k = _Emitter(function, fma)

    def one(number: Any) -> None:
        record = k.at(records, k.times(number, SWEEP.itemsize))
        node, constant, n, points = (
            k.b.load(k.at(record, SWEEP.fields[name][1]), typ=I64)  # type: ignore[index]
            for name in ("node", "constant", "nodes", "points")
        )
        first_node = k.at(nodes, k.times(node, NODE.itemsize))
        first_constant = k.at(constants, k.times(constant, _DOUBLE))
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
        k.switch(points, {i: lambda f=f: k.b.call(f, args) for i, f in enumerate(sweeps, start=1)})

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
    k = _Emitter(function, fma)

    def one(block: Any) -> None:
        rows = k.at(table, k.b.mul(block, table_step))
        totals = k.at(sums, k.b.mul(block, sums_step))
        sweep = _Sweep(k, points, nodes, constants, words, values, e, rows, totals)
        k.loop(count, lambda n: _deviation(sweep, n))
        k.loop(count, lambda n: _up(sweep, n), backwards=True)
        for q in range(points):
            k.store(k.spread(constants, _DOUBLE * (points + q)), values, k.row_bytes * q)
        k.loop(count, lambda n: _down(sweep, n))

    k.loop(blocks, one)
    k.b.ret_void()
    return function


@dataclass(frozen=True)
class _Sweep:
    """What the three passes over the nodes share."""

    k: _Emitter
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
        size = 2 * self.points * _DOUBLE
        return self.k.at(
            self.constants, self.k.b.add(self.k.times(self.k.field(node, "rank"), size), I64(size))
        )

    def by_kind(self, node: Any, emit: Callable[[int, bool], None]) -> None:
        kind = self.k.b.load(self.k.at(node, NODE.fields["kind"][1]), typ=I32)  # type: ignore[index]
        kinds = [(shape, repeated) for shape in (LEAVES, LEAF, NO_LEAF) for repeated in (False, True)]
        self.k.switch(
            kind, {shape + repeated: lambda s=shape, r=repeated: emit(s, r) for shape, repeated in kinds}
        )


def _deviation(s: _Sweep, n: Any) -> None:
    """Find e of node n: which way the rows go, and whether they passed the splits above on the same column."""
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
    """Look up the bit of every row's category; a category beyond the set reads the empty word behind it."""
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
            k.store(k.fma(scaled, k.spread(tau, _DOUBLE * q), base), values, k.row_bytes * q)

    def inner(shape: int, repeated: bool) -> None:
        share, tau, a = k.field(node, "share"), s.constant(node, repeated), s.child(node, "child_a")
        other = _child_b(s, node, shape)
        for q in range(s.points):
            v_b = other(q)
            rho = k.fma(e, k.spread(tau, _DOUBLE * q), share)
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
        return k.b.fmul(product, k.spread(constants, _DOUBLE * (s.points + q))) if repeated else product

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
            to_a = k.b.fmul(product, k.fma(e, k.spread(constants, _DOUBLE * q), share))
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
