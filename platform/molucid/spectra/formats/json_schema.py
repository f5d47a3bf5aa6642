"""What a record of our JSON may hold; `molucid_spectra.schema.json` is generated from these models.

`python -m molucid.spectra.formats.json_schema` prints the schema; a test holds the shipped file to it.
"""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from molucid.chem.adducts import parse_adduct
from molucid.config import Config
from molucid.errors import InputError, Where
from molucid.spectra.axis import require_one_run
from molucid.spectra.fields import molecule_formula
from molucid.spectra.nmr_entries import PeakEntry, multiplicity_of, peaks_of, with_nmr
from molucid.spectra.nuclei import SLOTS
from molucid.spectra.solvents import canonical_solvent
from molucid.spectra.source import ReadConfig
from molucid.spectra.types import (
    Evidence,
    InfraredSpectrum,
    MassSpectrum,
    NmrPeaks,
    NmrSpectrum,
    Nucleus,
    Record,
)

FORMAT_NAME = "molucid-spectra"
VERSION = 1
SCHEMA_FILE_NAME = "molucid_spectra.schema.json"

Finite = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class MassSpectrumEntry(Config):
    """One tandem mass spectrum."""

    mz: list[Finite] = Field(description="peak m/z, above 0")
    intensity: list[Finite] = Field(description="peak intensities ≥ 0, as many as mz")
    precursor_mz: Positive | None = Field(default=None, description="m/z of the selected ion")
    adduct: str | None = Field(default=None, description="ion species, e.g. [M+H]+")
    collision_energy_ev: Finite | None = Field(
        default=None, ge=0, description="laboratory-frame energy in eV"
    )
    normalized_collision_energy: Finite | None = Field(
        default=None, ge=0, description="Thermo's NCE in percent"
    )
    instrument: str | None = Field(default=None, description="instrument type, e.g. LC-ESI-QTOF")

    def to_spectrum(self) -> MassSpectrum:
        """The spectrum, its adduct under its canonical name."""
        return MassSpectrum(
            mz=np.array(self.mz, np.float64),
            intensity=np.array(self.intensity, np.float64),
            precursor_mz=self.precursor_mz,
            adduct=None if self.adduct is None else parse_adduct(self.adduct).name,
            collision_energy_ev=self.collision_energy_ev,
            normalized_collision_energy=self.normalized_collision_energy,
            instrument=self.instrument,
        )


class InfraredEntry(Config):
    """One infrared spectrum."""

    wavenumber_cm1: list[Finite] = Field(description="in 1/cm")
    absorbance: list[Finite] = Field(description="as many as wavenumber_cm1")

    def to_spectrum(self) -> InfraredSpectrum:
        """The spectrum."""
        wavenumber_cm1 = np.array(self.wavenumber_cm1, np.float64)
        require_one_run(wavenumber_cm1)
        return InfraredSpectrum(wavenumber_cm1, np.array(self.absorbance, np.float64))


class _AnyNmrEntry(Config):
    field_mhz: Positive | None = Field(default=None, description="frequency of the observed nucleus")
    solvent: str | None = Field(default=None, description="e.g. CDCl3; its lines are removed")


class NmrTraceEntry(_AnyNmrEntry):
    """One NMR trace."""

    kind: Literal["trace"]
    shift_ppm: list[Finite]
    intensity: list[Finite] = Field(description="as many as shift_ppm")


class NmrPeaksEntry(_AnyNmrEntry):
    """One NMR peak list."""

    kind: Literal["peaks"]
    shift_ppm: list[Finite]
    multiplicity: list[str | None] | None = Field(
        default=None, description="s, d, t, q, m, dd, … per peak; of carbons also S, D, T, Q"
    )
    coupling_hz: list[list[Finite]] | None = Field(
        default=None, description="coupling constants per peak, one per splitting or one per partner"
    )
    num_hydrogens: list[int | None] | None = Field(
        default=None, description="number of hydrogens, of carbons for ¹³C, per peak"
    )
    width_ppm: list[Finite] | None = Field(
        default=None, description="width of the range around each shift; 0 for a line"
    )


