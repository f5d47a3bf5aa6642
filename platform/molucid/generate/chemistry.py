"""The chemistry of decoding, by RDKit; the only module of this room that imports it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from molucid.chem.fingerprints import FingerprintConfig, fingerprint
from molucid.chem.formula import Formula
from molucid.chem.identity import canonical_smiles, formula_of, inchikey14
from molucid.chem.notation import Notation
from molucid.chem.selfies import smiles_of_selfies
from molucid.errors import InputError
from molucid.generate.ranking import Chemistry

_CACHE_SIZE = 65536
"""Molecules remembered per function: the same ones are proposed for many spectra."""


def rdkit_chemistry(
    fingerprint_config: FingerprintConfig, notation: Notation = "smiles", stereo: bool = False
) -> Chemistry:
    """Functions on molecules for `generate`.

    Args:
        fingerprint_config: kind and size of the fingerprint that the model's head predicts.
        notation: that the model writes.
        stereo: whether the model writes configurations; else canonical SMILES have none.
    """

    def bits(smiles: str) -> NDArray[np.uint8]:
        return fingerprint(smiles, fingerprint_config)

    def formula(smiles: str) -> Formula:
        return formula_of(smiles)

    def canonical(text: str) -> str:
        return canonical_smiles(text, stereo=stereo)

    def canonical_of_selfies(text: str) -> str | None:
        smiles = smiles_of_selfies(text)
        return None if smiles is None else checked(smiles)

    remember = lru_cache(maxsize=_CACHE_SIZE)
    checked = _none_if_refused(canonical)
    return Chemistry(
        canonical=remember(checked if notation == "smiles" else canonical_of_selfies),
        identity_key=remember(_none_if_refused(inchikey14)),
        formula=remember(formula),
        fingerprint=bits,
    )


def _none_if_refused(function: Callable[[str], str]) -> Callable[[str], str | None]:
    def checked(smiles: str) -> str | None:
        try:
            return function(smiles)
        except InputError:
            return None

    return checked
