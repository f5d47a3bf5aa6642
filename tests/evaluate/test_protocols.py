from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from rdkit import Chem, rdBase

from molucid.chem.identity import canonical_smiles, mirror_image
from molucid.evaluate.protocols import PROTOCOLS, TrueNames, names_of

with Path(__file__).with_name("mirror_images.tsv").open(encoding="utf-8") as _stream:
    MOLECULES = [row["smiles"] for row in csv.DictReader(_stream, delimiter="\t")]

ENANTIOMER = frozenset(("enantiomer", "constitutional"))
CONSTITUTIONAL = frozenset(("constitutional",))

# RDKit's canonical SMILES of it depends on the order of the atoms.
CYANINE = "CCN\\1C2=CC=CC=C2S/C1=C\\C3=C/C(=C/C=C/C4=[N+](C5=CC=CC=C5S4)CC)/C6=CC=CC=C6O3.[I-]"


def swapped(smiles):
    """The mirror image as text: `@` and `@@` exchanged."""
    return re.sub("@@?", lambda mark: "@" if mark.group() == "@@" else "@@", smiles)


def writings(molecule, count=8):
    mol = Chem.MolFromSmiles(molecule) if isinstance(molecule, str) else molecule
    return Chem.MolToRandomSmilesVect(mol, count, randomSeed=7)


def inchi(molecule):
    with rdBase.BlockLogs():
        return Chem.MolToInchi(Chem.MolFromSmiles(molecule) if isinstance(molecule, str) else molecule)


def accepted(truth, candidate):
    return TrueNames.of(truth).accepted_by(names_of(candidate))


def test_enough_molecules():
    assert len(set(MOLECULES)) >= 20


@pytest.mark.parametrize("smiles", MOLECULES)
def test_mirror_images_that_swapping_characters_misses(smiles):
    mirror = mirror_image(smiles)
    # InChI is an independent witness: the two differ in its layer of absolute configuration alone.
    assert inchi(mirror) != inchi(smiles)
    assert re.sub("/m[01.]+", "", inchi(mirror)) == re.sub("/m[01.]+", "", inchi(smiles))
    assert swapped(canonical_smiles(smiles, stereo=True)) != canonical_smiles(mirror, stereo=True)
    for candidate in writings(mirror):
        assert accepted(smiles, candidate) == ENANTIOMER
    for candidate in writings(smiles):
        assert accepted(smiles, candidate) == frozenset(PROTOCOLS)


@pytest.mark.parametrize("smiles", MOLECULES)
def test_another_diastereomer_is_only_constitutionally_right(smiles):
    for place in range(Chem.MolFromSmiles(smiles).GetNumAtoms()):
        mol = Chem.MolFromSmiles(smiles)
        atom = mol.GetAtomWithIdx(place)
        if atom.GetChiralTag() == Chem.ChiralType.CHI_UNSPECIFIED:
            continue
        atom.InvertChirality()
        same = inchi(mol) == inchi(smiles)
        mirrored = not same and re.sub("/m[01.]+", "", inchi(mol)) == re.sub("/m[01.]+", "", inchi(smiles))
        expected = frozenset(PROTOCOLS) if same else ENANTIOMER if mirrored else CONSTITUTIONAL
        assert accepted(smiles, Chem.MolToSmiles(mol)) == expected


@pytest.mark.parametrize(
    ("truth", "candidate", "expected"),
    [
        # meso: tartaric acid and cis-1,2-dimethylcyclopropane, each its own mirror image; trans is not
        ("O[C@H](C(=O)O)[C@@H](O)C(=O)O", "O[C@@H](C(=O)O)[C@H](O)C(=O)O", frozenset(PROTOCOLS)),
        ("C[C@H]1C[C@H]1C", "C[C@@H]1C[C@@H]1C", frozenset(PROTOCOLS)),
        ("C[C@H]1C[C@@H]1C", "C[C@@H]1C[C@H]1C", ENANTIOMER),
        # optically active forms of the first
        ("O[C@H](C(=O)O)[C@H](O)C(=O)O", "O[C@@H](C(=O)O)[C@@H](O)C(=O)O", ENANTIOMER),
        ("O[C@H](C(=O)O)[C@H](O)C(=O)O", "O[C@H](C(=O)O)[C@@H](O)C(=O)O", CONSTITUTIONAL),
        # rings whose centres are no asymmetric atoms: cis and trans
        ("C[C@H]1CC[C@@H](C)CC1", "C[C@H]1CC[C@H](C)CC1", CONSTITUTIONAL),
        # a double bond is its own mirror image, and not the other isomer
        ("C/C=C/C", "C/C=C\\C", CONSTITUTIONAL),
        ("C/C=C/[C@H](C)O", "O[C@H](C)/C=C/C", ENANTIOMER),
        ("C/C=C/[C@H](C)O", "C/C=C\\[C@H](C)O", CONSTITUTIONAL),
        # a mark that one of the two lacks
        ("C[C@H](N)C(=O)O", "CC(N)C(=O)O", CONSTITUTIONAL),
        ("CC(N)C(=O)O", "C[C@H](N)C(=O)O", CONSTITUTIONAL),
        # what only the InChIKey's first block is blind to
        ("CC(=O)[O-]", "CC(=O)O", frozenset()),
        ("[2H]C(Cl)(Cl)Cl", "C(Cl)(Cl)Cl", frozenset()),
        ("Oc1ccccn1", "O=c1cccc[nH]1", frozenset()),
        # other writings
        ("c1ccccc1O", "OC1=CC=CC=C1", frozenset(PROTOCOLS)),
        ("CCO", "COC", frozenset()),
    ],
)
def test_what_each_protocol_accepts(truth, candidate, expected):
    assert accepted(truth, candidate) == expected


def test_a_molecule_whose_canonical_text_depends_on_the_order_of_its_atoms():
    candidates = writings(CYANINE, 60)
    assert len({canonical_smiles(text, stereo=True) for text in candidates}) > 1
    assert {accepted(CYANINE, text) for text in candidates} == {frozenset(PROTOCOLS)}
    assert {accepted(text, CYANINE) for text in candidates} == {frozenset(PROTOCOLS)}


def test_protocols_are_nested():
    for truth in MOLECULES[:6]:
        for candidate in [truth, *writings(mirror_image(truth), 2), canonical_smiles(truth)]:
            flags = [protocol in accepted(truth, candidate) for protocol in PROTOCOLS]
            assert flags == sorted(flags)
