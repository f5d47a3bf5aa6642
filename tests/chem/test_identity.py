from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from rdkit import Chem, RDConfig, rdBase
from rdkit.Chem import Descriptors, rdMolDescriptors

from molucid.chem.formula import parse_charged_formula
from molucid.chem.identity import (
    IdentityLevel,
    canonical_smiles,
    formula_of,
    inchikey14,
    mirror_image,
    parse_smiles,
    same_molecule,
)
from molucid.errors import InputError

# RDKit writes this silatrane in one way, reads that, and writes it in another.
NOT_IDEMPOTENT = "C1CO[Si]2(OCCN1CCO2)OCCN(CCO[Si]34OCCN(CCO3)CCO4)CCO[Si]56OCCN(CCO5)CCO6"

CHIRAL = {
    "alanine": "C[C@H](N)C(=O)O",
    "glucose": "OC[C@H]1O[C@@H](O)[C@H](O)[C@@H](O)[C@@H]1O",
    "menthol": "CC(C)[C@@H]1CC[C@@H](C)C[C@H]1O",
    "camphor": "CC1(C)[C@@H]2CC[C@@]1(C)C(=O)C2",
    "morphine": "CN1CC[C@]23c4c5ccc(O)c4O[C@H]2[C@@H](O)C=C[C@H]3[C@H]1C5",
    "esomeprazole": "COc1ccc2[nH]c([S@@](=O)Cc3ncc(C)c(OC)c3C)nc2c1",
    "limonene oxide": "CC(=C)[C@H]1CC[C@]2(C)O[C@@H]2C1",
}

TARTARIC_SS = "O[C@H](C(=O)O)[C@H](O)C(=O)O"
TARTARIC_RR = "O[C@@H](C(=O)O)[C@@H](O)C(=O)O"
TARTARIC_SR = "O[C@H](C(=O)O)[C@@H](O)C(=O)O"
TARTARIC_RS = "O[C@@H](C(=O)O)[C@H](O)C(=O)O"


def swap_tags(smiles: str) -> str:
    """Mirror image of an input SMILES: every @ becomes @@ and the reverse, atoms in the same order."""
    return smiles.replace("@@", "§").replace("@", "@@").replace("§", "@")


def random_writings(smiles: str, count: int) -> list[str]:
    return Chem.MolToRandomSmilesVect(Chem.MolFromSmiles(smiles), count, randomSeed=7)


def nci_molecules(step: int) -> list[str]:
    lines = Path(RDConfig.RDDataDir, "NCI", "first_5K.smi").read_text().splitlines()
    with rdBase.BlockLogs():
        return [s for line in lines[::step] if Chem.MolFromSmiles(s := line.split()[0]) is not None]


def test_inchikey_of_aspirin() -> None:
    # BSYNRYMUTXBXSQ-UHFFFAOYSA-N in PubChem (CID 2244)
    assert inchikey14("CC(=O)Oc1ccccc1C(=O)O") == "BSYNRYMUTXBXSQ"


@pytest.mark.parametrize("stereo", [False, True])
@pytest.mark.parametrize("smiles", [NOT_IDEMPOTENT, *CHIRAL.values(), *nci_molecules(100)])
def test_canonical_form_is_idempotent(smiles: str, stereo: bool) -> None:
    canonical = canonical_smiles(smiles, stereo)
    assert canonical_smiles(canonical, stereo) == canonical


def test_the_example_is_one_where_rdkit_alone_is_not_idempotent() -> None:
    once = Chem.CanonSmiles(NOT_IDEMPOTENT)
    assert Chem.CanonSmiles(once) != once


@pytest.mark.parametrize("smiles", [NOT_IDEMPOTENT, *CHIRAL.values(), *nci_molecules(250)])
def test_canonical_form_does_not_depend_on_the_writing(smiles: str) -> None:
    assert len({canonical_smiles(text, stereo=True) for text in random_writings(smiles, 8)}) == 1
    assert len({canonical_smiles(text) for text in random_writings(smiles, 8)}) == 1


def test_canonical_form_keeps_isotopes_and_drops_stereo_and_map_numbers() -> None:
    assert canonical_smiles("[2H]C([2H])([2H])O") == "[2H]C([2H])([2H])O"
    assert canonical_smiles("[CH3:7][C@H:1](N)C(=O)O") == canonical_smiles("CC(N)C(=O)O") == "CC(N)C(=O)O"
    assert canonical_smiles("F/C=C/F") == "FC=CF"
    assert canonical_smiles("F/C=C/F", stereo=True) == "F/C=C/F"
    assert canonical_smiles("[H]/N=C(/C)CC") == canonical_smiles("N=C(C)CC")


def test_the_given_molecule_is_not_changed() -> None:
    mol = parse_smiles("C[C@H](N)C(=O)[OH:3]")
    before = Chem.MolToSmiles(mol)
    canonical_smiles(mol)
    mirror_image(mol)
    assert Chem.MolToSmiles(mol) == before


