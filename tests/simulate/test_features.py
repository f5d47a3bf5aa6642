"""Fragment features against hand counts."""

from __future__ import annotations

import numpy as np
import pytest

from molucid.errors import InputError
from molucid.simulate.features import NO_BOND, molecule_features
from molucid.simulate.fragmenter import FragmenterConfig
from molucid.simulate.molecule import read_molecule


def test_fragments_of_ethylbenzene() -> None:
    features = molecule_features(read_molecule("CCc1ccccc1"), FragmenterConfig(max_depth=1))
    by_mask = {int(mask): row for row, mask in enumerate(features.masks)}
    phenyl = by_mask[0b11111100]
    assert features.mass[phenyl] == pytest.approx(77.0391, abs=1e-4)  # C6H5
    assert features.num_hydrogens[phenyl] == 5
    assert features.fragments[phenyl, 8] == pytest.approx(1 / 3)  # one ring kept
    assert features.fragments[phenyl, 9] == pytest.approx(1 / 3)  # and it is aromatic
    assert features.fragments[phenyl, 12] == 1  # a radical
    bond = features.cut_bonds[phenyl]
    assert (bond[1:] == NO_BOND).all()
    inside, outside = features.bonds[bond[0] // 2][:: -1 if bond[0] % 2 else 1]
    assert (inside, outside) == (2, 1)
    opened = next(row for mask, row in by_mask.items() if mask & 0b11111100 not in (0, 0b11111100))
    assert (features.cut_bonds[opened] != NO_BOND).sum() == 2
    assert features.fragments[opened, 11] == 0.5  # an aromatic ring opened
    assert features.fragments[opened, 6] == pytest.approx(3 / 6)  # two aromatic bonds
    assert features.fragments[0, 12] == 0  # the molecule is even-electron
    assert features.molecule[:2] == pytest.approx([8 / 30, 106.07825 / 400])


def test_cut_bonds_point_from_inside_to_outside() -> None:
    features = molecule_features(read_molecule("CC(=O)Nc1ccc(O)cc1C2CCNC2"), FragmenterConfig())
    for mask, bonds in zip(features.masks.tolist(), features.cut_bonds, strict=True):
        expected = set()
        for number, (i, j) in enumerate(features.bonds.tolist()):
            if (mask >> i & 1) != (mask >> j & 1):
                expected.add(2 * number + (0 if mask >> i & 1 else 1))
        assert set(bonds[bonds != NO_BOND].tolist()) == expected


def test_features_do_not_depend_on_atom_order() -> None:
    one = molecule_features(read_molecule("CC(=O)Nc1ccc(O)cc1"), FragmenterConfig())
    other = molecule_features(read_molecule("c1c(O)ccc(NC(C)=O)c1"), FragmenterConfig())
    rows = [
        np.sort(np.round(f.fragments.astype(np.float64), 4).view([("", np.float64)] * 16), axis=0)
        for f in (one, other)
    ]
    np.testing.assert_array_equal(rows[0], rows[1])


def test_more_fragments_than_the_capacity_are_refused_by_name() -> None:
    with pytest.raises(InputError) as caught:
        molecule_features(read_molecule("CCCCCCCCCC"), FragmenterConfig(max_fragments=20))
    assert caught.value.code == "too_many_fragments"
