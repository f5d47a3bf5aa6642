"""The chemistry of decoding, by RDKit; the only module of this room that imports it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from molucid.chem.fingerprints import FingerprintConfig, fingerprint
from molucid.chem.formula import Formula
from molucid.chem.identity import canonical_smiles, formula_of, inchikey14
from molucid.errors import InputError
from molucid.generate.ranking import Chemistry

_CACHE_SIZE = 65536
"""Molecules remembered per function: the same ones are proposed for many spectra."""


def rdkit_chemistry(fingerprint_config: FingerprintConfig) -> Chemistry:
    """Functions on molecules for `generate`.

    Args:
        fingerprint_config: kind and size of the fingerprint that the model's head predicts.
    """

    def bits(smiles: str) -> NDArray[np.uint8]:
        return fingerprint(smiles, fingerprint_config)

    def formula(smiles: str) -> Formula:
        return formula_of(smiles)

    remember = lru_cache(maxsize=_CACHE_SIZE)
    return Chemistry(
        canonical=remember(_none_if_refused(canonical_smiles)),
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