NmrEntry = Annotated[NmrTraceEntry | NmrPeaksEntry, Field(discriminator="kind")]


class RecordEntry(Config):
    """One record: evidence of one compound, and its structure where that is known."""

    id: str = Field(min_length=1, description="unique within the file")
    formula: str | None = Field(default=None, description="neutral molecular formula")
    smiles: str | None = Field(default=None, description="known structure; never read at inference")
    msms: list[MassSpectrumEntry] = Field(default_factory=list)
    ir: InfraredEntry | None = None
    h_nmr: NmrEntry | None = None
    c_nmr: NmrEntry | None = None
    metadata: dict[str, str] = Field(default_factory=dict, description="anything else, as text")

    def to_record(self, where: Where, config: ReadConfig) -> Record:
        """The record, its NMR as every reader leaves it.

        Raises:
            InputError: arrays of unequal length, an axis that turns, an unknown adduct, a formula that is none or
                contradicts the adduct by its charge, or what is no NMR list (see `peaks_of`).
        """
        spectra = tuple(entry.to_spectrum() for entry in self.msms)
        evidence = Evidence(
            self.id,
            formula=None if self.formula is None else molecule_formula(self.formula, spectra),
            msms=spectra,
            ir=None if self.ir is None else self.ir.to_spectrum(),
        )
        given: dict[Nucleus, NmrEntry | None] = {"1H": self.h_nmr, "13C": self.c_nmr}
        entries = {nucleus: entry for nucleus, entry in given.items() if entry is not None}
        found = {nucleus: _nmr(entry, nucleus, config) for nucleus, entry in entries.items()}
        solvents = {
            f"{SLOTS[nucleus]}_solvent": entry.solvent
            for nucleus, entry in entries.items()
            if entry.solvent and found[nucleus].solvent is None
        }
        record = Record(evidence, self.smiles, where, self.metadata | solvents)
        return with_nmr(record, found, "shifts of the file", config.referencing)


def _nmr(entry: NmrEntry, nucleus: Nucleus, config: ReadConfig) -> NmrSpectrum | NmrPeaks:
    solvent = None if entry.solvent is None else canonical_solvent(entry.solvent)
    if isinstance(entry, NmrTraceEntry):
        shift = np.array(entry.shift_ppm, np.float64)
        require_one_run(shift)
        return NmrSpectrum(nucleus, shift, np.array(entry.intensity, np.float64), entry.field_mhz, solvent)
    num_peaks = len(entry.shift_ppm)
    columns: list[list[Any]] = []
    for name in ("width_ppm", "multiplicity", "coupling_hz", "num_hydrogens"):
        column = getattr(entry, name)
        if column is not None and len(column) != num_peaks:
            raise InputError(
                f"{len(column)} entries of {name} for {num_peaks} peaks", "one per peak", code="ragged_arrays"
            )
        columns.append([None] * num_peaks if column is None else column)
    entries = [
        PeakEntry(
            shift,
            width or 0.0,
            multiplicity_of(name, nucleus) if name else None,
            tuple(couplings or ()),
            number,
        )
        for shift, width, name, couplings, number in zip(entry.shift_ppm, *columns, strict=True)
    ]
    return peaks_of(nucleus, entries, config.shift_window, entry.field_mhz, solvent)


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a file of this format."""
    record = RecordEntry.model_json_schema()
    definitions = record.pop("$defs")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"{FORMAT_NAME} version {VERSION}",
        "type": "object",
        "properties": {
            "format": {"const": FORMAT_NAME},
            "version": {"const": VERSION},
            "records": {"type": "array", "items": {"$ref": "#/$defs/RecordEntry"}},
        },
        "required": ["format", "version", "records"],
        "additionalProperties": False,
        "$defs": {**definitions, "RecordEntry": record},
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(json_schema(), indent=2, ensure_ascii=False, sort_keys=True) + "\n")
