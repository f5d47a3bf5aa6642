from __future__ import annotations

import random
from pathlib import Path

import pytest

from molucid.chem.formula import Formula
from molucid.chem.identity import canonical_smiles, formula_of, parse_smiles
from molucid.chem.smiles_tokens import SmilesTokenizer
from molucid.errors import InputError
from molucid.generate.constraint import ConstraintConfig, FormulaConstraint
from molucid.generate.smiles_state import Last

TOKENIZER = SmilesTokenizer()
VOCABULARY = TOKENIZER.vocabulary
LOOSE = ConstraintConfig(allow_net_charge=True, allow_fragments=True, allow_radicals=True, lookahead=0)
# Names by structure: what each is here for.
MOLECULES = {
    "methane": "C",
    "caffeine": "Cn1c(=O)c2c(ncn2C)n(C)c1=O",
    "spiro with a label opened where one was closed": "C1CCC2(CC1)OCCO2",
    "biphenyl: single bond between aromatic atoms": "c1ccc(-c2ccccc2)cc1",
    "fluorene-like ring closed by a written single bond": "c1ccc2c(c1)-c1ccccc1-2",
    "pyrrole and pyridine nitrogen": "c1ccc(-c2ccc[nH]2)nc1",
    "nitro group": "O=[N+]([O-])c1ccccc1",
    "sulfone and sulfonamide": "CS(=O)(=O)NS(C)(=O)=O",
    "phosphate": "COP(=O)(O)OC",
    "nitrile and alkyne": "N#CC#CC",
    "betaine": "C[N+](C)(C)CC(=O)[O-]",
    "porphyrin-like fused system": "C1=Cc2cc3ccc(cc4nc(cc5ccc(cc1n2)[nH]5)C=C4)[nH]3",
    "cubane": "C12C3C4C1C5C2C3C45",
    "thiazolium ylide": "C[n+]1cc[n-]c1",
    "quinone methide": "C=C1C=CC(=O)C=C1",
    "pyridine N-oxide": "[O-][n+]1ccccc1",
    "azulene": "c1ccc2cccc-2cc1",
    "silane": "C[Si](C)(C)C",
    "hypervalent sulfur": "FS(F)(F)(F)(F)F",
    "boronic acid": "OB(O)c1ccccc1",
    "selenophene": "c1cc[se]c1",
    "cyclopropenone": "O=c1cc1",
    "labelled benzene": "[2H]c1ccccc1",
}
STEREO = {
    "a centre with a hydrogen": "C[C@H](N)C(=O)O",
    "a centre without": "CC[C@](C)(N)C(=O)O",
    "a double bond": "C/C=C/C",
    "a direction at a closing label": "C1=C/CCCCCC/1",
    "a ring label at a centre": "CC(C)[C@@H]1CC[C@@H](C)C[C@H]1O",
    "sulfoxide": "CC[S@](C)=O",
}


def constraint(
    config: ConstraintConfig | None = None, max_length: int = 200, stereo: bool = False
) -> FormulaConstraint:
    return FormulaConstraint(VOCABULARY, config or ConstraintConfig(), max_length, stereo)


def token_ids(smiles: str) -> list[int]:
    return [*TOKENIZER.encode(smiles), TOKENIZER.EOS]


def neighbours_of(formula: Formula) -> list[Formula]:
    """Formulas with one hydrogen more, one less, and one atom swapped for another element."""
    hydrogens = formula.count("H")
    near = [Formula({**formula, "H": hydrogens + 1}), Formula({**formula, "H": max(hydrogens - 1, 0)})]
    if formula.count("C"):
        near.append(Formula({**formula, "C": formula.count("C") - 1, "N": formula.count("N") + 1}))
    return [other for other in near if other != formula]


@pytest.mark.parametrize("smiles", MOLECULES.values(), ids=MOLECULES)
def test_a_canonical_smiles_meets_its_own_formula_and_no_neighbouring_one(smiles):
    canonical = canonical_smiles(smiles)
    formula = formula_of(canonical)
    assert constraint().accepts(token_ids(canonical), formula)
    for other in neighbours_of(formula):
        assert not constraint().accepts(token_ids(canonical), other), other


