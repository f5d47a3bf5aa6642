"""SMILES of one connected molecule of natural isotopes: what every simulator asks before it reads a graph."""

from __future__ import annotations

import re
from typing import cast

from rdkit import Chem, rdBase
from rdkit.Chem import rdmolops

from molucid.errors import InputError, shorten

GRAPH_PERCEPTION = (
    Chem.SANITIZE_CLEANUP
    | Chem.SANITIZE_PROPERTIES
    | Chem.SANITIZE_SYMMRINGS
    | Chem.SANITIZE_KEKULIZE
    | Chem.SANITIZE_FINDRADICALS
    | Chem.SANITIZE_SETAROMATICITY
    | Chem.SANITIZE_ADJUSTHS
)
"""Rings, aromaticity and hydrogens. Stereo, hybridisation and the rest, half of the parser's time, are not read."""

_ISOTOPE = re.compile(r"\[\d")


def read_connected(
    smiles: str, max_atoms: int, *, component: str, perception: int = GRAPH_PERCEPTION, fully_if: str = ""
) -> Chem.Mol:
    """Parse the SMILES of one connected molecule.

    Args:
        smiles: as written.
        max_atoms: heavy atoms of the largest molecule that is read.
        component: which component of a mixture is meant, for the hint.
        perception: what RDKit perceives of an ordinary SMILES.
        fully_if: marks that only the whole parser reads, each one character.

    Raises:
        InputError: codes `invalid_smiles`, `isotope_label`, `multiple_components`, `too_many_atoms`.
    """
    with rdBase.BlockLogs():
        molecule = _perceive(smiles, perception, fully_if)
    if molecule is None or not molecule.GetNumAtoms():
        raise InputError(f"SMILES {shorten(smiles)!r}", "a SMILES that RDKit can read", code="invalid_smiles")
    if "[" in smiles and _ISOTOPE.search(smiles):
        raise InputError(
            f"isotope label in {shorten(smiles)!r}",
            "natural isotopes",
            hint="write the molecule without isotope labels",
            code="isotope_label",
        )
    if "." in smiles and len(rdmolops.GetMolFrags(molecule)) > 1:
        raise InputError(
            f"several components in {shorten(smiles)!r}",
            "one connected molecule",
            hint=f"keep the component that is {component} and drop salts and solvents",
            code="multiple_components",
        )
    if molecule.GetNumAtoms() > max_atoms:
        raise InputError(
            f"{molecule.GetNumAtoms()} heavy atoms", f"at most {max_atoms} heavy atoms", code="too_many_atoms"
        )
    return molecule


def _perceive(smiles: str, perception: int, fully_if: str) -> Chem.Mol | None:
    # hydrogens written as atoms: only the full parser folds them into their neighbours
    if "[H" in smiles or any(mark in smiles for mark in fully_if):
        return cast("Chem.Mol | None", Chem.MolFromSmiles(smiles))
    molecule = cast("Chem.Mol | None", Chem.MolFromSmiles(smiles, sanitize=False))
    if molecule is None:
        return None
    try:
        Chem.SanitizeMol(molecule, perception)
    except Chem.MolSanitizeException:
        return None
    return molecule
