"""CASCADE's files, written small: shifts arrive on the right atoms, wrong lines become rows."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem

from molucid.dataset.sources import cascade
from molucid.errors import InputError, Rejected
from molucid.spectra.assigned_shifts import AssignedShifts
from molucid.spectra.types import Record


def sdf(path: Path, *molecules: tuple[Chem.Mol, dict[str, str]]) -> Path:
    blocks = []
    for molecule, properties in molecules:
        text = Chem.MolToMolBlock(molecule)
        text += "".join(f">  <{name}>\n{value}\n\n" for name, value in properties.items())
        blocks.append(text + "$$$$\n")
    with gzip.open(path, "wt") as stream:
        stream.write("".join(blocks))
    return path


def reversed_propanol() -> Chem.Mol:
    """OCCC with its atoms in the file's order: C3, C2, C1, O."""
    return Chem.RenumberAtoms(Chem.MolFromSmiles("OCCC"), [3, 2, 1, 0])


def test_shifts_follow_their_atoms_through_the_renumbering(tmp_path: Path) -> None:
    spectra = {
        "nmrshiftdb2 ID": "17",
        "Spectrum 13C 0": "10.2;0.0Q;0|25.9;0.0T;1|64.5;0.0T;2|",
        "Spectrum 1H 1": "0.94;0.0t;0|0.94;0.0t;0|1.57;0.0;1|3.58;0.0;2|2.26;0.0br s;3|",
    }
    rows = list(cascade.read_assigned(sdf(tmp_path / "a.sdf.gz", (reversed_propanol(), spectra))))
    assert all(isinstance(row, AssignedShifts) for row in rows)
    carbon, hydrogen = rows
    for row, expected in (
        (carbon, {"CH3": 10.2, "CH2": 25.9, "OCH2": 64.5}),
        (hydrogen, {"CH3": 0.94, "CH2": 1.57, "OCH2": 3.58, "OH": 2.26}),
    ):
        molecule = Chem.MolFromSmiles(row.smiles)  # type: ignore[union-attr]  # checked above
        found = {}
        for atom, shift in zip(row.atom.tolist(), row.shift_ppm.tolist(), strict=True):  # type: ignore[union-attr]
            own = molecule.GetAtomWithIdx(atom)
            beside_oxygen = any(n.GetAtomicNum() == 8 for n in own.GetNeighbors())
            name = {(8, 1): "OH", (6, 3): "CH3", (6, 2): "OCH2" if beside_oxygen else "CH2"}[
                own.GetAtomicNum(), own.GetTotalNumHs()
            ]
            found[name] = shift
        assert found == expected
    assert carbon.inchikey14 == "BDERNNFJNOPAEC"  # type: ignore[union-attr]


def test_a_shift_may_name_the_hydrogen_itself(tmp_path: Path) -> None:
    structures = sdf(tmp_path / "s.sdf.gz", (named(Chem.AddHs(Chem.MolFromSmiles("CO")), "5"), {}))
    table = tmp_path / "t.csv.gz"
    with gzip.open(table, "wt") as stream:
        stream.write(
            ",mol_id,atom_type,atom_index,Shift\n0,5,6,0,50.1\n1,5,1,2,3.4\n2,5,1,3,3.6\n3,5,1,5,0.5\n"
        )
    carbon, hydrogen = cascade.read_assigned_table(table, structures, "DFT8K")
    assert isinstance(carbon, AssignedShifts)
    assert isinstance(hydrogen, AssignedShifts)
    assert carbon.computed
    molecule = Chem.MolFromSmiles(hydrogen.smiles)
    elements = [molecule.GetAtomWithIdx(atom).GetSymbol() for atom in hydrogen.atom.tolist()]
    assert sorted(zip(elements, hydrogen.shift_ppm.tolist(), strict=True)) == [
        ("C", 3.4),
        ("C", 3.6),
        ("O", 0.5),
    ]


def named(molecule: Chem.Mol, name: str) -> Chem.Mol:
    molecule.SetProp("_Name", name)
    return molecule


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("10.2;0.0Q;9|", "invalid_atom"),
        ("60.0;0.0;3|", "invalid_atom"),
        ("ten;0.0Q;0|", "invalid_peak"),
        ("10.2|", "invalid_peak"),
    ],
)
def test_wrong_lines_reject_their_spectrum_only(tmp_path: Path, text: str, code: str) -> None:
    wrong = {"nmrshiftdb2 ID": "1", "Spectrum 13C 0": text}
    right = {"nmrshiftdb2 ID": "2", "Spectrum 13C 0": "10.2;0.0Q;0|"}
    path = sdf(tmp_path / "a.sdf.gz", (reversed_propanol(), wrong), (reversed_propanol(), right))
    first, second = cascade.read_assigned(path)
    assert isinstance(first, Rejected)
    assert first.code == code
    assert isinstance(second, AssignedShifts)


def test_records_have_one_peak_per_line_and_both_nuclei(tmp_path: Path) -> None:
    spectra = {
        "nmrshiftdb2 ID": "17",
        "Spectrum 13C 0": "10.2;0.0Q;0|25.9;0.0T;1|64.5;0.0T;2|",
        "Spectrum 1H 1": "0.94;0.0t;0|0.94;0.0t;0|3.58;0.0t;2|",
        "Solvent": "0:Unreported 1:Chloroform-D1 (CDCl3)",
        "Field Strength [MHz]": "0:Unreported 1:300",
    }
    (record,) = cascade.read(sdf(tmp_path / "a.sdf.gz", (reversed_propanol(), spectra)))
    assert isinstance(record, Record)
    assert record.smiles == "CCCO"
    carbon, hydrogen = record.evidence.c_nmr, record.evidence.h_nmr
    assert carbon is not None
    assert hydrogen is not None
    np.testing.assert_array_equal(carbon.shift_ppm, [10.2, 25.9, 64.5])
    assert carbon.multiplicity == ("Q", "T", "T")  # type: ignore[union-attr]  # a list
    assert (carbon.field_mhz, carbon.solvent) == (None, None)
    np.testing.assert_array_equal(hydrogen.shift_ppm, [0.94, 3.58])
    assert (hydrogen.field_mhz, hydrogen.solvent) == (300.0, "CDCl3")
    assert record.metadata["licence"] == "nmrshiftdb2 Database License"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.sdf\.gz"):
        list(cascade.read_assigned(tmp_path / "none.sdf.gz"))


def test_the_real_files_are_read(data_folder: Path) -> None:
    rows = list(cascade.read_assigned(data_folder / "nmr_assigned" / "NMR8K.sdf.gz"))
    counts = {"13C": 0, "1H": 0, "rejected": 0}
    for row in rows:
        counts["rejected" if isinstance(row, Rejected) else row.nucleus] += 1
    assert counts == {"13C": 6204, "1H": 3025, "rejected": 1}