@pytest.mark.parametrize(
    ("smiles", "why"),
    [
        ("CC(", "branch at the end"),
        ("C)C", "no branch is open"),
        ("C(C)(C", "open branch"),
        ("C1CC", "open ring"),
        ("C11", "a ring of one atom"),
        ("C1C1", "a second bond between neighbours"),
        ("C12CC12", "two ring bonds between the same atoms"),
        ("C=(C)C", "a bond before a branch"),
        ("CC=", "a bond without an atom"),
        ("C(C)(C)(C)(C)C", "five bonds at carbon"),
        ("O(C)(C)C", "three bonds at oxygen"),
        ("CC(C)", "a branch that nothing follows"),
        ("C2CC2", "a label that is not the lowest free one"),
        ("c1ccccc1c", "an aromatic atom outside of a ring"),
        ("c1cccc1", "no Kekulé structure"),
        ("C.C", "two molecules"),
        ("[CH2]C", "a radical"),
        ("C[NH3+]", "a net charge"),
        ("C[C@H](O)N", "stereo"),
    ],
)
def test_faulty_strings_are_refused_under_any_formula(smiles, why):
    ids = token_ids(smiles)
    heavy = {"C": sum(c in "Cc" for c in smiles), "N": smiles.count("N"), "O": smiles.count("O")}
    for hydrogens in range(2 * sum(heavy.values()) + 5):
        assert not constraint().accepts(ids, Formula({**heavy, "H": hydrogens})), why


def first_refused(smiles: str, formula: str, max_length: int = 200) -> str | None:
    """The part of `smiles` up to and with the first token that is refused."""
    machine = constraint(max_length=max_length)
    state = machine.start(Formula.parse(formula))
    assert state is not None
    written = ""
    for token in token_ids(smiles):
        written += VOCABULARY[token]
        state = machine.advance(state, token)
        if state is None:
            return written
    return None


@pytest.mark.parametrize(
    ("smiles", "formula", "refused"),
    [
        ("CCO", "C2H6O", None),
        ("CCN", "C2H6O", "CCN"),  # there is no nitrogen
        ("CCCO", "C2H6O", "CCC"),  # nor a third carbon
        ("C=CO", "C2H6O", "C="),  # all hydrogens are needed
        ("CCO", "C2H4O", "CCO"),  # two hydrogens too many, whatever follows C–C and O alone cannot take them
        ("C1CO1", "C2H6O", "C1"),  # no ring either
        ("CCCCCCO", "C6H6O", "CCCC"),  # phenol has no room for so many hydrogens
    ],
)
def test_refused_at_the_first_token_that_makes_it_impossible(smiles, formula, refused):
    assert first_refused(smiles, formula) == refused


def test_length_left_is_a_budget():
    # Ten carbons and the end take at least 11 tokens; a branch costs two more.
    formula = Formula.parse("C10H22")
    assert constraint(max_length=10).start(formula) is None
    assert first_refused("C(C)CCCCCCCC", "C10H22", max_length=12) == "C("
    assert first_refused("CC(C)CCCCCCC", "C10H22", max_length=13) is None


def test_nothing_can_be_written_of_an_impossible_formula():
    for text in ("CH5", "C2H8", "He", "CF5", "U"):
        assert constraint().start(Formula.parse(text)) is None


def test_options_admit_what_they_name():
    ids = token_ids("C[NH3+].[Cl-]")
    formula = formula_of("C[NH3+].[Cl-]")
    assert constraint(ConstraintConfig(allow_fragments=True)).accepts(ids, formula)
    assert constraint(ConstraintConfig(allow_net_charge=True)).accepts(
        token_ids("C[NH3+]"), formula_of("C[NH3+]")
    )
    assert constraint(ConstraintConfig(allow_radicals=True)).accepts(
        token_ids("[CH2]C"), Formula.parse("C2H5")
    )


@pytest.mark.parametrize("smiles", STEREO.values(), ids=STEREO)
def test_configurations_may_stand_where_the_model_writes_them(smiles):
    assert canonical_smiles(smiles, stereo=True) == smiles
    ids, formula = token_ids(smiles), formula_of(smiles)
    assert constraint(stereo=True).accepts(ids, formula)
    assert not constraint(stereo=False).accepts(ids, formula)
    for other in neighbours_of(formula):
        assert not constraint(stereo=True).accepts(ids, other), other


