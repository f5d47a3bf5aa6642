"""Cosines with known answers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from molucid.simulate.similarity import binned_amplitudes, score_prediction, sqrt_cosine


def test_known_cosines() -> None:
    assert sqrt_cosine([100, 200], [4, 9], [100, 200], [4, 9]) == pytest.approx(1)
    assert sqrt_cosine([100], [1], [200], [1]) == 0
    assert sqrt_cosine([], [], [200], [1]) == 0
    # amplitudes (1, 1) and (1, 0)
    assert sqrt_cosine([100, 200], [1, 1], [100], [5]) == pytest.approx(1 / math.sqrt(2))
    # amplitudes (2, 1) and (1, 2): 4 / 5
    assert sqrt_cosine([100, 200], [4, 1], [100, 200], [1, 4]) == pytest.approx(0.8)


def test_peaks_of_one_bin_add_up() -> None:
    bins, amplitudes = binned_amplitudes([100.001, 100.004, 100.006], [9, 16, 4])
    assert bins.tolist() == [10000, 10001]
    assert amplitudes.tolist() == [5, 2]


def test_the_precursor_counts_only_in_the_first_score() -> None:
    measured = np.array([50.0, 100.0]), np.array([1.0, 1.0])
    first, second = score_prediction(np.array([100.0]), np.ones(1), *measured, precursor_mz=100.0)
    assert first == pytest.approx(1 / math.sqrt(2))
    assert second == 0
    assert math.isnan(
        score_prediction(np.array([100.0]), np.ones(1), np.array([100.0]), np.ones(1), 100.0)[1]
    )
