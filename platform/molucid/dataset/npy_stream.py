"""One `.npy` file written as a stream: values first, the header's length at the end.

The format (NumPy Enhancement Proposal 1, version 1.0) puts the shape before the values. The header is
therefore reserved with a fixed size and rewritten in place when the number of entries is known.
"""

from __future__ import annotations

import struct
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molucid.dataset.packed import NPY_HEADER_BYTES

_MAGIC = b"\x93NUMPY\x01\x00"


class NpyStream:
    """A growing one-dimensional array on disk.

    Attributes:
        length: number of entries appended.
    """

    def __init__(self, path: Path, dtype: np.dtype[Any]) -> None:
        self.length = 0
        self._dtype = dtype
        self._stream = path.open("wb")
        self._stream.write(self._header())

    def append(self, values: NDArray[Any]) -> int:
        """Append `values` of shape `[n]`; returns the index of the first."""
        first = self.length
        self._stream.write(np.ascontiguousarray(values, self._dtype).tobytes())
        self.length += values.shape[0]
        return first

    def __enter__(self) -> NpyStream:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._stream:
            if kind is None:
                self._stream.seek(0)
                self._stream.write(self._header())

    def _header(self) -> bytes:
        description = {
            "descr": np.lib.format.dtype_to_descr(self._dtype),
            "fortran_order": False,
            "shape": (self.length,),
        }
        text = repr(description).encode("latin1")
        room = NPY_HEADER_BYTES - len(_MAGIC) - 2
        assert len(text) < room, "the array's type needs a longer header"
        return _MAGIC + struct.pack("<H", room) + text.ljust(room - 1) + b"\n"
