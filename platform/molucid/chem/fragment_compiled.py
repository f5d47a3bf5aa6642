"""Compilation of the room's kernels: numba in nopython mode, without the GIL, with the machine code kept on disk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """`function` compiled on its first call."""
    try:
        return cast(Function, numba.njit(cache=True, nogil=True)(function))
    except RuntimeError as error:
        # where no cache folder can be written (a read-only image) each process compiles for itself
        if "cannot cache function" not in str(error):
            raise
        return cast(Function, numba.njit(nogil=True)(function))
