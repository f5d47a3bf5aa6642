"""When are two molecules the same, and what is the canonical name of one.

Three levels: `connectivity` compares the first block of the InChIKey (stereo, isotopes, protonation and
mobile hydrogens fall away), `enantiomer` accepts the mirror image, `exact` does not.
"""

from __future__ import annotations

from typing import Literal

from rdkit import Chem, rdBase
from rdkit.Chem import Mol

from molucid.chem.formula import Formula
from molucid.errors import InputError, shorten

IdentityLevel = Literal["connectivity", "enantiomer", "exact"]

MAX_SMILES_LENGTH = 5000
"""Longest SMILES that is read; far above any small molecule, far below what exhausts the parser."""


def parse_smiles(smiles: str) -> Mol:
    """Read `smiles` into a sanitised molecule; RDKit's log stays silent.

    Raises:
        InputError: code `invalid_smiles`, with RDKit's reason as its hint where it gives one.
    """
    text = smiles.strip()
    if not text or len(text) > MAX_SMILES_LENGTH or len(text.split()) > 1:
        raise _invalid(smiles, f"one SMILES of 1 to {MAX_SMILES_LENGTH} characters without spaces")
    with rdBase.BlockLogs():
        mol = Chem.MolFromSmiles(text)
        if mol is None:
            raise _invalid(smiles, "a valid SMILES", _reason(text))
    if mol.GetNumAtoms() == 0:
        raise _invalid(smiles, "a SMILES with at least one atom")
    return mol


def _reason(smiles: str) -> str:
    raw = Chem.MolFromSmiles(smiles, sanitize=False)
    problems = Chem.DetectChemistryProblems(raw) if raw is not None else ()
    if problems:
        return str(problems[0].Message())
    return "look for unclosed rings, branches or brackets, and for elements that do not exist"


def _invalid(smiles: str, expected: str, hint: str | None = None) -> InputError:
    return InputError(f"SMILES {shorten(smiles)!r}", expected, hint=hint, code="invalid_smiles")


def _as_mol(molecule: str | Mol) -> Mol:
    return parse_smiles(molecule) if isinstance(molecule, str) else molecule


def canonical_smiles(molecule: str | Mol, stereo: bool = False) -> str:
    """RDKit's canonical SMILES made idempotent; isotopes are kept, atom map numbers dropped.

    RDKit's output, read again, sometimes gives another string. It is read again until a string comes back;
    of a cycle of strings the alphabetically first is taken, so every string of the cycle has the same answer.

    Args:
        molecule: SMILES or RDKit molecule (not changed).
        stereo: keep tetrahedral and double-bond stereo; without it all stereo is removed.

    Raises:
        InputError: code `invalid_smiles`.
    """
    with rdBase.BlockLogs():
        return _canonical(_as_mol(molecule), stereo)


def _canonical(molecule: Mol, stereo: bool) -> str:
    seen: list[str] = []
    mol = molecule
    while True:
        text = _write(mol, stereo)
        if text in seen:
            return min(seen[seen.index(text) :])
        seen.append(text)
        mol = parse_smiles(text)


def _write(molecule: Mol, stereo: bool) -> str:
    mol = Chem.Mol(molecule)
    for atom in mol.GetAtoms():
        atom.SetAtomMapNum(0)
    if not stereo:
        Chem.RemoveStereochemistry(mol)
    return str(Chem.MolToSmiles(mol))


def inchikey14(molecule: str | Mol) -> str:
    """First block of the standard InChIKey: 14 letters that name the connectivity.

    Raises:
        InputError: code `invalid_smiles`, or `no_inchikey` for what InChI cannot describe.
    """
    mol = _as_mol(molecule)
    with rdBase.BlockLogs():
        key = str(Chem.MolToInchiKey(mol))  # type: ignore[no-untyped-call]  # RDKit's Python wrapper
    if not key:
        raise InputError(
            f"molecule {shorten(Chem.MolToSmiles(mol))!r}", "one that InChI can describe", code="no_inchikey"
        )
    return key[:14]


def mirror_image(molecule: str | Mol) -> Mol:
    """Invert every tetrahedral centre of a copy; double-bond stereo is its own mirror image."""
    mol = Chem.Mol(_as_mol(molecule))
    for atom in mol.GetAtoms():
        atom.InvertChirality()
    return mol


def same_molecule(a: str | Mol, b: str | Mol, level: IdentityLevel = "connectivity") -> bool:
    """Whether two molecules are the same at `level`.

    Raises:
        InputError: code `invalid_smiles` for either, or an unknown level.
    """
    if level == "connectivity":
        return inchikey14(a) == inchikey14(b)
    if level not in ("enantiomer", "exact"):
        raise InputError(f"level {level!r}", "connectivity, enantiomer or exact", code="unknown_level")
    second = canonical_smiles(b, stereo=True)
    if canonical_smiles(a, stereo=True) == second:
        return True
    return level == "enantiomer" and canonical_smiles(mirror_image(a), stereo=True) == second


def formula_of(molecule: str | Mol) -> Formula:
    """Count a molecule's atoms, hydrogens included; labelled atoms appear as isotopes, e.g. `[2H]`.

    Raises:
        InputError: code `invalid_smiles`, or `unknown_element` for dummy atoms and elements without a mass.
    """
    counts: dict[str, int] = {}
    for atom in _as_mol(molecule).GetAtoms():
        symbol = str(atom.GetSymbol())
        isotope = atom.GetIsotope()
        name = f"[{isotope}{symbol}]" if isotope else symbol
        counts[name] = counts.get(name, 0) + 1
        if hydrogens := atom.GetTotalNumHs():
            counts["H"] = counts.get("H", 0) + hydrogens
    return Formula(counts)
