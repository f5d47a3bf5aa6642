"""Compilation of kernels: numba in nopython mode, without the GIL, with the machine code kept on disk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


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
