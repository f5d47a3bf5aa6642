from __future__ import annotations

import numpy as np
import torch

from molucid.model.fourier import FourierFeatures


def test_features_are_those_of_exact_arithmetic_at_accurate_mass() -> None:
    mz = 1234.567891
    features = FourierFeatures(1e-3, 1e4, 8)(torch.tensor([mz], dtype=torch.float64))[0].numpy()
    # longdouble keeps 64 bits of phase: independent of the reduction that is tested
    wavelengths = np.geomspace(1e-3, 1e4, 8).astype(np.longdouble)
    phase = 2 * np.pi * (np.longdouble(mz) / wavelengths % 1)
    np.testing.assert_allclose(features, np.concatenate([np.sin(phase), np.cos(phase)]), atol=5e-6)


def test_a_tenth_of_a_millidalton_is_seen_at_high_mass() -> None:
    features = FourierFeatures(1e-3, 1e4, 32)
    a, b = features(torch.tensor([1000.0, 1000.0001], dtype=torch.float64))
    # a tenth of the shortest wavelength: |2 sin(pi/10)| = 0.618 between the two points of the circle
    distance = torch.hypot(a[0] - b[0], a[32] - b[32]).item()
    np.testing.assert_allclose(distance, 2 * np.sin(np.pi / 10), atol=1e-3)


def test_width_and_dtype() -> None:
    features = FourierFeatures(1, 100, 5)
    out = features(torch.zeros(2, 3))
    assert out.shape == (2, 3, 10) == (2, 3, features.width)
    assert out.dtype == torch.float32
    assert torch.equal(out, torch.tensor([0.0] * 5 + [1.0] * 5).expand(2, 3, 10))
