"""The physical infrared simulator: files that xtb 6.5.1 wrote, what is refused, and the program if it is there."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem

from molucid.errors import InputError, Rejected
from molucid.simulate.ir_xtb import Vibrations, XtbConfig, XtbIrSimulator, conformer, read_vibrations
from molucid.simulate.xtb_files import parse_last_geometry, parse_normal_modes, parse_vibspectrum

OUTPUT = Path(__file__).parent / "xtb_output"
FORMALDEHYDE = OUTPUT / "formaldehyde"
needs_xtb = pytest.mark.skipif(
    shutil.which("xtb") is None, reason="the program xtb is not installed (Debian: apt-get install xtb)"
)


def test_formaldehyde_has_its_six_modes() -> None:
    found = read_vibrations(FORMALDEHYDE, conformer("C=O", 64, 0))
    # CH2 wag, rock, scissors, C=O stretch, CH2 stretches
    np.testing.assert_allclose(found.wavenumber_cm1, [1085.19, 1202.83, 1489.50, 1806.55, 2792.99, 2838.90])
    np.testing.assert_allclose(
        found.intensity_km_mol, [1.31962, 26.51252, 0.15103, 149.80746, 116.20154, 68.27665]
    )
    assert found.num_imaginary == 0
    assert found.atom_shares is not None
    np.testing.assert_allclose(found.atom_shares.sum(1), 1)
    # C=O stretch, displacements in the file: C .73² + .13² + .12² and the hydrogens' .0233, O .63² + .11² + .1²
    carbon, oxygen = 0.5642 + 0.0233, 0.4190
    assert found.atom_shares[3, 1] == pytest.approx(oxygen / (carbon + oxygen), abs=1e-3)
    assert (found.atom_shares[4:, 0] > 0.99).all()  # the C-H stretches


def test_a_linear_molecule_has_five_rigid_modes_and_no_shares() -> None:
    found = read_vibrations(OUTPUT / "hydrogen_cyanide", conformer("C#N", 64, 0))
    np.testing.assert_allclose(found.wavenumber_cm1, [776.70, 776.71, 2296.07, 3286.90])
    assert found.atom_shares is None


def test_imaginary_modes_are_counted_and_left_out(tmp_path: Path) -> None:
    for path in FORMALDEHYDE.iterdir():
        (tmp_path / path.name).write_text(path.read_text().replace(" 1085.1", " -185.1"))
    found = read_vibrations(tmp_path, conformer("C=O", 64, 0))
    assert found.num_imaginary == 1
    assert len(found.wavenumber_cm1) == len(found.intensity_km_mol) == len(found.atom_shares) == 5
    assert found.wavenumber_cm1[0] == 1202.83


def test_another_molecule_than_asked_for_is_refused(tmp_path: Path) -> None:
    shutil.copytree(FORMALDEHYDE, tmp_path, dirs_exist_ok=True)
    log = tmp_path / "xtbopt.log"
    lines = log.read_text().rstrip().split("\n")
    lines[-1] = "H 3.0 3.0 0.0"
    log.write_text("\n".join(lines) + "\n")
    with pytest.raises(InputError) as refused:
        read_vibrations(tmp_path, conformer("C=O", 64, 0))
    assert refused.value.code == "other_molecule"
    with pytest.raises(InputError) as refused:
        read_vibrations(FORMALDEHYDE, conformer("CO", 64, 0))
    assert refused.value.code == "unreadable_output"


@pytest.mark.parametrize("name", ["vibspectrum", "g98.out", "xtbopt.log"])
@pytest.mark.parametrize("part", [0.0, 0.55, 0.9])
def test_a_file_that_is_cut_off_is_refused(name: str, part: float, tmp_path: Path) -> None:
    shutil.copytree(FORMALDEHYDE, tmp_path, dirs_exist_ok=True)
    lines = (tmp_path / name).read_text().rstrip().split("\n")
    (tmp_path / name).write_text("\n".join(lines[: int(part * len(lines))]))
    with pytest.raises(InputError) as refused:
        read_vibrations(tmp_path, conformer("C=O", 64, 0))
    assert refused.value.code == "unreadable_output"
    (tmp_path / name).unlink()
    with pytest.raises(InputError) as refused:
        read_vibrations(tmp_path, conformer("C=O", 64, 0))
    assert refused.value.code == "unreadable_output"


def test_the_two_files_of_modes_must_agree(tmp_path: Path) -> None:
    shutil.copytree(FORMALDEHYDE, tmp_path, dirs_exist_ok=True)
    path = tmp_path / "vibspectrum"
    path.write_text(path.read_text().replace("1806.55", "1816.55"))
    with pytest.raises(InputError) as refused:
        read_vibrations(tmp_path, conformer("C=O", 64, 0))
    assert refused.value.code == "unreadable_output"


def test_parsers_give_what_the_files_say() -> None:
    wavenumber, _ = parse_vibspectrum((FORMALDEHYDE / "vibspectrum").read_text())
    listed, shares = parse_normal_modes((FORMALDEHYDE / "g98.out").read_text(), 4)
    np.testing.assert_allclose(listed, wavenumber, atol=0.01)
    np.testing.assert_allclose(shares.sum(1), 1, atol=0.03)  # two decimals per displacement
    positions = parse_last_geometry((FORMALDEHYDE / "xtbopt.log").read_text())
    assert np.linalg.norm(positions[0] - positions[1]) == pytest.approx(1.19, abs=0.02)  # C=O in Å


def test_the_conformer_keeps_the_order_of_the_smiles() -> None:
    molecule = conformer("OCC#N", 64, 0)
    symbols = [atom.GetSymbol() for atom in molecule.GetAtoms()]
    assert symbols == ["O", "C", "C", "N", "H", "H", "H"]
    again = conformer("OCC#N", 64, 0)
    assert Chem.MolToXYZBlock(molecule) == Chem.MolToXYZBlock(again)
    assert Chem.MolToXYZBlock(molecule) != Chem.MolToXYZBlock(conformer("OCC#N", 64, 1))


@pytest.mark.parametrize(
    ("smiles", "code"),
    [
        ("not smiles", "invalid_smiles"),
        ("CC.CC", "multiple_components"),
        ("C[CH2]", "radical"),
        ("[13CH4]", "isotope_label"),
        ("[H][H]", "too_few_atoms"),
        ("CCCCC", "too_many_atoms"),
    ],
)
def test_molecules_that_are_refused_before_xtb_runs(smiles: str, code: str) -> None:
    with pytest.raises(InputError) as refused:
        conformer(smiles, 4, 0)
    assert refused.value.code == code


def test_without_the_program_the_hint_names_the_package() -> None:
    with pytest.raises(InputError, match="apt-get install xtb") as refused:
        XtbIrSimulator(XtbConfig(executable="xtb-that-is-not-there"))
    assert refused.value.code == "missing_program"


def stand_in(folder: Path, does: str) -> XtbConfig:
    """A program that says xtb's version and else does what the test wants."""
    path = folder / "xtb"
    path.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo "* xtb version 9.9.9 (x)" && exit 0\n{does}\n')
    path.chmod(0o755)
    return XtbConfig(executable=str(path), timeout_s=0.5)


