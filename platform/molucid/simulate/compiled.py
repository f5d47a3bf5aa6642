"""Compilation of the room's kernels: numba in nopython mode, without the GIL, with the machine code kept on disk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

Function = TypeVar("Function", bound=Callable[..., Any])

ZERO = np.uint64(0)
ONE = np.uint64(1)


def compiled(function: Function) -> Function:
    """`function` compiled on its first call, with IEEE semantics of floating point."""
    return _compile(function, fastmath=False)


def compiled_fast(function: Function) -> Function:
    """`function` compiled on its first call; sums may be re-associated so that they vectorise."""
    return _compile(function, fastmath=True)


def _compile(function: Function, fastmath: bool) -> Function:
    try:
        return cast(Function, numba.njit(cache=True, nogil=True, fastmath=fastmath)(function))
    except RuntimeError as error:
        # numba looks for NUMBA_CACHE_DIR, then __pycache__ beside the source, then the user's cache folder;
        # where none can be written (a read-only image without a home) each process compiles for itself.
        if "cannot cache function" not in str(error):
            raise
        return cast(Function, numba.njit(nogil=True, fastmath=fastmath)(function))


def _trailing_zeros(typing_context: Any, word: Any) -> Any:

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.uint64(types.uint64), generate


def _popcount(typing_context: Any, word: Any) -> Any:

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


trailing_zeros = cast(Callable[[np.uint64], np.uint64], intrinsic(_trailing_zeros))
"""Index of the lowest set bit of a non-zero `uint64`."""

popcount = cast(Callable[[np.uint64], int], intrinsic(_popcount))
"""Number of set bits of a `uint64`."""
