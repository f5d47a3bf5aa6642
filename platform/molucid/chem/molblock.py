"""Structures as files of spectra carry them: a connection table in MDL's molfile format."""

from __future__ import annotations

from rdkit import Chem, rdBase

from molucid.errors import InputError


def smiles_of_molblock(molblock: str) -> str | None:
    """Canonical SMILES with stereo of a V2000 or V3000 molfile; `None` for one without atoms.

    Raises:
        InputError: `invalid_molblock`.
    """
    with rdBase.BlockLogs():
        mol = Chem.MolFromMolBlock(molblock.encode("ascii", "replace").decode())
        if mol is None:
            raise InputError(
                "a structure that cannot be read",
                "a molfile of a valid molecule",
                hint="export the structure again",
                code="invalid_molblock",
            )
        return str(Chem.MolToSmiles(mol)) if mol.GetNumAtoms() else None
