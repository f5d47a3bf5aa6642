"""How often each fragment of a vocabulary occurs in a compound, kept sparse."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from molucid.errors import InputError


@dataclass(frozen=True, slots=True, eq=False)
class FragmentCounts:
    """How often fragments of a vocabulary occur in a compound; fragments that are not named occur 0 times.

    Attributes:
        index: places in the vocabulary, ascending, uint16; shape `[fragments]`.
        count: occurrences, at least 1, uint16; shape `[fragments]`.
    """

    index: NDArray[np.uint16]
    count: NDArray[np.uint16]


def dense(counts: FragmentCounts, size: int) -> NDArray[np.uint16]:
    """The counts of all `size` fragments of the vocabulary: uint16 `[size]`.

    Raises:
        InputError: a fragment outside the vocabulary (`wrong_vocabulary`).
    """
    if counts.index.size and counts.index[-1] >= size:
        raise InputError(
            f"fragment {counts.index[-1]}",
            f"fragments below {size}",
            hint="count with the vocabulary that the model or data set was made with",
            code="wrong_vocabulary",
        )
    vector = np.zeros(size, np.uint16)
    vector[counts.index] = counts.count
    return vector
