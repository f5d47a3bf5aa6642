"""When is a candidate the right answer: three protocols, by the strictness with which they read stereo.

- `exact`: the same molecule, every stereo mark included;
- `enantiomer`: the same, or its mirror image. IR and NMR spectra of the two are equal, so this is the protocol of
  NMIRacle (arXiv 2512.19733, appendix B). The mirror image is made by inverting the tetrahedral centres of
  the molecule, not of its text, and then canonicalised, so a meso compound is its own; double bonds are kept;
- `constitutional`: the same bonds, all stereo left out.

A stereo mark that one of the two lacks is a difference to `exact` and `enantiomer`. Isotopes, charges and mobile
hydrogens are differences to all three; the InChIKey first block, by which `accuracy` goes, is blind to those.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

from rdkit import Chem
from rdkit.Chem import Mol

from molucid.chem.identity import canonical_smiles, mirror_image, parse_smiles

Protocol = Literal["exact", "enantiomer", "constitutional"]
PROTOCOLS: tuple[Protocol, ...] = get_args(Protocol)
"""From the strictest to the most permissive: what one accepts, the next accepts."""

_STEREO_MARKS = frozenset("@/\\")
_NUM_ORDERS = 12


@dataclass(frozen=True, slots=True)
class Names:
    """Canonical SMILES of a molecule, with stereo and without."""

    exact: str
    constitutional: str


def names_of(molecule: str | Mol) -> Names:
    """Name a molecule.

    Raises:
        InputError: SMILES that RDKit cannot read, or a molecule without atoms.
    """
    exact = canonical_smiles(molecule, stereo=True)
    return Names(exact, canonical_smiles(exact) if _STEREO_MARKS & set(exact) else exact)


@dataclass(frozen=True, slots=True)
class TrueNames:
    """What the names of a candidate are compared with.

    Attributes:
        names: names of the true molecule.
        mirrored: canonical SMILES, with stereo, of its mirror image.
    """

    names: Names
    mirrored: str

    @classmethod
    def of(cls, smiles: str) -> TrueNames:
        """Name a true molecule and its mirror image.

        Raises:
            InputError: SMILES that RDKit cannot read.
        """
        names = names_of(smiles)
        chiral = "@" in names.exact
        return cls(names, canonical_smiles(mirror_image(names.exact), stereo=True) if chiral else names.exact)

    def accepted_by(self, candidate: Names) -> frozenset[Protocol]:
        """Find the protocols by which a candidate with these names is right."""
        if candidate.exact == self.names.exact:
            return frozenset(PROTOCOLS)
        if candidate.exact == self.mirrored:
            return frozenset(("enantiomer", "constitutional"))
        if candidate.constitutional != self.names.constitutional:
            return frozenset()
        spellings = _spellings(candidate.exact)
        if spellings & _spellings(self.names.exact):
            return frozenset(PROTOCOLS)
        if spellings & _spellings(self.mirrored):
            return frozenset(("enantiomer", "constitutional"))
        return frozenset(("constitutional",))


@lru_cache(maxsize=10_000)
def _spellings(smiles: str) -> frozenset[str]:
    """All canonical SMILES that a molecule is found to have.

    For about one in six thousand molecules with stereo, RDKit's string depends on the order of the atoms (some cyanine
    dyes, for one): it then takes one of very few values, which a handful of orders shows.
    """
    mol = parse_smiles(smiles)
    order = list(range(mol.GetNumAtoms()))
    shuffle = random.Random(0).shuffle  # noqa: S311  # any orders do, the same ones every time
    found = {smiles}
    for _ in range(_NUM_ORDERS):
        shuffle(order)
        found.add(canonical_smiles(Chem.RenumberAtoms(mol, order), stereo=True))
    return frozenset(found)
