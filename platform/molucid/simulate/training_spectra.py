"""Measured spectra as the intensity model's training reads them: one Parquet row per spectrum, with its conditions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from molucid.errors import InputError
from molucid.simulate.conditions import Conditions
from molucid.simulate.ion_species import SIMULATED_ADDUCTS, check_charge, ion_species
from molucid.simulate.molecule import MolecularGraph, read_molecule
from molucid.spectra.energy import collision_energy
from molucid.spectra.instrument import instrument_class
from molucid.spectra.parquet_table import open_table

COLUMNS = (
    "accession", "flat_smiles", "inchikey14", "adduct", "precursor_mz", "collision_energy", "collision_energy_unit",
    "instrument_type", "fragmentation_mode", "license", "contributor", "high_resolution", "fold", "mzs", "intensities",
)  # fmt: skip
"""Columns that are read; all but `mzs` and `intensities` (lists of float64) are scalars."""

_MAX_PRECURSOR_ERROR_PPM = 20.0


@dataclass(frozen=True, slots=True, eq=False)
class TrainingSpectrum:
    """One measured spectrum; peaks above the precursor (isotopes, noise) are left out.

    Attributes:
        accession: identifier in the source.
        inchikey14: first block of the molecule's InChIKey.
        smiles: SMILES without stereo.
        conditions: how it was measured.
        precursor_mz: of the intact ion, computed from the structure.
        mz: float64 `[peaks]`.
        intensity: float64 `[peaks]`.
        licence: as the source writes it.
        contributor: laboratory that the source names.
    """

    accession: str
    inchikey14: str
    smiles: str
    conditions: Conditions
    precursor_mz: float
    mz: NDArray[np.float64]
    intensity: NDArray[np.float64]
    licence: str
    contributor: str


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """Spectra, the graphs of their molecules by SMILES, and how many rows were left out for which reason."""

    spectra: tuple[TrainingSpectrum, ...]
    graphs: dict[str, MolecularGraph]
    left_out: Counter[str]


def read_training_spectra(
    path: Path | str, fold: str, excluded_inchikey14: Container[str] = frozenset(), max_atoms: int = 64
) -> TrainingSet:
    """Read one fold of a MassBank Parquet file (columns `COLUMNS`).

    Raises:
        InputError: the file is missing or damaged, or lacks one of the columns.
    """
    open_table(path, COLUMNS)
    table = pq.read_table(path, columns=list(COLUMNS), filters=[("fold", "=", fold)])
    spectra: list[TrainingSpectrum] = []
    graphs: dict[str, MolecularGraph] = {}
    left_out: Counter[str] = Counter()
    for row in table.to_pylist():
        try:
            spectra.append(_read_row(row, graphs, excluded_inchikey14, max_atoms))
        except InputError as error:
            left_out[error.code] += 1
    return TrainingSet(tuple(spectra), graphs, left_out)


def _read_row(
    row: dict[str, object], graphs: dict[str, MolecularGraph], excluded: Container[str], max_atoms: int
) -> TrainingSpectrum:
    smiles, adduct = str(row["flat_smiles"]), str(row["adduct"])
    if row["inchikey14"] in excluded:
        raise InputError("a held-out molecule", "a molecule that may be trained on", code="held_out")
    if not row["high_resolution"]:
        raise InputError("a low-resolution spectrum", "accurate masses", code="low_resolution")
    if adduct not in SIMULATED_ADDUCTS:
        raise InputError(f"adduct {adduct}", "a simulated adduct", code="unsupported_adduct")
    if smiles not in graphs:
        graphs[smiles] = read_molecule(smiles)
    graph = graphs[smiles]
    if len(graph.mass) > max_atoms:
        raise InputError(f"{len(graph.mass)} heavy atoms", f"at most {max_atoms}", code="above_size_limit")
    species = ion_species(adduct)
    check_charge(graph.net_charge, species)
    precursor_mz = float(graph.mass.sum()) + species.intact_offset
    reported = float(row["precursor_mz"])  # type: ignore[arg-type]  # a float64 column
    if abs(reported - precursor_mz) > _MAX_PRECURSOR_ERROR_PPM * 1e-6 * precursor_mz:
        raise InputError(f"m/z {reported}", f"m/z {precursor_mz:.4f}", code="precursor_mismatch")
    mz = np.asarray(row["mzs"], np.float64)
    intensity = np.asarray(row["intensities"], np.float64)
    kept = (mz <= precursor_mz + 0.5) & (intensity > 0)
    if not kept.any():
        raise InputError("no peak up to the precursor", "at least one peak", code="no_peaks")
    return TrainingSpectrum(
        str(row["accession"]),
        str(row["inchikey14"]),
        smiles,
        measured_conditions(
            adduct,
            row["collision_energy"],  # type: ignore[arg-type]  # float64 or null
            row["collision_energy_unit"],  # type: ignore[arg-type]  # text or null
            str(row["instrument_type"]),
            row["fragmentation_mode"],  # type: ignore[arg-type]  # text or null
        ),
        precursor_mz,
        mz[kept],
        intensity[kept],
        str(row["license"]),
        str(row["contributor"]),
    )


def measured_conditions(
    adduct: str, energy: float | None, unit: str | None, instrument: str, fragmentation_mode: str | None
) -> Conditions:
    """Conditions of a MassBank record; `molucid.spectra.energy.collision_energy` says what its energy means.

    CID on an Orbitrap instrument happens in its ion trap.
    """
    family = instrument_class(instrument)
    known = collision_energy(energy, unit, family, fragmentation_mode)
    if family == "orbitrap" and fragmentation_mode == "CID":
        family = "ion_trap"
    return Conditions(adduct, known.ev, known.normalized, family)
