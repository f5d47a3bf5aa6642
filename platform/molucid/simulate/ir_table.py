"""The table of computed vibrations: JSON lines, one per molecule, appended as they are finished.

A line holds either `wavenumber_cm1`, `intensity_km_mol`, `atom_shares` and `num_imaginary`, or `rejected` with code
and message; both have `id`, `smiles` and `inchikey14`. The file beside it with the suffix `.job.json` says what was
computed and how.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rdkit import rdBase
from rdkit.Chem.Scaffolds.MurckoScaffold import MurckoScaffoldSmiles

from molucid.errors import InputError, Rejected, Where
from molucid.files import read_json
from molucid.simulate.ir_xtb import Vibrations


@dataclass(frozen=True, slots=True, eq=False)
class ComputedMolecule:
    """One line: a molecule, and its vibrations or the reason why it has none."""

    id: str
    smiles: str
    inchikey14: str
    result: Vibrations | Rejected


def line_of(molecule: ComputedMolecule) -> str:
    """The molecule as one line of the table, with its line break."""
    fields: dict[str, Any] = {
        "id": molecule.id,
        "smiles": molecule.smiles,
        "inchikey14": molecule.inchikey14,
    }
    result = molecule.result
    if isinstance(result, Rejected):
        fields["rejected"] = {"code": result.code, "message": result.message}
    else:
        shares = result.atom_shares
        fields |= {
            "wavenumber_cm1": np.round(result.wavenumber_cm1, 2).tolist(),
            "intensity_km_mol": np.round(result.intensity_km_mol, 4).tolist(),
            "atom_shares": None if shares is None else np.round(shares, 3).tolist(),
            "num_imaginary": result.num_imaginary,
        }
    return json.dumps(fields, separators=(",", ":"), allow_nan=False) + "\n"


def read_table(path: Path | str) -> Iterator[ComputedMolecule]:
    """Read the lines in order; a last one without line break is still being written and is left for later.

    Raises:
        InputError: no such file, or a line that is not of this table, with its number.
    """
    if not Path(path).is_file():
        raise InputError(
            "no file",
            "a table made by `molucid compute-ir`",
            Where(file=str(path)),
            code="missing_file",
        )
    with Path(path).open(encoding="utf-8") as stream:
        for number, line in enumerate(stream, start=1):
            if not line.endswith("\n"):
                return
            yield _molecule(line, Where(file=str(path), line=number))


def scaffold_group(molecule: ComputedMolecule) -> str:
    """The Murcko scaffold, or the InChIKey first block of a molecule without rings: what a fold must keep together."""
    with rdBase.BlockLogs():
        scaffold = MurckoScaffoldSmiles(molecule.smiles)  # type: ignore[no-untyped-call]  # RDKit's Python wrapper
    return str(scaffold) or molecule.inchikey14


def read_job(path: Path | str) -> dict[str, Any]:
    """What a table was computed from and how.

    Raises:
        InputError: the file beside the table is missing or broken.
    """
    job: dict[str, Any] = read_json(job_path(path))
    return job


def job_path(table: Path | str) -> Path:
    """The file that says how a table was made."""
    return Path(table).with_suffix(".job.json")


def _molecule(line: str, where: Where) -> ComputedMolecule:
    try:
        fields = json.loads(line)
        names = fields["id"], fields["smiles"], fields["inchikey14"]
        if "rejected" in fields:
            fault = fields["rejected"]
            return ComputedMolecule(*names, Rejected(names[0], fault["code"], fault["message"], where))
        wavenumber = np.array(fields["wavenumber_cm1"], np.float64)
        intensity = np.array(fields["intensity_km_mol"], np.float64)
        listed = fields["atom_shares"]
        shares = None if listed is None else np.array(listed, np.float64)
        num_imaginary = int(fields["num_imaginary"])
    except (json.JSONDecodeError, KeyError, TypeError, ValueError):
        raise _invalid("text that is no such line", where) from None
    if len(wavenumber) != len(intensity) or (
        shares is not None and (shares.ndim != 2 or len(shares) != len(wavenumber))
    ):
        raise _invalid("wavenumbers, intensities and shares of different numbers of modes", where)
    return ComputedMolecule(*names, Vibrations(wavenumber, intensity, shares, num_imaginary))


def _invalid(got: str, where: Where) -> InputError:
    return InputError(
        got,
        "a line written by `molucid compute-ir`",
        where,
        hint="run compute-ir again: it repairs a line that was cut off and goes on",
        code="invalid_table",
    )
