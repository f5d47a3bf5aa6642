"""Molecular complexity index and its bins (NMIRacle, arXiv 2512.19733, equation 13).

MC = (N_h / P_h + N_u / P_u + N_r / P_r) / 3 with the number of heavy atoms N_h, of different elements N_u and of rings
N_r of a molecule, each over the 99th percentile P of that number among the evaluated molecules.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rdkit.Chem import rdMolDescriptors

from molucid.chem.identity import parse_smiles

FloatArray = NDArray[np.float64]

NUM_BINS = 10
PERCENTILE = 99


@dataclass(frozen=True, slots=True)
class ComplexityScale:
    """What the index is measured against: a function of the evaluated truth.

    Attributes:
        heavy_atoms: 99th percentile of the number of heavy atoms (NumPy's linear interpolation). A percentile below 1
            counts as 1: among molecules without rings, no ring adds nothing.
        elements: the same of the number of different elements but hydrogen.
        rings: the same of the number of rings as RDKit counts them: its symmetrised set, which has every ring that
            could stand in a smallest set (adamantane 4 and cubane 6, one more than such a set).
        edges: ten bins of equal width from the lowest to the highest index; ascending, 11 numbers. A bin holds its
            lower edge, and the last one both.
    """

    heavy_atoms: float
    elements: float
    rings: float
    edges: tuple[float, ...]

    def bin_names(self) -> tuple[str, ...]:
        """Name the ten bins by their edges, ascending, with as many decimals as tell them apart."""
        width = self.edges[1] - self.edges[0]
        decimals = max(2, math.ceil(-math.log10(width))) if width > 0 else 2
        return tuple(
            f"{low:.{decimals}f}–{high:.{decimals}f}" for low, high in itertools.pairwise(self.edges)
        )

    def bins(self, index: FloatArray) -> NDArray[np.int64]:
        """Find the bin, 0–9, of each index of shape `[molecules]`."""
        return np.clip(np.searchsorted(self.edges, index, side="right") - 1, 0, NUM_BINS - 1)


def complexity_counts(smiles: Sequence[str]) -> NDArray[np.int64]:
    """Heavy atoms, different elements but hydrogen, and rings of each molecule; shape `[molecules, 3]`.

    Raises:
        InputError: SMILES that RDKit cannot read.
    """
    rows = []
    for text in smiles:
        mol = parse_smiles(text)
        numbers = [atom.GetAtomicNum() for atom in mol.GetAtoms() if atom.GetAtomicNum() != 1]
        rows.append((len(numbers), len(set(numbers)), rdMolDescriptors.CalcNumRings(mol)))
    return np.array(rows, np.int64).reshape(-1, 3)


def complexity(counts: NDArray[np.int64]) -> tuple[FloatArray, ComplexityScale]:
    """Index of each molecule, shape `[molecules]`, and its scale.

    Args:
        counts: as `complexity_counts` gives them, shape `[molecules, 3]`; one row per evaluated spectrum, at least one.
    """
    percentiles = np.maximum(np.percentile(counts, PERCENTILE, axis=0), 1.0)
    index: FloatArray = (counts / percentiles).mean(axis=1)
    edges = np.linspace(index.min(), index.max(), NUM_BINS + 1)
    heavy_atoms, elements, rings = percentiles.tolist()
    return index, ComplexityScale(heavy_atoms, elements, rings, tuple(edges.tolist()))
