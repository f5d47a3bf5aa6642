"""The course of the learning rate, at points where its value is known."""

from __future__ import annotations

import pytest

from molucid.simulate.network_training import learning_rate_factor


@pytest.mark.parametrize(
    ("progress", "warmup_fraction", "expected"),
    [
        (0.0, 0.2, 0.0),
        (0.05, 0.2, 0.25),
        (0.2, 0.2, 1.003),  # the rise ends at 1, the cosine begins above it
        (0.2 + 0.8 / 3, 0.2, 0.753),  # cos 60° = 1/2
        (0.6, 0.2, 0.503),
        (0.2 + 1.6 / 3, 0.2, 0.253),
        (1.0, 0.2, 0.003),
        (0.0, 0.0, 1.003),
        (0.5, 0.0, 0.503),
    ],
)
def test_values_in_closed_form(progress: float, warmup_fraction: float, expected: float) -> None:
    assert learning_rate_factor(progress, warmup_fraction) == pytest.approx(expected, abs=1e-12)