@pytest.mark.parametrize(
    ("does", "code"),
    [
        ('echo "[ERROR] Setup of coordinates"; exit 128', "xtb_failed"),
        ("sleep 20", "xtb_timeout"),
        ("touch .xtboptok; echo x > vibspectrum", "unreadable_output"),
    ],
)
def test_a_failing_program_rejects_the_molecule(does: str, code: str, tmp_path: Path) -> None:
    simulator = XtbIrSimulator(stand_in(tmp_path, does))
    assert simulator.version == "9.9.9"
    answer = simulator.simulate("C=O")
    assert isinstance(answer, Rejected)
    assert (answer.code, answer.id) == (code, "C=O")


def test_the_program_is_run_on_one_thread_in_a_folder_that_goes_away(tmp_path: Path) -> None:
    does = (
        f'pwd > {tmp_path}/folder; echo "$@" "$OMP_NUM_THREADS" > {tmp_path}/said; '
        f"cp {FORMALDEHYDE}/* .; touch .xtboptok"
    )
    simulator = XtbIrSimulator(stand_in(tmp_path, does))
    spectrum = simulator.simulate("C=O")
    assert not isinstance(spectrum, Rejected), spectrum
    assert spectrum.wavenumber_cm1[spectrum.absorbance.argmax()] == 1770  # 0.98 · 1806.55
    assert (tmp_path / "said").read_text() == "molecule.xyz --gfn 2 --ohess --chrg 0 1\n"
    assert not Path((tmp_path / "folder").read_text().strip()).exists()


@needs_xtb
def test_the_real_program_finds_formaldehyde() -> None:
    simulator = XtbIrSimulator()
    said = subprocess.run(["xtb", "--version"], capture_output=True, text=True, check=False)
    assert simulator.version in said.stdout + said.stderr
    found = simulator.vibrations("C=O")
    assert isinstance(found, Vibrations), found
    np.testing.assert_allclose(found.wavenumber_cm1, [1085.2, 1202.8, 1489.5, 1806.6, 2793.0, 2838.9], atol=2)
    assert found.intensity_km_mol[3] == pytest.approx(149.8, rel=0.02)
    linear = simulator.vibrations("C#N")
    assert isinstance(linear, Vibrations), linear
    assert len(linear.wavenumber_cm1) == 4


@needs_xtb
def test_a_charged_molecule_is_computed_with_its_charge() -> None:
    found = XtbIrSimulator().vibrations("C(=O)[O-]")
    assert isinstance(found, Vibrations), found
    assert len(found.wavenumber_cm1) == 6
