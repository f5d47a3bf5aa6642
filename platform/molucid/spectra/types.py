"""Evidence about one compound: the types that cross rooms.

What is absent is `None` or an empty tuple, never 0, −1 or NaN. Axes are explicit and ascending; readers
convert units and order once. All arrays are read-only float64.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from molucid.chem.formula import Formula
from molucid.chem.fragment_vector import FragmentCounts
from molucid.errors import InputError, Where

FloatArray = NDArray[np.float64]
Nucleus = Literal["1H", "13C"]


def axis_and_values(axis: object, values: object, axis_name: str) -> tuple[FloatArray, FloatArray]:
    """Two read-only float64 vectors of equal length, sorted by a finite axis.

    Raises:
        InputError: not one-dimensional, of different lengths, or with values that are not finite.
    """
    x, y = np.array(axis, np.float64), np.array(values, np.float64)
    if x.ndim != 1 or x.shape != y.shape:
        raise InputError(
            f"{axis_name} of shape {x.shape} and values of shape {y.shape}",
            "two lists of numbers of the same length",
            code="ragged_arrays",
        )
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise InputError(
            f"NaN or infinity in {axis_name} or its values",
            "finite numbers",
            hint="correct or remove those points",
            code="not_finite",
        )
    if not (x[1:] >= x[:-1]).all():
        order = np.argsort(x, kind="stable")
        x, y = x[order], y[order]
    x.setflags(write=False)
    y.setflags(write=False)
    return x, y


@dataclass(frozen=True, slots=True, eq=False)
class MassSpectrum:
    """One tandem mass spectrum.

    Attributes:
        mz: peak m/z, ascending, > 0; shape `[peaks]`.
        intensity: peak intensities ≥ 0 on any linear scale; shape `[peaks]`.
        precursor_mz: m/z of the selected ion.
        adduct: canonical name of the ion species, e.g. `[M+H]+` (see `molucid.chem.adducts`).
        collision_energy_ev: laboratory-frame collision energy in eV.
        normalized_collision_energy: Thermo's normalised collision energy in percent (NCE); another scale
            than eV, so it never stands in for it.
        instrument: instrument type as written in the source, e.g. `LC-ESI-QTOF`.
    """

    mz: FloatArray
    intensity: FloatArray
    precursor_mz: float | None = None
    adduct: str | None = None
    collision_energy_ev: float | None = None
    normalized_collision_energy: float | None = None
    instrument: str | None = None

    def __post_init__(self) -> None:
        mz, intensity = axis_and_values(self.mz, self.intensity, "m/z")
        if mz.size and mz[0] <= 0:
            raise InputError(
                f"m/z {mz[0]:g}", "m/z above 0", hint="correct or remove that peak", code="negative_mz"
            )
        if intensity.size and intensity.min() < 0:
            raise InputError(
                f"intensity {intensity.min():g}",
                "intensities ≥ 0",
                hint="export the spectrum without baseline subtraction, or remove those peaks",
                code="negative_intensity",
            )
        if self.precursor_mz is not None and not 0 < self.precursor_mz < math.inf:
            raise InputError(
                f"precursor m/z {self.precursor_mz}", "a number above 0", code="invalid_precursor"
            )
        object.__setattr__(self, "mz", mz)
        object.__setattr__(self, "intensity", intensity)


@dataclass(frozen=True, slots=True, eq=False)
class InfraredSpectrum:
    """One infrared spectrum: `wavenumber_cm1` ascending and `absorbance`, both of shape `[points]`."""

    wavenumber_cm1: FloatArray
    absorbance: FloatArray

    def __post_init__(self) -> None:
        x, y = axis_and_values(self.wavenumber_cm1, self.absorbance, "wavenumber")
        object.__setattr__(self, "wavenumber_cm1", x)
        object.__setattr__(self, "absorbance", y)


@dataclass(frozen=True, slots=True, eq=False)
class NmrSpectrum:
    """One NMR trace.

    Attributes:
        nucleus: observed nucleus.
        shift_ppm: chemical shift from the reference compound, ascending; shape `[points]`.
        intensity: on any linear scale, negative values allowed; shape `[points]`.
        field_mhz: frequency of the observed nucleus, e.g. 400 for ¹H and 100.6 for ¹³C at 9.4 T.
        solvent: canonical name, see `molucid.spectra.solvents`.
    """

    nucleus: Nucleus
    shift_ppm: FloatArray
    intensity: FloatArray
    field_mhz: float | None = None
    solvent: str | None = None

    def __post_init__(self) -> None:
        x, y = axis_and_values(self.shift_ppm, self.intensity, "shift")
        object.__setattr__(self, "shift_ppm", x)
        object.__setattr__(self, "intensity", y)


_PER_PEAK = ("multiplicity", "coupling_hz", "num_hydrogens", "width_ppm", "shift_std_ppm")
_MOST_HYDROGENS = 999
_MOST_COUPLINGS = 255


@dataclass(frozen=True, slots=True, eq=False)
class NmrPeaks:
    """One NMR peak list: a line or a multiplet per entry.

    Attributes:
        nucleus: observed nucleus.
        shift_ppm: centres, ascending; shape `[peaks]`.
        multiplicity: per peak `s`, `d`, `t`, `q`, `m`, `dd`, `br s`, …; ¹³C: `S`, `D`, `T`, `Q` for the number of
            attached hydrogens. `None` where the source has none.
        coupling_hz: per peak its coupling constants in Hz, falling; empty where the source has none.
        num_hydrogens: per peak the number of hydrogens (¹³C: of carbons); `None` where the source has none.
        width_ppm: per peak the width of the range that a source gives instead of a centre; shape `[peaks]`.
        shift_std_ppm: per peak the standard deviation of a predicted shift; `None` for a measured list. Shape
            `[peaks]`.
        field_mhz: frequency of the observed nucleus.
        solvent: canonical name, see `molucid.spectra.solvents`.

    Raises:
        InputError: another number of values than of peaks (`ragged_arrays`), or a value that no peak has
            (`malformed_peak`, `too_many_couplings`): number of hydrogens 0 to 999, at most 255 couplings; they, widths
            and deviations finite and ≥ 0.
    """

    nucleus: Nucleus
    shift_ppm: FloatArray
    multiplicity: tuple[str | None, ...] | None = None
    coupling_hz: tuple[tuple[float, ...], ...] | None = None
    num_hydrogens: tuple[int | None, ...] | None = None
    width_ppm: FloatArray | None = None
    shift_std_ppm: FloatArray | None = None
    field_mhz: float | None = None
    solvent: str | None = None

    def __post_init__(self) -> None:
        shift = np.array(self.shift_ppm, np.float64)
        for name in _PER_PEAK:
            values = getattr(self, name)
            if values is not None and len(values) != len(shift):
                raise InputError(
                    f"{len(values)} values of {name} for {len(shift)} peaks",
                    "one for each peak",
                    code="ragged_arrays",
                )
        # An axis of its own, so that every per-peak field can follow the same order.
        order = np.argsort(shift, kind="stable")
        shift, _ = axis_and_values(shift, np.zeros(len(shift)), "shift")
        object.__setattr__(self, "shift_ppm", shift)
        for name in _PER_PEAK:
            values = getattr(self, name)
            if isinstance(values, tuple):
                object.__setattr__(self, name, tuple(values[i] for i in order))
            elif values is not None:
                ordered = np.array(values, np.float64)[order]
                ordered.setflags(write=False)
                object.__setattr__(self, name, ordered)
        for place, values in enumerate(self.coupling_hz or ()):
            if len(values) > _MOST_COUPLINGS:
                raise InputError(
                    f"{len(values)} couplings of the peak at {self.shift_ppm[place]:g} ppm",
                    f"at most {_MOST_COUPLINGS}",
                    hint="give it as m with a width",
                    code="too_many_couplings",
                )
        self._require("coupling_hz", chain.from_iterable(self.coupling_hz or ()), math.inf)
        self._require("num_hydrogens", self.num_hydrogens, _MOST_HYDROGENS + 1)
        self._require("width_ppm", self.width_ppm, math.inf)
        self._require("shift_std_ppm", self.shift_std_ppm, math.inf)

    def _require(self, name: str, values: Iterable[float | None] | FloatArray | None, limit: float) -> None:
        """Refuse values that are not from 0 to below `limit`."""
        for value in values.tolist() if isinstance(values, np.ndarray) else values or ():
            if value is not None and not 0 <= value < limit:
                raise InputError(
                    f"{name} {value:g}",
                    "a finite number ≥ 0" if limit == math.inf else f"0 to {limit - 1:g}",
                    hint="correct or remove it",
                    code="malformed_peak",
                )


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """Any subset of one compound's spectra, and its formula where that is known.

    Attributes:
        id: identifier, unique within one input.
        formula: neutral molecular formula.
        msms: tandem mass spectra of this compound; empty if there are none.
        ir: infrared spectrum.
        h_nmr: ¹H NMR as a trace or a peak list.
        c_nmr: ¹³C NMR as a trace or a peak list.
        fragments: known substructures; what the first stage of a two-stage system is trained on.
    """

    id: str
    formula: Formula | None = None
    msms: tuple[MassSpectrum, ...] = ()
    ir: InfraredSpectrum | None = None
    h_nmr: NmrSpectrum | NmrPeaks | None = None
    c_nmr: NmrSpectrum | NmrPeaks | None = None
    fragments: FragmentCounts | None = None

    def present(self) -> tuple[str, ...]:
        """Names of the kinds of evidence that there are, in the order of the fields."""
        kinds = ("formula", "msms", "ir", "h_nmr", "c_nmr", "fragments")
        return tuple(kind for kind in kinds if getattr(self, kind) not in (None, ()))

    @property
    def num_spectra(self) -> int:
        """Tandem mass spectra, and one each of infrared, ¹H and ¹³C NMR."""
        return len(self.msms) + sum(spectrum is not None for spectrum in (self.ir, self.h_nmr, self.c_nmr))

    def only(self, kinds: Collection[str]) -> Evidence:
        """The same compound with no other evidence than of these kinds."""
        hidden = {kind: () if kind == "msms" else None for kind in self.present() if kind not in kinds}
        return replace(self, **hidden)  # type: ignore[arg-type]  # each value is of its field's type


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Evidence with its known structure, as SMILES: what training and evaluation read."""

    evidence: Evidence
    smiles: str


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """One record of a spectra file: its evidence, its place, and what else the file says about it.

    Attributes:
        evidence: what the model may read.
        smiles: the known structure, if the file gives one; never read by a model at inference.
        where: file, record and line.
        metadata: remaining fields of the record as text, keys in lower snake case (`licence`, `accession`,
            `name`).
    """

    evidence: Evidence
    smiles: str | None = None
    where: Where = field(default_factory=Where)
    metadata: Mapping[str, str] = field(default_factory=dict)
