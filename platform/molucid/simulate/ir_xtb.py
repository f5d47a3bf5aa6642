"""Infrared spectra from physics, slowly: one conformer, optimised with GFN2-xTB, its vibrations, Lorentzian lines.

The program xtb is run as it comes with Debian (`apt install xtb`, LGPL-3): a second for ten heavy atoms, half a
minute for forty. `molucid.simulate.ir` is the fast model that was fitted to its output.

Method: Bannwarth, Ehlert, Grimme 2019, J. Chem. Theory Comput. 15, 1652 (GFN2-xTB). Intensities are those of the
double harmonic approximation, from the derivatives of the dipole.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field
from rdkit import Chem, rdBase
from rdkit.Chem import rdDistGeom, rdForceFieldHelpers, rdmolops

from molucid.chem.identity import parse_smiles
from molucid.config import Config
from molucid.errors import InputError, Rejected, Where, shorten
from molucid.simulate.ir_bands import BroadeningConfig, absorption_on_grid, normalised_spectrum
from molucid.simulate.xtb_files import parse_last_geometry, parse_normal_modes, parse_vibspectrum
from molucid.spectra.types import FloatArray, InfraredSpectrum

_BROKEN_BOND = 1.35
"""A bond longer than this times the sum of its covalent radii is gone: the optimiser found another molecule."""
_PERIODIC_TABLE = Chem.GetPeriodicTable()


class XtbConfig(Config):
    """How xtb is run and its lines are drawn.

    Attributes:
        form: `xtb`.
        executable: name or path of the program.
        timeout_s: a molecule that takes longer is refused.
        max_heavy_atoms: larger molecules are refused before they cost minutes.
        broadening: scale of the wavenumbers and width of the lines.
    """

    form: Literal["xtb"] = "xtb"
    executable: str = "xtb"
    timeout_s: float = Field(default=600.0, gt=0)
    max_heavy_atoms: int = Field(default=64, ge=1)
    broadening: BroadeningConfig = BroadeningConfig()


@dataclass(frozen=True, slots=True, eq=False)
class Vibrations:
    """Harmonic vibrations of one molecule, rigid and imaginary modes left out.

    Attributes:
        wavenumber_cm1: harmonic, not scaled, ascending; `[modes]`.
        intensity_km_mol: integrated IR intensities; `[modes]`.
        atom_shares: part of each heavy atom, with its hydrogens, in the energy of each mode, summing to 1 per mode;
            atoms in the order of the SMILES; `[modes, heavy atoms]`. `None` for linear molecules, on which xtb 6.5.1
            aborts before it has written them.
        num_imaginary: modes left out because their wavenumber is imaginary.
    """

    wavenumber_cm1: FloatArray
    intensity_km_mol: FloatArray
    atom_shares: FloatArray | None
    num_imaginary: int


class XtbIrSimulator:
    """Simulates infrared spectra with the program xtb.

    Args:
        config: how.

    Attributes:
        config: as given.
        version: of xtb, e.g. `6.5.1`.

    Raises:
        InputError: the program is not there (`missing_program`) or does not say its version.
    """

    def __init__(self, config: XtbConfig | None = None) -> None:
        self.config = config if config is not None else XtbConfig()
        path = shutil.which(self.config.executable)
        if path is None:
            raise InputError(
                f"no program {self.config.executable!r}",
                "the program xtb",
                hint="install Debian's package: apt-get install xtb",
                code="missing_program",
            )
        self._path = path
        self.version = self._read_version()

    @property
    def provenance(self) -> dict[str, Any]:
        """Form, program, version, method, and how the lines are drawn."""
        drawing = {"broadening": self.config.broadening.model_dump(mode="json")}
        return {"form": self.config.form, **self.program, **drawing}

    @property
    def program(self) -> dict[str, Any]:
        """What decides the lines: program, version, method."""
        return {
            "program": "xtb",
            "version": self.version,
            "method": "GFN2-xTB --ohess, one ETKDGv3 conformer after MMFF94 (UFF where it has no parameters)",
        }

    def simulate(self, smiles: str, seed: int = 0) -> InfraredSpectrum | Rejected:
        """Spectrum on `IR_GRID` with maximum 1.

        Returns:
            The spectrum, or the reason why there is none; the codes of `vibrations`, and `no_absorption`.
        """
        vibrations = self.vibrations(smiles, seed)
        if isinstance(vibrations, Rejected):
            return vibrations
        try:
            return normalised_spectrum(
                absorption_on_grid(
                    vibrations.wavenumber_cm1, vibrations.intensity_km_mol, self.config.broadening
                )
            )
        except InputError as error:
            return Rejected.from_error(smiles, error, Where(record=smiles))

    def vibrations(self, smiles: str, seed: int = 0) -> Vibrations | Rejected:
        """Vibrations of one conformer.

        Args:
            smiles: a connected molecule, charged or not, without unpaired electrons.
            seed: of the conformer.

        Returns:
            The vibrations, or the reason why there are none: `invalid_smiles`, `multiple_components`, `radical`,
            `isotope_label`, `too_few_atoms`, `too_many_atoms`, `no_conformer`, `xtb_timeout`, `xtb_failed`,
            `unreadable_output`, `other_molecule`.
        """
        try:
            return self._vibrations(smiles, seed)
        except InputError as error:
            return Rejected.from_error(smiles, error, Where(record=smiles))

    def _vibrations(self, smiles: str, seed: int) -> Vibrations:
        molecule = conformer(smiles, self.config.max_heavy_atoms, seed)
        with tempfile.TemporaryDirectory(prefix="molucid-xtb-") as name:
            folder = Path(name)
            self._run(molecule, folder)
            return read_vibrations(folder, molecule)

    def _run(self, molecule: Chem.Mol, folder: Path) -> None:
        (folder / "molecule.xyz").write_text(Chem.MolToXYZBlock(molecule))
        charge = str(rdmolops.GetFormalCharge(molecule))
        command = [self._path, "molecule.xyz", "--gfn", "2", "--ohess", "--chrg", charge]
        # One thread: it is the callers' part to run several molecules at once.
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OMP_STACKSIZE": "512M"}
        try:
            done = subprocess.run(
                command,
                cwd=folder,
                env=environment,
                capture_output=True,
                timeout=self.config.timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise InputError(
                f"no result after {self.config.timeout_s:g} s",
                "a molecule that xtb finishes in time",
                hint="raise timeout_s or leave out molecules of this size",
                code="xtb_timeout",
            ) from None
        # The exit code says little: xtb 6.5.1 aborts on linear molecules after it has written everything.
        if not ((folder / ".xtboptok").is_file() and (folder / "vibspectrum").is_file()):
            said = (done.stdout + done.stderr).decode(errors="replace")
            fault = next((line for line in said.split("\n") if "[ERROR]" in line or "failed" in line), "")
            raise InputError(
                f"no converged geometry or Hessian from xtb (exit code {done.returncode}): {shorten(fault)}",
                "a molecule that GFN2-xTB can treat",
                code="xtb_failed",
            )

    def _read_version(self) -> str:
        said = subprocess.run([self._path, "--version"], capture_output=True, timeout=60, check=False)
        found = re.search(rb"xtb version (\S+)", said.stdout + said.stderr)
        if found is None:
            raise InputError(
                f"no version from {self._path!r}",
                "the program xtb",
                hint="install Debian's package: apt-get install xtb",
                code="missing_program",
            )
        return found[1].decode()


def conformer(smiles: str, max_heavy_atoms: int, seed: int) -> Chem.Mol:
    """The molecule with hydrogens after the heavy atoms, which keep the order of the SMILES, in one conformer.

    Raises:
        InputError: a molecule that xtb is not run on, or one without a conformer.
    """
    with rdBase.BlockLogs():
        parsed = parse_smiles(smiles)
        if len(rdmolops.GetMolFrags(parsed)) > 1:
            raise InputError("several components", "one connected molecule", code="multiple_components")
        if any(atom.GetNumRadicalElectrons() for atom in parsed.GetAtoms()):
            raise InputError("unpaired electrons", "a closed-shell molecule", code="radical")
        if any(atom.GetIsotope() for atom in parsed.GetAtoms()):
            raise InputError("isotope labels", "natural isotopes", code="isotope_label")
        if not parsed.GetNumHeavyAtoms():
            raise InputError("no heavy atom", "at least one", code="too_few_atoms")
        if parsed.GetNumHeavyAtoms() > max_heavy_atoms:
            raise InputError(
                f"{parsed.GetNumHeavyAtoms()} heavy atoms",
                f"at most {max_heavy_atoms}",
                code="too_many_atoms",
            )
        molecule = Chem.AddHs(parsed)
        settings: Any = rdDistGeom.ETKDGv3()  # its attributes are typed as the class itself
        settings.randomSeed = seed + 1  # RDKit takes 0 for 1
        found = rdDistGeom.EmbedMolecule(molecule, settings)
        if found < 0:
            settings.useRandomCoords = True
            found = rdDistGeom.EmbedMolecule(molecule, settings)
        if found < 0:
            raise InputError("no conformer", "a molecule that RDKit can embed", code="no_conformer")
        if rdForceFieldHelpers.MMFFHasAllMoleculeParams(molecule):
            rdForceFieldHelpers.MMFFOptimizeMolecule(molecule, maxIters=500)
        elif rdForceFieldHelpers.UFFHasAllMoleculeParams(molecule):
            rdForceFieldHelpers.UFFOptimizeMolecule(molecule, maxIters=500)
    return molecule


def read_vibrations(folder: Path, molecule: Chem.Mol) -> Vibrations:
    """Vibrations from xtb's output files in `folder` for a molecule with hydrogens after the heavy atoms.

    Raises:
        InputError: files that do not fit (`unreadable_output`), or a geometry with a broken bond (`other_molecule`).
    """

    def text(name: str) -> str:
        if not (folder / name).is_file():
            raise InputError(f"no {name}", "an output file of xtb", code="unreadable_output")
        return (folder / name).read_text(errors="replace")

    # The trajectory and not xtbopt.xyz, which xtb writes after the place where it aborts on linear molecules.
    _check_bonds(molecule, parse_last_geometry(text("xtbopt.log")))
    wavenumber, intensity = parse_vibspectrum(text("vibspectrum"))
    real = wavenumber > 0
    num_imaginary = int((~real).sum())
    if len(wavenumber) == 3 * molecule.GetNumAtoms() - 5:
        return Vibrations(wavenumber[real], intensity[real], None, num_imaginary)
    listed, shares = parse_normal_modes(text("g98.out"), molecule.GetNumAtoms())
    if len(listed) != len(wavenumber) or not np.allclose(listed, wavenumber, atol=0.02):
        raise InputError(
            f"{len(listed)} modes in g98.out, {len(wavenumber)} in vibspectrum",
            "the same vibrations in both",
            code="unreadable_output",
        )
    heavy = np.zeros((len(shares), molecule.GetNumHeavyAtoms()))
    for atom in molecule.GetAtoms():
        # A hydrogen belongs to its first heavy neighbour.
        owner = atom if atom.GetAtomicNum() > 1 else atom.GetNeighbors()[0]
        heavy[:, owner.GetIdx()] += shares[:, atom.GetIdx()]
    heavy = heavy[real] / heavy[real].sum(1, keepdims=True)
    return Vibrations(wavenumber[real], intensity[real], heavy, num_imaginary)


def _check_bonds(molecule: Chem.Mol, positions: FloatArray) -> None:
    if len(positions) != molecule.GetNumAtoms():
        raise InputError(
            f"{len(positions)} atoms in xtbopt.log",
            f"the {molecule.GetNumAtoms()} of the molecule",
            code="unreadable_output",
        )
    for bond in molecule.GetBonds():
        ends = bond.GetBeginAtom(), bond.GetEndAtom()
        length = float(np.linalg.norm(positions[ends[0].GetIdx()] - positions[ends[1].GetIdx()]))
        radii = sum(_PERIODIC_TABLE.GetRcovalent(atom.GetAtomicNum()) for atom in ends)
        if length > _BROKEN_BOND * radii:
            raise InputError(
                f"a bond {ends[0].GetSymbol()}-{ends[1].GetSymbol()} of {length:.2f} Å after optimisation",
                "the molecule that was begun with",
                code="other_molecule",
            )