@pytest.mark.parametrize("smiles", CHIRAL.values(), ids=CHIRAL)
def test_levels_on_enantiomers(smiles: str) -> None:
    for mirror in random_writings(swap_tags(smiles), 6):
        assert same_molecule(smiles, mirror, "enantiomer")
        assert not same_molecule(smiles, mirror, "exact")
        assert same_molecule(smiles, mirror, "connectivity")
    for same in random_writings(smiles, 6):
        assert same_molecule(smiles, same, "exact")


@pytest.mark.parametrize(
    ("a", "b", "connectivity", "enantiomer", "exact"),
    [
        (TARTARIC_SS, TARTARIC_RR, True, True, False),
        (TARTARIC_SS, TARTARIC_SR, True, False, False),
        (TARTARIC_SR, TARTARIC_RS, True, True, True),  # meso: its own mirror image
        ("F/C=C/F", "F/C=C\\F", True, False, False),
        ("C[C@H](N)C(=O)O", "CC(N)C(=O)O", True, False, False),
        ("CC(=O)O", "CC(=O)[O-]", True, False, False),
        ("Oc1ccccn1", "O=c1cccc[nH]1", True, False, False),  # mobile hydrogen
        ("CCO", "COC", False, False, False),
        ("CO", "[2H]C([2H])([2H])O", True, False, False),
    ],
)
def test_levels(a: str, b: str, connectivity: bool, enantiomer: bool, exact: bool) -> None:
    expected: dict[IdentityLevel, bool] = {
        "connectivity": connectivity,
        "enantiomer": enantiomer,
        "exact": exact,
    }
    for level, answer in expected.items():
        assert same_molecule(a, b, level) is answer
        assert same_molecule(b, a, level) is answer


def test_mirror_of_the_mirror_is_the_molecule() -> None:
    for smiles in CHIRAL.values():
        assert same_molecule(mirror_image(mirror_image(smiles)), smiles, "exact")


@pytest.mark.parametrize(
    "smiles", ["", "  ", "C(", "c1ccc1c", "C1CC", "CN(C)(C)C", "C C", "Xy", "C" * 6000, "C[Zz]"]
)
def test_invalid_smiles(smiles: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_smiles(smiles)
    assert caught.value.code == "invalid_smiles"
    assert len(str(caught.value)) < 500


def test_the_reason_is_rdkits() -> None:
    with pytest.raises(InputError, match="valence for atom # 1 N, 4"):
        parse_smiles("CN(C)(C)C")


def test_unknown_level() -> None:
    with pytest.raises(InputError, match="connectivity, enantiomer or exact"):
        same_molecule("C", "C", "isomer")  # type: ignore[arg-type]  # a caller's mistake


def test_silence_is_local() -> None:
    program = (
        "from rdkit import Chem\n"
        "from molucid.chem.identity import canonical_smiles, inchikey14\n"
        "from molucid.errors import InputError\n"
        "try:\n    canonical_smiles('C(')\nexcept InputError:\n    pass\n"
        "inchikey14('C[N+](C)(C)C')\n"
        "import sys; sys.stderr.flush(); print('after', file=sys.stderr, flush=True)\n"
        "Chem.MolFromSmiles('C1CC')\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment
    )
    before, after = done.stderr.split("after")
    assert before == ""
    assert "unclosed ring" in after


@pytest.mark.parametrize(
    ("smiles", "formula"),
    [
        ("CCO", "C2H6O"),
        ("C[N+](C)(C)CC(=O)[O-]", "C5H11NO2"),
        ("CCCC[N+](CCCC)(CCCC)CCCC", "C16H36N"),
        ("[2H]C([2H])([2H])[13CH2]O", "C[13C]H3[2H]3O"),
        ("[Na+].[Cl-]", "ClNa"),
    ],
)
def test_formula_of(smiles: str, formula: str) -> None:
    assert str(formula_of(smiles)) == formula
    exact = Descriptors.ExactMolWt(Chem.MolFromSmiles(smiles))
    assert formula_of(smiles).monoisotopic_mass == pytest.approx(exact, abs=1e-3)


@pytest.mark.parametrize("smiles", nci_molecules(100))
def test_formula_of_agrees_with_rdkit(smiles: str) -> None:
    mol = Chem.MolFromSmiles(smiles)
    formula, charge = parse_charged_formula(rdMolDescriptors.CalcMolFormula(mol))
    assert formula_of(smiles) == formula
    assert charge == Chem.GetFormalCharge(mol)


@pytest.mark.parametrize("smiles", ["*C", "[Tc]"])
def test_formula_of_what_has_no_mass(smiles: str) -> None:
    with pytest.raises(InputError) as caught:
        formula_of(smiles)
    assert caught.value.code == "unknown_element"
