from __future__ import annotations

import numpy as np
import pytest

from molucid.evaluate.complexity import complexity, complexity_counts


def test_counts_of_known_molecules():
    counts = complexity_counts(["CCO", "c1ccc2ccccc2c1", "[2H]C(Cl)(Cl)Cl", "C[C@H](N)C(=O)O.Cl", "[H][H]"])
    # ethanol: 3 atoms of C and O; naphthalene: 10 of C, two rings; deuterium is hydrogen; hydrogen has none
    assert counts.tolist() == [[3, 2, 0], [10, 1, 2], [4, 2, 0], [7, 4, 0], [0, 0, 0]]


def test_rings_are_those_of_the_symmetrised_set():
    # A smallest set of smallest rings (bonds − atoms + 1) has 3 of adamantane's 4 six-rings, 5 of cubane's 6 faces.
    counts = complexity_counts(["C1C2CC3CC1CC(C2)C3", "C12C3C4C1C5C2C3C45"])
    assert counts.tolist() == [[10, 1, 4], [8, 1, 6]]


def test_equation_13_by_hand():
    # 99th percentile of 0 … 100 by linear interpolation is 99: place 0.99 · 100 of the sorted 101 numbers
    heavy_atoms = np.arange(101)
    counts = np.stack([heavy_atoms, np.full(101, 4), heavy_atoms % 3], axis=1)
    index, scale = complexity(counts)
    assert (scale.heavy_atoms, scale.elements, scale.rings) == pytest.approx((99, 4, 2))
    # (99/99 + 4/4 + 0/2) / 3 and (50/99 + 4/4 + 2/2) / 3
    assert index[99] == pytest.approx(2 / 3)
    assert index[50] == pytest.approx((50 / 99 + 2) / 3)
    assert index[100] == pytest.approx((100 / 99 + 1 + 1 / 2) / 3), "above the percentile it is not cut off"


def test_molecules_without_rings_add_nothing_for_rings():
    index, scale = complexity(complexity_counts(["CCO", "CCO"]))
    assert scale.rings == 1
    assert index.tolist() == pytest.approx([2 / 3, 2 / 3])


def test_ten_bins_of_equal_width_hold_everything():
    rng = np.random.default_rng(0)
    counts = np.stack([rng.integers(1, 40, 500), rng.integers(1, 6, 500), rng.integers(0, 6, 500)], axis=1)
    index, scale = complexity(counts)
    edges = np.array(scale.edges)
    assert len(edges) == 11
    np.testing.assert_allclose(np.diff(edges), (index.max() - index.min()) / 10)
    bins = scale.bins(index)
    assert (bins.min(), bins.max()) == (0, 9)
    inside = (edges[bins] <= index) & ((index < edges[bins + 1]) | (bins == 9))
    assert inside.all()
    assert len(scale.bin_names()) == 10


def test_equal_molecules_share_one_bin():
    index, scale = complexity(complexity_counts(["CCO", "OCC"]))
    assert len(set(scale.bins(index).tolist())) == 1