def random_walk(machine: FormulaConstraint, formula: Formula, generator: random.Random) -> str | None:
    """A string of tokens drawn evenly among those allowed; `None` if it runs into a dead end."""
    state = machine.start(formula)
    written: list[int] = []
    while state is not None and state.last is not Last.END:
        allowed = [i for i in state.usable if machine.advance(state, i) is not None]
        if not allowed:
            return None
        written.append(generator.choice(allowed))
        state = machine.advance(state, written[-1])
    return TOKENIZER.decode(written)


def test_random_strings_are_molecules_of_the_formula():
    generator = random.Random(0)
    machine = constraint(max_length=60)
    finished, right = 0, 0
    for text in ("C6H12O6", "C8H10N4O2", "C9H8O4", "C10H15N", "C3H9O4P", "C7H8O2S"):
        for _ in range(12):
            smiles = random_walk(machine, Formula.parse(text), generator)
            if smiles is not None:
                finished += 1
                right += is_molecule_of(smiles, Formula.parse(text))
    assert finished >= 20
    assert right / finished >= 0.9


def is_molecule_of(smiles: str, formula: Formula) -> bool:
    try:
        return formula_of(smiles) == formula
    except InputError:
        return False


def check_real(smiles_list: list[str], config: ConstraintConfig, stereo: bool = False) -> int:
    """Checks every SMILES that the alphabet can write; returns how many there were."""
    refused, wrongly_accepted, checked = [], [], 0
    for text in smiles_list:
        try:
            smiles = canonical_smiles(text, stereo)
            ids, formula = token_ids(smiles), formula_of(smiles)
        except InputError:
            continue  # not a molecule for RDKit, or an atom outside of the alphabet
        checked += 1
        machine = constraint(config, max_length=5000, stereo=stereo)
        if not machine.accepts(ids, formula):
            refused.append(smiles)
        wrongly_accepted += [smiles for other in neighbours_of(formula) if machine.accepts(ids, other)]
    assert not refused
    assert not wrongly_accepted
    return checked


def chemicals_smiles() -> list[str]:
    chemicals = pytest.importorskip("chemicals", reason="the extra `corpora` is not installed")
    path = Path(chemicals.__file__).parent / "Identifiers" / "chemical identifiers pubchem large.tsv"
    return [line.split("\t")[4] for line in path.read_text(encoding="utf-8").splitlines()]


def is_plain(smiles: str) -> bool:
    molecule = parse_smiles(smiles)
    charge = sum(atom.GetFormalCharge() for atom in molecule.GetAtoms())
    radicals = sum(atom.GetNumRadicalElectrons() for atom in molecule.GetAtoms())
    return "." not in smiles and not charge and not radicals


def test_real_molecules_meet_their_formulas():
    rows = chemicals_smiles()[::350]
    assert check_real(rows, LOOSE) > 150


def test_real_molecules_with_configurations_meet_their_formulas():
    rows = [smiles for smiles in chemicals_smiles() if set("@/") & set(smiles)][::150]
    assert check_real(rows, LOOSE, stereo=True) >= 40


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_3000_real_molecules_meet_their_formulas():
    rows = chemicals_smiles()[7::20]
    assert check_real(rows, LOOSE) >= 3000


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_3000_plain_real_molecules_pass_the_default_constraint():
    plain = []
    for text in chemicals_smiles()[3::18]:
        try:
            if is_plain(text):
                plain.append(text)
        except InputError:
            continue
    assert check_real(plain, ConstraintConfig(lookahead=0)) >= 3000


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_structures_of_real_spectra_meet_their_formulas(data_folder):
    import pyarrow.parquet as parquet

    table = parquet.read_table(data_folder / "massspecgym_structures.parquet", columns=["flat_smiles"])
    smiles = [text for text in table["flat_smiles"].to_pylist()[::8] if is_plain(text)]
    assert check_real(smiles, ConstraintConfig(lookahead=0)) >= 3000
