"""Molecules to simulate: what a corpus yields, and the filter that says which of them a spectrum is made for.

The filter is a sequence of pure steps on a parsed molecule; the first step that refuses names its reason.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pydantic import Field
from rdkit import Chem

from molucid.chem.formula import Formula
from molucid.chem.identity import canonical_smiles, formula_of, inchikey14, parse_smiles
from molucid.chem.smiles_tokens import SmilesTokenizer
from molucid.config import Config
from molucid.dataset.holdout import HoldoutKeys
from molucid.errors import InputError, Rejected, Where


@dataclass(frozen=True, slots=True)
class Molecule:
    """One row of a corpus, not yet checked.

    Attributes:
        id: identifier as its source gives it; unique within the corpus.
        smiles: as written in the source.
        where: file and line.
    """

    id: str
    smiles: str
    where: Where


@dataclass(frozen=True, slots=True)
class AdmittedMolecule:
    """A molecule that passed the filter, with its canonical stereo-free SMILES."""

    id: str
    smiles: str
    formula: Formula
    inchikey14: str


class CorpusFilter(Config):
    """Which molecules are simulated.

    Attributes:
        elements: elements that a molecule may contain.
        min_heavy_atoms: fewest atoms that are not hydrogen.
        max_heavy_atoms: most; the fragmenter holds one bit per heavy atom in a 64-bit word.
    """

    elements: tuple[str, ...] = ("C", "H", "N", "O", "P", "S", "F", "Cl", "Br", "I", "Si", "B", "Se")
    min_heavy_atoms: int = Field(default=3, ge=1)
    max_heavy_atoms: int = Field(default=64, ge=1, le=64)


def admit(molecule: Molecule, config: CorpusFilter, exclude: HoldoutKeys) -> AdmittedMolecule | Rejected:
    """Pass `molecule` through all steps.

    Args:
        molecule: a row of a corpus.
        config: see `CorpusFilter`.
        exclude: molecules that must not be simulated; contains `HoldoutKeys.default()` in every job.
    """
    try:
        mol = parse_smiles(molecule.smiles)
        for step in _STEPS:
            step(mol, config)
        # The first block leaves stereo out, so the molecule as written gives the key of its flat SMILES.
        key = inchikey14(mol)
        if key in exclude:
            raise InputError(
                "a held-out or excluded molecule", "one that training may contain", code="held_out"
            )
        smiles = canonical_smiles(mol, stereo=False)
        _TOKENIZER.encode(smiles)
        return AdmittedMolecule(molecule.id, smiles, formula_of(mol), key)
    except InputError as error:
        return Rejected.from_error(molecule.id, error, molecule.where)


def _single_fragment(mol: Chem.Mol, config: CorpusFilter) -> None:
    count = len(Chem.GetMolFrags(mol))
    if count != 1:
        raise InputError(f"{count} fragments", "one connected molecule", code="several_fragments")


def _known_elements(mol: Chem.Mol, config: CorpusFilter) -> None:
    for atom in mol.GetAtoms():
        if atom.GetSymbol() not in config.elements:
            raise InputError(
                f"element {atom.GetSymbol()}",
                f"one of {', '.join(config.elements)}",
                code="element_outside_alphabet",
            )


def _no_isotopes(mol: Chem.Mol, config: CorpusFilter) -> None:
    for atom in mol.GetAtoms():
        if atom.GetIsotope():
            raise InputError(
                f"isotope {atom.GetIsotope()}{atom.GetSymbol()}", "no isotope labels", code="isotope"
            )


def _size(mol: Chem.Mol, config: CorpusFilter) -> None:
    count = mol.GetNumHeavyAtoms()
    if count < config.min_heavy_atoms:
        raise InputError(f"{count} heavy atoms", f"at least {config.min_heavy_atoms}", code="too_few_atoms")
    if count > config.max_heavy_atoms:
        raise InputError(f"{count} heavy atoms", f"at most {config.max_heavy_atoms}", code="too_many_atoms")


def _no_charge(mol: Chem.Mol, config: CorpusFilter) -> None:
    charge = Chem.GetFormalCharge(mol)
    if charge:
        raise InputError(f"net charge {charge:+d}", "a neutral molecule", code="net_charge")


def _no_radical(mol: Chem.Mol, config: CorpusFilter) -> None:
    if any(atom.GetNumRadicalElectrons() for atom in mol.GetAtoms()):
        raise InputError("unpaired electrons", "a closed-shell molecule", code="radical")


_TOKENIZER = SmilesTokenizer()
_STEPS: tuple[Callable[[Chem.Mol, CorpusFilter], None], ...] = (
    _single_fragment,
    _known_elements,
    _no_isotopes,
    _size,
    _no_charge,
    _no_radical,
)
