"""The sweeps of `layout` as machine code: eight rows at a time in vector registers.

The code is written with llvmlite (the extra `fast`) for the processor at hand, once per process and in
about a second; it holds no global lock while it runs.
"""

from __future__ import annotations

import ctypes
import importlib.util
import logging
import threading
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from churnhealth.errors import MissingDependencyError
from churnhealth.explain.treeshap.columns import prepare
from churnhealth.explain.treeshap.program import MOST_POINTS, Program

Floats = npt.NDArray[np.float64]

LANES = 8
"""Rows per vector."""

ROW_BYTES = 8 * LANES
"""Bytes of one number for all rows of a vector."""

_CACHE_LINE = 64

logger = logging.getLogger(__name__)
_one_at_a_time = threading.Lock()


def available() -> bool:
    """Return whether llvmlite is installed."""
    return importlib.util.find_spec("llvmlite") is not None


def warm_up(notify: Callable[[str], None] = logger.info) -> None:
    """Compile the kernel now rather than at the first explanation; does nothing the second time.

    Parameters
    ----------
    notify : callable taking a text
        Told that a second of work begins, when it does. Default: the log.

    Raises
    ------
    MissingDependencyError
        llvmlite is not installed.
    """
    if not available():
        msg = "the fast kernel needs llvmlite: pip install 'churnhealth[fast]' (NumPy is slower)"
        raise MissingDependencyError(msg)
    with _one_at_a_time:
        if _compiled.cache_info().currsize == 0:
            notify("compiling the explanation kernel for this processor, once per process")
        _compiled()


@lru_cache(maxsize=1)
def _compiled() -> tuple[Any, Callable[..., None]]:
    """Return the engine, which owns the code, and the function `run` of `kernel_ir`."""
    import llvmlite.binding as llvm

    from churnhealth.explain.treeshap.kernel_ir import N_POINTERS, N_SIZES, module_text

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=2
    )
    module = llvm.parse_assembly(module_text(MOST_POINTS, LANES))
    module.verify()
    engine = llvm.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    signature = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * N_POINTERS, *[ctypes.c_int64] * N_SIZES)
    return engine, signature(engine.get_function_address("run"))


class Workspace:
    """The memory of one thread: prepared rows, sums, and the values of one sweep."""

    def __init__(self, program: Program, most_rows: int) -> None:
        blocks = -(-most_rows // LANES)
        self.program = program
        self.table = _aligned(blocks, len(program.readings), LANES)
        self.sums = _aligned(blocks, program.n_columns, LANES)
        self.values = _aligned(program.most_nodes, MOST_POINTS, LANES)
        self.e = _aligned(program.most_nodes, LANES)

    @staticmethod
    def n_bytes(program: Program, most_rows: int) -> int:
        """Memory of a workspace (the prepared rows are held twice for a moment)."""
        blocks = -(-most_rows // LANES)
        per_block = 2 * len(program.readings) + 2 * program.n_columns
        return ROW_BYTES * (blocks * per_block + program.most_nodes * (MOST_POINTS + 1))

    def contributions(self, X: npt.NDArray[Any], out: Floats) -> None:
        """Add the contributions of at most `most_rows` rows to `out` (rows, columns)."""
        program, blocks = self.program, -(-len(X) // LANES)
        table, sums = self.table[:blocks], self.sums[:blocks]
        padded = np.zeros((len(program.readings), blocks * LANES))
        padded[:, : len(X)] = prepare(X, program.readings)
        table[...] = padded.reshape(len(padded), blocks, LANES).transpose(1, 0, 2)
        sums[...] = 0.0
        _, run = _compiled()
        parts = (
            program.sweeps,
            program.nodes,
            program.constants,
            program.words,
            table,
            sums,
            self.values,
            self.e,
        )
        run(
            *(part.ctypes.data for part in parts),
            len(program.sweeps),
            blocks,
            table[0].nbytes,
            sums[0].nbytes,
        )
        out += sums.transpose(0, 2, 1).reshape(blocks * LANES, -1)[: len(X)]


def _aligned(*shape: int) -> Floats:
    """Return zeros that begin at a cache line: vectors across two lines cost double."""
    size = int(np.prod(shape))
    raw = np.zeros(size + _CACHE_LINE // 8)
    start = (-raw.ctypes.data % _CACHE_LINE) // 8
    return raw[start : start + size].reshape(shape)
