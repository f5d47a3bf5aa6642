"""Compilation where no cache folder can be written, and the two bit intrinsics."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from molucid.chem.compiled import compiled
from molucid.simulate.bits import popcount, trailing_zeros


def bits(word: np.uint64) -> tuple[int, int]:
    return trailing_zeros(word), popcount(word)


@pytest.mark.parametrize("word", [1, 2, 0b101000, 2**63, 2**64 - 1])
def test_bit_intrinsics(word: int) -> None:
    lowest, ones = numba.njit(bits)(np.uint64(word))
    assert (lowest, ones) == ((word & -word).bit_length() - 1, word.bit_count())


def twice(x: int) -> int:
    return 2 * x


def test_a_read_only_install_compiles_without_a_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_folder(*args: object, **kwargs: object) -> None:
        raise RuntimeError("cannot cache function 'twice': no locator available for file 'x.py'")

    monkeypatch.setattr("numba.core.caching.FunctionCache.__init__", no_folder)
    with pytest.raises(RuntimeError):
        numba.njit(cache=True)(twice)
    assert compiled(twice)(21) == 42


def test_other_errors_of_the_compiler_are_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("something else")

    monkeypatch.setattr("numba.core.caching.FunctionCache.__init__", broken)
    with pytest.raises(RuntimeError, match="something else"):
        compiled(twice)
