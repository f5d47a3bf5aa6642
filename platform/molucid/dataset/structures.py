"""What training needs to know about one structure, computed once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from molucid.chem.fingerprints import FingerprintConfig, fingerprint
from molucid.chem.formula import Formula
from molucid.chem.fragment_counts import FragmentCounter
from molucid.chem.fragment_vector import FragmentCounts
from molucid.chem.fragments import FragmentVocabulary
from molucid.chem.identity import canonical_smiles, formula_of, inchikey14
from molucid.chem.notation import tokenizer_of
from molucid.chem.selfies import selfies_of
from molucid.dataset.packed import FORMULA_ELEMENTS
from molucid.errors import InputError

TOKENIZER = tokenizer_of("smiles")
"""The alphabet of packed token ids."""
SELFIES_TOKENIZER = tokenizer_of("selfies")
_NO_IDS: NDArray[np.uint16] = np.zeros(0, np.uint16)


@dataclass(frozen=True, slots=True)
class StructureTargets:
    """Which targets are computed of a structure.

    Attributes:
        fingerprint: of the fingerprint head.
        stereo: whether SMILES and SELFIES tell configurations.
        selfies: whether SELFIES are made, too.
        vocabulary: fragments to count; `None` for none.
    """

    fingerprint: FingerprintConfig
    stereo: bool = False
    selfies: bool = False
    vocabulary: FragmentVocabulary | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """Which molecule a structure is; `smiles` is canonical."""

    smiles: str
    formula: Formula
    inchikey14: str


@dataclass(frozen=True, slots=True)
class Structure:
    """What is computed once per distinct structure; `selfies_ids` and `fragments` are empty where not asked for."""

    identity: Identity
    token_ids: NDArray[np.uint16]
    fingerprint: NDArray[np.uint8]
    selfies_ids: NDArray[np.uint16]
    fragments: FragmentCounts


class StructureMaker:
    """Computes identities and targets of structures and remembers the last thousand of each.

    Args:
        targets: what to compute.
    """

    def __init__(self, targets: StructureTargets) -> None:
        self._targets = targets
        self._counter = None if targets.vocabulary is None else FragmentCounter(targets.vocabulary)
        self.identify = lru_cache(maxsize=1024)(self._identify)
        self.of = lru_cache(maxsize=1024)(self._of)

    def _identify(self, smiles: str) -> Identity:
        """Which molecule a SMILES is: much faster than its targets.

        Raises:
            InputError: invalid SMILES, several molecules, or an element outside `FORMULA_ELEMENTS`.
        """
        canonical = canonical_smiles(smiles, stereo=self._targets.stereo)
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
                    f"element {element}",
                    f"one of {', '.join(FORMULA_ELEMENTS)}",
                    code="element_outside_alphabet",
                )
        return Identity(canonical, formula, inchikey14(canonical))

    def _of(self, smiles: str) -> Structure:
        """Everything that training needs to know about one structure.

        Raises:
            InputError: as `identify`, or text that has no tokens.
        """
        targets, identity = self._targets, self.identify(smiles)
        ids = np.array(TOKENIZER.encode(identity.smiles), np.uint16)
        selfies_ids = _NO_IDS
        if targets.selfies:
            selfies_ids = np.array(SELFIES_TOKENIZER.encode(selfies_of(identity.smiles)), np.uint16)
        fragments = (
            FragmentCounts(_NO_IDS, _NO_IDS)
            if self._counter is None
            else self._counter.count(identity.smiles)
        )
        return Structure(
            identity, ids, fingerprint(identity.smiles, targets.fingerprint), selfies_ids, fragments
        )
