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
from molucid.spectra.fields import molecule_formula
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
        return InfraredSpectrum(
            np.array(self.wavenumber_cm1, np.float64), np.array(self.absorbance, np.float64)
        )


class NmrTraceEntry(Config):
    """One NMR trace."""

    kind: Literal["trace"]
    shift_ppm: list[Finite]
    intensity: list[Finite] = Field(description="as many as shift_ppm")


class NmrPeaksEntry(Config):
    """One NMR peak list."""

    kind: Literal["peaks"]
    shift_ppm: list[Finite]
    multiplicity: list[str] | None = Field(default=None, description="s, d, t, q, m, dd, … per peak")
    coupling_hz: list[list[Finite]] | None = Field(default=None, description="coupling constants per peak")
    num_hydrogens: list[int] | None = Field(default=None, description="integral per peak")


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

    def to_record(self, where: Where) -> Record:
        """The record.

        Raises:
            InputError: arrays of unequal length, an unknown adduct, or a formula that is none or contradicts the
                adduct by its charge.
        """
        spectra = tuple(entry.to_spectrum() for entry in self.msms)
        evidence = Evidence(
            self.id,
            formula=None if self.formula is None else molecule_formula(self.formula, spectra),
            msms=spectra,
            ir=None if self.ir is None else self.ir.to_spectrum(),
            h_nmr=_nmr(self.h_nmr, "1H"),
            c_nmr=_nmr(self.c_nmr, "13C"),
        )
        return Record(evidence, self.smiles, where, self.metadata)

    @classmethod
    def from_record(cls, record: Record) -> RecordEntry:
        """The entry that reads back as `record`."""
        evidence = record.evidence
        ir = evidence.ir
        return cls(
            id=evidence.id,
            formula=None if evidence.formula is None else str(evidence.formula),
            smiles=record.smiles,
            msms=[_mass_spectrum_entry(spectrum) for spectrum in evidence.msms],
            ir=None
            if ir is None
            else InfraredEntry(wavenumber_cm1=ir.wavenumber_cm1.tolist(), absorbance=ir.absorbance.tolist()),
            h_nmr=_nmr_entry(evidence.h_nmr),
            c_nmr=_nmr_entry(evidence.c_nmr),
            metadata=dict(record.metadata),
        )


def _mass_spectrum_entry(spectrum: MassSpectrum) -> MassSpectrumEntry:
    return MassSpectrumEntry(
        mz=spectrum.mz.tolist(),
        intensity=spectrum.intensity.tolist(),
        precursor_mz=spectrum.precursor_mz,
        adduct=spectrum.adduct,
        collision_energy_ev=spectrum.collision_energy_ev,
        normalized_collision_energy=spectrum.normalized_collision_energy,
        instrument=spectrum.instrument,
    )


def _nmr(entry: NmrTraceEntry | NmrPeaksEntry | None, nucleus: Nucleus) -> NmrSpectrum | NmrPeaks | None:
    if entry is None:
        return None
    if isinstance(entry, NmrTraceEntry):
        return NmrSpectrum(
            nucleus, np.array(entry.shift_ppm, np.float64), np.array(entry.intensity, np.float64)
        )
    shifts = entry.shift_ppm
    columns = {
        "multiplicity": entry.multiplicity,
        "coupling_hz": entry.coupling_hz,
        "num_hydrogens": entry.num_hydrogens,
    }
    for name, column in columns.items():
        if column is not None and len(column) != len(shifts):
            raise InputError(
                f"{len(column)} entries of {name} for {len(shifts)} peaks",
                "one per peak",
                code="ragged_arrays",
            )
    order = sorted(range(len(shifts)), key=shifts.__getitem__)
    return NmrPeaks(
        nucleus,
        shift_ppm=np.array([shifts[i] for i in order], np.float64),
        multiplicity=None if entry.multiplicity is None else tuple(entry.multiplicity[i] for i in order),
        coupling_hz=None if entry.coupling_hz is None else tuple(tuple(entry.coupling_hz[i]) for i in order),
        num_hydrogens=None if entry.num_hydrogens is None else tuple(entry.num_hydrogens[i] for i in order),
    )


def _nmr_entry(nmr: NmrSpectrum | NmrPeaks | None) -> NmrTraceEntry | NmrPeaksEntry | None:
    if nmr is None:
        return None
    if isinstance(nmr, NmrSpectrum):
        return NmrTraceEntry(kind="trace", shift_ppm=nmr.shift_ppm.tolist(), intensity=nmr.intensity.tolist())
    return NmrPeaksEntry(
        kind="peaks",
        shift_ppm=nmr.shift_ppm.tolist(),
        multiplicity=None if nmr.multiplicity is None else list(nmr.multiplicity),
        coupling_hz=None if nmr.coupling_hz is None else [list(j) for j in nmr.coupling_hz],
        num_hydrogens=None if nmr.num_hydrogens is None else list(nmr.num_hydrogens),
    )


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
