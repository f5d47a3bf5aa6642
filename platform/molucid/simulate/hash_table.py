"""Open addressing over a power-of-two array of `uint64` keys, for use in compiled kernels; 0 marks an empty slot."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from molucid.chem.compiled import compiled
from molucid.simulate.bits import ONE, ZERO

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # 2⁶⁴ / golden ratio (Knuth, TAOCP vol. 3, section 6.4)
_SHIFT = np.uint64(32)


@compiled
def slot_of(table: NDArray[np.uint64], key: np.uint64) -> np.uint64:
    """The slot that holds `key`, or the empty one where it belongs; the table must have an empty slot."""
    last = np.uint64(len(table) - 1)
    slot = ((key * _MULTIPLIER) >> _SHIFT) & last
    while table[slot] != ZERO and table[slot] != key:
        slot = (slot + ONE) & last
    return slot
