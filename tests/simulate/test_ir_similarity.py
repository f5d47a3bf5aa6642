"""Agreement of infrared spectra: hand-computed cosines."""

from __future__ import annotations

import numpy as np
import pytest

from molucid.simulate.ir_similarity import agreement, mean_root_spectrum, sqrt_cosines


def test_cosines_are_of_square_roots() -> None:
    # roots (1, 2) and (2, 1): 4 / 5; values below 0 count as 0
    found = sqrt_cosines([[1, 4], [9, -3]], [[4, 1], [0, 2], [0, 0]])
    np.testing.assert_allclose(found, [[0.8, 2 / 5**0.5, 0], [2 / 5**0.5, 0, 0]])


def test_agreement_beside_one_answer_for_all() -> None:
    reference = [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]
    predicted = [[4.0, 0.0], [9.0, 16.0], [1.0, 1.0]]
    found = agreement(predicted, reference, [1.0, 0.0])
    np.testing.assert_allclose(found.cosine, [1, 0.8, 1])
    np.testing.assert_allclose(found.mean_spectrum_cosine, [1, 0, 0.5**0.5])
    # the second is closer to the third: (3 + 4) / (5 √2) = 0.99
    assert found.is_top1.tolist() == [True, False, True]


def test_the_mean_root_is_the_best_single_answer() -> None:
    spectra = np.random.default_rng(0).random((20, 6))
    best = sqrt_cosines([mean_root_spectrum(spectra)], spectra).mean()
    for seed in range(20):
        other = np.random.default_rng(seed).random((1, 6))
        assert sqrt_cosines(other, spectra).mean() <= best
    assert mean_root_spectrum([[4.0, 0.0], [0.0, 9.0]]) == pytest.approx([0.25, 0.25])
