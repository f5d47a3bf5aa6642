"""Molecules to simulate: what a corpus yields, and the filter that says which of them a spectrum is made for.

The filter is a sequence of pure steps on a parsed molecule; the first step that refuses names its reason.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pydantic import Field
from rdkit import Chem
from rdkit.Chem import rdqueries
from rdkit.Chem.rdMolDescriptors import CalcMolFormula

from molucid.chem.elements import MODEL_ELEMENTS
from molucid.chem.formula import Formula, parse_charged_formula
from molucid.chem.identity import canonical_smiles, inchikey14, parse_smiles
from molucid.chem.smiles_tokens import SmilesTokenizer
from molucid.config import Config
from molucid.dataset.holdout import HoldoutKeys
from molucid.errors import InputError, Rejected, Where


@dataclass(frozen=True, slots=True)
class Molecule:
    """One row of a corpus, not yet checked.

    Attributes:
        id: identifier as its source gives it; unique among the molecules that `open_corpus` yields.
        smiles: as written in the source.
        where: file and line.
    """

    id: str
    smiles: str
    where: Where


@dataclass(frozen=True, slots=True)
class AdmittedMolecule:
    """A molecule that passed the filter, with its canonical SMILES: configurations decide what NMR shows."""

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

    # Boron and selenium last: the order that the job files of data sets record and a resumed job compares.
    elements: tuple[str, ...] = (*(e for e in MODEL_ELEMENTS if e not in ("B", "Se")), "B", "Se")
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
        parsed = _parse(molecule.smiles)
        for step in _STEPS:
            step(parsed, config)
        key = inchikey14(parsed.mol)
        if key in exclude:
            raise InputError(
                "a held-out or excluded molecule", "one that training may contain", code="held_out"
            )
        smiles = canonical_smiles(parsed.mol, stereo=True)
        _TOKENIZER.encode(smiles)
        return AdmittedMolecule(molecule.id, smiles, parsed.formula, key)
    except InputError as error:
        return Rejected.from_error(molecule.id, error, molecule.where)


@dataclass(frozen=True, slots=True)
class _Parsed:
    """A parsed molecule; formula and charge are counted once, in compiled code, for all steps."""

    mol: Chem.Mol
    formula: Formula
    charge: int


def _parse(smiles: str) -> _Parsed:
    mol = parse_smiles(smiles)
    formula, charge = parse_charged_formula(CalcMolFormula(mol, True, False))
    return _Parsed(mol, formula, charge)


def _single_fragment(molecule: _Parsed, config: CorpusFilter) -> None:
    count = len(Chem.GetMolFrags(molecule.mol))
    if count != 1:
        raise InputError(f"{count} fragments", "one connected molecule", code="several_fragments")


def _no_isotopes(molecule: _Parsed, config: CorpusFilter) -> None:
    for element in molecule.formula:
        if element.startswith("["):
            raise InputError(f"isotope {element}", "no isotope labels", code="isotope")


def _known_elements(molecule: _Parsed, config: CorpusFilter) -> None:
    for element in molecule.formula:
        if element not in config.elements:
            expected = f"one of {', '.join(config.elements)}"
            raise InputError(f"element {element}", expected, code="element_outside_alphabet")


def _size(molecule: _Parsed, config: CorpusFilter) -> None:
    count = molecule.formula.num_heavy_atoms
    if count < config.min_heavy_atoms:
        raise InputError(f"{count} heavy atoms", f"at least {config.min_heavy_atoms}", code="too_few_atoms")
    if count > config.max_heavy_atoms:
        raise InputError(f"{count} heavy atoms", f"at most {config.max_heavy_atoms}", code="too_many_atoms")


def _no_charge(molecule: _Parsed, config: CorpusFilter) -> None:
    if molecule.charge:
        raise InputError(f"net charge {molecule.charge:+d}", "a neutral molecule", code="net_charge")


def _no_radical(molecule: _Parsed, config: CorpusFilter) -> None:
    if molecule.mol.GetAtomsMatchingQuery(_UNPAIRED):
        raise InputError("unpaired electrons", "a closed-shell molecule", code="radical")


_STEPS: tuple[Callable[[_Parsed, CorpusFilter], None], ...] = (
    _single_fragment,
    _no_isotopes,
    _known_elements,
    _size,
    _no_charge,
    _no_radical,
)
_UNPAIRED = rdqueries.NumRadicalElectronsGreaterQueryAtom(0)
_TOKENIZER = SmilesTokenizer()
