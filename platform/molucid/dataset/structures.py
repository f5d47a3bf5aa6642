"""What training needs to know about one structure, computed once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from molucid.chem.fingerprints import FingerprintConfig, fingerprint
from molucid.chem.formula import Formula
from molucid.chem.identity import canonical_smiles, formula_of, inchikey14
from molucid.chem.smiles_tokens import SmilesTokenizer
from molucid.dataset.packed import FORMULA_ELEMENTS
from molucid.errors import InputError

TOKENIZER = SmilesTokenizer()
"""The alphabet of packed token ids."""


@dataclass(frozen=True, slots=True)
class Structure:
    """What is computed once per distinct structure."""

    smiles: str
    token_ids: NDArray[np.uint16]
    formula: Formula
    fingerprint: NDArray[np.uint8]
    inchikey14: str


@lru_cache(maxsize=1024)
def structure_of(smiles: str, config: FingerprintConfig) -> Structure:
    """Everything that training needs to know about one structure.

    Raises:
        InputError: invalid SMILES, several molecules, an element outside `FORMULA_ELEMENTS`, or text that has no
            tokens.
    """
    canonical = canonical_smiles(smiles, stereo=False)
    if "." in canonical:
        raise InputError(
            f"several molecules in {canonical!r}",
            "one connected molecule",
            hint="keep the component that is ionised and drop salts and solvents",
            code="several_fragments",
        )
    formula = formula_of(canonical)
    for element in formula:
        if element not in FORMULA_ELEMENTS:
            raise InputError(
                f"element {element}", f"one of {', '.join(FORMULA_ELEMENTS)}", code="element_outside_alphabet"
            )
    ids = np.array(TOKENIZER.encode(canonical), np.uint16)
    return Structure(canonical, ids, formula, fingerprint(canonical, config), inchikey14(canonical))
