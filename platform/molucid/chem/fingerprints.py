"""Molecular fingerprints as 0/1 arrays (Morgan, MACCS, RDKit) and their Tanimoto similarity."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator
from rdkit.Chem import Mol, rdFingerprintGenerator, rdMolDescriptors

from molucid.chem.identity import parse_smiles
from molucid.config import Config

BitArray = NDArray[np.uint8]

MACCS_NUM_BITS = 167
"""Length of RDKit's MACCS keys: 166 keys numbered from 1, bit 0 never set."""


class FingerprintConfig(Config):
    """Kind and size of a fingerprint.

    Attributes:
        kind: `morgan` (Rogers and Hahn, J. Chem. Inf. Model. 2010, 50, 742; no chirality), `maccs` (166 keys)
            or `rdkit` (hashed paths of up to 7 bonds).
        radius: bonds around each atom; read by `morgan` only.
        num_bits: length of the folded fingerprint; 167 for `maccs`.
    """

    kind: Literal["morgan", "maccs", "rdkit"] = "morgan"
    radius: int = Field(default=2, ge=0, le=6)
    num_bits: int = Field(default=2048, ge=8, le=65536)

    @model_validator(mode="after")
    def _maccs_is_not_folded(self) -> Self:
        if self.kind == "maccs" and self.num_bits != MACCS_NUM_BITS:
            raise ValueError(f"maccs has num_bits = {MACCS_NUM_BITS}; it is not folded")
        return self


@lru_cache(maxsize=32)
def _calculator(config: FingerprintConfig) -> Callable[[Mol], BitArray]:
    if config.kind == "maccs":
        return _maccs
    if config.kind == "morgan":
        generator = rdFingerprintGenerator.GetMorganGenerator(radius=config.radius, fpSize=config.num_bits)
    else:
        generator = rdFingerprintGenerator.GetRDKitFPGenerator(fpSize=config.num_bits)
    calculate: Callable[[Mol], BitArray] = generator.GetFingerprintAsNumPy
    return calculate


def _maccs(mol: Mol) -> BitArray:
    bits = np.zeros(MACCS_NUM_BITS, np.uint8)
    bits[list(rdMolDescriptors.GetMACCSKeysFingerprint(mol).GetOnBits())] = 1
    return bits


def fingerprint(molecule: str | Mol, config: FingerprintConfig) -> BitArray:
    """Fingerprint of one molecule: uint8 of 0 and 1, shape `[num_bits]`.

    Raises:
        InputError: code `invalid_smiles`.
    """
    return _calculator(config)(parse_smiles(molecule) if isinstance(molecule, str) else molecule)


def fingerprints(molecules: Sequence[str | Mol], config: FingerprintConfig) -> BitArray:
    """Fingerprints of many molecules: uint8 of 0 and 1, shape `[len(molecules), num_bits]`.

    Raises:
        InputError: code `invalid_smiles` for the first molecule that cannot be read.
    """
    bits = np.zeros((len(molecules), config.num_bits), np.uint8)
    for row, molecule in enumerate(molecules):
        bits[row] = fingerprint(molecule, config)
    return bits


def tanimoto(a: BitArray, b: BitArray) -> float:
    """Tanimoto similarity |a ∧ b| / |a ∨ b| of two fingerprints of shape `[num_bits]`; 0 if both are empty.

    Two empty fingerprints share no evidence of likeness, hence 0; RDKit decides likewise.
    """
    union = int(np.count_nonzero(np.logical_or(a, b)))
    return int(np.count_nonzero(np.logical_and(a, b))) / union if union else 0.0


def tanimoto_matrix(a: BitArray, b: BitArray) -> NDArray[np.float32]:
    """Similarity of each row of `a`, `[n, num_bits]`, to each of `b`, `[m, num_bits]`: float32 `[n, m]`."""
    # Products of 0 and 1 summed over at most 2¹⁶ bits are exact in float32, and BLAS is fast there.
    first, second = a.astype(np.float32), b.astype(np.float32)
    common = first @ second.T
    union = first.sum(axis=1)[:, None] + second.sum(axis=1)[None, :] - common
    similarity: NDArray[np.float32] = np.divide(common, union, out=np.zeros_like(common), where=union > 0)
    return similarity
