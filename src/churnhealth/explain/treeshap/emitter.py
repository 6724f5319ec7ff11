"""A small vocabulary over llvmlite's IR builder: vectors of rows, byte addresses, loops, switches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir

from churnhealth.explain.treeshap.program import NODE

BYTE, I32, I64, F64 = ir.IntType(8), ir.IntType(32), ir.IntType(64), ir.DoubleType()
POINTER = ir.PointerType()
DOUBLE = 8
"""Bytes of a number."""


class Emitter:
    """An IR builder with the few words that the kernel is written in; addresses count in bytes."""

    def __init__(self, function: ir.Function, fma: ir.Function) -> None:
        self.b = ir.IRBuilder(function.append_basic_block())
        self._fma = fma
        self.vector = fma.function_type.return_type
        self.row_bytes = DOUBLE * self.vector.count
        self.zero = ir.Constant(self.vector, [0.0] * self.vector.count)

    def at(self, pointer: Any, offset: Any) -> Any:
        """Return the address `offset` bytes behind another one."""
        offset = I64(offset) if isinstance(offset, int) else offset
        return self.b.gep(pointer, [offset], source_etype=BYTE)

    def load(self, pointer: Any, offset: Any = 0) -> Any:
        """Load a vector."""
        return self.b.load(self.at(pointer, offset), align=self.row_bytes, typ=self.vector)

    def store(self, value: Any, pointer: Any, offset: Any = 0) -> None:
        """Store a vector."""
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
        """Return a 64-bit number times a constant."""
        return self.b.mul(number, I64(size))

    def fma(self, a: Any, b: Any, c: Any) -> Any:
        """Return a * b + c, rounded once where the processor can."""
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
        """Write the code of every case and go to the one for `number`; to none for another number."""
        after = self.b.function.append_basic_block()
        switch = self.b.switch(number, after)
        for value, emit in cases.items():
            block = self.b.function.append_basic_block()
            switch.add_case(ir.Constant(number.type, value), block)
            self.b.position_at_end(block)
            emit()
            self.b.branch(after)
        self.b.position_at_end(after)
